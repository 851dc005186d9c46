import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerStatus, WitnessStatus } from '@tanist/singleton'
import { freePorts } from '../register/processes.js'

const MEMBER = fileURLToPath(new URL('member.mjs', import.meta.url))
const LIMIT_MS = 30_000

interface Running {
  readonly name: string
  readonly http: number
  readonly child: ChildProcess
}

const running: Running[] = []
const folders: string[] = []

afterEach(async () => {
  const exits = running.splice(0).map(({ child }) => {
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    return child.exitCode === null && child.signalCode === null ? gone : Promise.resolve()
  })
  await Promise.all(exits)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function start(name: string, port: number, http: number, seeds: readonly number[]): Running {
  const folder = mkdtempSync(join(tmpdir(), `tanist-witness-${name}-`))
  folders.push(folder)
  const args = [MEMBER, name, `127.0.0.1:${port}`, folder, String(http)]
  const all = [...args, ...seeds.map((seed) => `127.0.0.1:${seed}`)]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'ignore', 'inherit'] })
  const one = { name, http, child }
  running.push(one)
  return one
}

async function ask<T>({ http }: Running, path = '/'): Promise<T | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${http}${path}`, { signal: AbortSignal.timeout(2_000) })
    // Its own status, or the outcome of a call.
    return (await response.json()) as T
  } catch {
    return null
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; ) {
    if (await holds()) return
    await sleep(50)
  }
  throw new Error(`waited ${LIMIT_MS} ms in vain: ${what}`)
}

const add = async (one: Running): Promise<number | null> => {
  const outcome = await ask<{ status: string; value: number }>(one, '/add')
  return outcome?.status === 'ok' ? outcome.value : null
}

describe('two processes and a witness', () => {
  it('lose the server to a freeze, go on with the other, and lose nothing', {
    timeout: 120_000,
  }, async () => {
    const ports = await freePorts(6)
    const [a = 0, b = 0, w = 0, ha = 0, hb = 0, hw = 0] = ports
    const ann = start('ann', a, ha, [b])
    const bob = start('bob', b, hb, [a])
    const wit = start('witness', w, hw, [a, b])
    await until('a pair that knows its witness', async () => {
      const statuses = await Promise.all([ask<PeerStatus>(ann), ask<PeerStatus>(bob)])
      return statuses.every(
        (one) => one?.witness?.reachable === true && one.members.filter(({ voter }) => voter).length === 2,
      )
    })
    let counted = 0
    await until('ten commands', async () => ((counted = (await add(ann)) ?? counted), counted >= 10))
    const leader = (await ask<PeerStatus>(ann))?.server?.name === 'ann' ? ann : bob
    const other = leader === ann ? bob : ann
    // As a machine that loses power: nothing is closed, nothing refuses.
    leader.child.kill('SIGSTOP')
    let after: number | null = null
    await until('an answer of the other one', async () => (after = await add(other)) !== null)
    expect(after).toBeGreaterThan(counted)
    expect((await ask<WitnessStatus>(wit))?.grants).toBeGreaterThan(0)
    // Awake again, it follows, and answers nothing on its own.
    leader.child.kill('SIGCONT')
    await until('both are a pair again', async () => {
      const status = await ask<PeerStatus>(leader)
      return status?.server?.name === other.name && status.members.filter(({ voter }) => voter).length === 2
    })
    const last: number = after ?? 0
    let more: number | null = null
    await until('an answer through the one that woke', async () => (more = await add(leader)) !== null)
    expect(more).toBeGreaterThan(last)
  })
})
