import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clusterId, eth, idOf, Lan, type Process, viewOf } from './lan.js'

interface Plan {
  readonly seed: number
  readonly loss: number
  readonly duplicate: number
  readonly lateMs: number
  readonly isBroadcastBlocked: boolean
  /** Of each process: its machine, and when it starts. */
  readonly starts: readonly { readonly machine: number; readonly atMs: number }[]
  readonly isServer: number
  /** One-way cuts, for a while. */
  readonly cuts: readonly {
    readonly from: number
    readonly to: number
    readonly atMs: number
    readonly forMs: number
  }[]
  readonly sleeps: readonly { readonly machine: number; readonly atMs: number; readonly forMs: number }[]
}

const plan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  loss: fc.constantFrom(0, 0, 0.1),
  duplicate: fc.constantFrom(0, 0.3),
  lateMs: fc.constantFrom(0.3, 50, 300),
  isBroadcastBlocked: fc.boolean(),
  starts: fc.array(fc.record({ machine: fc.nat(4), atMs: fc.nat(5_000) }), { minLength: 2, maxLength: 7 }),
  isServer: fc.nat(6),
  cuts: fc.array(fc.record({ from: fc.nat(4), to: fc.nat(4), atMs: fc.nat(8_000), forMs: fc.nat(20_000) }), {
    maxLength: 3,
  }),
  sleeps: fc.array(
    fc.record({ machine: fc.nat(4), atMs: fc.nat(8_000), forMs: fc.integer({ min: 6_000, max: 20_000 }) }),
    { maxLength: 2 },
  ),
})

/** All trouble is over by then. */
const calmMs = 30_000

function play({ seed, starts, isServer, cuts, sleeps, ...options }: Plan): {
  lan: Lan
  processes: Process[]
} {
  const lan = new Lan(seed, options)
  for (let n = 1; n <= 5; n++) lan.machine(eth(`10.0.0.${n}`))
  const processes: Process[] = []
  for (const [i, { machine, atMs }] of starts.entries()) {
    lan.after(atMs, () => {
      const more = i === isServer ? { isServer: true, clusterId } : {}
      const host = lan.machines[machine]!
      const addresses = [`10.0.0.${machine + 1}:${7_100 + i}`]
      processes.push(host.start(viewOf(i + 1, { addresses, ...more })))
    })
  }
  for (const { from, to, atMs, forMs } of cuts) {
    if (from === to) continue
    lan.after(atMs, () => lan.cuts.add(`m${from}>m${to}`))
    lan.after(atMs + forMs, () => lan.cuts.delete(`m${from}>m${to}`))
  }
  for (const { machine, atMs, forMs } of sleeps) {
    lan.after(atMs, () => {
      if (!lan.machines[machine]!.isAsleep) lan.machines[machine]!.sleep(forMs)
    })
  }
  return { lan, processes }
}

const others = (processes: readonly Process[], one: Process): string[] =>
  processes
    .filter((other) => other !== one)
    .map(({ view }) => view!.memberId)
    .toSorted()

describe('whatever happens on the way', () => {
  it('all find all once it is calm, within one sweep and what was lost, and nobody who is not there', () => {
    fc.assert(
      fc.property(plan, (one) => {
        const { lan, processes } = play(one)
        lan.run(calmMs)
        for (const { found } of processes) found.length = 0
        // A sweep is at most a minute away; of what is lost some more are needed.
        lan.run(
          one.isBroadcastBlocked ? 75_000 + 75_000 * Math.ceil(one.loss * 10) : 12_000 + 100_000 * one.loss,
        )
        for (const process of processes)
          expect(process.ids, process.machine.name).toEqual(others(processes, process))
      }),
      { numRuns: 25 },
    )
  })

  it('who is found has said so itself, with an address that is its own', () => {
    fc.assert(
      fc.property(plan, (one) => {
        const { lan, processes } = play(one)
        lan.run(calmMs)
        const where = new Map(processes.map(({ view }) => [view!.memberId, view!.addresses[0]!]))
        for (const process of processes) {
          for (const { memberId, addresses } of process.found) {
            expect(memberId).not.toBe(process.view!.memberId)
            const port = where.get(memberId!)!.split(':')[1]
            expect(addresses).toContain(where.get(memberId!))
            expect(addresses.every((address) => address.endsWith(`:${port}`))).toBe(true)
          }
        }
      }),
      { numRuns: 25 },
    )
  })

  it('without loss a newcomer finds the server within 5 ms, and within 300 ms where broadcast is blocked', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        (seed, members, isBroadcastBlocked) => {
          const lan = new Lan(seed, { isBroadcastBlocked })
          for (let n = 1; n <= members; n++) {
            const view = viewOf(n, { clusterId, isServer: n === 1 })
            lan
              .machine(eth(`10.0.0.${n}`))
              .start(view)
              .step({ kind: 'settled', found: true })
          }
          lan.run(8_000)
          const newcomer = lan.machine(eth('10.0.0.200')).start(viewOf(200))
          lan.run(isBroadcastBlocked ? 300 : 5)
          expect(newcomer.ids).toContain(idOf(1))
        },
      ),
      { numRuns: 25 },
    )
  })
})
