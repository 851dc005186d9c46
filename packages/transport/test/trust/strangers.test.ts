import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { unprovenLinksOnLoopback } from '../../src/limits.js'
import { doorstep } from '../../src/trust/admission.js'
import { rejectWarnings } from '../../src/trust/warnings.js'
import { dialling, later, listening, memoryLog, quietHost } from '../support/peers.js'
import type { Peer } from '../support/peers.js'

/** Where whoever speaks no TLS is told why it is not wanted. */
const path = '/tanist/v1/link'

async function stranger(peer: Peer): Promise<WebSocket> {
  const ws = new WebSocket(`ws://${peer.address}${path}`)
  ws.on('error', () => undefined)
  later(() => ws.terminate())
  await once(ws, 'open')
  return ws
}

function message(ws: WebSocket): Promise<string> {
  return new Promise((resolve) => ws.once('message', (data: Buffer) => resolve(data.toString())))
}

async function raw(peer: Peer): Promise<Socket> {
  const [host, port] = peer.address.split(':')
  const socket = connect(Number(port), host)
  socket.on('error', () => undefined)
  socket.resume()
  later(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

const upgrade =
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

async function stillServes(peer: Peer): Promise<void> {
  const known = peer.accepted.length
  const link = dialling(quietHost(), peer.address)
  await link.opening()
  expect(peer.accepted.length).toBe(known + 1)
  link.link.close()
}

describe('peers that do not belong together', () => {
  it('both learn that their secrets differ', async () => {
    const peer = await listening({ secret: 'the secret of one' })
    const end = await dialling(quietHost({ secret: 'the secret of the other' }), peer.address).ending()
    const text = 'start every peer of one cluster with the same secret'
    expect(end).toMatchObject({ kind: 'rejected', code: 'secret', text: expect.stringContaining(text) })
    expect(end).toMatchObject({ text: expect.stringContaining(peer.address) })
    while (peer.log.lines.length === 0) await new Promise(setImmediate)
    expect(peer.log.lines).toEqual([
      expect.objectContaining({ level: 'warn', event: 'link-rejected', text: expect.stringContaining(text) }),
    ])
    expect(peer.accepted).toEqual([])
  })

  it('both learn that their applications differ', async () => {
    const peer = await listening({ app: 'shop' })
    const end = await dialling(quietHost({ app: 'board' }), peer.address).ending()
    expect(end).toMatchObject({
      kind: 'rejected',
      code: 'application',
      text: expect.stringMatching(/"shop".*"board"/),
    })
    expect(peer.log.lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^This is application "shop"; the peer at 127\.0\.0\.1:\d+ asked for "board"\.$/),
    ])
  })

  it('both learn that their versions differ', async () => {
    const peer = await listening()
    const ws = await stranger(peer)
    ws.send('{"tanist":9}')
    const answer = await message(ws)
    expect(JSON.parse(answer)).toMatchObject({ reject: 'version' })
    expect(peer.log.lines).toEqual([
      expect.objectContaining({ text: expect.stringContaining('speaks version 9') }),
    ])
  })

  it('fill one line of the log, however often they come', async () => {
    const peer = await listening({ secret: 'the secret of one' })
    for (let i = 0; i < 5; i += 1)
      await dialling(quietHost({ secret: 'the secret of the other' }), peer.address).ending()
    await stillServesOwn(peer)
    expect(peer.log.lines).toHaveLength(1)
  })

  it('never show a secret', async () => {
    const peer = await listening({ secret: 'hunter2-for-number-one' })
    const end = await dialling(quietHost({ secret: 'hunter2-for-number-two' }), peer.address).ending()
    await stillServesOwn(peer, 'hunter2-for-number-one')
    expect(JSON.stringify([end, peer.log.lines])).not.toContain('hunter2')
  })
})

async function stillServesOwn(peer: Peer, secret = 'the secret of one'): Promise<void> {
  await dialling(quietHost({ secret }), peer.address).opening()
}

describe('strangers', () => {
  it('whatever bytes they send, cost only their own connection', async () => {
    const peer = await listening()
    const noise = fc.uint8Array({ minLength: 1, maxLength: 4_000 }).map((bytes) => Buffer.from(bytes))
    // The mask bit and a plausible length, so that some get past the framing.
    const framed = fc
      .tuple(fc.constantFrom(0x81, 0x82, 0x01, 0x00, 0x88, 0x89, 0xc1), fc.uint8Array({ maxLength: 120 }))
      .map(([first, body]) => Buffer.from([first, 0x80 | body.length, 0, 0, 0, 0, ...body]))
    const frames = fc.array(fc.oneof(noise, framed), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.boolean(), frames, async (upgraded, parts) => {
        const socket = await raw(peer)
        if (upgraded) socket.write(upgrade)
        for (const part of parts) socket.write(part)
        socket.end()
        if (!socket.destroyed) await once(socket, 'close')
      }),
      { numRuns: 150 },
    )
    expect(peer.accepted).toEqual([])
    await stillServes(peer)
  })

  it('are told when they are silent, and then cut', async () => {
    const peer = await listening()
    const ws = await stranger(peer)
    const answer = await message(ws)
    expect(JSON.parse(answer)).toMatchObject({ reject: 'limit' })
    await once(ws, 'close')
    await stillServes(peer)
  })

  it('are cut for a frame that is too long, or binary, or of too many bytes in all', async () => {
    const peer = await listening()
    for (const frame of ['x'.repeat(3_000), Buffer.from('{"tanist":9}')]) {
      const ws = await stranger(peer)
      ws.send(frame)
      const answer = await message(ws)
      expect(JSON.parse(answer)).toMatchObject({ reject: 'protocol' })
      await once(ws, 'close')
    }
    const flood = await stranger(peer)
    const told: unknown[] = []
    flood.on('message', (data) => told.push(data))
    // One message that never ends, below the limit of ws for later frames.
    flood.send('x'.repeat(100_000), { fin: false })
    await once(flood, 'close')
    // Cut at once: who is only silent is told so first.
    expect(told).toEqual([])
    await stillServes(peer)
  })

  it('cannot take more places than loopback has, and places come free again', async () => {
    const peer = await listening()
    const silent = await Promise.all(Array.from({ length: unprovenLinksOnLoopback }, () => stranger(peer)))
    expect(await dialling(quietHost(), peer.address).ending()).toMatchObject({
      kind: 'rejected',
      code: 'limit',
    })
    expect(peer.log.lines).toEqual([expect.objectContaining({ data: { host: '127.0.0.1', code: 'limit' } })])
    await Promise.all(silent.map((ws) => once(ws, 'close')))
    await stillServes(peer)
  })

  it('on the doorstep are sent away when the listener closes', async () => {
    const peer = await listening()
    const ws = await stranger(peer)
    peer.stopListening()
    await once(ws, 'close')
    expect(peer.accepted).toEqual([])
  })
})

describe('the doorstep', () => {
  it('counts what is inside, over all and per address', () => {
    const ways = fc.array(fc.record({ host: fc.constantFrom('a', 'b', 'c'), leave: fc.boolean() }), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(ways, (moves) => {
        const step = doorstep(5, 3)
        const inside: { host: string; leave: () => void }[] = []
        for (const { host, leave } of moves) {
          if (leave) {
            const gone = inside.shift()
            gone?.leave()
            gone?.leave()
            continue
          }
          const here = inside.filter((one) => one.host === host).length
          const way = step.enter(host)
          expect(way !== undefined).toBe(inside.length < 5 && here < 3)
          if (way !== undefined) inside.push({ host, leave: way })
        }
      }),
    )
  })
})

describe('warnings of refused links', () => {
  it('come once per address, reason and minute', () => {
    let monotonicMs = 0
    const log = memoryLog()
    const warn = rejectWarnings({ now: () => ({ monotonicMs, wallMs: 0 }) }, log)
    warn('a', 'secret', '1')
    warn('a', 'secret', '2')
    warn('b', 'secret', '3')
    warn('a', 'application', '4')
    monotonicMs = 60_000
    warn('a', 'secret', '5')
    expect(log.lines.map(({ text }) => text)).toEqual(['1', '3', '4', '5'])
  })
})
