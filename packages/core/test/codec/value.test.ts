import * as fc from 'fast-check'
import { SuperJSON } from 'superjson'
import { describe, expect, it } from 'vitest'
import {
  CodecError,
  decodeFrame,
  decodeJson,
  decodeValue,
  encodeFrame,
  encodeJson,
  encodeValue,
  fromEncoded,
  toEncoded,
  toEncodedCopy,
  toEncodedFrozen,
} from '../../src/codec/index.js'
import { Table } from '../../src/table/index.js'

const key = fc
  .oneof(fc.string({ maxLength: 6 }), fc.constantFrom('', '.', 'a.b', '\\', '0', 'a\\.b', 'json', 'meta'))
  .filter((k) => !['__proto__', 'constructor', 'prototype'].includes(k))

const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    tie('list'),
    tie('record'),
    tie('map'),
    tie('set'),
    tie('table'),
  ),
  leaf: fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.constantFrom<unknown>(null, true, undefined, Number.NaN, -0, 0, Infinity, -Infinity, '\ud800'),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 10 }),
    fc.webUrl().map((u) => new URL(u)),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  record: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  map: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  set: fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
  table: fc
    .uniqueArray(fc.tuple(fc.oneof(fc.nat(), key), tie('value')), { maxLength: 3, selector: ([k]) => k })
    .map((pairs) => Table.from(pairs)),
}))

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a value', () => {
  it('comes back as it was, for everything that is supported', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeValue(encodeValue(value))).toStrictEqual(value)
        expect(decodeJson(throughJson(encodeJson(value)))).toStrictEqual(value)
        for (const encoded of [toEncoded(value), toEncodedCopy(value), toEncodedFrozen(value).encoded]) {
          const [message] = decodeFrame(encodeFrame([{ channel: 'r', body: { encoded } }]))
          const { body } = message as { body: { encoded: unknown } }
          expect(fromEncoded(body.encoded)).toStrictEqual(value)
        }
        expect(toEncodedFrozen(value).value).toStrictEqual(value)
      }),
      { numRuns: 1_000 },
    )
  })

  it('that is plain is plain JSON on the wire', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!/__proto__|constructor|prototype|-0/.test(JSON.stringify(value)) && !hasMinusZero(value))
        expect(new TextDecoder().decode(encodeValue(value))).toBe(JSON.stringify(value))
        expect(encodeJson(value)).toEqual({ v: value })
      }),
    )
  })

  it('that occurs twice comes back twice, equal', () => {
    const shared = { at: new Date(0) }
    expect(decodeValue(encodeValue([shared, { shared }, undefined]))).toEqual([shared, { shared }, undefined])
  })

  it('does not depend on what the application registered with superjson', () => {
    class Mine {
      readonly secret = 1
    }
    SuperJSON.registerClass(Mine)
    expect(() => encodeValue(new Mine())).toThrowError(CodecError)
    expect(() => decode({ json: {}, meta: { values: [['class', 'Mine']], v: 1 } })).toThrowError(CodecError)
  })
})

function hasMinusZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0)
  return Object.values(value).some(hasMinusZero)
}

class Account {
  readonly balance = 1
}

const circle: { list: unknown[]; map: Map<string, unknown> } = { list: [], map: new Map() }
circle.list.push(circle, circle)
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

describe('what cannot be carried is refused with its place', () => {
  it.each<[string, unknown, string]>([
    ['a function', { a: { b: () => 1 } }, '$.a.b'],
    ['a symbol', [1, Symbol('x')], '$[1]'],
    ['a symbol as a name', { a: { [Symbol('x')]: 1 } }, '$.a'],
    ['a Buffer', { file: Buffer.from('x') }, '$.file'],
    ['an ArrayBuffer', { 'my file': new ArrayBuffer(2) }, '$["my file"]'],
    ['another typed array', [new Float64Array(2)], '$[0]'],
    ['an instance of a class', { to: [new Account()] }, '$.to[0]'],
    ['an Error', { cause: new Error('x') }, '$.cause'],
    ['a regular expression', /x/, '$'],
    ['an invalid Date', { at: new Date(Number.NaN) }, '$.at'],
    ['a hole', [1, undefined, , 2], '$[2]'], // eslint-disable-line no-sparse-arrays
    ['a function in a Map', new Map([['k', () => 1]]), '$.value(0)'],
    ['a class in a Set', { s: new Set([1, new Account()]) }, '$.s.item(1)'],
    ['the name of a prototype', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), '$.a.__proto__'],
    ['a huge bigint', { n: 10n ** 5_000n }, '$.n'],
  ])('%s', (_name, value, path) => {
    const refused = (run: () => unknown): void => {
      expect(run).toThrowError(CodecError)
      expect(run).toThrowError(expect.objectContaining({ path }))
    }
    refused(() => encodeValue(value))
    refused(() => encodeJson(value))
  })

  it('a circle and too deep a nesting', () => {
    expect(() => encodeValue(circle)).toThrowError(/circle/)
    expect(() => encodeValue(deep(65))).toThrowError(CodecError)
    expect(decodeValue(encodeValue(deep(64)))).toEqual(deep(64))
  })

  it('nothing that encodes at the depth limit fails to decode', () => {
    for (const leaf of [new Map([[1, 2n]]), new Set([-0n]), new Uint8Array(2), new Map(), [undefined]]) {
      for (let levels = 58; levels <= 66; levels++) {
        let value: unknown = leaf
        for (let i = 0; i < levels; i++) value = { a: value }
        let bytes: Uint8Array
        try {
          bytes = encodeValue(value)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
          expect(levels).toBeGreaterThan(61)
          continue
        }
        expect(decodeValue(bytes)).toEqual(value)
      }
    }
  })
})

function decode(rich: unknown): unknown {
  return decodeValue(new TextEncoder().encode(`\u0001${JSON.stringify(rich)}`))
}

describe('hostile bytes are refused before anything is built', () => {
  it.each<[string, unknown]>([
    ['bytes by a declared length', { json: 1e9, meta: { values: [['typed-array', 'Uint8Array']], v: 1 } }],
    ['bytes out of range', { json: [256], meta: { values: [['typed-array', 'Uint8Array']], v: 1 } }],
    ['another typed array', { json: [1], meta: { values: [['typed-array', 'Float64Array']], v: 1 } }],
    ['a regular expression', { json: '/(a+)+$/', meta: { values: ['regexp'], v: 1 } }],
    ['an Error', { json: { message: 'x' }, meta: { values: ['Error'], v: 1 } }],
    ['a symbol', { json: 'x', meta: { values: [['symbol', 'x']], v: 1 } }],
    ['a custom type', { json: 'x', meta: { values: [['custom', 'x']], v: 1 } }],
    ['a type by an inherited name', { json: 'x', meta: { values: ['toString'], v: 1 } }],
    ['a bigint that is none', { json: '1e9', meta: { values: ['bigint'], v: 1 } }],
    ['a bigint of many digits', { json: '9'.repeat(5_000), meta: { values: ['bigint'], v: 1 } }],
    ['an invalid Date', { json: 'soon', meta: { values: ['Date'], v: 1 } }],
    ['a Map that is none', { json: [[1]], meta: { values: ['map'], v: 1 } }],
    ['a URL that is none', { json: 'x', meta: { values: ['URL'], v: 1 } }],
    ['a number that is none', { json: '7', meta: { values: ['number'], v: 1 } }],
    ['an undefined over something', { json: { a: 1 }, meta: { values: { a: ['undefined'] }, v: 1 } }],
    ['a path to nowhere', { json: {}, meta: { values: { a: ['undefined'] }, v: 1 } }],
    ['a path through a prototype', { json: {}, meta: { values: { '__proto__.x': ['undefined'] }, v: 1 } }],
    ['a path into a list by name', { json: [], meta: { values: { length: ['number'] }, v: 1 } }],
    [
      'a path into what became a Map',
      { json: { m: [['k', 'NaN']] }, meta: { values: { m: ['map'], 'm.0.1': ['number'] }, v: 1 } },
    ],
    ['a thing annotated twice', { json: { m: [] }, meta: { values: { m: ['map', {}], '': ['set'] }, v: 1 } }],
    ['identities', { json: [{}, null], meta: { referentialEqualities: { 0: ['1'] }, v: 1 } }],
    ['an older version', { json: null, meta: { values: ['undefined'] } }],
    ['unknown parts', { json: null, more: 1 }],
    ['no json', {}],
    ['the name of a prototype', { json: JSON.parse('{"__proto__":{"x":1}}') }],
  ])('%s', (_name, rich) => {
    expect(() => decode(rich)).toThrowError(CodecError)
    expect(() => decodeJson({ s: rich })).toThrowError(CodecError)
  })

  it.each([
    '',
    '{',
    '\u0001',
    '\u0001[]',
    '{"constructor":1}',
    '{"a":{"__proto__":1}}',
    '1e999',
    'undefined',
  ])('text %j', (text) => {
    expect(() => decodeValue(new TextEncoder().encode(text))).toThrowError(CodecError)
  })

  it('whatever the bytes are, a value comes or a CodecError', () => {
    const mutated = fc.tuple(anyValue, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    fc.assert(
      fc.property(mutated, ([value, changes]) => {
        const bytes = encodeValue(value)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        try {
          decodeValue(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([null, 7, [], {}, { v: 1, s: 2 }, { x: 1 }, { s: null }])('envelope %j', (json) => {
    expect(() => decodeJson(json)).toThrowError(CodecError)
  })
})
