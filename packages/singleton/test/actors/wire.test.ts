import { encodeFrame, type SessionMessage } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { decodeWire, encodeWire } from '../../src/peer/wire.js'

const open = { t: 'open', epoch: 1, seen: 0, received: 0, ask: true } as const
const batch = { t: 'batch', from: 1, to: 2, seq: 3, count: 1, ack: 0 } as const

describe('messages of actors on a link', () => {
  it('come back as they were sent, with their items beside them', () => {
    const bodies: SessionMessage[] = [
      open,
      { ...batch, data: Uint8Array.of(91, 49, 93) },
      { ...batch, count: 0 },
    ]
    const sent = bodies.map((body) => ({ channel: 'a' as const, body }))
    const [frame] = encodeWire(sent, (text) => expect.fail(text))
    expect(decodeWire(frame!)).toEqual(sent)
  })

  it.each([
    { ...open, epoch: -1 },
    { ...open, seen: 0.5 },
    { ...open, received: '0' },
    { ...open, ask: 1 },
    { ...batch, seq: null },
    { ...batch, count: -1 },
    { ...batch, ack: undefined },
    { t: 'tell' },
    { t: '__proto__' },
  ])('are refused in any other form: %j', (body) => {
    expect(() => decodeWire(encodeFrame([{ channel: 'a', body }]))).toThrow(/wrong form/)
  })
})
