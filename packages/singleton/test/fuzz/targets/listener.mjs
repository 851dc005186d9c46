// Raw bytes on the port of a real peer on loopback: HTTP, WebSocket upgrades, TLS, and what is none of them.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join as pathOf } from 'node:path'
import { join } from '@tanist/singleton'
import { ledger } from '@tanist/singleton/testing'
import { nodeHost } from '@tanist/transport'
import { Finding } from '../campaign.mjs'
import { below, joined, mutateBytes, mutateJson, pick } from '../mutate.mjs'

const SECRET = `tanist_${'f'.repeat(43)}`
/** At once; a listener takes 48 from loopback that have proved nothing. */
const OPEN = 24
/** So long somebody says nothing more before the connection is given up. */
const PATIENCE_MS = 40
const utf8 = new TextEncoder()
const quiet = { write: () => {} }

const crlf = (...lines) => utf8.encode(lines.join('\r\n'))
const upgrade = (path) =>
  crlf(
    `GET ${path} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    '',
    '',
  )
const post = (path, json) => {
  const body = JSON.stringify(json)
  const head = [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json']
  return crlf(...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body)
}
/** A masked text or binary message. */
const message = (text, opcode = 1) => {
  const bytes = utf8.encode(text).subarray(0, 125)
  return joined(Uint8Array.of(0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0), bytes)
}
/** The head of a TLS 1.3 hello; what follows is noise. */
const tlsHello = (random) =>
  joined(
    Uint8Array.of(0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3),
    Uint8Array.from({ length: 194 }, () => below(random, 256)),
  )

function valid(random) {
  const call = { id: 'x' }
  return pick(random, [
    () =>
      crlf(
        `GET ${pick(random, ['/', '/manifest', '/health', '/metrics', '/roles/ledger'])} HTTP/1.1`,
        'Host: x',
        '',
        '',
      ),
    () => post(`/roles/ledger/${pick(random, ['add', 'refuseMe'])}`, mutateJson(call, random)),
    () => upgrade(pick(random, ['/tanist/v2/link', '/tanist/v1/link', '/tanist/v2/client', '/else'])),
    () =>
      joined(
        upgrade('/tanist/v1/link'),
        message('{"tanist":2,"app":"fuzz","level":"member","key":"01020304"}'),
      ),
    () => joined(upgrade('/tanist/v2/client'), message('noise', pick(random, [0, 1, 2, 3, 8, 9, 15]))),
    () => tlsHello(random),
    () => crlf('GET / HTTP/1.1', ...Array.from({ length: 60 }, (_, i) => `X-${i}: y`), '', ''),
    () =>
      crlf('POST /roles/ledger/add HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked', '', 'ffffffff', 'x'),
  ])()
}

/** Whether the other side has ended it before patience did. */
function send(port, bytes) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (byThem) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(byThem)
    }
    const timer = setTimeout(() => end(false), PATIENCE_MS)
    socket.resume()
    socket.on('error', () => {})
    socket.on('close', () => end(true))
    socket.write(bytes)
  })
}

/** A member's link still opens. */
async function stillOpens(address) {
  const host = nodeHost({ app: 'fuzz', secret: SECRET, log: quiet })
  for (let i = 0; i < 20; i++) {
    const end = await new Promise((resolve) => {
      const link = host.network.dial(address, {
        opened: () => {
          resolve(null)
          link.close()
        },
        frame: () => {},
        closed: resolve,
      })
    })
    if (end === null) return
    // Places of those who proved nothing are taken for a moment.
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Finding('end', 'no member gets in any more')
}

export const listener = {
  name: 'listener',
  share: 0.004,
  open: async () => {
    const data = mkdtempSync(pathOf(tmpdir(), 'tanist-fuzz-'))
    const options = { app: 'fuzz', secret: SECRET, listen: '127.0.0.1:0', discovery: false, log: quiet, data }
    const peer = await join({ ...options, roles: [ledger] })
    const { address } = peer
    const port = Number(address.split(':').at(-1))
    const busy = new Set()
    let ended = 0
    return {
      draw: (random) => {
        const bytes = valid(random)
        return { bytes: random.next() < 0.3 ? bytes : mutateBytes(bytes, random, valid(random)) }
      },
      take: async ({ bytes }) => {
        const sent = send(port, bytes).then((byThem) => {
          busy.delete(sent)
          if (byThem) ended++
        })
        busy.add(sent)
        if (busy.size >= OPEN) await Promise.race(busy)
        if (ended === 0) return 'taken'
        ended--
        return 'refused'
      },
      settle: async () => {
        await Promise.all(busy)
        await stillOpens(address)
        const outcome = await peer.role(ledger).refuseMe({ id: 'x' })
        if (outcome.status !== 'refused')
          throw new Finding('end', `no call is answered: ${JSON.stringify(outcome)}`)
        if (outcome.refusal.total !== 0)
          throw new Finding('state', `${outcome.refusal.total} commands took effect`)
      },
      close: async () => {
        await Promise.all(busy)
        await peer.leave()
        rmSync(data, { recursive: true, force: true })
      },
    }
  },
}
