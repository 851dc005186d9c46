import { describe, expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

function formed(seed: string, peers: number): Cluster {
  const cluster = new Cluster({ seed, peers })
  cluster.startAll()
  expect(cluster.world.runUntil(() => cluster.settled, { limitMs: 10_000 })).toBe(true)
  return cluster
}

describe('when nobody serves', () => {
  it('the one left of three says at once for whom it waits, and so do its calls', () => {
    const cluster = formed('one left', 3)
    const { world } = cluster
    const server = cluster.server()!
    const [second, last] = cluster.names.filter((name) => name !== server)
    // Together, so that nobody is left to take a lost seat away in time.
    world.crash(second!)
    world.crash(server)
    world.run({ forMs: 100 })
    const core = cluster.peer(last!)!
    const { waitingFor, server: known } = core.status()
    expect(known).toBeNull()
    expect(waitingFor).toContain('Nobody serves: 2 of 3 voters are needed')
    expect(waitingFor).toContain(server)
    expect(waitingFor).toContain(second)
    let reason = ''
    core.call({ role: 'ledger', command: 'add', input: { v: { id: 'x:1' } }, deadlineMs: 500 }, (outcome) => {
      if (outcome.status === 'unavailable') reason = `${outcome.executed}: ${outcome.reason}`
    })
    world.run({ forMs: 600 })
    expect(reason).toBe(`no: ${waitingFor}`)
  })

  it('a learner does not call a silent server the server for ever', () => {
    const cluster = formed('a learner', 4)
    const { world } = cluster
    const learner = cluster.names.find((name) => cluster.peer(name)?.status().role === 'learner')!
    const others = cluster.names.filter((name) => name !== learner)
    world.powerOff(others)
    world.run({ forMs: 3_000 })
    expect(cluster.peer(learner)!.status().server).toBeNull()
    expect(cluster.peer(learner)!.status().waitingFor).toContain('Nobody serves')
  })
})
