// Values and their annotations: whatever the bytes are, a supported value comes or a CodecError.
import { CodecError, decodeValue, encodeValue, fromEncoded, Table } from '@tanist/core'
import { Finding } from '../campaign.mjs'
import { below, mutateBytes, mutateJson, pick } from '../mutate.mjs'

const leaves = [
  (random) => below(random, 1000),
  (random) => 'text '.repeat(below(random, 20)),
  () => '\ud800 and \udc00',
  () => -0,
  () => Number.NaN,
  () => undefined,
  () => null,
  (random) => BigInt(below(random, 1e9)) ** 20n,
  (random) => new Date(below(random, 1e9)),
  (random) => Uint8Array.from({ length: below(random, 40) }, () => below(random, 256)),
  () => new URL('https://example.org/a?b=c'),
]

export function anyValue(random, depth = 0) {
  const kind = depth > 4 ? 0 : random.next()
  if (kind < 0.4) return pick(random, leaves)(random)
  const parts = Array.from({ length: below(random, 5) }, () => anyValue(random, depth + 1))
  if (kind < 0.55) return parts
  if (kind < 0.75) return Object.fromEntries(parts.map((part) => [keyOf(random), part]))
  if (kind < 0.85) return new Map(parts.map((part) => [anyValue(random, 5), part]))
  if (kind < 0.93) return new Set(parts)
  return Table.from(parts.map((part, i) => [i % 2 === 0 ? i : `key ${i}`, part]))
}

const keyOf = (random) => pick(random, ['a', 'b.c', '\\', '0', 'a\\.b', 'json', 'meta', 'then', 'toJSON', ''])

const utf8 = new TextEncoder()
const richly = (json) => utf8.encode(`\u0001${JSON.stringify(json)}`)

export const codec = {
  name: 'codec',
  share: 0.4,
  open: () => ({
    draw: (random) => {
      const bytes = encodeValue(anyValue(random))
      if (random.next() < 0.5) return { bytes: mutateBytes(bytes, random, encodeValue(anyValue(random))) }
      const [mark, ...rest] = bytes
      const isRich = mark === 1
      const text = Buffer.from(isRich ? Uint8Array.from(rest) : bytes).toString()
      const json = mutateJson(JSON.parse(text), random)
      return { bytes: isRich || random.next() < 0.3 ? richly(json) : utf8.encode(JSON.stringify(json)) }
    },
    take: ({ bytes }) => {
      let value
      try {
        value = decodeValue(bytes)
      } catch (error) {
        if (error instanceof CodecError) return 'refused'
        throw new Finding('exception', `${String(error)} instead of a CodecError`, error)
      }
      // What was let in can be passed on, and comes to the same.
      const again = encodeValue(value)
      if (Buffer.compare(encodeValue(decodeValue(again)), again) !== 0)
        throw new Finding('value', 'it changes when it is passed on')
      if (typeof value?.then === 'function') throw new Finding('value', 'it is a thenable')
      if ({}.polluted !== undefined) throw new Finding('pollution', 'of Object.prototype')
      return 'taken'
    },
  }),
}

/** The same as JSON within a message: what a call carries. */
export const envelopes = {
  name: 'envelopes',
  share: 0.1,
  open: () => ({
    draw: (random) => {
      const bytes = encodeValue(anyValue(random))
      const rich = bytes[0] === 1
      const json = JSON.parse(Buffer.from(rich ? bytes.subarray(1) : bytes).toString())
      return { envelope: mutateJson(rich ? { s: json } : { v: json }, random) }
    },
    take: ({ envelope }) => {
      const before = JSON.stringify(envelope)
      try {
        fromEncoded(envelope)
      } catch (error) {
        if (error instanceof CodecError) return 'refused'
        throw new Finding('exception', `${String(error)} instead of a CodecError`, error)
      }
      if (JSON.stringify(envelope) !== before) throw new Finding('value', 'reading it changed it')
      return 'taken'
    },
  }),
}
