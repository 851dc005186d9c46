import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newSecret } from '@tanist/singleton'
import { freePort, Processes } from './processes.js'
import type { Said } from './processes.js'

let processes: Processes
beforeEach(async () => {
  processes = new Processes(await freePort())
})
afterEach(() => processes.end())

const clusters = (all: ReadonlyMap<string, Said>): Set<string | null> =>
  new Set([...all.values()].map(({ status }) => status.clusterId))

const isWhole = (all: ReadonlyMap<string, Said>, members: number): boolean =>
  [...all.values()].every(({ status }) => status.members.length === members && status.server !== null)

describe('processes that know an application name and a secret, and nothing else', () => {
  it('nine of them, started in any order, end in one cluster', async () => {
    const options = { app: 'nine', secret: newSecret() }
    for (let i = 1; i <= 9; i++) {
      processes.start(`p${i}`, options)
      await pause(Math.random() * 500)
    }
    const all = await processes.until('nine members', (said) => isWhole(said, 9))
    expect(clusters(all).size).toBe(1)
  })

  it('find the cluster again after all of them were killed, wherever they listen now', async () => {
    const options = { app: 'again', secret: newSecret() }
    const names = ['ann', 'bob', 'cy']
    for (const name of names) processes.start(name, options)
    const before = await processes.until('three members', (all) => isWhole(all, 3))
    expect((await processes.ask('bob', 'add')).added).toMatchObject({ status: 'ok', value: 1 })
    for (const name of names) processes.kill(name)
    for (const name of names) processes.start(name, options)
    const after = await processes.until('three members again', (all) => isWhole(all, 3))
    expect(clusters(after)).toEqual(clusters(before))
    expect((await processes.ask('cy', 'add')).added).toMatchObject({ status: 'ok', value: 2 })
  })

  it('another secret, another application, both on the same port: nobody is disturbed, and each says so once', async () => {
    const secret = newSecret()
    const names = ['ann', 'bob', 'cy']
    for (const name of names) processes.start(name, { app: 'ours', secret })
    await processes.until('three members', (all) => isWhole(all, 3))
    processes.start('secret', { app: 'ours', secret: newSecret() })
    processes.start('application', { app: 'theirs', secret })
    processes.start('both', { app: 'theirs', secret: newSecret() })
    const all = await processes.until('three clusters of strangers', (said) =>
      ['secret', 'application', 'both'].every((name) => said.get(name)?.status.server),
    )
    // One further round of beacons.
    await pause(2_000)
    expect(clusters(all).size).toBe(4)
    const outcome = await processes.ask('bob', 'add')
    expect(outcome.added).toMatchObject({ status: 'ok', value: 1 })
    expect(outcome.status.members.map(({ name }) => name).toSorted()).toEqual(names)
    for (const name of [...names, 'secret', 'application', 'both']) {
      const { log } = await processes.ask(name)
      expect(log.filter(({ event }) => event === 'discovery-foreign')).toHaveLength(1)
      expect(log.filter(({ event }) => event === 'peer-refused')).toEqual([])
    }
  })
})
