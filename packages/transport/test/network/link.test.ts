import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { frameBytes } from '../../src/limits.js'
import { closeWords, endFromClose, linkClosed } from '../../src/node-host/close-words.js'
import { child, compile } from '../support/child.js'
import { dialling, linked, quietHost } from '../support/peers.js'

describe('a link', () => {
  beforeAll(compile)

  it('breaks when a frame is longer than the limit', async () => {
    const { out, in: inner } = await linked()
    out.link.send(new Uint8Array(frameBytes + 1))
    expect(out.end).toBeUndefined()
    expect(await out.ending()).toMatchObject({ kind: 'broken' })
    expect(await inner.ending()).toMatchObject({ kind: 'remote' })
  })

  it('hands a frame to the system at once, so that a disk sync in the same turn does not hold it back', async () => {
    const other = await child('listen', '127.0.0.1:0')
    const ear = dialling(quietHost(), other.said)
    await ear.opening()
    ear.link.send(Buffer.from('when?'))
    const untilNs = process.hrtime.bigint() + 300_000_000n
    while (process.hrtime.bigint() < untilNs);
    await ear.until(({ frames }) => frames.length === 1)
    // The clock is that of the machine. It came while nothing else could run here.
    expect(BigInt(ear.texts()[0]!)).toBeLessThan(untilNs)
  })

  it('carries frames of every length of length, in order, from either side', async () => {
    const { out, in: inner } = await linked()
    const lengths = [0, 1, 125, 126, 127, 1_000, 1_001, 65_536, 1_000_000, 3]
    const frames = lengths.map((length, at) => new Uint8Array(length).fill(at + 1))
    for (const [from, to] of [
      [out, inner],
      [inner, out],
    ] as const) {
      for (const frame of frames) from.link.send(frame)
      await to.until((seen) => seen.frames.length === frames.length)
      expect(Buffer.concat(to.frames).equals(Buffer.concat(frames))).toBe(true)
      expect(to.frames.map(({ length }) => length)).toEqual(lengths)
    }
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
