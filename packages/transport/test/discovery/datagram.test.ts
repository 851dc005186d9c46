import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeHandedOn,
  decodeSaid,
  encodeHandedOn,
  encodeSaid,
  type Said,
} from '../../src/discovery/datagram.js'
import { Keys } from '../../src/discovery/keys.js'
import type { DiscoveryView } from '../../src/discovery/types.js'
import { key, otherKey } from './lan.js'

const keys = new Keys('shop', () => [key])
const used = keys.used!

const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: digits, maxLength: digits })
    .map((all) => all.map((n) => n.toString(16)).join(''))
const id = fc.oneof(hex(32), fc.stringMatching(/^[!-~]{1,31}$/))
const port = fc.integer({ min: 1, max: 65_535 })
const address = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255), port)
    .map(([a, b, c, d, p]) => `${a}.${b}.${c}.${d}:${p}`),
  fc
    .tuple(fc.nat(65_535), fc.nat(65_535), port)
    .map(
      ([a, b, p]) =>
        `${new URL(`http://[2001:db8::${a.toString(16)}:${(b | 1).toString(16)}]`).hostname}:${p}`,
    ),
  fc.tuple(fc.stringMatching(/^[a-z][a-z0-9~-]{0,20}$/), port).map(([name, p]) => `${name}:${p}`),
)
const number = fc.maxSafeNat()

const view: fc.Arbitrary<DiscoveryView> = fc.record({
  memberId: id,
  incarnation: number,
  clusterId: fc.option(id),
  addresses: fc.uniqueArray(address, { minLength: 1, maxLength: 4 }),
  isServer: fc.boolean(),
  server: fc.option(fc.record({ memberId: id, address })),
  successor: fc.option(id),
  term: number,
  members: fc.constant([]),
})

const base = { instance: hex(32), counter: number, unixMs: number }
const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({
    ...base,
    type: fc.constant('hello' as const),
    nonce: hex(16),
    single: fc.boolean(),
    view: fc.option(view),
  }),
  fc.record({
    ...base,
    type: fc.constantFrom('welcome' as const, 'hi' as const),
    nonce: hex(16),
    single: fc.constant(false),
    view: fc
      .tuple(view, fc.uniqueArray(address, { maxLength: 4 }))
      .map(([one, members]) => ({ ...one, members })),
  }),
  fc.record({
    ...base,
    type: fc.constantFrom('beacon' as const, 'goodbye' as const, 'seek' as const),
    nonce: fc.constant(null),
    single: fc.constant(false),
    view,
  }),
)

describe('a datagram', () => {
  it('is read as it was said, in 512 bytes at most; a hello has exactly those', () => {
    fc.assert(
      fc.property(said, (one) => {
        const bytes = encodeSaid(one, used)
        expect(bytes).not.toBeNull()
        if (one.type === 'hello') expect(bytes!.length).toBe(512)
        expect(bytes!.length).toBeLessThanOrEqual(512)
        expect(decodeSaid(bytes!, keys.find)).toEqual(one)
      }),
      { numRuns: 300 },
    )
  })

  it('with any bit changed, cut or longer is dropped and never thrown', () => {
    fc.assert(
      fc.property(said, fc.nat(), fc.integer({ min: 0, max: 7 }), fc.nat(), (one, at, bit, cut) => {
        const bytes = encodeSaid(one, used)!
        const changed = bytes.slice()
        changed[at % bytes.length]! ^= 1 << bit
        const longer = Buffer.concat([bytes, Buffer.from([cut & 255])])
        for (const wrong of [changed, bytes.slice(0, cut % bytes.length), longer]) {
          expect(['size', 'magic', 'key', 'mac']).toContain(decodeSaid(wrong, keys.find))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('with a right code around anything that is not exactly our form is dropped', () => {
    // Who has the key can sign whatever they want: the form is checked all the same.
    fc.assert(
      fc.property(
        said,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (one, changes) => {
          const bytes = encodeSaid(one, used)!
          const body = Buffer.from(bytes.subarray(0, -16))
          for (const [at, byte] of changes) body[4 + (at % (body.length - 4))] = byte
          const back = decodeSaid(signed(body), keys.find)
          if (typeof back === 'string') expect(['key', 'form']).toContain(back)
          else expect(Buffer.from(encodeSaid(back, used)!).equals(signed(body))).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('of another secret or another application is dropped by its tag', () => {
    const one = encodeSaid(fc.sample(said, { seed: 1, numRuns: 1 })[0]!, used)!
    expect(decodeSaid(one, new Keys('shop', () => [otherKey]).find)).toBe('key')
    expect(decodeSaid(one, new Keys('office', () => [key]).find)).toBe('key')
    expect(typeof decodeSaid(one, new Keys('shop', () => [otherKey, key]).find)).toBe('object')
  })

  it('leaves out members first, and then addresses, where an answer may not be longer', () => {
    const [one] = fc.sample(view, { seed: 3, numRuns: 1 })
    const addresses = [1, 2, 3, 4].map((n) => `[2001:db8::${n}]:7101`)
    const members = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `[2001:db8::1:${n}]:7101`)
    const welcome: Said = {
      type: 'welcome',
      instance: '1'.repeat(32),
      counter: 1,
      unixMs: 1,
      nonce: '2'.repeat(16),
      single: false,
      view: { ...one!, addresses, members },
    }
    const lengths: (string | null)[] = []
    for (const atMost of [512, 400, 300, 280, 100]) {
      const bytes = encodeSaid(welcome, used, atMost)
      const back = bytes && decodeSaid(bytes, keys.find)
      if (back === null || typeof back === 'string') lengths.push(back)
      else {
        expect(bytes!.length).toBeLessThanOrEqual(atMost)
        lengths.push(`${back.view!.addresses.length} and ${back.view!.members.length}`)
      }
    }
    expect(lengths).toEqual(['4 and 8', '4 and 7', '4 and 2', '4 and 1', null])
  })

  it('is handed on whole, with its origin, and only when it is a hello to one address', () => {
    const hello = (single: boolean): Uint8Array =>
      encodeSaid(
        {
          type: 'hello',
          instance: '1'.repeat(32),
          counter: 1,
          unixMs: 1,
          nonce: '2'.repeat(16),
          single,
          view: null,
        },
        used,
      )!
    const passed = decodeHandedOn(encodeHandedOn(hello(true), '10.0.0.7:4711'))
    expect(passed).toMatchObject({ origin: '10.0.0.7:4711' })
    expect(decodeHandedOn(encodeHandedOn(hello(false), '10.0.0.7:4711'))).toBe('form')
    const twice = encodeHandedOn(encodeHandedOn(hello(true), '10.0.0.7:4711'), '10.0.0.8:1')
    expect(decodeHandedOn(twice)).toBe('form')
    for (const origin of ['0.0.0.0:1', '224.0.0.1:1', '10.0.0.7:0']) {
      expect(decodeHandedOn(encodeHandedOn(hello(true), origin)), origin).toBe('form')
    }
    expect(decodeHandedOn(hello(true))).toBeUndefined()
  })
})

function signed(body: Buffer): Buffer {
  return Buffer.concat([body, createHmac('sha256', used.key).update(body).digest().subarray(0, 16)])
}
