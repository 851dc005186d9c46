import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handshakeFrameBytes } from '../../src/limits.js'
import { helloFrame, parseFrame, proofFrame } from '../../src/trust/frames.js'
import { startHandshake, stepHandshake } from '../../src/trust/handshake.js'
import type { HandshakeEffect, HandshakeSelf, HandshakeState } from '../../src/trust/handshake.js'
import type { Card } from '../../src/trust/frames.js'
import { prove } from '../../src/trust/proof.js'

const a = 'a'.repeat(32)
const b = 'b'.repeat(32)

const channel = 'e'.repeat(64)
const shop: Card = { app: 'shop', level: 'member', keyId: '00000001' }

function keyOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}

function side(
  which: 'dialler' | 'listener',
  app = 'shop',
  secret = 's',
  more: Partial<HandshakeSelf> = {},
): HandshakeSelf {
  const nonce = which === 'dialler' ? a : b
  const own = { side: which, key: keyOf(secret), nonce, exporter: channel, remote: '10.0.0.1:7101' }
  return { ...shop, ...own, app, ...more }
}

interface Running {
  readonly self: HandshakeSelf
  state: HandshakeState
  readonly effects: HandshakeEffect[]
}

function started(self: HandshakeSelf): Running {
  const { state, effects } = startHandshake(self)
  return { self, state, effects: [...effects] }
}

/** Feeds one frame and gives what was sent for it. */
function feed(one: Running, text: string): string[] {
  const step = stepHandshake(one.self, one.state, { kind: 'frame', text })
  one.state = step.state
  one.effects.push(...step.effects)
  return sent(step.effects)
}

function sent(effects: readonly HandshakeEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.text] : []))
}

function outcome(one: Running): string {
  const ends = one.effects.filter((effect) => effect.kind !== 'send')
  if (ends.length > 1) throw new Error('ended twice')
  const [end] = ends
  return end === undefined ? 'waits' : end.kind === 'rejected' ? end.code : end.kind
}

function sentence(one: Running): string {
  return one.effects.map((effect) => (effect.kind === 'rejected' ? effect.text : '')).join('')
}

/** Carries frames between both until nothing is left. */
function meet(dialler: Running, listener: Running): string {
  let [toListener, toDialler] = [sent(dialler.effects), sent(listener.effects)]
  while (toListener.length + toDialler.length > 0) {
    const back = toListener.flatMap((text) => feed(listener, text))
    toListener = toDialler.flatMap((text) => feed(dialler, text))
    toDialler = back
  }
  return `${outcome(dialler)} | ${outcome(listener)}`
}

describe('the handshake', () => {
  it('opens both sides for the same application and secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), fc.string(), (app, secret) => {
        fc.pre(Buffer.byteLength(app) <= 256)
        const [dialler, listener] = [side('dialler', app, secret), side('listener', app, secret)]
        expect(meet(started(dialler), started(listener))).toBe('opened | opened')
      }),
    )
  })

  it('opens neither side when the secrets differ, and both know why', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        fc.pre(one !== other)
        const [dialler, listener] = [
          started(side('dialler', 'shop', one)),
          started(side('listener', 'shop', other)),
        ]
        expect(meet(dialler, listener)).toBe('secret | secret')
        const text =
          'The secret differs from that of the peer at 10.0.0.1:7101; start every peer of one cluster with'
        expect(sentence(dialler)).toContain(text)
        expect(sentence(listener)).toContain(text)
      }),
    )
  })

  it('names both applications when they differ', () => {
    const [dialler, listener] = [started(side('dialler', 'board')), started(side('listener', 'shop'))]
    expect(meet(dialler, listener)).toBe('application | application')
    expect(sentence(listener)).toBe(
      'This is application "shop"; the peer at 10.0.0.1:7101 asked for "board".',
    )
    expect(sentence(dialler)).toMatch(
      /^The peer at 10\.0\.0\.1:7101 refused .*This is application "shop"; you asked for "board"/,
    )
  })

  it('names both versions when they differ', () => {
    const listener = started(side('listener'))
    const answer = feed(listener, JSON.stringify({ tanist: 3, hello: 'from the future' }))
    expect(outcome(listener)).toBe('version')
    expect(sentence(listener)).toContain('speaks version 3')
    const dialler = started(side('dialler'))
    feed(dialler, answer[0]!)
    expect(outcome(dialler)).toBe('version')
  })

  it('refuses a proof that is only sent back', () => {
    const listener = started(side('listener'))
    const [answer] = feed(listener, helloFrame(shop, a))
    const frame = parseFrame(answer!)
    feed(listener, proofFrame(frame?.kind === 'hello' ? (frame.proof ?? '') : ''))
    expect(outcome(listener)).toBe('secret')
    const dialler = started(side('dialler'))
    feed(dialler, sent(dialler.effects)[0]!)
    expect(outcome(dialler)).toBe('protocol')
  })

  it('refuses a proof of an earlier handshake', () => {
    const first = started(side('listener'))
    feed(first, helloFrame(shop, a))
    const old = prove(keyOf('s'), 'dialler', {
      ...shop,
      exporter: channel,
      diallerNonce: a,
      listenerNonce: b,
    })
    expect(outcome(started(side('listener')))).toBe('waits')
    feed(first, JSON.stringify({ proof: old }))
    expect(outcome(first)).toBe('opened')
    const second = started(side('listener', 'shop', 's', { nonce: 'c'.repeat(32) }))
    feed(second, helloFrame(shop, a))
    feed(second, JSON.stringify({ proof: old }))
    expect(outcome(second)).toBe('secret')
  })

  it('opens neither side when each has another channel, as with a relay between them', () => {
    const other = { exporter: 'f'.repeat(64) }
    const [dialler, listener] = [started(side('dialler')), started(side('listener', 'shop', 's', other))]
    expect(meet(dialler, listener)).toBe('secret | secret')
  })

  it('takes nobody who asks for another level than that of the key', () => {
    const listener = started(side('listener', 'shop', 's', { level: 'trusted' }))
    expect(meet(started(side('dialler')), listener)).toBe('not-open | not-open')
    expect(sentence(listener)).toContain('the key of level "trusted" was used to ask for "member"')
  })

  it('takes nobody who names another key than that of the channel', () => {
    const listener = started(side('listener'))
    expect(meet(started(side('dialler', 'shop', 's', { keyId: '00000002' })), listener)).toBe(
      'secret | secret',
    )
  })

  it('refuses a nonce that is its own', () => {
    const listener = started(side('listener'))
    feed(listener, helloFrame(shop, b))
    expect(outcome(listener)).toBe('protocol')
  })

  it('never opens a dialler on a bare ok', () => {
    const dialler = started(side('dialler'))
    feed(dialler, '{"ok":true}')
    expect(outcome(dialler)).toBe('protocol')
  })

  it('opens for no sequence of frames from somebody without the secret', () => {
    const field = fc.oneof(
      fc.constantFrom(a, b, 'c'.repeat(64), 'shop', 'member', '00000001', 2, true, null),
      fc.jsonValue(),
    )
    const names = fc.constantFrom(
      'tanist',
      'app',
      'level',
      'key',
      'nonce',
      'proof',
      'ok',
      'reject',
      'text',
      '__proto__',
    )
    const forged = fc.dictionary(names, field, { maxKeys: 5 }).map((fields) => JSON.stringify(fields))
    const known = fc.constantFrom(helloFrame(shop, a), helloFrame(shop, b, 'd'.repeat(64)), '{"ok":true}')
    const frames = fc.array(fc.oneof(known, forged, fc.string()), { maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom('dialler' as const, 'listener' as const), frames, (which, texts) => {
        const one = started(side(which))
        for (const text of texts) for (const echo of feed(one, text)) feed(one, echo)
        expect(outcome(one)).not.toBe('opened')
      }),
      { numRuns: 2_000 },
    )
  })

  it('keeps within its frame limit, with the longest names', () => {
    const [long, other] = ['\u0001'.repeat(256), '\u0002'.repeat(256)]
    const [dialler, listener] = [started(side('dialler', long)), started(side('listener', other))]
    expect(meet(dialler, listener)).toBe('application | application')
    expect(meet(started(side('dialler', long)), started(side('listener', long)))).toBe('opened | opened')
    const all = [...sent(dialler.effects), ...sent(listener.effects)].map((text) => Buffer.byteLength(text))
    expect(Math.max(...all)).toBeLessThanOrEqual(handshakeFrameBytes)
  })

  it('gives a stranger one line of the log at most', () => {
    const frame = parseFrame(JSON.stringify({ reject: 'limit', text: `a\n\u001b[31mb${'x'.repeat(500)}` }))
    expect(frame).toMatchObject({ kind: 'reject', text: expect.stringMatching(/^a {2}\[31mbx{290,293}$/) })
  })
})
