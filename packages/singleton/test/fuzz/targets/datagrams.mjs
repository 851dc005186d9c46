// Discovery: what comes by UDP, from anybody, also from somebody who holds the key and says nonsense with it.
import { createHmac } from 'node:crypto'
import { seededRandom } from '@tanist/core/testing'
import { decodeHandedOn, encodeHandedOn, encodeSaid } from '../../../../transport/dist/discovery/datagram.js'
import { startDiscovery } from '../../../../transport/dist/discovery/index.js'
import { Keys } from '../../../../transport/dist/discovery/keys.js'
import { Finding } from '../campaign.mjs'
import { below, joined, mutateBytes, pick } from '../mutate.mjs'

const KEY = { id: 0x01020304, key: new Uint8Array(32).fill(7) }
const hex = (random, digits) => Array.from({ length: digits }, () => below(random, 16).toString(16)).join('')

/** A host whose time passes only when it is told to, and that notes what is sent. */
function hostOf(seed) {
  const now = { monotonicMs: 1_000, wallMs: 1_790_000_000_000 }
  const timers = new Set()
  const sockets = []
  const sent = []
  return {
    now,
    sent,
    sockets,
    pass(ms) {
      now.monotonicMs += ms
      now.wallMs += ms
      for (const timer of [...timers]) if (timer.dueMs <= now.monotonicMs && timers.delete(timer)) timer.run()
    },
    host: {
      clock: { now: () => ({ ...now }) },
      random: seededRandom(seed),
      log: { write: () => {} },
      timers: {
        set: (ms, run) => {
          const timer = { dueMs: now.monotonicMs + ms, run }
          timers.add(timer)
          return { cancel: () => void timers.delete(timer) }
        },
      },
      network: { dial: () => ({ close: () => {} }) },
      datagrams: {
        interfaces: () => [
          {
            name: 'lo',
            family: 4,
            address: '127.0.0.1',
            prefix: 8,
            broadcast: '127.255.255.255',
            loopback: true,
          },
        ],
        bind: (address, handlers) => {
          const socket = { address, handlers, open: true }
          sockets.push(socket)
          return { send: (bytes, to) => void sent.push({ bytes, to }), close: () => (socket.open = false) }
        },
      },
    },
  }
}

/** Has more to say than a question is long: what keeps an answer short is the limit, and nothing else. */
const view = {
  memberId: 'ab'.repeat(16),
  incarnation: 3,
  clusterId: 'cd'.repeat(16),
  addresses: Array.from({ length: 4 }, (_, i) => `[fe80::${i + 1}]:7101`),
  isServer: true,
  server: { memberId: 'ab'.repeat(16), address: '127.0.0.1:7101' },
  successor: null,
  term: 4,
  members: Array.from({ length: 8 }, (_, i) => `[fe80::1:${i + 1}]:7102`),
}

/** All other processes of this machine, and nobody else. */
const THIS_MACHINE = /^127\.255\.255\.255:/
/** What is around a hello that is passed on to them: magic, type and the address that it came from. */
const PASSED_ON_BYTES = 5 + 19

/** Whoever lies about its address gets somebody else no more bytes than it sends itself. */
function judgeSent(sent, bytes) {
  const passed = decodeHandedOn(bytes)
  const asked = passed === undefined || passed === 'form' ? bytes : passed.hello
  const passedOn = sent.filter(({ to }) => THIS_MACHINE.test(to))
  const answered = sent
    .filter(({ to }) => !THIS_MACHINE.test(to))
    .reduce((sum, one) => sum + one.bytes.length, 0)
  if (answered > asked.length) throw new Finding('amplification', `${answered} bytes for ${asked.length}`)
  // Once, and never again by those who hear it.
  const most = passed === undefined ? 1 : 0
  if (passedOn.length > most) throw new Finding('amplification', `passed on ${passedOn.length} times`)
  for (const one of passedOn)
    if (one.bytes.length > bytes.length + PASSED_ON_BYTES)
      throw new Finding('amplification', `${one.bytes.length} bytes passed on for ${bytes.length}`)
}

export const datagrams = {
  name: 'datagrams',
  share: 0.12,
  open: (seed) => {
    const world = hostOf(seed)
    const key = new Keys('fuzz', () => [KEY]).used
    const before = JSON.stringify(view)
    const config = { app: 'fuzz', keys: () => [KEY], want: 'join', listen: '127.0.0.1:7101', remembered: [] }
    const hooks = { view: () => view, found: () => {}, note: () => {} }
    const discovery = startDiscovery(world.host, config, hooks)
    world.pass(1)
    for (const socket of world.sockets) socket.handlers.listening(socket.address)
    world.pass(2_500)
    discovery.settled(true)
    let counter = 1
    const said = (random) => {
      const type = pick(random, ['hello', 'welcome', 'hi', 'beacon', 'goodbye', 'seek'])
      const asks = ['hello', 'welcome', 'hi'].includes(type)
      const other = {
        ...view,
        memberId: hex(random, 32),
        // Of another cluster: it is told so.
        clusterId: random.next() < 0.5 ? view.clusterId : hex(random, 32),
        isServer: random.next() < 0.5,
        addresses: ['127.0.0.1:7101'],
        members: [],
      }
      return encodeSaid(
        {
          type,
          instance: random.next() < 0.7 ? '11'.repeat(16) : hex(random, 32),
          counter: random.next() < 0.9 ? counter++ : below(random, 2 ** 40),
          unixMs: world.now.wallMs + (random.next() < 0.9 ? 0 : below(random, 1e11)),
          nonce: asks ? hex(random, 16) : null,
          single: random.next() < 0.2,
          view: other,
        },
        key,
      )
    }
    const signed = (bytes) =>
      joined(bytes, createHmac('sha256', KEY.key).update(bytes).digest().subarray(0, 16))
    return {
      draw: (random) => {
        const bytes = said(random)
        const from = `127.0.0.${1 + below(random, 254)}:${1 + below(random, 65_535)}`
        const how = random.next()
        const socket = below(random, world.sockets.length)
        if (how < 0.25) return { socket, from, bytes }
        if (how < 0.5) return { socket, from, bytes: mutateBytes(bytes, random) }
        if (how < 0.6) return { socket, from, bytes: mutateBytes(encodeHandedOn(bytes, from), random) }
        // By somebody who holds the key.
        return { socket, from, bytes: signed(mutateBytes(bytes.subarray(0, -16), random)) }
      },
      take: ({ socket, from, bytes }) => {
        world.sent.length = 0
        const { dropped } = discovery.status()
        const drops = Object.values(dropped).reduce((sum, n) => sum + n, 0)
        world.sockets[socket].handlers.message(bytes, from)
        judgeSent(world.sent, bytes)
        world.pass(5)
        const after = Object.values(discovery.status().dropped).reduce((sum, n) => sum + n, 0)
        return after > drops ? 'refused' : 'taken'
      },
      settle: () => {
        world.pass(500)
        if (JSON.stringify(view) !== before)
          throw new Finding('state', 'what this peer says of itself has changed')
      },
      close: () => discovery.stop(false),
    }
  },
}
