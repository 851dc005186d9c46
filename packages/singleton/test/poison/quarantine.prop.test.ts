import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyRole } from '../../src/role/index.js'
import { ledger, ledgerWork, runSchedule } from '../../src/testing/index.js'
import type { Cluster, Run } from '../../src/testing/index.js'
import { acts, caseArbitrary, KINDS, seedOf, share } from '../sim/campaign.js'
import type { Case } from '../sim/campaign.js'
import { Bombs, chatter, send } from './bomb.js'
import type { End, Sender } from './bomb.js'

interface Ended {
  readonly run: Run
  readonly bombs: Bombs
}

function runWith({ seed, peers, schedule }: Case, meanwhile: (cluster: Cluster) => void): Ended {
  const bombs = new Bombs()
  const run = runSchedule({
    seed,
    peers,
    schedule,
    acts,
    roles: (env) => [ledger, bombs.role(env.node) as unknown as AnyRole],
    host: (host, node) => bombs.host(host, node),
    workload: { work: ledgerWork, retries: 'same id' },
    forMs: 6_000,
    meanwhile: (cluster) => {
      bombs.cluster = cluster
      chatter(cluster)
      meanwhile(cluster)
    },
  })
  return { run, bombs }
}

const quarantined = ({ cluster }: Run): readonly string[] =>
  cluster.names.flatMap(
    (name) =>
      cluster
        .peer(name)
        ?.roles.quarantined()
        .map((one) => one.command) ?? [],
  )

const unsafe = ({ contradictions }: Run): string[] =>
  contradictions.filter(({ law }) => law.startsWith('S')).map(({ text }) => text)

describe('generated failures', () => {
  it.each([3, 5])('of %i peers alone put nothing into quarantine', { timeout: 300_000 }, (size) => {
    let suspects = 0
    const property = fc.property(caseArbitrary(size), (one) => {
      const { run } = runWith(one, () => {})
      expect(unsafe(run)).toEqual([])
      expect(quarantined(run)).toEqual([])
      suspects += run.reigns
    })
    fc.assert(property, { numRuns: share(size === 3 ? 5 : 2), seed: seedOf(51), endOnFailure: true })
    expect(suspects).toBeGreaterThan(0)
  })

  it('a command that ends its server ends two at most, three under an id of its own, and everything else goes on', {
    timeout: 300_000,
  }, () => {
    let ended = 0
    let inQuarantine = 0
    const poison = fc.record({
      // A link that loses frames could lose any note.
      one: caseArbitrary(
        3,
        KINDS.filter((kind) => kind !== 'loss'),
      ),
      what: fc.constantFrom<End[]>('crash', 'power-off', 'hang'),
      given: fc.boolean(),
      at: fc.integer({ min: 0, max: 2 }),
      afterMs: fc.integer({ min: 0, max: 3_000 }),
    })
    const property = fc.property(poison, ({ one, what, given, at, afterMs }) => {
      let sender: Sender | null = null
      const { run, bombs } = runWith(one, (cluster) => {
        const { world } = cluster
        world.schedule(world.nowMs + afterMs, () => {
          sender = send(cluster, { what }, given ? { session: 'x', seq: 1 } : null, cluster.names[at]!)
        })
      })
      expect(bombs.blown.length, JSON.stringify(bombs.blown)).toBeLessThanOrEqual(
        bombs.allowed + (given ? 1 : 0),
      )
      expect(unsafe(run)).toEqual([])
      ended += bombs.blown.length
      const { outcomes = [] } = sender ?? ({} as Partial<Sender>)
      for (const outcome of outcomes) if (outcome.status === 'refused') inQuarantine++
    })
    fc.assert(property, { numRuns: share(8), seed: seedOf(52), endOnFailure: true })
    expect(ended).toBeGreaterThan(0)
    expect(inQuarantine).toBeGreaterThan(0)
  })
})
