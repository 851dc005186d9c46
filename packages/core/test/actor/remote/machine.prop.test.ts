import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mesh, pairOf } from './mesh.js'

/** Few, so that much happens between any two. */
const PEERS = 2
const NODES = Array.from({ length: PEERS }, (_, i) => i)
const peer = fc.nat(PEERS - 1)
const pair = fc
  .tuple(peer, fc.integer({ min: 1, max: PEERS - 1 }))
  .map(([i, d]) => [i, (i + d) % PEERS] as const)
const place = fc.constantFrom<readonly [string, number]>(['a', 1], ['b', 2], ['b', 9])

type Op = (mesh: Mesh) => void

const calm: fc.Arbitrary<Op> = fc.oneof(
  {
    arbitrary: fc.tuple(pair, fc.integer({ min: 1, max: 4 })).map(
      ([[i, j], n]): Op =>
        (m) =>
          m.tells(i, j, n),
    ),
    weight: 6,
  },
  {
    arbitrary: pair.map(
      ([i, j]): Op =>
        (m) =>
          m.ask(i, j),
    ),
    weight: 3,
  },
  {
    arbitrary: fc.tuple(pair, fc.integer({ min: 1, max: 6 })).map(
      ([[i, j], n]): Op =>
        (m) =>
          m.deliver(i, j, n),
    ),
    weight: 8,
  },
  {
    arbitrary: fc.tuple(pair, place).map(
      ([[i, j], at]): Op =>
        (m) =>
          m.watch(i, j, at),
    ),
    weight: 2,
  },
  {
    arbitrary: peer.map(
      (i): Op =>
        (m) =>
          m.unwatch(i),
    ),
    weight: 1,
  },
  {
    arbitrary: fc.tuple(peer, fc.constantFrom('a#1', 'b#2')).map(
      ([i, key]): Op =>
        (m) =>
          m.endActor(i, key),
    ),
    weight: 1,
  },
  {
    arbitrary: pair.map(
      ([i, j]): Op =>
        (m) =>
          m.cut(i, j),
    ),
    weight: 2,
  },
  {
    arbitrary: pair.map(
      ([i, j]): Op =>
        (m) =>
          m.replace(i, j),
    ),
    weight: 2,
  },
  {
    arbitrary: fc.nat(4).map(
      (n): Op =>
        (m) =>
          m.late(n),
    ),
    weight: 2,
  },
  { arbitrary: fc.constant<Op>((m) => m.heal()), weight: 2 },
  {
    arbitrary: fc.constantFrom(10, 100, 600, 2_500).map(
      (ms): Op =>
        (m) =>
          m.pass(ms),
    ),
    weight: 2,
  },
)

const leaky: fc.Arbitrary<Op> = fc.oneof(
  { arbitrary: calm, weight: 10 },
  {
    arbitrary: pair.map(
      ([i, j]): Op =>
        (m) =>
          m.swallow(i, j),
    ),
    weight: 2,
  },
)

const stormy: fc.Arbitrary<Op> = fc.oneof(
  { arbitrary: leaky, weight: 20 },
  {
    arbitrary: peer.map(
      (i): Op =>
        (m) =>
          m.restart(i),
    ),
    weight: 1,
  },
  {
    arbitrary: pair.map(
      ([i, j]): Op =>
        (m) =>
          m.remove(i, j),
    ),
    weight: 2,
  },
)

function run(ops: readonly Op[], stepMs?: number): Mesh {
  const mesh = new Mesh(PEERS)
  for (const op of ops) op(mesh)
  mesh.settle(stepMs)
  return mesh
}

/** No machine remembers a watch that is over. */
function forgets(mesh: Mesh): void {
  const open = mesh.watches.filter(({ ends, stopped }) => ends.length === 0 && !stopped)
  const places = new Set(open.map(({ by, node, at }) => `${by} ${node} ${at.join('#')}`))
  const living = NODES.map((i) => mesh.node(i))
  const mine = [...places].filter((text) => living.includes(text.split(' ')[0] ?? ''))
  expect(mesh.watching).toEqual({ here: mine.length, there: mine.length })
}

function inOrder(mesh: Mesh): void {
  const last = new Map<string, number>()
  for (const { from, to, n } of mesh.got) {
    const key = `${from}>${to}`
    expect(n, `${key} out of order or twice`).toBeGreaterThan(last.get(key) ?? 0)
    last.set(key, n)
  }
}

describe('sessions between peers', () => {
  it('carry each message once and in order over broken and replaced links, without waiting for a timer', () => {
    fc.assert(
      fc.property(fc.array(calm, { maxLength: 60 }), (ops) => {
        const mesh = run(ops, 5)
        inOrder(mesh)
        expect(mesh.got.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(mesh.told.map(({ n }) => n))
        expect(mesh.dropped).toEqual([])
        for (const { ends } of mesh.questions.values()) expect(ends).toEqual(['ok'])
        expect(mesh.held).toBe(0)
      }),
      { numRuns: 600 },
    )
  })

  it('miss nothing when single messages are swallowed', () => {
    fc.assert(
      fc.property(fc.array(leaky, { maxLength: 60 }), (ops) => {
        const mesh = run(ops)
        inOrder(mesh)
        expect(mesh.got).toHaveLength(mesh.told.length)
        for (const { ends } of mesh.questions.values()) expect(ends).toEqual(['ok'])
        expect(mesh.held).toBe(0)
      }),
      { numRuns: 400 },
    )
  })

  it('end every watch of an actor that ended exactly once, and no other', () => {
    fc.assert(
      fc.property(fc.array(calm, { maxLength: 60 }), (ops) => {
        const mesh = run(ops)
        for (const { node, at, ends, stopped } of mesh.watches) {
          if (stopped) expect(ends).toEqual([])
          else expect(ends).toEqual(mesh.isLiving(node, at) ? [] : ['stopped'])
        }
        forgets(mesh)
      }),
      { numRuns: 600 },
    )
  })

  it('lose nothing without a word when peers are restarted or removed', () => {
    fc.assert(
      fc.property(fc.array(stormy, { maxLength: 80 }), (ops) => {
        const mesh = run(ops)
        inOrder(mesh)
        const living = NODES.map((i) => mesh.node(i))
        const reported = new Set([...mesh.got, ...mesh.dropped].map(({ n }) => n))
        for (const { from, n } of mesh.told)
          if (living.includes(from)) expect(reported.has(n), `tell ${n} of ${from} vanished`).toBe(true)
        for (const { from, to, ends } of mesh.questions.values()) {
          if (!living.includes(from)) continue
          expect(ends).toHaveLength(1)
          if (ends[0] !== 'ok') {
            expect(ends).toEqual(['lost'])
            expect(mesh.broken.has(pairOf(from, to))).toBe(true)
          }
        }
        for (const { by, node, at, ends, stopped } of mesh.watches) {
          if (!living.includes(by)) continue
          const isGone = !mesh.isLiving(node, at)
          if (stopped) expect(ends).toEqual([])
          else if (isGone) expect(ends, `${by} watches ${node}`).toHaveLength(1)
          else expect(ends.length).toBeLessThanOrEqual(1)
          if (ends[0] === 'lost') expect(mesh.broken.has(pairOf(by, node))).toBe(true)
        }
        expect(mesh.held).toBe(0)
        forgets(mesh)
      }),
      { numRuns: 1_000 },
    )
  })
})
