import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '@tanist/core/testing'
import { ledger, ledgerWorkload, runSchedule } from '../../src/testing/index.js'
import type { LedgerState } from '../../src/testing/index.js'
import { acts, caseArbitrary, KINDS } from '../sim/campaign.js'

/** Clocks that jump make reads ask too often, never too seldom; these are told apart by real time here. */
const kinds = KINDS.filter((kind) => kind !== 'clock-jump')

interface Read {
  readonly node: string
  readonly askedMs: number
  readonly maxStaleMs: number
  readonly endedMs: number
  readonly ids: ReadonlySet<string> | null
}

describe('a local read with maxStaleMs', () => {
  it.each([3, 5])(
    'misses nothing that was acknowledged so long before it, whatever fails: %i peers',
    {
      timeout: 60_000,
    },
    (peers) => {
      let [ok, atOnce] = [0, 0]
      for (const one of fc.sample(caseArbitrary(peers, kinds), { seed: 23, numRuns: peers === 3 ? 2 : 1 })) {
        const reads: Read[] = []
        const dice = seededRandom(`${one.seed}/stale`)
        const run = runSchedule({
          ...one,
          acts,
          forMs: 4_000,
          workload: ledgerWorkload(4, 20),
          meanwhile: (cluster) => {
            const { world } = cluster
            const endMs = world.nowMs + 4_000
            const next = (): void => {
              if (world.nowMs > endMs) return
              world.schedule(world.nowMs + 5 + dice.next() * 25, next)
              const node = cluster.names[Math.floor(dice.next() * cluster.names.length)] ?? 'ann'
              const core = cluster.isRunning(node) ? cluster.peer(node) : null
              if (core === null) return
              const askedMs = world.nowMs
              const maxStaleMs = [0, 20, 200, 1_000][Math.floor(dice.next() * 4)] ?? 0
              const done = ({ status }: { readonly status: string }): void => {
                const { full, open } = core.roles.state('ledger') as LedgerState
                const ids = status === 'ok' ? new Set([...full.flat(), ...open]) : null
                reads.push({ node, askedMs, maxStaleMs, endedMs: world.nowMs, ids })
              }
              core.read(ledger.name, 300, done, maxStaleMs)
            }
            next()
          },
        })
        expect(run.contradictions.map(({ text }) => text)).toEqual([])
        const acknowledged = run.history.operations.flatMap((operation) => {
          const { command, outcome, endedAtMs } = operation
          const counts = command === 'add' && outcome?.status === 'ok' && endedAtMs !== null
          return counts ? [{ id: (operation.input as { id: string }).id, endedAtMs }] : []
        })
        for (const { node, askedMs, maxStaleMs, endedMs, ids } of reads) {
          if (ids === null) continue
          ok += 1
          if (endedMs === askedMs) atOnce += 1
          const missed = acknowledged.filter(
            ({ id, endedAtMs }) => endedAtMs < askedMs - maxStaleMs && !ids.has(id),
          )
          expect(missed, `${node} at ${askedMs}, ${maxStaleMs} ms`).toEqual([])
        }
      }
      expect(ok).toBeGreaterThan(100)
      // Shared ones ask nobody.
      expect(atOnce).toBeGreaterThan(20)
    },
  )

  it('rejects at its deadline under a partition, however fresh what it once read', () => {
    let outcome = ''
    let atMs = 0
    const run = runSchedule({
      seed: 3,
      peers: 3,
      schedule: [{ at: 200, do: 'split', a: ['cy'], for: 3_000 }],
      forMs: 4_000,
      workload: ledgerWorkload(2, 30),
      meanwhile: (cluster) => {
        const { world } = cluster
        const cy = cluster.peer('cy')!
        const beganMs = world.nowMs
        const read = (maxStaleMs: number): void =>
          cy.read(
            'ledger',
            400,
            ({ status }) => {
              outcome += `${status} `
              atMs = world.nowMs - beganMs
            },
            maxStaleMs,
          )
        world.schedule(beganMs + 190, () => read(0))
        world.schedule(beganMs + 500, () => read(1_000))
        world.schedule(beganMs + 1_500, () => read(1_000))
      },
    })
    expect(run.contradictions).toEqual([])
    expect(outcome).toBe('ok ok unavailable ')
    expect(atMs).toBeGreaterThanOrEqual(1_900)
    expect(atMs).toBeLessThan(2_000)
  })
})
