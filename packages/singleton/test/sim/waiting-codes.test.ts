import { applySchedule } from '@tanist/core/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'
import { caseArbitrary, seedOf, share } from './campaign.js'

/** Every wait is explained, as data and in a sentence. */

function started(options: ClusterOptions, forMs = 1_000): Cluster {
  const cluster = new Cluster(options)
  cluster.startAll()
  cluster.world.run({ forMs })
  return cluster
}

function formed(options: ClusterOptions): Cluster {
  const cluster = started(options)
  expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 10_000 })).toBe(true)
  return cluster
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1)

const codeOf = (cluster: Cluster, name: string): string | undefined =>
  cluster.peer(name)?.status().waiting?.code

describe('the code of a wait', () => {
  it('founding-settle, then founding-elder, expect and never-serves before there is a cluster', () => {
    const alone = new Cluster({ seed: 1, peers: 1 })
    alone.startAll()
    alone.world.run({ forMs: 500 })
    expect(codeOf(alone, 'ann')).toBe('founding-settle')

    const two = started({ seed: 2, peers: 2 }, 700)
    expect(two.names.map((name) => codeOf(two, name) ?? '').toSorted(byText)).toEqual([
      'founding-elder',
      'founding-settle',
    ])
    const waiting = two.names.map((name) => two.peer(name)!.status().waiting!)
    const elder = waiting.find(({ code }) => code === 'founding-elder')
    expect(two.names.map((name) => two.peer(name)!.status().self.id)).toContain(elder?.for[0])

    const expecting = started({ seed: 3, peers: 1, settings: { expect: 3 } }, 4_000)
    expect(codeOf(expecting, 'ann')).toBe('expect')

    const laptop = started({ seed: 4, peers: 1, settings: { serve: 'never' } }, 4_000)
    expect(codeOf(laptop, 'ann')).toBe('never-serves')
    expect(laptop.server()).toBeNull()
  })

  it('majority names who is missing and since when; election when enough are there', () => {
    const cluster = formed({ seed: 5, peers: 3 })
    const server = cluster.server()!
    const [second = '', last = ''] = cluster.names.filter((name) => name !== server)
    const gone = [server, second].map((name) => cluster.peer(name)!.status().self.id)
    cluster.world.crash(second)
    cluster.world.crash(server)
    cluster.world.run({ forMs: 50 })
    const since = cluster.peer(last)!.status().waiting
    expect(since).toMatchObject({ code: 'majority' })
    expect(since?.for.toSorted(byText)).toEqual(gone.toSorted(byText))
    cluster.world.run({ forMs: 3_000 })
    expect(cluster.peer(last)!.status().waiting).toEqual(since)

    const other = formed({ seed: 6, peers: 5 })
    const codes = new Set<string>()
    for (const name of other.names) other.peer(name)!.observe(() => codes.add(codeOf(other, name) ?? 'none'))
    other.world.crash(other.server()!)
    other.world.run({ forMs: 500 })
    expect(codes).toContain('election')
  })

  it('restart-mute after all were started again; admission before the leader lets one in', () => {
    const cluster = formed({ seed: 7, peers: 3 })
    const codes = new Set<string>()
    cluster.world.powerOff(cluster.names)
    cluster.startAll()
    for (let i = 0; i < 60; i++) {
      cluster.world.run({ forMs: 25 })
      for (const name of cluster.names) codes.add(codeOf(cluster, name) ?? 'none')
    }
    expect(codes).toContain('restart-mute')
    expect(codes).toContain('admission')
  })

  it('lease at a leader that reaches nobody, hand-over while it hands over', () => {
    const cluster = formed({ seed: 8, peers: 3 })
    const server = cluster.server()!
    const codes: (string | undefined)[] = []
    const core = cluster.peer(server)!
    core.observe(() => codes.push(core.status().waiting?.code))
    core.transfer(null, () => {})
    cluster.world.run({ forMs: 500 })
    expect(codes).toContain('hand-over')

    const next = cluster.server()!
    const cut = cluster.names.filter((name) => name !== next)
    for (const other of cut) cluster.world.cut(next, other)
    for (const other of cut) cluster.world.cut(other, next)
    cluster.world.run({ forMs: 400 })
    expect(codeOf(cluster, next)).toBe('lease')
  })

  it('never-serves at everybody when only peers that never serve are left', () => {
    const cluster = new Cluster({
      seed: 9,
      peers: 3,
      settingsOf: (node) => (node === 'ann' ? {} : { serve: 'never' }),
    })
    cluster.startAll()
    expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 10_000 })).toBe(true)
    expect(cluster.server()).toBe('ann')
    cluster.world.crash('ann')
    cluster.world.run({ forMs: 10_000 })
    for (const name of ['bob', 'cy']) {
      expect(cluster.peer(name)!.status().server).toBeNull()
      expect(codeOf(cluster, name)).toBe('never-serves')
    }
    cluster.start('ann')
    expect(cluster.world.runUntil(() => cluster.server() === 'ann', { limitMs: 10_000 })).toBe(true)
  })

  it('left for one that gave up its seat', () => {
    const cluster = formed({ seed: 10, peers: 3 })
    const leaver = cluster.names.find((name) => name !== cluster.server())!
    const core = cluster.peer(leaver)!
    cluster.leave(leaver)
    cluster.world.run({ forMs: 2_000 })
    expect(core.status().waiting?.code).toBe('left')
  })
})

describe('in any run', () => {
  const runs = share(12)
  it(
    `whoever knows of no server says what it waits for (${runs} generated schedules)`,
    () => {
      let without = 0
      const check = (cluster: Cluster): void => {
        for (const name of cluster.names) {
          const status = cluster.peer(name)?.status()
          if (!status || status.server !== null) continue
          without += 1
          expect(status.waiting, `${name} at ${cluster.world.nowMs}`).not.toBeNull()
          expect(status.waitingFor).toBe(status.waiting?.text)
          expect(status.waiting?.text.length).toBeGreaterThan(10)
          expect(status.waiting?.sinceMs).toBeGreaterThan(0)
        }
      }
      fc.assert(
        fc.property(
          fc.integer({ min: 2, max: 5 }).chain((peers) => caseArbitrary(peers)),
          (one) => {
            const never = one.seed % 3 === 0 ? one.peers - 1 : -1
            const cluster = new Cluster({
              seed: one.seed,
              peers: one.peers,
              settingsOf: (node) => (cluster.names.indexOf(node) === never ? { serve: 'never' } : {}),
            })
            cluster.startAll()
            const acts = { 'hand-over': (node: string) => cluster.peer(node)?.transfer(null, () => {}) }
            const workload = new Workload(cluster, one.seed, ledgerWorkload(2, 50))
            workload.start()
            applySchedule(cluster.world, one.schedule, (target) => cluster.resolve(target), { acts })
            for (let i = 0; i < 120; i++) {
              cluster.world.run({ forMs: 70 })
              check(cluster)
            }
          },
        ),
        { numRuns: runs, seed: seedOf(1) },
      )
      expect(without).toBeGreaterThan(10 * runs)
    },
    60_000 + runs * 2_000,
  )
})
