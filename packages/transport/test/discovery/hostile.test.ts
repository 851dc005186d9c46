import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeHandedOn, encodeSaid, type Said } from '../../src/discovery/datagram.js'
import { Keys } from '../../src/discovery/keys.js'
import { discoverySenders, discoverySources } from '../../src/limits.js'
import { clusterId, eth, idOf, key, Lan, otherKey, type Process, viewOf } from './lan.js'

const used = new Keys('shop', () => [key]).used!
const wallMs = 1_790_000_000_000

/** A peer that is settled and serves, and what an attacker who has the secret, or none, makes it do. */
function victim(): {
  lan: Lan
  peer: Process
  say: (more?: Partial<Said>) => Uint8Array
  take: (bytes: Uint8Array, from?: string) => void
} {
  const lan = new Lan(99)
  const peer = lan.machine(eth('10.0.0.1')).start(viewOf(1, { isServer: true, clusterId }))
  peer.step({ kind: 'settled', found: true })
  lan.run(10_000)
  lan.sent.length = 0
  let counter = 0
  const say = (more: Partial<Said> = {}): Uint8Array =>
    encodeSaid(
      {
        type: 'hello',
        instance: 'a'.repeat(32),
        counter: ++counter,
        unixMs: wallMs + lan.nowMs,
        nonce:
          more.type === undefined || ['hello', 'welcome', 'hi'].includes(more.type) ? 'b'.repeat(16) : null,
        single: false,
        view: viewOf(2),
        ...more,
      },
      used,
    )!
  const take = (bytes: Uint8Array, from = '10.0.0.2:50000'): void =>
    peer.step({ kind: 'datagram', socket: 'shared', bytes, from })
  return { lan, peer, say, take }
}

/** What was dropped for which reason, and what happened. */
const outcome = ({ lan, peer }: { lan: Lan; peer: Process }): object => ({
  dropped: peer.status.dropped,
  found: peer.found.length,
  sent: lan.sent.length,
})

describe('without the secret', () => {
  it.each([
    ['nothing at all', new Uint8Array(0), 'size'],
    ['one byte', Uint8Array.of(1), 'size'],
    ['65,507 bytes', new Uint8Array(65_507).fill(84), 'size'],
    ['1,201 bytes', new Uint8Array(1_201), 'size'],
    ['zeros', new Uint8Array(512), 'magic'],
    ['a wrong magic', changed(0, 85), 'magic'],
    ['another version', changed(3, 50), 'magic'],
    ['a key id that nobody has', changed(6, 99), 'key'],
    ['the tag of another application', changed(10, 99), 'key'],
    ['a flipped code', changed(511, 1), 'mac'],
    ['another type', changed(4, 4), 'mac'],
    ['another counter', changed(41, 77), 'mac'],
  ])('%s is dropped and counted', (_, bytes, reason) => {
    const v = victim()
    v.take(bytes)
    expect(outcome(v)).toEqual({ dropped: { own: expect.anything(), [reason]: 1 }, found: 0, sent: 0 })
  })

  it('a million bytes of noise do nothing', () => {
    const v = victim()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (noise, withHead) => {
        v.take(withHead ? Buffer.concat([v.say().subarray(0, 18), noise]) : noise)
      }),
      { numRuns: 1_000 },
    )
    expect(outcome(v)).toMatchObject({ found: 0, sent: 0 })
  })

  it('two clusters of one name with other secrets do not hear each other, and say so once', () => {
    const lan = new Lan(1)
    const one = lan.machine(eth('10.0.0.1')).start(viewOf(1))
    const other = lan.machine(eth('10.0.0.2')).start(viewOf(2), { keys: () => [otherKey] })
    lan.run(60_000)
    expect([one.ids, other.ids]).toEqual([[], []])
    expect([one.notes, other.notes]).toEqual([['discovery-foreign'], ['discovery-foreign']])
  })
})

describe('with a copy of what was said', () => {
  it('a replay is dropped: the same again, a counter that goes back, also after 60 s', () => {
    const v = victim()
    const beacon = v.say({ type: 'beacon', counter: 500, view: viewOf(2) })
    for (let i = 0; i < 5; i++) v.take(beacon)
    v.take(v.say({ type: 'beacon', counter: 436 }))
    expect(outcome(v)).toMatchObject({ found: 1, dropped: { replay: 5 } })
    v.lan.run(61_000)
    v.take(beacon)
    v.take(v.say({ type: 'beacon', counter: 501, unixMs: wallMs }))
    expect(v.peer.status.dropped).toMatchObject({ replay: 6, clock: 1 })
    expect(v.peer.found.length).toBe(1)
  })

  it('of an instance that was forgotten is stopped by the clock', () => {
    const v = victim()
    const beacon = v.say({ type: 'beacon' })
    v.take(beacon)
    v.lan.run(61_000)
    for (let n = 0; n < discoverySenders + 10; n++) v.take(v.say({ type: 'beacon', instance: idOf(n) }))
    const found = v.peer.found.length
    v.take(beacon)
    expect(v.peer.found.length).toBe(found)
    expect(v.peer.status.dropped).toMatchObject({ clock: 1 })
  })

  it.each([
    ['a year fast', 31_536_000_000],
    ['a year slow', -31_536_000_000],
  ])('whose clock is %s is answered, which helps only who has just asked, and is no hint', (_, offMs) => {
    const v = victim()
    v.take(v.say({ unixMs: wallMs + offMs }))
    v.take(v.say({ type: 'beacon', unixMs: wallMs + offMs }))
    v.take(v.say({ type: 'goodbye', unixMs: wallMs + offMs }))
    expect(outcome(v)).toMatchObject({ found: 0, sent: 1, dropped: { clock: 3 } })
  })

  it('whose clock is a year off is found by its own questions', () => {
    const lan = new Lan(2)
    const server = lan.machine(eth('10.0.0.1'))
    server.wallMs = -31_536_000_000
    server.start(viewOf(1, { isServer: true, clusterId }))
    const newcomer = lan.machine(eth('10.0.0.2')).start(viewOf(2))
    lan.run(100)
    expect(newcomer.found[0]).toMatchObject({ memberId: idOf(1), by: 'hello' })
  })

  it('of oneself is dropped: the own echo, and another process with the same identity', () => {
    const v = victim()
    const before = v.peer.status.dropped['own'] ?? 0
    v.take(v.say({ view: viewOf(1) }))
    v.take(v.say({ type: 'beacon', instance: v.peer.state.instance }))
    expect(outcome(v)).toMatchObject({ found: 0, sent: 0, dropped: { own: before + 2 } })
  })

  it('a goodbye of somebody else is no more than a hint to look', () => {
    const v = victim()
    v.take(v.say({ type: 'goodbye' }))
    expect(v.peer.found).toMatchObject([{ by: 'goodbye', memberId: idOf(2) }])
  })
})

describe('a welcome', () => {
  it('without my question, or long after it, is dropped', () => {
    const lan = new Lan(3)
    const newcomer = lan.machine(eth('10.0.0.1')).start(viewOf(1))
    lan.run(10)
    const welcome = (counter: number, nonce: string): Uint8Array =>
      encodeSaid(
        {
          type: 'welcome',
          instance: 'a'.repeat(32),
          counter,
          unixMs: wallMs,
          nonce,
          single: false,
          view: viewOf(2),
        },
        used,
      )!
    const { nonce } = newcomer.state
    newcomer.step({
      kind: 'datagram',
      socket: '10.0.0.1',
      bytes: welcome(1, 'f'.repeat(16)),
      from: '10.0.0.2:5',
    })
    expect([newcomer.ids, newcomer.status.dropped['nonce']]).toEqual([[], 1])
    newcomer.step({ kind: 'datagram', socket: '10.0.0.1', bytes: welcome(2, nonce), from: '10.0.0.2:5' })
    expect(newcomer.ids).toEqual([idOf(2)])
    lan.run(60_000)
    newcomer.step({ kind: 'datagram', socket: '10.0.0.1', bytes: welcome(3, nonce), from: '10.0.0.2:5' })
    expect(newcomer.status.dropped['nonce']).toBe(2)
  })

  it('from 255 addresses at once gives 100 hints a second at most', () => {
    const v = victim()
    v.peer.step({ kind: 'settled', found: false })
    v.lan.run(1)
    const { nonce } = v.peer.state
    for (let n = 0; n < 255; n++)
      v.take(
        v.say({
          type: 'welcome',
          instance: idOf(n),
          nonce,
          view: viewOf(2 + n, { addresses: ['10.0.0.2:7101'] }),
        }),
        `10.0.0.${n}:5`,
      )
    expect(v.peer.found.length).toBe(100)
    expect(v.peer.status.dropped['rate']).toBe(155)
  })
})

describe('a flood of hellos', () => {
  it('gets 10 answers a second to one address, 50 in all, and is remembered in bounded space', () => {
    const v = victim()
    const before = v.peer.status.sent
    for (let n = 0; n < 40; n++) v.take(v.say())
    expect(v.peer.status.sent - before).toBe(10)
    for (let n = 0; n < 5_000; n++) v.take(v.say({ instance: idOf(n) }), `10.${n >> 8}.${n & 255}.9:5`)
    expect(v.peer.status.sent - before).toBe(50)
    const { replays, senders, replyRates, nonces } = v.peer.state
    expect([replays.size, senders.size]).toEqual([discoverySenders, discoverySenders])
    expect(replyRates.size).toBeLessThanOrEqual(discoverySources)
    expect(nonces.size).toBeLessThanOrEqual(64)
    v.lan.run(1_000)
    v.lan.sent.length = 0
    v.take(v.say(), '10.0.0.77:5')
    expect(v.lan.sent.length).toBe(1)
  })

  it('to one address is handed on 20 times a second, never twice, and only from this machine', () => {
    const v = victim()
    for (let n = 0; n < 100; n++) v.take(v.say({ single: true, instance: idOf(n) }), `10.0.0.${n + 2}:5`)
    expect(v.lan.sent.filter(({ to }) => to.startsWith('127.255')).length).toBe(20)
    v.lan.run(2_000)
    v.lan.sent.length = 0
    const passed = encodeHandedOn(v.say({ single: true }), '10.0.0.200:5')
    v.take(passed, '10.0.0.3:5')
    expect(v.lan.sent.length).toBe(0)
    v.take(passed, '127.0.0.1:5')
    expect(v.lan.sent.map(({ to }) => to)).toEqual(['10.0.0.200:5'])
  })
})

describe('signed by an insider', () => {
  const addresses = (...list: string[]): Buffer => {
    // By hand: what a peer of ours would not write.
    const one = (text: string): number[] => {
      const [host = '', port] = text.split(':')
      const bytes = [Number(port) >> 8, Number(port) & 255]
      const parts = host.split('.').map(Number)
      if (parts.length === 4) return [4, ...parts, ...bytes]
      return [0, host.length, ...Buffer.from(host), ...bytes]
    }
    const field = (tag: number, value: number[]): number[] => [
      tag,
      value.length >> 8,
      value.length & 255,
      ...value,
    ]
    const eight = [0, 0, 0, 0, 0, 0, 0, 1]
    const fields = [
      ...field(2, [1, ...new Array<number>(16).fill(2)]),
      ...field(3, eight),
      ...field(7, eight),
      ...field(8, list.flatMap(one)),
    ]
    return Buffer.from(fields)
  }
  /** A beacon with these fields and a right code. */
  function beacon(fields: Uint8Array, counter = 1): Uint8Array {
    const head = Buffer.from(
      encodeSaid(
        {
          type: 'beacon',
          instance: 'd'.repeat(32),
          counter,
          unixMs: wallMs + 10_000,
          nonce: null,
          single: false,
          view: viewOf(2),
        },
        used,
      )!,
    ).subarray(0, 50)
    const body = Buffer.concat([head, fields])
    return Buffer.concat([body, createHmac('sha256', key.key).update(body).digest().subarray(0, 16)])
  }

  it.each([
    ['0.0.0.0', addresses('0.0.0.0:7101')],
    ['multicast', addresses('224.0.0.1:7101')],
    ['255.255.255.255', addresses('255.255.255.255:7101')],
    ['port 0', addresses('10.0.0.2:0')],
    ['no address', addresses()],
    ['five addresses', addresses('10.0.0.2:1', '10.0.0.2:2', '10.0.0.2:3', '10.0.0.2:4', '10.0.0.2:5')],
    ['the same address twice', addresses('10.0.0.2:1', '10.0.0.2:1')],
    [
      'a term of 2^64-1',
      Buffer.concat([
        addresses('10.0.0.2:1').subarray(0, 31),
        Buffer.from([7, 0, 8]),
        Buffer.alloc(8, 255),
        addresses('10.0.0.2:1').subarray(42),
      ]),
    ],
    ['a field cut in the middle', addresses('10.0.0.2:1').subarray(0, -3)],
    ['a length beyond the rest', Buffer.concat([addresses('10.0.0.2:1'), Buffer.from([9, 255, 255, 1])])],
    ['a field twice', Buffer.concat([addresses('10.0.0.2:1'), addresses('10.0.0.2:1')])],
    ['a field that nobody knows', Buffer.concat([addresses('10.0.0.2:1'), Buffer.from([14, 0, 0])])],
    ['bytes after the last field', Buffer.concat([addresses('10.0.0.2:1'), Buffer.from([0])])],
  ])('%s is no datagram of ours', (_, fields) => {
    const v = victim()
    v.take(beacon(fields))
    expect(outcome(v)).toMatchObject({ dropped: { form: 1 }, found: 0, sent: 0 })
  })

  it('the same form with nothing wrong in it is one', () => {
    const v = victim()
    v.take(beacon(addresses('10.0.0.2:7101')))
    expect(v.peer.found).toMatchObject([{ addresses: ['10.0.0.2:7101'] }])
  })

  it('1,000 addresses do not fit', () => {
    const v = victim()
    v.take(beacon(addresses(...Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}:7101`))))
    expect(outcome(v)).toMatchObject({ dropped: { size: 1 }, found: 0 })
  })

  it('names and loopback addresses of another machine are left out of the hint', () => {
    const v = victim()
    v.take(beacon(addresses('127.0.0.1:22', '10.0.0.2:7101', 'evil.example:80')))
    expect(v.peer.found).toMatchObject([{ addresses: ['10.0.0.2:22', '10.0.0.2:7101'] }])
    v.take(beacon(addresses('evil.example:80'), 2))
    expect(v.peer.found.length).toBe(1)
    expect(v.peer.status.dropped).toMatchObject({ form: 1 })
  })

  it('an address that leads elsewhere comes after the one where it was heard', () => {
    const v = victim()
    v.take(beacon(addresses('172.17.0.1:7101', '192.0.2.7:7101')))
    expect(v.peer.found[0]!.addresses).toEqual(['10.0.0.2:7101', '172.17.0.1:7101', '192.0.2.7:7101'])
  })
})

function changed(at: number, byte: number): Uint8Array {
  const bytes = encodeSaid(
    {
      type: 'hello',
      instance: 'a'.repeat(32),
      counter: 1,
      unixMs: wallMs + 10_000,
      nonce: 'b'.repeat(16),
      single: false,
      view: viewOf(2),
    },
    used,
  )!
  bytes[at]! ^= byte
  return bytes
}
