import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ledger, ledgerWork, runSchedule, work } from '../../src/testing/index.js'
import { acts, caseArbitrary, KINDS } from '../sim/campaign.js'
import { bag, ReadModel, Streams } from './reader.js'

const small = {
  entries: 25,
  bytes: 4_000,
  keepEntries: 3,
  keepBytes: 500,
  catchUpBytes: 0,
  catchUpSnapshots: 0,
  pieceBytes: 300,
}

const workload = {
  work: [
    work(bag, { put: (dice, { name, seq }) => ({ id: `${name}:${seq}`, n: dice.int(0, 3) }) }, { weight: 3 }),
    { ...ledgerWork, weight: 1 },
  ],
  clients: 4,
  pauseMs: 25,
}

interface Told {
  readonly models: readonly ReadModel[]
  readonly states: number
}

function follow(one: Parameters<typeof runSchedule>[0]): Told {
  const models = new Map<string, ReadModel>()
  const streams = new Streams((node, begun) => {
    const model = models.get(node) ?? new ReadModel()
    models.set(node, model)
    model.follow(begun)
  })
  const run = runSchedule({
    ...one,
    acts,
    forMs: 5_000,
    roles: [bag, ledger],
    workload,
    host: streams.host,
    onPeer: streams.onPeer,
    // Now and then a reader goes away and comes back with its position: the slow one, and the one started anew.
    meanwhile: ({ world, names }) => {
      for (const [i, name] of names.entries()) {
        const model = models.get(name)
        world.schedule(world.nowMs + 400 + 300 * i, () => model?.unfollow())
        world.schedule(world.nowMs + 2_600 + 300 * i, () => {
          const now = streams.now.get(name)
          if (now && world.state(name) === 'running') model?.follow(now)
        })
      }
    },
  })
  expect(run.contradictions.map(({ text }) => text)).toEqual([])
  const { cluster } = run
  for (const [name, model] of models) {
    const begun = streams.now.get(name)
    if (begun && model.faults.length === 0 && cluster.isRunning(name)) model.follow(begun)
  }
  cluster.world.run({ forMs: 2_000 })
  for (const [name, model] of models) {
    expect(model.faults, name).toEqual([])
    if (!cluster.isRunning(name)) continue
    expect(model.model, `${name}, which began anew ${model.resets} times`).toEqual(
      cluster.peer(name)?.roles.state('bag'),
    )
  }
  return { models: [...models.values()], states: run.acknowledged }
}

describe('whoever follows the events of a role', () => {
  it.each([
    ['small snapshots all the time', { snapshots: small }, 3, 4],
    ['no snapshots', {}, 3, 1],
    ['five peers', { snapshots: small }, 5, 1],
  ] as const)(
    'makes of them the state, whatever fails: %s',
    { timeout: 60_000 },
    (_, settings, peers, runs) => {
      let events = 0
      let gaps = 0
      for (const one of fc.sample(caseArbitrary(peers, KINDS), { seed: 11, numRuns: runs })) {
        const told = follow({ ...one, settings })
        for (const model of told.models) {
          events += model.events
          gaps += model.states - 1
        }
      }
      expect(events).toBeGreaterThan(runs * 100)
      if ('snapshots' in settings) expect(gaps).toBeGreaterThan(0)
      else expect(gaps).toBe(0)
    },
  )
})
