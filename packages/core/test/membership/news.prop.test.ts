import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareRecords, markOf } from '../../src/membership/records-order.js'
import type { Fate, MemberRecord } from '../../src/membership/index.js'
import { memberId, NewsWorld } from './news-world.js'

const fates: readonly Fate[] = ['up', 'suspect', 'dead', 'left']

/** What a start says of itself at a number, it says to all. */
const anyRow = fc
  .record({
    of: fc.integer({ min: 1, max: 4 }),
    incarnation: fc.nat(2),
    seq: fc.nat(3),
    fate: fc.constantFrom(...fates),
  })
  .map(({ of, incarnation, seq, fate }): MemberRecord => {
    const about = seq === 0 ? null : { version: `${incarnation}.${seq}` }
    return { memberId: memberId(of), incarnation, seq, fate, about }
  })

describe('rows are an algebra', () => {
  it('whoever hears the same rows, in whatever order, parts and repetition, ends with the same', () => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { maxLength: 24 }),
        fc.func(fc.integer()),
        fc.nat(3),
        (rows, shuffle, members) => {
          const hear = (parts: readonly MemberRecord[][]): NewsWorld => {
            const world = new NewsWorld(6)
            world.view(
              [1, 1],
              world.rows([0, ...[1, 2, 3, 4].slice(0, members)]).map((r) => ({ ...r, incarnation: 1 })),
              [0],
            )
            world.link(0, 5).run(10)
            const link = world.lines[0]?.number ?? 0
            for (const records of parts)
              world.give(0, { kind: 'message', link, message: { t: 'news', records } })
            return world
          }
          const once = hear([rows])
          const keyed = rows.map((row, i) => ({ row, key: shuffle(i, markOf(row)) }))
          const shuffled = keyed.toSorted((a, b) => a.key - b.key).map(({ row }) => row)
          const others = [
            hear(rows.map((r) => [r])),
            hear([shuffled]),
            hear([...shuffled, ...rows, ...shuffled].map((r) => [r])),
          ]
          for (const other of others) {
            expect(other.machine(0).records.digest).toBe(once.machine(0).records.digest)
            for (const of of [1, 2, 3, 4]) expect(other.known(0, of)).toEqual(once.known(0, of))
          }
          for (const of of [1, 2, 3, 4]) {
            const best = rows
              .filter((r) => r.memberId === memberId(of) && (of > members || r.incarnation >= 1))
              .reduce<MemberRecord | undefined>((a, b) => (a && compareRecords(a, b) >= 0 ? a : b), undefined)
            if (best) expect(once.known(0, of)).toEqual(best)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

type Op =
  | { readonly do: 'about'; readonly who: number; readonly ms: number }
  | {
      readonly do: 'accuse'
      readonly who: number
      readonly of: number
      readonly fate: Fate
      readonly ms: number
    }
  | { readonly do: 'cut' | 'link'; readonly who: number; readonly of: number; readonly ms: number }
  | { readonly do: 'crash'; readonly who: number; readonly ms: number }

const who = fc.nat(39)
const ms = fc.nat(400)
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('about' as const), who, ms }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('accuse' as const),
      who,
      of: who,
      fate: fc.constantFrom<Fate>('suspect', 'dead', 'left'),
      ms,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'link' as const), who, of: who, ms }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), who, ms }) },
)

/** Each member is linked to those before it on the list, at least to one: connected, and otherwise as drawn. */
function linkSome(
  world: NewsWorld,
  members: readonly number[],
  density: number,
  hubs: readonly number[],
): void {
  for (const [at, a] of members.entries()) {
    if (at > 0) world.link(a, members[Math.floor(world.random.next() * at)] ?? 0)
    for (const b of members)
      if (a < b && (world.random.next() < density || hubs.includes(a))) world.link(a, b)
  }
}

const scenario = fc.record({
  count: fc.integer({ min: 2, max: 40 }),
  seed: fc.nat(1_000_000),
  density: fc.constantFrom(0, 0.1, 0.5, 1),
  large: fc.boolean(),
  hubs: fc.subarray([0, 1]),
  loss: fc.constantFrom(0, 0.1, 0.5, 1),
  ops: fc.array(anyOp, { maxLength: 25 }),
})

describe('convergence', () => {
  it('whatever is lost, doubled and overtaken: once links work again all hold the same, and nobody alive is accused', () => {
    fc.assert(
      fc.property(scenario, ({ count, seed, density, large, hubs, loss, ops }) => {
        const named = hubs.filter((hub) => hub < count)
        const world = new NewsWorld(count, { seed, large: { meshMax: large ? 1 : 64 } })
        world.view([1, 1]).hubs(...named)
        linkSome(world, world.alive(), density, named)
        world.run(300)
        const next = (): number => world.random.next()
        world.carries = (message) => {
          if (message.t === 'beat' || message.t === 'hello') return [1]
          if (next() < loss) return []
          return next() < 0.2 ? [next() * 50, next() * 400] : [next() * 50]
        }
        for (const op of ops) {
          world.run(op.ms)
          const n = op.who % count
          const of = 'of' in op ? op.of % count : 0
          if (world.dead.has(n)) continue
          if (op.do === 'about') world.about(n, `${world.now}`)
          else if (op.do === 'cut') world.cut(n, of)
          else if (op.do === 'link' && !world.dead.has(of)) world.link(n, of)
          else if (op.do === 'accuse' && n !== of) world.note(n, of, op.fate)
          else if (op.do === 'crash' && world.alive().length > 2) {
            const linked = world
              .alive()
              .filter((m) => world.lines.some((l) => l.open && l.ends.includes(n) && l.ends.includes(m)))
            world.crash(n)
            for (const m of linked.filter((one) => one !== n)) world.note(m, n, 'dead')
          }
        }
        world.carries = () => [1 + next()]
        world.hubs(...named.filter((hub) => !world.dead.has(hub)))
        linkSome(world, world.alive(), density, named)
        // At the worst a chain of members, each of which repairs the next within two exchanges.
        const hops = density === 1 ? 1 : Math.min(world.alive().length, 12)
        world.until(() => world.differences().length === 0, 2_500 + 1_500 * hops)
        // What is said of the living now is answered now.
        world.run(1_000)
        expect(world.differences()).toEqual([])
        for (const n of world.alive()) {
          for (const m of world.alive())
            if (m !== n) expect([n, m, world.known(n, m)?.fate]).toEqual([n, m, 'up'])
          for (const m of world.alive())
            if (m !== n) expect(world.known(n, m)?.about ?? null).toEqual(world.machine(m).records.own.about)
        }
      }),
      { numRuns: 40 },
    )
  })
})
