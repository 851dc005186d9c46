import { describe, expect, it } from 'vitest'
import { decodeWire, encodeWire } from '../../src/peer/index.js'
import type { WireMessage } from '../../src/peer/index.js'

const hello = {
  protocol: 1,
  memberId: 'a',
  incarnation: 1,
  name: 'a',
  address: 'a:1',
  clusterId: 'c',
  mode: 'consistent',
  known: [],
} as const
const head = { from: 'a', incarnation: 1, to: 'b', start: 2 }

const through = (message: WireMessage): WireMessage[] =>
  encodeWire([message], (text) => {
    throw new Error(text)
  }).flatMap(decodeWire)

describe('on the wire', () => {
  it.each<WireMessage>([
    { channel: 'v', body: { t: 'via', ...head }, data: new Uint8Array([1, 2, 3]) },
    { channel: 'v', body: { t: 'greet', ...head, hello, ask: true } },
    { channel: 'm', body: { t: 'marks', buckets: [31], marks: [], answer: false } },
    { channel: 'm', body: { t: 'reach', memberId: 'b' } },
  ])('$channel/$body.t comes as it was sent', (message) => {
    expect(through(message)).toEqual([message])
  })

  it('a detour without its sender, or with half a hello, is refused', () => {
    const without = { channel: 'v', body: { t: 'via', to: 'b' } } as unknown as WireMessage
    const half = { channel: 'v', body: { t: 'greet', ...head, hello: { name: 'a' }, ask: true } }
    expect(() => through(without)).toThrow('wrong form')
    expect(() => through(half as unknown as WireMessage)).toThrow('wrong form')
  })
})
