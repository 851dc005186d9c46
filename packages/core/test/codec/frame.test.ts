import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CodecError,
  decodeEntries,
  decodeFrame,
  encodeEntries,
  encodeFrame,
  FRAME_BYTE_LIMIT,
  FRAME_MESSAGE_LIMIT,
  type FrameMessage,
} from '../../src/codec/index.js'
import type { Entry } from '../../src/journal/index.js'

const message: fc.Arbitrary<FrameMessage> = fc
  .tuple(fc.constantFrom('a', 'm', 'Z'), fc.jsonValue(), fc.option(fc.uint8Array({ maxLength: 20 })))
  .map(([channel, json, data]) => {
    const body: unknown = JSON.parse(JSON.stringify(json))
    return data === null ? { channel, body } : { channel, body, data }
  })

const entries: fc.Arbitrary<Entry[]> = fc
  .tuple(
    fc.integer({ min: 1, max: 2 ** 40 }),
    fc.array(fc.record({ rise: fc.nat(3), kind: fc.nat(255), payload: fc.uint8Array({ maxLength: 30 }) })),
  )
  .map(([first, list]) => {
    let term = first
    return list.map(({ rise, kind, payload }, i) => ({
      index: first + i,
      term: (term += rise),
      kind,
      payload,
    }))
  })

/** Decoding any beginning and any change of `bytes` gives a value or a CodecError, and nothing else. */
function survives(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  const attempt = (candidate: Uint8Array): unknown => {
    try {
      return decode(candidate)
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError)
      return undefined
    }
  }
  for (let size = 0; size < bytes.length; size++) {
    expect(attempt(bytes.subarray(0, size))).toBeUndefined()
    const changed = bytes.slice()
    changed[size] = changed[size]! ^ 0xff
    attempt(changed)
  }
  const longer = new Uint8Array(bytes.length + 1)
  longer.set(bytes)
  expect(attempt(longer)).toBeUndefined()
}

describe('a frame', () => {
  it('gives back its messages, also from the middle of a buffer', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const bytes = encodeFrame(messages)
        const within = new Uint8Array(bytes.length + 7)
        within.set(bytes, 3)
        expect(decodeFrame(within.subarray(3, 3 + bytes.length))).toEqual(messages)
      }),
    )
  })

  it('that is cut, longer or changed is a CodecError or a frame', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 3 }), (messages) =>
        survives(encodeFrame(messages), decodeFrame),
      ),
      { numRuns: 50 },
    )
  })

  it('keeps its limits in both directions', () => {
    const many = Array.from({ length: FRAME_MESSAGE_LIMIT }, () => ({ channel: 'a', body: 1 }))
    const full = encodeFrame(many)
    expect(decodeFrame(full).length).toBe(FRAME_MESSAGE_LIMIT)
    expect(() => encodeFrame([...many, { channel: 'a', body: 1 }])).toThrowError(CodecError)
    new DataView(full.buffer).setUint32(1, FRAME_MESSAGE_LIMIT + 1, true)
    expect(() => decodeFrame(full)).toThrowError(/messages/)
    const data = new Uint8Array(FRAME_BYTE_LIMIT)
    expect(() => encodeFrame([{ channel: 'a', body: 1, data }])).toThrowError(CodecError)
    expect(() => decodeFrame(new Uint8Array(FRAME_BYTE_LIMIT + 1))).toThrowError(/bytes/)
    expect(encodeFrame([{ channel: 'a', body: 1, data: data.subarray(15) }]).length).toBe(FRAME_BYTE_LIMIT)
  })

  it('refuses a channel that is no letter and a body that is not JSON', () => {
    for (const channel of ['', 'ab', '1', 'é']) {
      expect(() => encodeFrame([{ channel, body: 1 }])).toThrowError(CodecError)
    }
    expect(() => encodeFrame([{ channel: 'a', body: undefined }])).toThrowError(CodecError)
  })
})

describe('entries', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(decodeEntries(encodeEntries(list))).toEqual(list)
      }),
    )
  })

  it('that are cut, longer or changed are a CodecError or consecutive entries', () => {
    fc.assert(
      fc.property(entries, (list) => survives(encodeEntries(list.slice(0, 4)), decodeEntries)),
      { numRuns: 50 },
    )
  })

  it('with a gap, an older term or index 0 are refused', () => {
    const at = (index: number, term: number): Entry => ({ index, term, kind: 0, payload: new Uint8Array(1) })
    expect(() => encodeEntries([at(1, 1), at(3, 1)])).toThrowError(/gap/)
    expect(() => encodeEntries([at(1, 2), at(2, 1)])).toThrowError(/decreases/)
    expect(() => encodeEntries([at(0, 1)])).toThrowError(/index 1/)
    const bytes = encodeEntries([at(1, 2), at(2, 2)])
    bytes[11 + 12] = 1
    expect(() => decodeEntries(bytes)).toThrowError(/decreases/)
  })
})
