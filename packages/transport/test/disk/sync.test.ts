import * as fc from 'fast-check'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SyncLane } from '../../src/node-host/disk/sync-lane.js'
import type { SyncTarget } from '../../src/node-host/disk/sync-lane.js'
import { syncPolicy } from '../../src/node-host/disk/sync-policy.js'
import { later, pause } from '../support/peers.js'

/** Runs syncs of a disk that takes `ms` each; gives where each ran. */
function run(policy: ReturnType<typeof syncPolicy>, times: readonly number[]): ('place' | 'pool')[] {
  return times.map((ms) => {
    const where = policy.inPlace() ? 'place' : 'pool'
    policy.took(where, ms)
    return where
  })
}

const many = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms)

describe('where a sync runs', () => {
  it('is in place while the disk is quick, one slow sync in a hundred included', () => {
    const policy = syncPolicy()
    const times = Array.from({ length: 1_000 }, (_, i) => (i % 100 === 0 ? 5 : 0.1))
    expect(new Set(run(policy, times))).toEqual(new Set(['place']))
  })

  it('moves to the pool at the second slow one of a hundred', () => {
    const policy = syncPolicy()
    run(policy, [...many(50, 0.1), 5, ...many(20, 0.1), 5])
    expect(policy.inPlace()).toBe(false)
  })

  it('never stops the loop again for a disk that stays slow', () => {
    const policy = syncPolicy()
    run(policy, many(2, 5))
    expect(new Set(run(policy, many(1_000, 5)))).toEqual(new Set(['pool']))
  })

  it('comes back in place when the disk is quick again', () => {
    const policy = syncPolicy()
    run(policy, many(10, 5))
    const where = run(policy, many(200, 0.2))
    expect(where.slice(0, 20)).toEqual(many(20, 0).map(() => 'pool'))
    expect(where.slice(-50)).toEqual(many(50, 0).map(() => 'place'))
  })
})

function target(): SyncTarget {
  const folder = mkdtempSync(join(tmpdir(), 'tanist-sync-'))
  const fd = openSync(join(folder, 'a'), 'w')
  later(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  return { fd, path: 'a', kind: 'file', failure: undefined, running: 0 }
}

function broken(): SyncTarget {
  return { fd: 1_000_000, path: 'b', kind: 'file', failure: undefined, running: 0 }
}

describe('the lane of syncs', () => {
  it('calls back once each and in order, however syncs move between loop and pool', async () => {
    const one = target()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), async (places) => {
        let asked = 0
        const lane = new SyncLane({
          inPlace: () => places[asked % places.length] === true,
          took: () => undefined,
        })
        const order: number[] = []
        const ask = (again: boolean): void => {
          const number = asked
          asked += 1
          lane.sync(one, () => {
            order.push(number)
            if (again) ask(false)
          })
        }
        for (let i = 0; i < places.length; i += 1) ask(i % 3 === 0)
        while (order.length < asked) await pause(0)
        await pause(1)
        // A callback that asks again in place is inside an earlier one: numbers count requests, so still in order.
        expect(order).toEqual(Array.from({ length: asked }, (_, i) => i))
      }),
      { numRuns: 50 },
    )
  })

  it('reports a failure, from then on to every sync of that file, and to no other', async () => {
    for (const inPlace of [true, false]) {
      const lane = new SyncLane({ inPlace: () => inPlace, took: () => undefined })
      const [bad, good] = [broken(), target()]
      const said: string[] = []
      const say = (name: string) => (error?: Error) =>
        void said.push(`${name} ${error === undefined ? 'ok' : 'failed'}`)
      lane.sync(good, say('good'))
      lane.sync(bad, say('bad'))
      lane.sync(good, say('good'))
      while (said.length < 3) await pause(0)
      lane.sync(bad, say('bad'))
      lane.sync(good, say('good'))
      while (said.length < 5) await pause(0)
      expect(said).toEqual(['good ok', 'bad failed', 'good ok', 'bad failed', 'good ok'])
    }
  })

  it('keeps the descriptor until its syncs are done', async () => {
    const lane = new SyncLane({ inPlace: () => false, took: () => undefined })
    const one = target()
    const order: string[] = []
    one.idle = () => order.push('idle')
    lane.sync(one, () => order.push('first'))
    lane.sync(one, () => order.push('second'))
    expect(one.running).toBe(2)
    while (order.length < 3) await pause(0)
    expect(one.running).toBe(0)
    expect(order.filter((what) => what === 'idle')).toHaveLength(1)
  })
})
