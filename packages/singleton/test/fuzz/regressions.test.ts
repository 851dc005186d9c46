import { CodecError, encodeFrame } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { decodeWire } from '../../src/peer/wire.js'
import { inputTooLarge } from '../../src/role/sizes.js'

const utf8 = new TextEncoder()

/** The frame of a body that is given as text: JSON says things that no value of ours does. */
function frameOf(channel: string, text: string): Uint8Array {
  const bytes = encodeFrame([{ channel, body: 'x'.repeat(text.length - 2) }])
  bytes.set(utf8.encode(text), bytes.length - text.length)
  return bytes
}

const wire = (channel: string, body: unknown) => (): unknown =>
  decodeWire(frameOf(channel, JSON.stringify(body)))
const wrong = /wrong form/

describe('what the fuzzer found is refused by its form', () => {
  const vote = {
    t: 'vote',
    branch: 'b',
    term: 3,
    pre: true,
    lastIndex: 1,
    lastTerm: 1,
    transfer: false,
    dead: null,
  }
  const append = {
    t: 'append',
    branch: 'b',
    term: 3,
    prevIndex: 0,
    prevTerm: 0,
    commit: 0,
    round: 1,
    sent: [1, 1],
  }

  it('a vote that does not say who is dead stopped the peer that read it', () => {
    expect(wire('s', vote)).not.toThrow()
    const { dead: _, ...without } = vote
    expect(wire('s', without)).toThrow(wrong)
  })

  it('an append without its line', () => {
    expect(wire('s', { ...append, line: null })).not.toThrow()
    expect(wire('s', append)).toThrow(wrong)
  })

  it('a term that no journal can write stopped the peer that went on from it', () => {
    expect(wire('s', { ...vote, term: 2 ** 47 })).not.toThrow()
    for (const term of [2 ** 47 + 1, 1e15, 1e308]) {
      expect(wire('s', { ...vote, term })).toThrow(wrong)
      expect(wire('s', { ...vote, lastTerm: term })).toThrow(wrong)
    }
  })

  it('a bye of an incarnation that is no count made a member take the next one for its own', () => {
    const bye = { t: 'bye', memberId: 'a', incarnation: 3, leaving: false }
    expect(wire('m', bye)).not.toThrow()
    for (const incarnation of [1e308, 0.5, -1]) expect(wire('m', { ...bye, incarnation })).toThrow(wrong)
  })

  it('an endless number would have been journalled as null, and stopped everybody who read that', () => {
    const call =
      '{"t":"call","session":"s","seq":1,"floor":0,"attempt":1,"role":"r","command":"c","input":null}'
    expect(() => decodeWire(frameOf('r', call))).not.toThrow()
    for (const [from, to] of [
      ['"seq":1', '"seq":1e999'],
      ['"seq":1', '"seq":-1'],
      ['"floor":0', '"floor":1e999'],
      ['"attempt":1', '"attempt":0.5'],
    ] as const)
      expect(() => decodeWire(frameOf('r', call.replace(from, to)))).toThrow(wrong)
  })

  it('an input that is nested without end overflowed the stack of whoever counted its bytes', () => {
    let deep: unknown = 1
    for (let i = 0; i < 50_000; i++) deep = [deep]
    expect(inputTooLarge('stock.take', { v: deep }, 262_144)).toMatch(/nested too deep/)
    const text = `{"t":"call","input":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    expect(() => decodeWire(frameOf('r', text))).toThrow(CodecError)
  })
})
