import type { World } from '@tanist/core/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ledger, ledgerWork, runSchedule } from '../../src/testing/index.js'
import type { Cluster } from '../../src/testing/index.js'
import { acts, caseArbitrary, KINDS, seedOf, share } from '../sim/campaign.js'
import { marksIn, QUICK, SimClient } from './world.js'

/** What happens to a client itself. */
interface ClientFault {
  readonly atMs: number
  readonly kind: 'pause' | 'cut' | 'reset' | 'sleep'
  readonly client: number
  readonly peer: number
  readonly forMs: number
}

const faultArbitrary: fc.Arbitrary<ClientFault> = fc.record({
  atMs: fc.integer({ min: 1, max: 5_500 }),
  kind: fc.constantFrom('pause', 'cut', 'reset', 'sleep'),
  client: fc.integer({ min: 0, max: 1 }),
  peer: fc.integer({ min: 0, max: 2 }),
  forMs: fc.integer({ min: 1, max: 3_000 }),
})

function breakClient(cluster: Cluster, name: string, { kind, peer, forMs }: ClientFault): void {
  const { world } = cluster
  const other = cluster.names[peer % cluster.names.length] as string
  const undo = ((): (() => void) => {
    switch (kind) {
      case 'pause':
        return world.pause(name)
      case 'sleep':
        return world.sleep(name)
      case 'cut':
        return world.split([name], [other])
      case 'reset':
        world.resetLinks(name, other)
        return () => {}
    }
  })()
  world.schedule(world.nowMs + forMs, () => undo())
}

/** A link carries every frame or ends: what clients watch, and that they send once on a link, rests on it. */
const LINKS_HOLD = KINDS.filter((kind) => kind !== 'loss')

/** A silent member is given up, then a round of silent ones, a pause, and one more round: see `ReconnectTiming`. */
const AGAIN_MS = QUICK.silenceMs * 1.25 + 2 * QUICK.maxMs + 2 * 3 * 1_000

describe('clients of a cluster in which anything fails', () => {
  it('end every call once, see every event once, and are linked again', { timeout: 300_000 }, () => {
    const seen = new Map<string, number>()
    let links = 0
    const property = fc.property(
      caseArbitrary(3, LINKS_HOLD),
      fc.array(faultArbitrary, { maxLength: 6 }),
      ({ seed, peers, schedule }, faults) => {
        let clients: SimClient[] = []
        let world = null as unknown as World
        const begin = (cluster: Cluster): void => {
          clients = ['x', 'y'].map((name) => new SimClient(cluster, name))
          world = cluster.world
          for (const client of clients) {
            client.watch()
            client.work(70, world.nowMs + 6_000, 3_000)
          }
          for (const fault of faults)
            world.schedule(world.nowMs + fault.atMs, () => {
              const name = clients[fault.client]?.name
              if (name !== undefined) breakClient(cluster, name, fault)
            })
        }
        let overMs: number | null = null
        // And the last followers have heard of it.
        const isOver = (): boolean => {
          const over = clients.every(
            ({ open, client }) => open === 0 && client?.status().state === 'connected',
          )
          overMs = over ? (overMs ?? world.nowMs) : null
          return overMs !== null && world.nowMs - overMs > 500
        }
        const run = runSchedule({
          seed,
          peers,
          schedule,
          acts,
          clients: {},
          roles: [ledger],
          workload: { work: ledgerWork, clients: 2 },
          forMs: 6_000,
          meanwhile: begin,
          rest: { until: isOver, withinMs: AGAIN_MS },
        })
        const unsafe = run.contradictions.filter(({ law }) => law.startsWith('S'))
        expect(unsafe.map(({ text }) => text)).toEqual([])
        const healedMs = run.history.healedMs ?? 0
        const state = run.history.finals[0]?.states['ledger'] as ReturnType<typeof ledger.state>
        const marks = marksIn(state)
        expect(new Set(marks).size).toBe(marks.length)
        const kept = new Set(marks)
        for (const one of clients) {
          expect(one.twice).toEqual([])
          expect(one.faults).toEqual([])
          for (const [mark, outcome] of one.outcomes) {
            const end = outcome?.status === 'unavailable' ? outcome.executed : (outcome?.status ?? 'none')
            const how = `${end} ${kept.has(mark) ? 1 : 0}`
            expect(how, mark).toMatch(/^(ok 1|no 0|unknown [01])$/)
            seen.set(how, (seen.get(how) ?? 0) + 1)
          }
          const { state: folded, inOrder } = one.folded()
          expect(inOrder).toBe(true)
          expect(folded).toEqual(state)
          expect(one.states.at(-1)).toEqual(state)
          const status = one.client?.status()
          expect(status?.state).toBe('connected')
          expect(one.upSinceMs ?? Infinity).toBeLessThanOrEqual(healedMs + AGAIN_MS)
          links += status?.links ?? 0
        }
      },
    )
    fc.assert(property, { numRuns: share(12), seed: seedOf(171), endOnFailure: true })
    console.log(Object.fromEntries(seen), links)
    expect(seen.get('ok 1')).toBeGreaterThan(500)
    expect(links).toBeGreaterThan(30)
  })
})
