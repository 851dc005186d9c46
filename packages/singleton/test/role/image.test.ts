import { CodecError } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ImageReader, ImageWriter } from '@tanist/core'

function write(values: readonly unknown[]): { slices: Uint8Array[]; digest: string } {
  const writer = new ImageWriter(values.values())
  const slices: Uint8Array[] = []
  for (let slice = writer.next(); slice !== null; slice = writer.next()) slices.push(slice)
  expect(writer.digest).toMatch(/^[0-9a-f]{16}$/)
  return { slices, digest: writer.digest! }
}

function read(chunks: readonly Uint8Array[]): { values: unknown[]; digest: string | null } {
  const values: unknown[] = []
  const reader = new ImageReader((value) => values.push(value))
  for (const chunk of chunks) {
    // Whose bytes they are may use them for something else at once.
    const lent = Buffer.from(chunk)
    reader.write(lent)
    lent.fill(0)
  }
  return { values, digest: reader.digest }
}

/** The same bytes in pieces of these sizes, again and again. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + sizes[i % sizes.length]!
    chunks.push(bytes.subarray(at, end))
    at = end
  }
  return chunks
}

const awkward = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  '',
  '.',
  '\\',
  '1',
  '01',
  'toJSON',
  '$',
  'v',
)
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  // Half a pair each: cut in the middle of one, too.
  fc.constantFrom('\ud83d', '\ude00', 'x\ud83d\ude00'.repeat(20_000), `${'\u0000'.repeat(40_000)}\ud800`),
)
const small = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom<unknown>(
    null,
    undefined,
    -0,
    NaN,
    Infinity,
    new URL('http://a/b?c'),
    [[1]],
    { a: [] },
    { $: 'u' },
    { $: undefined, v: [{ $: 1n }] },
  ),
)
/** Too large to be written at once, of small parts. */
const wide = fc
  .tuple(fc.array(small, { minLength: 1, maxLength: 8 }), fc.integer({ min: 100, max: 2_500 }))
  .chain(([parts, n]) => {
    const items = Array.from({ length: n }, (_, i) => parts[i % parts.length])
    const entries = items.map((item, i): [string, unknown] => [`key ${i}`, item])
    return fc.constantFrom<unknown>(items, Object.fromEntries(entries), new Map(entries), new Set(items))
  })
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    small,
    text,
    fc.constant(new Uint8Array(70_000).fill(7)),
    wide,
    fc.array(tie('any'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(text, awkward), tie('any'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    fc.array(tie('any'), { maxLength: 5 }).map((items) => new Set(items)),
  ),
})).any

/** Where two values differ: in type, in content, or in the order of anything. Null when nowhere. */
function difference(a: unknown, b: unknown, path = '$'): string | null {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return Object.is(a, b) ? null : path
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path} (type)`
  const partsOf = (of: object): readonly unknown[] => {
    if (Array.isArray(of)) return of
    if (of instanceof Map) return [...of].flat(1)
    if (of instanceof Set || of instanceof Uint8Array) return [...of]
    if (of instanceof Date) return [of.getTime()]
    return of instanceof URL ? [of.href] : Object.entries(of).flat(1)
  }
  const [as, bs] = [partsOf(a), partsOf(b)]
  if (as.length !== bs.length) return `${path} (size)`
  for (let i = 0; i < as.length; i++) {
    const found = difference(as[i], bs[i], `${path}.${i}`)
    if (found !== null) return found
  }
  return null
}

describe('the image of values', () => {
  it('gives back every value that the codec carries, whole, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 4 }),
        (values, sizes) => {
          const { slices, digest } = write(values)
          const back = read(cut(Buffer.concat(slices), sizes))
          expect(difference(values, back.values)).toBeNull()
          expect(back.digest).toBe(digest)
          expect(difference(values, read(slices).values)).toBeNull()
          // Written again, what was read gives the same bytes.
          expect(Buffer.concat(write(back.values).slices).equals(Buffer.concat(slices))).toBe(true)
        },
      ),
      { numRuns: 50, endOnFailure: true },
    )
  }, 60_000)

  it('has another hash when any part is another one, and the same in any order of the keys', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const equal = difference(sorted(a), sorted(b)) === null
        expect(write([a]).digest === write([b]).digest).toBe(equal)
        const turned = turn(a)
        expect(write([turned]).digest).toBe(write([a]).digest)
      }),
      { numRuns: 60, endOnFailure: true },
    )
    const near: readonly unknown[] = [
      null,
      undefined,
      0,
      -0,
      1,
      NaN,
      '',
      '0',
      0n,
      false,
      [],
      {},
      new Map(),
      new Set(),
      new Uint8Array(),
      [[]],
      [0],
      { a: undefined },
      { a: null },
      { a: 0, b: 1 },
      { a: 1, b: 0 },
      { ab: 1 },
      [1, 0],
      [0, 1],
      new Date(0),
      '1',
      new Map([[0, 1]]),
      new Map([[1, 0]]),
      new Set([0, 1]),
      new Uint8Array([0, 1]),
      new URL('http://a/'),
      'http://a/',
      'a'.repeat(20_000),
      'a'.repeat(20_001),
      `${'a'.repeat(19_999)}b`,
      new Uint8Array(2_000),
      new Uint8Array(2_001),
    ] // prettier-ignore
    expect(new Set(near.map((one) => write([one]).digest)).size).toBe(near.length)
  }, 60_000)

  it('is written in small pieces, whatever the value is', () => {
    const rich = Array.from({ length: 20_000 }, (_, i) => ({ at: new Date(i), n: BigInt(i) }))
    const many = Array.from({ length: 200_000 }, (_, i) => i)
    for (const one of [
      'x'.repeat(5_000_000),
      new Uint8Array(3_000_000),
      rich,
      many,
      new Map(many.map((n) => [n, [n]])),
    ]) {
      const { slices } = write([one])
      expect(slices.length).toBeGreaterThan(10)
      expect(Math.max(...slices.map(({ length }) => length))).toBeLessThan(300_000)
    }
  })

  it('says what cannot be kept', () => {
    const circle: unknown[] = []
    circle.push(circle)
    class Money {
      n = 1
    }
    for (const bad of [
      () => 1,
      [Symbol('x')],
      { a: new Money() },
      [[Buffer.from('x')]],
      circle,
      Array(3),
      Array(99_999),
    ])
      expect(() => write([bad])).toThrow(CodecError)
  })

  it('refuses bytes that are not its own, with a sentence', () => {
    const bytes = Buffer.concat(
      write([{ a: 1, b: 'x'.repeat(40_000) }, new Set([new Uint8Array(3_000), 5n])]).slices,
    )
    const whole = read([bytes]).digest
    expect(whole).not.toBeNull()
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(3), (at, by, how) => {
        const bad = Buffer.from(bytes)
        if (how === 0) {
          expect(read([bad.subarray(0, at)]).digest).toBeNull()
          return
        }
        bad[at] = bad[at]! ^ by
        let digest: string | null = null
        try {
          digest = read([bad]).digest
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
        }
        // Plain items under the name of rich ones are the same items: then the hash is the same, too.
        expect([null, whole]).toContain(digest)
      }),
      { numRuns: 300, examples: [[5, 20, 1]] },
    )
    for (const other of ['', 'x', '(\u0000\u0000', 'hello world hello world'])
      expect(() => expect(read([Buffer.from(other)]).digest).toBeNull()).not.toThrow(RangeError)
  })
})

function turn(of: unknown): unknown {
  if (Array.isArray(of)) return of.map(turn)
  if (of instanceof Map) return new Map([...of].map(([key, item]) => [turn(key), turn(item)]))
  if (of instanceof Set) return new Set([...of].map(turn))
  if (!isPlainRecord(of)) return of
  return Object.fromEntries(
    Object.entries(of)
      .toReversed()
      .map(([key, item]) => [key, turn(item)]),
  )
}

function sorted(of: unknown): unknown {
  if (Array.isArray(of)) return of.map(sorted)
  if (of instanceof Map) return new Map([...of].map(([key, item]) => [sorted(key), sorted(item)]))
  if (of instanceof Set) return new Set([...of].map(sorted))
  if (!isPlainRecord(of)) return of
  const entries = Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

function isPlainRecord(of: unknown): of is object {
  return typeof of === 'object' && of !== null && Object.getPrototypeOf(of) === Object.prototype
}
