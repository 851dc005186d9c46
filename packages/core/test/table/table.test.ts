import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CodecError,
  decodeJson,
  decodeValue,
  deepFreeze,
  encodeJson,
  encodeValue,
  ImageReader,
  ImageWriter,
  Table,
  table,
} from '../../src/index.js'

type Key = string | number

const keys: fc.Arbitrary<Key> = fc.oneof(
  fc.integer({ min: -40, max: 400 }),
  fc.integer({ min: 0, max: 300 }).map((n) => `k${n}`),
  fc.constantFrom('', '__proto__', 'constructor', 'é', '\ud800', -0, 0.5, Infinity),
)
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ set: keys, value: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ drop: keys }) },
    fc.record({ grow: fc.integer({ min: 0, max: 100 }), by: fc.integer({ min: 1, max: 120 }) }),
    fc.record({ shrink: fc.integer({ min: 0, max: 100 }), by: fc.integer({ min: 1, max: 120 }) }),
  ),
  { maxLength: 40 },
)
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never

function apply(from: Table<Key, number>, step: Step): Table<Key, number> {
  if ('set' in step) return from.set(step.set, step.value)
  if ('drop' in step) return from.delete(step.drop)
  let made = from
  const start = 'grow' in step ? step.grow : step.shrink
  for (let i = start; i < start + step.by; i++) made = 'grow' in step ? made.set(i, i) : made.delete(i)
  return made
}

function applyToMap(map: Map<Key, number>, step: Step): void {
  if ('set' in step) map.set(step.set, step.value)
  else if ('drop' in step) map.delete(step.drop)
  else if ('grow' in step) for (let i = step.grow; i < step.grow + step.by; i++) map.set(i, i)
  else for (let i = step.shrink; i < step.shrink + step.by; i++) map.delete(i)
}

function inOrder(entries: Iterable<[Key, number]>): [Key, number][] {
  return [...entries].toSorted(([a], [b]) => {
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
    return a < b ? -1 : a > b ? 1 : 0
  })
}

function written(value: unknown): { readonly bytes: Uint8Array[]; readonly digest: string | null } {
  const writer = new ImageWriter([value].values())
  const bytes: Uint8Array[] = []
  for (let next = writer.next(); next !== null; next = writer.next()) bytes.push(next)
  return { bytes, digest: writer.digest }
}

function read(bytes: readonly Uint8Array[]): unknown {
  let found: unknown
  const reader = new ImageReader((value) => (found = value))
  for (const part of bytes) reader.write(part)
  return found
}

const large = (size: number): Table<string, { readonly n: number }> =>
  table(Array.from({ length: size }, (_, n) => [`key-${n}`, { n }] as const))

describe('a table', () => {
  it('is a Map in key order, after any steps', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const map = new Map<Key, number>()
        let made = table<Key, number>()
        for (const step of all) {
          made = apply(made, step)
          applyToMap(map, step)
        }
        const expected = inOrder(map)
        expect([...made]).toEqual(expected)
        expect([...made.keys()]).toEqual(expected.map(([key]) => key))
        expect([...made.values()]).toEqual(expected.map(([, value]) => value))
        expect(made.size).toBe(map.size)
        for (const [key, value] of map) expect(made.get(key)).toBe(value)
        for (const key of ['absent', 12_345])
          expect([made.has(key), made.get(key)]).toEqual([false, undefined])
      }),
      { numRuns: 300 },
    )
  })

  it('gives the range from a key on and before another', () => {
    fc.assert(
      fc.property(steps, keys, keys, (all, from, to) => {
        const made = all.reduce(apply, table<Key, number>())
        const below = (a: Key, b: Key): boolean =>
          inOrder([
            [a, 0],
            [b, 0],
          ])[0]![0] === a && a !== b
        const expected = [...made].filter(([key]) => !below(key, from) && below(key, to))
        expect([...made.range(from, to)]).toEqual(expected)
        expect([...made.range(from)]).toEqual([...made].filter(([key]) => !below(key, from)))
      }),
      { numRuns: 200 },
    )
  })

  it('says what changed since an older one, and older ones stay as they were', () => {
    fc.assert(
      fc.property(steps, steps, (first, then) => {
        const older = first.reduce(apply, table<Key, number>())
        const before = [...older]
        const newer = then.reduce(apply, older)
        const { set, deleted } = newer.changes(older)
        expect([...older]).toEqual(before)
        const now = new Map(newer)
        expect(set).toEqual([...newer].filter(([key, value]) => !older.has(key) || older.get(key) !== value))
        expect(deleted).toEqual([...older.keys()].filter((key) => !now.has(key)))
        expect([...deleted.reduce((made, key) => made.delete(key), older.merge(set))]).toEqual([...newer])
      }),
      { numRuns: 300 },
    )
  })

  it('looks at few items to find few changes', () => {
    const older = large(100_000)
    let newer = older
    for (let i = 0; i < 10; i++) newer = newer.set(`key-${i * 9_973}`, { n: -1 })
    let compared = 0
    const is = Object.is
    Object.is = (a, b) => {
      compared++
      return is(a, b)
    }
    try {
      expect(newer.delete('key-5').changes(older)).toMatchObject({ deleted: ['key-5'] })
    } finally {
      Object.is = is
    }
    expect(compared).toBeLessThan(1_000)
  })

  it('is itself when nothing changes', () => {
    const one = large(100)
    expect(one.set('key-7', one.get('key-7')!)).toBe(one)
    expect(one.delete('nothing')).toBe(one)
    expect(one.changes(one)).toEqual({ set: [], deleted: [] })
    expect(Table.from(one)).toBe(one)
  })

  it('updates one value and takes over many', () => {
    const made = table<string, number>([['a', 1]])
      .update('a', (n = 0) => n + 1)
      .update('b', (n = 0) => n + 1)
    expect([
      ...made.merge([
        ['c', 3],
        ['a', 9],
      ]),
    ]).toEqual([
      ['a', 9],
      ['b', 1],
      ['c', 3],
    ])
  })

  it('takes keys that are texts or numbers only', () => {
    for (const key of [Number.NaN, null, {}, 1n])
      expect(() => table<Key, number>().set(key as Key, 1)).toThrow(
        /A key of a table is a text or a number, not /,
      )
    expect([...table<Key, number>().set(-0, 1).keys()].map((key) => Object.is(key, 0))).toEqual([true])
  })

  it('freezes what it is given, and costs deepFreeze nothing', () => {
    const value = { list: [1] }
    const made = deepFreeze({ made: table([['a', value]]) })
    expect(Object.isFrozen(value.list)).toBe(true)
    expect(() => value.list.push(2)).toThrow(TypeError)
    let looked = 0
    const watched = new Proxy(made.made, { ownKeys: (target) => (looked++, Reflect.ownKeys(target)) })
    deepFreeze({ watched })
    expect(looked).toBeLessThan(2)
  })
})

describe('a table in the codec', () => {
  const rich = (): unknown => ({
    $: table<Key, unknown>([
      [1, new Date(5)],
      [
        'é',
        table<Key, unknown>([
          [-0, undefined],
          ['m', new Map([['x', 2n]])],
        ]),
      ],
      ['list', [null, { a: 1 }]],
      ['__proto__', 3],
    ]),
    empty: table(),
  })

  it('survives messages, journals and images, with whatever is in it', () => {
    expect(decodeValue(encodeValue(rich()))).toEqual(rich())
    expect(decodeJson(JSON.parse(JSON.stringify(encodeJson(rich()))))).toEqual(rich())
    expect(read(written(rich()).bytes)).toEqual(rich())
  })

  it('refuses what it cannot carry, with the path', () => {
    expect(() => encodeValue({ t: table([['a', { f: () => 1 }]]) })).toThrow(
      new CodecError('a function cannot be sent or kept', '$.t.get("a").f'),
    )
    expect(() => written({ t: table([['a', () => 1]]) })).toThrow(CodecError)
  })

  it('can be decoded as deep as it can be encoded', () => {
    let deep: unknown = 1
    let encoded = encodeValue(deep)
    for (let i = 0; i < 80; i++) {
      deep = i % 3 === 0 ? [deep] : table([['a', deep]])
      try {
        encoded = encodeValue(deep)
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError)
        return
      }
      expect(encodeValue(decodeValue(encoded))).toEqual(encoded)
    }
    expect.unreachable('there is a limit')
  })

  it('is never built from anything else than keys and envelopes', () => {
    for (const list of [
      '["a"]',
      '[null,{"v":1}]',
      '[["a"],{"v":1}]',
      '["a",1]',
      '["a",{"v":{"__proto__":1}}]',
      '{}',
    ])
      expect(() =>
        decodeJson({ s: { json: JSON.parse(list), meta: { values: [['custom', 'table']], v: 1 } } }),
      ).toThrow(CodecError)
  })

  it('has the same bytes and the same digest whatever its history', () => {
    const forth = large(5_000)
    let back = table<string, { readonly n: number }>()
    for (let n = 6_999; n >= 0; n--) back = back.set(`key-${n}`, { n })
    for (let n = 5_000; n < 7_000; n++) back = back.delete(`key-${n}`)
    expect(written({ t: back })).toEqual(written({ t: forth }))
    expect(written({ t: back.set('key-1', { n: 2 }) }).digest).not.toBe(written({ t: forth }).digest)
    expect(written({ t: new Map(forth) }).digest).not.toBe(written({ t: forth }).digest)
  })

  it('is written in slices and read from parts that are cut anywhere', () => {
    const { bytes } = written({ t: large(20_000), after: 1 })
    expect(bytes.length).toBeGreaterThan(5)
    expect(Math.max(...bytes.map(({ length }) => length))).toBeLessThan(200_000)
    const parts = bytes.flatMap((part) => [part.subarray(0, 777), part.subarray(777)])
    expect(read(parts)).toEqual({ t: large(20_000), after: 1 })
  })
})
