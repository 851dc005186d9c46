import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))

interface Member {
  readonly name: string
  readonly address: string
  readonly child: ChildProcess
}

let root = ''
const members: Member[] = []

async function start(name: string): Promise<void> {
  const seeds = members.map(({ address }) => address)
  const given = { name, data: path(root, name), seeds, expect: members.length + 1 }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const address = (await lines.next()).value as string
  members.push({ name, address, child })
  await lines.next()
}

beforeAll(async () => {
  root = mkdtempSync(path(tmpdir(), 'tanist-http-'))
  for (const name of ['ann', 'bob', 'cy']) await start(name)
})

afterAll(async () => {
  for (const { child } of members) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  rmSync(root, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** What any language can do: a socket, some lines of text. Null: nobody answered. */
async function pay(to: Member, id: string, by: number): Promise<Answer | null> {
  const body = JSON.stringify({ by })
  const [host = '', port] = to.address.split(':')
  const socket = connect(Number(port), host)
  let text = ''
  socket.on('data', (part) => (text += String(part)))
  socket.on('error', () => undefined)
  socket.write(
    `POST /roles/till/pay HTTP/1.1\r\nHost: ${to.address}\r\nContent-Type: application/json\r\nTanist-Id: ${id}\r\n` +
      `Tanist-Deadline: 5000\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  await new Promise((resolve) => socket.once('close', resolve))
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  return { status: Number(text.slice(9, 12)), body: JSON.parse(text.slice(end + 4)) as Answer['body'] }
}

/** As a good program does it: asks one after the other with the same id, until it has an outcome. */
async function insist(id: string, by: number): Promise<Answer> {
  for (let at = 0; ; at++) {
    const answer = await pay(members[at % members.length]!, id, by)
    if (answer !== null && answer.status !== 503) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const curl = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('curl', ['-sS', '--max-time', '10', ...args])).stdout

const hasCurl = await promisify(execFile)('curl', ['--version']).then(
  () => true,
  () => false,
)

describe('programs in other languages', () => {
  it.skipIf(!hasCurl)('call with curl', async () => {
    const { address } = members[1]!
    const url = `http://${address}/roles/till`
    const json = ['-H', 'content-type: application/json']
    expect(JSON.parse(await curl(...json, '-d', '{"by":7}', `${url}/pay`))).toMatchObject({
      ok: true,
      value: 7,
    })
    // What curl sends without being told otherwise is a form.
    expect(await curl('-o', '/dev/null', '-w', '%{http_code}', '-d', '{"by":7}', `${url}/pay`)).toBe('415')
    const boss = ['-H', 'authorization: Bearer boss']
    expect(JSON.parse(await curl(...boss, url))).toEqual({ ok: true, state: { sum: 7 } })
    expect(await curl('-o', '/dev/null', '-w', '%{http_code}', url)).toBe('403')
    expect(JSON.parse(await curl(...json, ...boss, '-d', '{"by":-7}', `${url}/pay`))).toMatchObject({
      value: 0,
    })
    expect(await curl('--http1.0', '-o', '/dev/null', '-w', '%{http_code}', `http://${address}/health`)).toBe(
      '200',
    )
  })

  it('have each command executed once, although the server is killed under them', async () => {
    let done = 0
    const answers: Answer[] = []
    const caller = async (session: string): Promise<void> => {
      for (let seq = 1; seq <= 25; seq++) {
        answers.push(await insist(`${session}:${seq}`, 1))
        done += 1
        // Ann was the first, and serves.
        if (done === 40) members[0]!.child.kill('SIGKILL')
      }
    }
    await Promise.all(['a', 'b', 'c', 'd'].map((session) => caller(`lamp-${session}`)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    // Every payment gave another sum: none was left out, none made twice.
    const sums = answers.map(({ body }) => Number(body['value'])).toSorted((a, b) => a - b)
    expect(sums).toEqual(sums.map((_, i) => sums[0]! + i))
    expect(new Set(answers.map(({ body }) => body['term'])).size).toBe(2)
    // Whoever asks again, anywhere, gets what it got.
    const again = await pay(members[2]!, 'lamp-a:25', 1)
    expect(again).toMatchObject({ status: 200 })
    expect(answers.some(({ body }) => JSON.stringify(body) === JSON.stringify(again?.body))).toBe(true)
  })
})
