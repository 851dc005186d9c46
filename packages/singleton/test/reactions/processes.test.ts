import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'

interface Payment {
  readonly id: string
  readonly key: string
  readonly token: { readonly term: number; readonly index: number }
  readonly attempt: number
  readonly by: string
}

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))
const root = mkdtempSync(path(tmpdir(), 'tanist-reactions-'))
const children = new Map<string, { readonly process: ChildProcess; readonly lines: string[] }>()
const payments: Payment[] = []
const open: ServerResponse[] = []
/** What the bank does with a payment. */
let bank: (payment: Payment, answer: ServerResponse) => void = () => {}
let http: Server | null = null

afterEach(async () => {
  for (const { process: child } of children.values()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  http?.closeAllConnections()
  http?.close()
  rmSync(root, { recursive: true, force: true })
})

async function openBank(): Promise<string> {
  http = createServer((request, answer) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const payment = JSON.parse(body) as Payment
      payments.push(payment)
      bank(payment, answer)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

async function start(name: string, url: string, seeds: readonly string[]): Promise<string> {
  const first = seeds.length === 0
  const given = {
    secret: 'only for this loopback',
    name,
    bank: url,
    data: path(root, name),
    seeds,
    expect: first ? 1 : 2,
  }
  const settings = first ? { ...given, timing: { settleMs: 50 } } : given
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(settings)])
  const lines: string[] = []
  children.set(name, { process: child, lines })
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await vi.waitFor(() => expect(lines[1], said).toBe('joined'), { timeout: 20_000 })
  return lines[0] ?? ''
}

const place = (at: string, id: string): void => void children.get(at)?.process.stdin?.write(`place ${id}\n`)
const lastOf = (name: string): string | undefined =>
  children.get(name)?.lines.findLast((line) => line.startsWith('paid'))

it('three processes: the server is killed in mid-reaction; the next one pays again with the same key, and books once', {
  timeout: 90_000,
}, async () => {
  const url = await openBank()
  const ann = await start('ann', url, [])
  await start('bob', url, [ann])
  await start('cy', url, [ann])

  // The bank takes the money and says nothing.
  bank = (_payment, answer) => void open.push(answer)
  place('bob', 'a')
  await vi.waitFor(() => expect(payments).toHaveLength(1), { timeout: 20_000 })
  const server = payments[0]?.by ?? ''
  expect(children.get(server)?.lines).toContain('serves')
  bank = ({ attempt }, answer) => answer.writeHead(attempt === 1 ? 503 : 200).end()
  children.get(server)?.process.kill('SIGKILL')

  const others = ['ann', 'bob', 'cy'].filter((name) => name !== server)
  const paid = 'paid [{"id":"a","booked":1}]'
  await vi.waitFor(() => expect(others.map(lastOf)).toEqual([paid, paid]), { timeout: 20_000 })
  const [before, refused, again] = payments
  expect(payments).toHaveLength(3)
  expect(refused?.key).toBe(before?.key)
  expect(again?.key).toBe(before?.key)
  expect(again?.by).not.toBe(server)
  expect(refused?.token.term).toBeGreaterThan(before?.token.term ?? Infinity)
  expect([before, refused, again].map((one) => one?.attempt)).toEqual([1, 1, 2])

  // It comes back: nothing is paid again, and what comes new is paid everywhere.
  bank = (_payment, answer) => answer.end()
  const seed = children.get(others[0] ?? '')?.lines[0] ?? ''
  await start(server, url, [seed])
  place(server, 'b')
  const both = 'paid [{"id":"a","booked":1},{"id":"b","booked":2}]'
  await vi.waitFor(() => expect(['ann', 'bob', 'cy'].map(lastOf)).toEqual([both, both, both]), {
    timeout: 20_000,
  })
  expect(payments.map(({ id }) => id)).toEqual(['a', 'a', 'a', 'b'])
})
