import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))
/** Seven are a crowd then: two hubs, and neighbours on the ring. */
const membership = { large: { meshMax: 4, neighbours: 3 } }
const NAMES = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus']

interface Member {
  readonly child: ChildProcess
  readonly lines: string[]
  /** What it said last about the others. */
  sees: { readonly server: string; readonly members: string } | null
}

const root = mkdtempSync(path(tmpdir(), 'tanist-crowd-'))
const running = new Map<string, Member>()
const addresses: string[] = []

async function kill(name: string): Promise<void> {
  const child = running.get(name)?.child
  running.delete(name)
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

afterEach(async () => {
  await Promise.all([...running.keys()].map(kill))
  rmSync(root, { recursive: true, force: true })
})

async function start(name: string): Promise<void> {
  const given = {
    name,
    membership,
    data: path(root, name),
    seeds: addresses.slice(0, 3),
    secret: 'only for this loopback',
  }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)])
  const member: Member = { child, lines: [], sees: null }
  running.set(name, member)
  child.stderr.resume()
  child.stdin.on('error', () => {})
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, server = '', members = ''] = line.split(' ')
    if (word === 'sees') member.sees = { server, members }
    else member.lines.push(line)
  })
  const address = await said(member, /^127/)
  if (!addresses.includes(address)) addresses.push(address)
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 10))
}

async function said(member: Member, pattern: RegExp): Promise<string> {
  await until(() => member.lines.some((line) => pattern.test(line)))
  const [line = ''] = member.lines.splice(0).filter((one) => pattern.test(one))
  return line
}

/** Everybody who runs sees the same members, and the same server among them. */
async function agree(...names: readonly string[]): Promise<string> {
  const wanted = names.toSorted().join()
  const servers = (): Set<string> => new Set([...running.values()].map(({ sees }) => sees?.server ?? '-'))
  await until(() => {
    const all = [...running.values()].every(({ sees }) => sees?.members === wanted)
    return all && servers().size === 1 && names.includes([...servers()][0] ?? '')
  })
  return [...servers()][0] ?? ''
}

async function turn(name: string): Promise<string> {
  const member = running.get(name) as Member
  member.child.stdin?.write('turn\n')
  return said(member, /^turned/)
}

const without = (...names: readonly string[]): string[] => NAMES.filter((name) => !names.includes(name))

it('seven processes beyond a full mesh join, lose a member and their server, and take it back', {
  timeout: 120_000,
}, async () => {
  // The first founds the cluster before the others come.
  await start('ann')
  await agree('ann')
  await Promise.all(without('ann').map(start))
  expect(await agree(...NAMES)).toBe('ann')
  expect(await turn('gus')).toBe('turned ok 1')

  await kill('fay')
  expect(await agree(...without('fay'))).toBe('ann')

  await kill('ann')
  const server = await agree(...without('fay', 'ann'))
  expect(server).not.toBe('ann')
  expect(await turn('gus')).toBe('turned ok 2')

  await start('ann')
  await agree(...without('fay'))
  expect(await turn('ann')).toBe('turned ok 3')
})
