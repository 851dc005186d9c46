import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { fromBase64, toBase64 } from '../../src/codec/base64.js'
import {
  CodecError,
  decodeFrame,
  decodeValue,
  encodeFrame,
  encodeValue,
  fromEncoded,
  STATE_LIMITS,
  toEncoded,
  toEncodedCopy,
  toEncodedFrozen,
} from '../../src/codec/index.js'
import { BODY_DEPTH_LIMIT, VALUE_LIMITS } from '../../src/codec/limits.js'

const { nodes, keys, annotations } = VALUE_LIMITS
const utf8 = new TextEncoder()

function richly(json: unknown, values: unknown): Uint8Array {
  return utf8.encode(`\u0001${JSON.stringify({ json, meta: { values, v: 1 } })}`)
}

const many = <T>(count: number, item: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => item(i))
const byIndex = (count: number, annotation: unknown): Record<string, unknown> =>
  Object.fromEntries(many(count, (i) => [i, annotation]))

/** The fastest of three, so that a busy machine is not blamed on the codec. */
function fastestMs(run: () => void): number {
  const took = [1, 2, 3].map(() => {
    const begin = performance.now()
    const cpu = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(cpu)
    return Math.min(performance.now() - begin, (user + system) / 1_000)
  })
  return Math.min(...took)
}

describe('limits, the same for the sender and for bytes', () => {
  it.each<[string, (count: number) => unknown, number, RegExp]>([
    ['parts of a value', (n) => many(n - 1, () => 'x'), nodes, /50000 parts/],
    ['parts of a rich value', (n) => [...many(n - 2, () => 'x'), undefined], nodes, /50000 parts/],
    ['properties of one object', (n) => byIndex(n, 'x'), keys, /10000/],
    ['parts that JSON does not carry', (n) => many(n, () => new Date(0)), annotations, /10000/],
  ])('%s', (_what, make, limit, words) => {
    expect(fromEncoded(toEncoded(make(limit)))).toEqual(make(limit))
    expect(decodeValue(encodeValue(make(limit)))).toEqual(make(limit))
    const over = make(limit + 1)
    for (const encode of [toEncoded, toEncodedCopy, toEncodedFrozen, encodeValue])
      expect(() => encode(over)).toThrowError(words)
    const large = toEncoded(over, STATE_LIMITS)
    expect(fromEncoded(large, STATE_LIMITS)).toEqual(over)
    expect(() => fromEncoded(large)).toThrowError(CodecError)
  })

  it('let long rows of numbers pass, whose bytes bound them', () => {
    const row = many(100_000, (i) => i / 4)
    expect(decodeValue(encodeValue(row))).toEqual(row)
    expect(decodeValue(encodeValue([row, undefined]))).toEqual([row, undefined])
  })

  it('are judged before anything is built, in time that grows with the bytes alone', () => {
    const hostile = [
      richly(
        many(50_000, () => null),
        byIndex(50_000, ['undefined']),
      ),
      richly(
        many(20_000, () => 1),
        ['set', byIndex(20_000, ['number'])],
      ),
      richly(
        many(1_500, () => '9'.repeat(1_000)),
        byIndex(1_500, ['bigint']),
      ),
      utf8.encode('['.repeat(1_000_000)),
      utf8.encode(`{${many(20_000, (i) => `"${i}":1`).join()}}`),
      utf8.encode(`[${many(60_000, () => '{}').join()}]`),
    ]
    for (const bytes of hostile) {
      const attempt = (): void => {
        try {
          decodeValue(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
      }
      expect(fastestMs(attempt)).toBeLessThan(50)
    }
  })

  it('hold for how deep the body of a message may be, which readers walk by calling themselves', () => {
    const body = (levels: number): Uint8Array => {
      const bytes = encodeFrame([{ channel: 'r', body: 'x'.repeat(levels * 2 - 1) }])
      bytes.set(utf8.encode(`${'['.repeat(levels)}0${']'.repeat(levels)}`), 14)
      return bytes
    }
    expect(decodeFrame(body(BODY_DEPTH_LIMIT))).toHaveLength(1)
    expect(() => decodeFrame(body(BODY_DEPTH_LIMIT + 1))).toThrowError(/nested too deep/)
    expect(() => decodeFrame(body(500_000))).toThrowError(/nested too deep/)
    const wide = { channel: 'r', body: many(2_000, (i) => ({ 'a[{"': [`\\"${'['.repeat(i % 9)}\\`] })) }
    expect(decodeFrame(encodeFrame([wide]))).toEqual([wide])
  })

  it('name a place in a few words, however long the names in it are', () => {
    const value = { ['x'.repeat(100_000)]: () => 1 }
    expect(() => encodeValue(value)).toThrowError(
      expect.objectContaining({ path: expect.stringMatching(/^.{201}$/) }),
    )
  })
})

describe('bytes', () => {
  it('are base64, exactly as others make it, and no other text', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 41 + length * 7) & 0xff)
      const text = toBase64(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64'))
      expect(fromBase64(text)).toEqual(bytes)
    }
    for (const text of ['A', 'AB', 'ABC', 'AB=', 'A===', 'AR==', 'AAR=', 'A-==', 'AB==CD==', 'AB CD', 'éA=='])
      expect(fromBase64(text)).toBeNull()
  })

  it('take a third more than themselves', () => {
    const bytes = new Uint8Array(30_000).fill(200)
    expect(encodeValue(bytes).length).toBeLessThan(bytes.length * 1.34 + 100)
    expect(decodeValue(encodeValue({ bytes }))).toEqual({ bytes })
  })

  it('that were written as a list of numbers are still read', () => {
    const old = richly([1, 255], [['typed-array', 'Uint8Array']])
    expect(decodeValue(old)).toEqual(Uint8Array.of(1, 255))
  })
})

describe('what would change on its way', () => {
  const refused = (value: unknown, words: RegExp): void => {
    for (const encode of [toEncoded, toEncodedCopy, toEncodedFrozen, encodeValue])
      expect(() => encode(value)).toThrowError(words)
  }

  it('lone surrogates, in texts and in names, come back exactly', () => {
    for (const text of ['\ud800', 'a\udc00b', '\udfff\ud800', '\u0000', '\ufeff']) {
      const value = { [text]: text, map: new Map([[text, undefined]]) }
      expect(decodeValue(encodeValue(value))).toStrictEqual(value)
      expect(fromEncoded(JSON.parse(JSON.stringify(toEncoded(value))))).toStrictEqual(value)
      const [message] = decodeFrame(encodeFrame([{ channel: 'r', body: toEncoded(text) }]))
      expect(fromEncoded(message?.body)).toBe(text)
    }
  })

  it('a function toJSON is refused, wherever it hides; one that is data is data', () => {
    const hidden = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'x' })
    refused(hidden, /toJSON/)
    refused(Object.assign([1], { toJSON: () => 'x' }), /toJSON/)
    refused({ toJSON: () => 'x' }, /toJSON/)
    expect(decodeValue(encodeValue({ toJSON: 'x' }))).toEqual({ toJSON: 'x' })
  })

  it('a value is never a thenable, so that nobody runs it by awaiting it', async () => {
    const having = (item: unknown): unknown => Object.fromEntries([['th_en'.replace('_', ''), item]])
    refused(
      having(() => {}),
      /function/,
    )
    const data = having([new Date(0)])
    expect(await Promise.resolve(decodeValue(encodeValue(data)))).toEqual(data)
  })

  it('properties that a Date, a Map and the like have besides are refused', () => {
    refused(Object.assign(new Date(0), { toISOString: () => 'soon' }), /Date has properties of its own/)
    refused(Object.assign(new Map(), { more: 1 }), /properties of its own/)
  })

  it('an Error, a RegExp, a Buffer and an ArrayBuffer are refused with what to give instead', () => {
    refused(new Error('x'), /class Error cannot be sent or kept; give its message/)
    refused(/x/, /give its source/)
    refused(Buffer.from('x'), /class Buffer.*Uint8Array/)
    refused(new ArrayBuffer(1), /ArrayBuffer.*Uint8Array/)
  })

  it('a getter and a proxy are read once, and that is what is sent', () => {
    let reads = 0
    const getter = {
      get n() {
        return ++reads === 1 ? 1 : () => 2
      },
    }
    expect(toEncodedFrozen(getter)).toEqual({ encoded: { v: { n: 1 } }, value: { n: 1 } })
    const proxy = new Proxy({ a: 1 }, {})
    expect(fromEncoded(toEncodedCopy(proxy))).toEqual({ a: 1 })
  })

  it('frozen values and such without a prototype come back with the ordinary one', () => {
    const bare: unknown = Object.assign(Object.create(null), { a: [Object.freeze({ b: 1 })] })
    expect(decodeValue(encodeValue(bare))).toStrictEqual({ a: [{ b: 1 }] })
  })

  it('numbers beyond 2^53 come back as the same double', () => {
    const value = [2 ** 53, 2 ** 53 + 2, -(2 ** 60), 1e308, 5e-324, Number.MAX_VALUE]
    expect(decodeValue(encodeValue(value))).toEqual(value)
  })
})

describe('bytes that no sender makes', () => {
  it.each<[string, Uint8Array]>([
    ['a date that depends on the time zone', richly('2020-01-01 10:00', ['Date'])],
    ['a date in another form', richly('2020-01-01', ['Date'])],
    ['base64 with something else in it', richly('AB!=', [['custom', 'bytes']])],
    ['bytes announced over a number', richly(1e9, [['custom', 'bytes']])],
    [
      'one place annotated under two paths',
      richly({ x: { y: '5' } }, { 'x.y': ['bigint'], x: { y: ['bigint'] } }),
    ],
    ['a type that is an object', richly('x', [[{ toString: 1 }, 'x']])],
    ['a path of many steps', richly({}, { ['a.'.repeat(500)]: ['undefined'] })],
  ])('%s', (_name, bytes) => {
    expect(() => decodeValue(bytes)).toThrowError(CodecError)
  })

  it('with one name twice are the last one', () => {
    expect(decodeValue(utf8.encode('{"a":1,"a":2}'))).toEqual({ a: 2 })
  })
})
