import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameBytes } from '../../src/limits.js'
import { closeWords, endFromClose, linkClosed } from '../../src/node-host/close-words.js'
import { dialling, linked, listening, pause, quietHost } from '../support/peers.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a link', () => {
  it('carries frames both ways, empty ones and ones of many packets included', async () => {
    const { out, in: inner } = await linked()
    const big = new Uint8Array(3_000_000).map((_, i) => i % 251)
    out.link.send(bytes('there'))
    out.link.send(new Uint8Array(0))
    out.link.send(big)
    inner.link.send(bytes('back'))
    await inner.until((ear) => ear.frames.length === 3)
    await out.until((ear) => ear.frames.length === 1)
    expect(out.texts()).toEqual(['back'])
    expect(Buffer.from(inner.frames[0]!).toString()).toBe('there')
    expect(inner.frames[1]).toHaveLength(0)
    expect(Buffer.compare(Buffer.from(inner.frames[2]!), Buffer.from(big))).toBe(0)
  })

  it('keeps 10,000 frames in order and leaves each as it came', async () => {
    const { out, in: inner } = await linked()
    for (let i = 0; i < 10_000; i += 1) {
      out.link.send(bytes(`frame ${i}`))
      if (i % 1_000 === 0) await pause(0)
    }
    await inner.until((ear) => ear.frames.length === 10_000)
    expect(inner.texts()).toEqual(Array.from({ length: 10_000 }, (_, i) => `frame ${i}`))
  })

  it('delivers frames that the listener sends while it accepts', async () => {
    const host = quietHost()
    const peer = await listening()
    const out = dialling(host, peer.address)
    const inner = await peer.nextAccepted()
    inner.link.send(bytes('welcome'))
    await out.until((ear) => ear.frames.length === 1)
    expect(out.happened).toEqual(['opened', 'frame'])
    expect(out.texts()).toEqual(['welcome'])
  })

  it('tells the other side why it was closed, after all frames that were sent before', async () => {
    const { out, in: inner } = await linked()
    for (let i = 0; i < 100; i += 1) out.link.send(bytes(String(i)))
    out.link.close('leaving', 'Gone for lunch: back at 1.\nSoup today')
    expect(await inner.ending()).toEqual({
      kind: 'remote',
      code: 'leaving',
      reason: 'Gone for lunch: back at 1.\nSoup today',
    })
    expect(inner.frames).toHaveLength(100)
    expect(await out.ending()).toEqual({ kind: 'local' })
  })

  it('closes from the accepting side in the same manner', async () => {
    const { out, in: inner } = await linked()
    inner.link.close('full')
    expect(await out.ending()).toEqual({ kind: 'remote', code: 'full', reason: '' })
    expect(await inner.ending()).toEqual({ kind: 'local' })
  })

  it('ends once, last, and never inside close', async () => {
    const { out, in: inner } = await linked()
    inner.link.send(bytes('late'))
    out.link.close()
    out.link.close('again')
    expect(out.end).toBeUndefined()
    out.link.send(bytes('ignored'))
    await out.ending()
    await inner.ending()
    await pause(20)
    expect(out.happened).toEqual(['opened', 'closed'])
    expect(inner.happened).toEqual(['closed'])
  })

  it('is local on both sides when both close at once', async () => {
    const { out, in: inner } = await linked()
    out.link.close('a')
    inner.link.close('b')
    expect([await out.ending(), await inner.ending()]).toEqual([{ kind: 'local' }, { kind: 'local' }])
  })

  it('breaks when a frame is longer than the limit', async () => {
    const { out, in: inner } = await linked()
    out.link.send(new Uint8Array(frameBytes + 1))
    expect(out.end).toBeUndefined()
    expect(await out.ending()).toMatchObject({ kind: 'broken' })
    expect(await inner.ending()).toMatchObject({ kind: 'remote' })
  })

  it('counts what waits, and breaks before it grows without bound', async () => {
    const { out } = await linked()
    const frame = new Uint8Array(frameBytes)
    expect(out.link.bufferedBytes).toBe(0)
    out.link.send(frame)
    expect(out.link.bufferedBytes).toBeGreaterThanOrEqual(frameBytes)
    for (let i = 0; i < 8; i += 1) out.link.send(frame)
    const end = await out.ending()
    expect(end.kind === 'broken' && end.text).toMatch(/bytes wait/)
  })

  it('knows the address that was dialled', async () => {
    const { peer, out, in: inner } = await linked()
    expect(out.link.remote).toBe(peer.address)
    expect(inner.link.remote).toMatch(/^127\.0\.0\.1:\d+$/)
  })
})

describe('the words of a close', () => {
  it('come through as they were when they fit', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 20 }).filter((code) => !code.includes('\n')),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        (code, reason) => {
          fc.pre(Buffer.byteLength(code + reason) < 122)
          const words = closeWords(code, reason).toString()
          expect(endFromClose(linkClosed, words)).toEqual({ kind: 'remote', code, reason })
        },
      ),
    )
  })

  it('are cut at a whole character when they do not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 130, maxLength: 300 }), (reason) => {
        const words = closeWords('code', reason)
        expect(words.length).toBeLessThanOrEqual(123)
        expect(words.length).toBeGreaterThan(119)
        expect(`code\n${reason}`.startsWith(words.toString())).toBe(true)
      }),
    )
  })

  it('do not make a broken protocol look like a death', () => {
    expect(endFromClose(1_009, '')).toMatchObject({ kind: 'broken' })
    expect(endFromClose(1_002, '')).toMatchObject({ kind: 'broken' })
  })
})
