import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeText } from '../../src/codec/text.js'

const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ minLength: 3_000, maxLength: 5_000 }),
  fc.constantFrom('', '\uD800', 'a\uDC00b', '\u{1F600}'.repeat(2_048), 'ü'.repeat(4_096), '€'.repeat(4_097)),
)

test('the same bytes as one by one, which no later text changes', () => {
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1, maxLength: 60 }), (all) => {
      const encoded = all.map(encodeText)
      all.forEach((text, i) => expect(encoded[i]).toEqual(new TextEncoder().encode(text)))
    }),
    { numRuns: 60 },
  )
})

test('short texts share memory, long ones do not', () => {
  const short = Array.from({ length: 1_000 }, (_, i) => encodeText(`text ${i}`))
  expect(new Set(short.map(({ buffer }) => buffer)).size).toBeLessThanOrEqual(2)
  const long = encodeText('x'.repeat(5_000))
  expect(long.buffer.byteLength).toBe(5_000)
})
