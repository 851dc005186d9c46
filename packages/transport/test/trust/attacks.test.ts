import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { connect as connectTls, createServer as createTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { unprovenLinksOnLoopback } from '../../src/limits.js'
import { keyRing } from '../../src/index.js'
import { helloFrame } from '../../src/trust/frames.js'
import { tlsOptions, writeIdentity } from '../../src/trust/psk.js'
import { dialling, later, listening, pause, quietHost } from '../support/peers.js'
import type { Peer } from '../support/peers.js'

/* What somebody on the network can try, by name. Each ends with: nobody was let in, and the next one is served. */

const linkPath = '/tanist/v2/link'
const clientPath = '/tanist/v2/client'
const keys = keyRing('shop', ['a secret for tests']).used
const nonce = 'a'.repeat(32)

function at(peer: Peer): { host: string; port: number } {
  const [host = '', port] = peer.address.split(':')
  return { host, port: Number(port) }
}

/** TLS as a peer would do it, but for what is changed. */
function secure(
  peer: Peer,
  changed: Partial<ConnectionOptions> & { as?: 'member' | 'trusted' } = {},
): TLSSocket {
  const { as = 'member', ...options } = changed
  const identity = writeIdentity({ app: 'shop', level: as, keyId: keys.id })
  const socket = connectTls({
    ...tlsOptions,
    ...at(peer),
    ca: [],
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: keys[as], identity }),
    ...options,
  })
  later(() => void socket.destroy())
  return socket
}

/** The code of the error by which it fails; `secure` when it does not. */
function outcome(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('secureConnect', () => resolve('secure'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('close', () => resolve('closed'))
  })
}

async function raw(peer: Peer, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ ...at(peer), localAddress })
  socket.on('error', () => undefined)
  socket.resume()
  later(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** The status and the code of the refusal of an upgrade, or what the first frame says. */
function asked(peer: Peer, path: string, socket?: TLSSocket, hello?: string): Promise<string> {
  const ws = new WebSocket(`ws://${peer.address}${path}`, socket ? { createConnection: () => socket } : {})
  later(() => ws.terminate())
  return new Promise((resolve) => {
    ws.on('unexpected-response', (_request, { statusCode, headers }) =>
      resolve(`${statusCode} ${String(headers['tanist-reject']).split(' ')[0]}`),
    )
    ws.on('open', () => hello && ws.send(hello))
    ws.on('message', (data: Buffer) => resolve(data.toString()))
    ws.on('error', () => resolve('error'))
  })
}

async function stillServes(peer: Peer, let_in = 0): Promise<void> {
  expect(peer.accepted.length).toBe(let_in)
  await dialling(quietHost(), peer.address).opening()
  expect(peer.accepted.length).toBe(let_in + 1)
}

/** Takes connections, and does with each what it likes. */
async function between(caller: (socket: Socket) => void): Promise<string> {
  return bound(createServer((socket) => caller(tidy(socket))))
}

async function bound(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  later(() => void server.close())
  const address = server.address()
  return `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
}

function tidy<S extends Socket>(socket: S): S {
  socket.on('error', () => undefined)
  later(() => void socket.destroy())
  return socket
}

describe('a relay between two peers', () => {
  it('that ends TLS without the secret, with keys of its own, is refused by the dialler', async () => {
    const peer = await listening()
    const relay = await listening({ secret: 'the secret of a relay' })
    const end = await dialling(quietHost(), relay.address).ending()
    expect(end).toMatchObject({ kind: 'rejected', code: 'secret' })
    await stillServes(peer)
  })

  it('that ends TLS with a certificate is refused, and no byte of the dialler reaches it', async () => {
    const file = (name: string): string =>
      readFileSync(new URL(`certificates/${name}`, import.meta.url), 'utf8')
    let heard = 0
    const server = createTls({ ...tlsOptions, cert: file('member.pem'), key: file('member.key') }, (socket) =>
      tidy(socket).on('data', (data) => (heard += data.length)),
    )
    const end = await dialling(quietHost(), await bound(server)).ending()
    expect(end).toMatchObject({ kind: 'rejected' })
    expect(heard).toBe(0)
  })

  it('that only forwards bytes sees nothing of what is said', async () => {
    const peer = await listening()
    const seen: Buffer[] = []
    const relay = await between((socket) => {
      const on = tidy(connect(at(peer)))
      socket.on('data', (data) => {
        seen.push(data)
        on.write(data)
      })
      on.on('data', (data) => {
        seen.push(data)
        socket.write(data)
      })
    })
    const out = dialling(quietHost(), relay)
    await out.opening()
    out.link.send(Buffer.from('what nobody else may read'))
    await (await peer.nextAccepted()).until(({ frames }) => frames.length === 1)
    const all = Buffer.concat(seen).toString('latin1')
    expect(all.length).toBeGreaterThan(500)
    for (const said of ['what nobody else may read', 'tanist', 'proof', 'GET'])
      expect(all).not.toContain(said)
  })

  it('that sends back to the dialler what it said is refused: a reflected proof', async () => {
    const mirror = await between((socket) => void socket.pipe(socket))
    expect(await dialling(quietHost(), mirror).ending()).toMatchObject({ kind: 'rejected' })
  })

  it('that plays a whole conversation again opens nothing: a replayed proof', async () => {
    const peer = await listening()
    const said: Buffer[] = []
    const relay = await between((socket) => {
      const on = tidy(connect(at(peer)))
      socket.on('data', (data) => {
        said.push(data)
        on.write(data)
      })
      on.pipe(socket)
    })
    const out = dialling(quietHost(), relay)
    await out.opening()
    out.link.send(Buffer.from('pay 1'))
    await (await peer.nextAccepted()).until(({ frames }) => frames.length === 1)
    const again = await raw(peer)
    for (const part of said) again.write(part)
    await once(again, 'close')
    expect(peer.accepted[0]?.frames.length).toBe(1)
    await stillServes(peer, 1)
  })
})

describe('a downgrade', () => {
  it('to TLS 1.2 is refused', async () => {
    const peer = await listening()
    const old = secure(peer, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'PSK' })
    expect(await outcome(old)).toMatch(/PROTOCOL_VERSION/)
    await stillServes(peer)
  })

  it('to the clear is refused on the paths of members', async () => {
    const peer = await listening()
    expect(await asked(peer, linkPath)).toBe('403 not-open')
    await stillServes(peer)
  })

  it('to version 1 of the links is answered in its terms, and opens nothing', async () => {
    const peer = await listening()
    const old = JSON.stringify({ tanist: 1, app: 'shop', nonce })
    const answer = await asked(peer, '/tanist/v1/link', undefined, old)
    expect(JSON.parse(answer)).toEqual({
      reject: 'version',
      text: 'This peer speaks version 2 of the link protocol; you speak version 1.',
    })
    expect(peer.log.lines.map(({ text }) => text)).toEqual([expect.stringContaining('speaks version 1')])
    await stillServes(peer)
  })
})

describe('whoever comes to TLS', () => {
  it('without any key is refused', async () => {
    const peer = await listening()
    const socket = tidy(connectTls({ ...tlsOptions, ...at(peer), rejectUnauthorized: false }))
    expect(await outcome(socket)).toMatch(/HANDSHAKE_FAILURE/)
    await stillServes(peer)
  })

  it('with a key that nobody knows is refused, and told so', async () => {
    const peer = await listening()
    const identity = writeIdentity({ app: 'shop', level: 'member', keyId: '00000000' })
    expect(await outcome(secure(peer, { pskCallback: () => ({ psk: keys.member, identity }) }))).not.toBe(
      'secure',
    )
    expect(peer.log.lines.map(({ data }) => data?.['code'])).toEqual(['secret'])
    await stillServes(peer)
  })

  it('with a key of one byte under a known name is refused', async () => {
    const peer = await listening()
    const identity = writeIdentity({ app: 'shop', level: 'member', keyId: keys.id })
    const short = secure(peer, { pskCallback: () => ({ psk: Buffer.from([1]), identity }) })
    expect(await outcome(short)).not.toBe('secure')
    expect(peer.log.lines.map(({ data }) => data?.['code'])).toEqual(['secret'])
    await stillServes(peer)
  })

  it('with names that are none is refused', async () => {
    const peer = await listening()
    for (const identity of [
      'x',
      'm:1',
      `3:m:${keys.id}:shop`,
      `2:x:${keys.id}:shop`,
      '2:m::',
      'ü'.repeat(60),
    ]) {
      const socket = secure(peer, { pskCallback: () => ({ psk: keys.member, identity }) })
      expect(await outcome(socket)).not.toBe('secure')
    }
    await stillServes(peer)
  })

  it('with a session of before, after its key was removed, is refused', async () => {
    const ring = keyRing('shop', ['a secret for tests', 'another one that stays'])
    const peer = await listening({ secret: ring })
    let session: Buffer | undefined
    const first = secure(peer)
    first.on('session', (ticket) => (session = ticket))
    expect(await outcome(first)).toBe('secure')
    first.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(first, 'data')
    session ??= first.getSession()
    ring.use(ring.list()[1]!.id)
    ring.remove(keys.id)
    const again = secure(peer, { ...(session && { session }), pskCallback: () => null })
    expect(await outcome(again)).not.toBe('secure')
    expect(await outcome(secure(peer, session && { session }))).not.toBe('secure')
    expect(peer.accepted).toEqual([])
  })
})

describe('a trusted client', () => {
  it('cannot become a member: neither by the path, nor by what it says', async () => {
    const peer = await listening()
    expect(await asked(peer, linkPath, secure(peer, { as: 'trusted' }))).toBe('403 not-open')
    const says = helloFrame({ app: 'shop', level: 'member', keyId: keys.id }, nonce)
    const open = await listening({}, '127.0.0.1:0', {
      client: () => ({ opened() {}, frame() {}, closed() {} }),
    })
    const answer = await asked(open, clientPath, secure(open, { as: 'trusted' }), says)
    expect(JSON.parse(answer)).toMatchObject({ reject: 'not-open' })
    await stillServes(peer)
  })

  it('cannot use the key of members under its own name', async () => {
    const peer = await listening()
    const identity = writeIdentity({ app: 'shop', level: 'member', keyId: keys.id })
    const wrong = secure(peer, { pskCallback: () => ({ psk: keys.trusted, identity }) })
    expect(await outcome(wrong)).not.toBe('secure')
    await stillServes(peer)
  })

  it('is not what a member is: a member cannot come as a client', async () => {
    const peer = await listening({}, '127.0.0.1:0', {
      client: () => ({ opened() {}, frame() {}, closed() {} }),
    })
    expect(await asked(peer, clientPath, secure(peer))).toBe('403 not-open')
  })
})

describe('whoever takes its time', () => {
  it('is cut: silent, a byte a second, and after half a ClientHello', { timeout: 20_000 }, async () => {
    const peer = await listening()
    const [silent, slow, half] = await Promise.all([raw(peer), raw(peer), raw(peer)])
    const byteASecond = setInterval(() => void slow.write(Buffer.from([0x16])), 1_000)
    later(() => clearInterval(byteASecond))
    slow.write(Buffer.from([0x16]))
    half.write(Buffer.from('1603010200010001fc0303', 'hex'))
    await Promise.all([silent, slow, half].map((socket) => once(socket, 'close')))
    await stillServes(peer)
  })

  it('is cut after TLS, and after the upgrade', { timeout: 20_000 }, async () => {
    const peer = await listening()
    const quiet = tidy(secure(peer))
    expect(await outcome(quiet)).toBe('secure')
    await once(quiet.resume(), 'close')
    expect(JSON.parse(await asked(peer, linkPath, secure(peer)))).toMatchObject({ reject: 'limit' })
    await stillServes(peer)
  })

  it('is let in when its ClientHello comes in two segments', async () => {
    const peer = await listening()
    const relay = await between((socket) => {
      const on = tidy(connect({ ...at(peer), noDelay: true }))
      socket.once('data', (hello) => {
        on.write(hello.subarray(0, 1))
        setTimeout(() => on.write(hello.subarray(1, 40)), 20)
        setTimeout(() => {
          on.write(hello.subarray(40))
          socket.pipe(on)
        }, 40)
      })
      on.pipe(socket)
    })
    await dialling(quietHost(), relay).opening()
  })

  it('and breaks off in the middle of the proof, costs nothing', async () => {
    const peer = await listening()
    const below = await raw(peer)
    const socket = tidy(secure(peer, { socket: below }))
    const hello = helloFrame({ app: 'shop', level: 'member', keyId: keys.id }, nonce)
    expect(await asked(peer, linkPath, socket, hello)).toContain('proof')
    below.resetAndDestroy()
    await stillServes(peer)
  })

  it('that say nothing cost nobody a place: a hundred of them beside a link that is made', async () => {
    const peer = await listening()
    const sockets = await Promise.all(Array.from({ length: 100 }, () => raw(peer)))
    await stillServes(peer)
    expect(sockets.filter((socket) => socket.destroyed)).toEqual([])
    while (sockets.some((socket) => !socket.destroyed)) await pause(20)
  })

  it('cannot take all places: half-open connections by the hundred', { timeout: 20_000 }, async () => {
    const peer = await listening()
    let closed = 0
    const sockets = await Promise.all(
      Array.from({ length: 300 }, (_, i) => raw(peer, `127.0.${1 + Math.floor(i / 100)}.${1 + (i % 100)}`)),
    )
    for (const socket of sockets) {
      socket.once('close', () => (closed += 1))
      // The beginning of a ClientHello, and never more.
      socket.write(Buffer.from([0x16, 3, 1]))
    }
    // All but those who have a place are sent away before their time.
    await pause(500)
    expect(closed + sockets.filter((socket) => socket.destroyed).length).toBeGreaterThan(0)
    expect(sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length).toBeLessThanOrEqual(
      unprovenLinksOnLoopback,
    )
    while (sockets.some((socket) => !socket.destroyed)) await pause(20)
    await stillServes(peer)
  })
})

describe('another path', () => {
  it('is not found, with a key and without', async () => {
    const peer = await listening()
    expect(await asked(peer, '/tanist/v3/link', secure(peer))).toBe('404 undefined')
    expect(await asked(peer, '/tanist/v2/link/', secure(peer))).toBe('404 undefined')
    expect(await asked(peer, `${linkPath}?x`, secure(peer))).toBe('404 undefined')
    await stillServes(peer)
  })
})
