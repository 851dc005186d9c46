import type { Hello, Link, LinkEnd, MemberId, ViewMember } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { Detours } from '../../src/peer/detours.js'
import { Links } from '../../src/peer/links.js'
import { decodeWire } from '../../src/peer/index.js'
import type { WireMessage } from '../../src/peer/index.js'

const log = { write: () => {} }
const helloOf = (memberId: MemberId, incarnation = 1, more: Partial<Hello> = {}): Hello => ({
  protocol: 1,
  memberId,
  incarnation,
  name: memberId,
  address: `${memberId}:1`,
  clusterId: 'c',
  mode: 'consistent',
  known: [],
  ...more,
})
const note = (n: number): WireMessage => ({ channel: 'r', body: { t: 'read', id: n } })

/** One peer with links to some others; what leaves on them is kept, by receiver. */
class Bench {
  readonly told: string[] = []
  readonly sent = new Map<MemberId, WireMessage[]>()
  readonly links: Links
  readonly detours: Detours
  buffered = 0
  deaf = new Set<MemberId>()

  members: string

  constructor(self: Hello, members: string, linked: string) {
    this.members = members
    const network = { listen: () => ({ close: () => {} }), dial: (address: string) => this.#link(address) }
    this.links = new Links(network, log, { opened: () => {}, received: () => {}, closed: () => {} })
    const row = (id: MemberId): ViewMember | undefined =>
      this.members.includes(id)
        ? { memberId: id, incarnation: 1, name: id, address: `${id}:1`, seniority: 1 }
        : undefined
    this.detours = new Detours({
      log,
      links: this.links,
      self: () => self,
      row,
      hears: (id) => !this.deaf.has(id),
      up: (hello, relinked) => void this.told.push(`up ${hello.memberId}${relinked ? '' : ' again'}`),
      down: (id) => void this.told.push(`down ${id}`),
      message: (from, { channel, body }) =>
        void this.told.push(
          `${from.memberId}${from.incarnation}: ${channel}/${'id' in body ? body.id : body.t}`,
        ),
    })
    for (const [i, id] of linked.split('').entries()) {
      this.links.dial(2 * i + 1, id)
      this.links.up(2 * i + 1, helloOf(id))
      this.detours.linkUp(helloOf(id))
    }
  }

  #link(address: string): Link {
    const buffered = (): number => this.buffered
    return {
      remote: address,
      get bufferedBytes() {
        return buffered()
      },
      send: (frame) => void this.sent.set(address, [...this.to(address), ...decodeWire(frame)]),
      close: (): LinkEnd => ({ kind: 'local' }),
    }
  }

  to(id: MemberId): WireMessage[] {
    return this.sent.get(id) ?? []
  }

  flush(): this {
    this.detours.flush()
    this.links.flush()
    return this
  }

  /** As if it came by the link of `speaker`. */
  take(speaker: MemberId, messages: readonly WireMessage[], incarnation = 1): this {
    for (const message of messages) {
      if (message.channel === 'v') this.detours.received({ memberId: speaker, incarnation }, message)
    }
    return this.flush()
  }
}

/** a and b have lost their link; c hears both. */
function office(): { a: Bench; b: Bench; c: Bench; carry: () => void } {
  const [a, b, c] = [
    new Bench(helloOf('a'), 'abc', 'c'),
    new Bench(helloOf('b'), 'abc', 'c'),
    new Bench(helloOf('c'), 'abc', 'ab'),
  ]
  const carry = (): void => {
    for (let i = 0; i < 4; i++) {
      for (const [name, end] of [
        ['a', a],
        ['b', b],
      ] as const) {
        c.take(name, end.flush().to('c'))
        end.sent.clear()
        end.take('c', c.to(name))
        c.sent.delete(name)
      }
    }
  }
  return { a, b, c, carry }
}

describe('through a third member', () => {
  it('the two learn of each other, and what they say arrives in order, as their own words', () => {
    const { a, b, c, carry } = office()
    a.detours.begin('b', 'c')
    b.detours.begin('a', 'c')
    carry()
    expect([a.told, b.told]).toEqual([['up b'], ['up a']])
    for (let n = 1; n <= 3; n++) a.detours.send('b', note(n))
    carry()
    a.detours.send('b', note(4))
    carry()
    expect(b.told.slice(1)).toEqual(['a1: r/1', 'a1: r/2', 'a1: r/3', 'a1: r/4'])
    expect(c.told).toEqual([])
    expect(c.detours.counts).toMatchObject({ dropped: 0, refused: 0 })
  })

  it('a way that ends with no link is a member that is down; with one, a new link to it', () => {
    const { a, b, carry } = office()
    a.detours.begin('b', 'c')
    b.detours.begin('a', 'c')
    carry()
    a.detours.end('b')
    expect(a.told).toEqual(['up b', 'down b'])
    b.links.up(9, helloOf('a'))
    b.detours.end('a')
    expect(b.told).toEqual(['up a', 'up a'])
    expect(b.detours.carries('a')).toBe(false)
  })

  it('messages of membership are never taken from a relay', () => {
    const { a, b, carry } = office()
    a.detours.begin('b', 'c')
    b.detours.begin('a', 'c')
    carry()
    const bye = { t: 'bye', memberId: 'a', incarnation: 1, leaving: true } as const
    a.detours.send('b', { channel: 'm', body: bye })
    a.detours.send('b', note(1))
    carry()
    expect(b.told).toEqual(['up a', 'a1: r/1'])
  })

  it('the relay takes from a link only what its own speaker sends, and hands on once', () => {
    const { a, c, carry } = office()
    a.detours.begin('b', 'c')
    carry()
    a.detours.send('b', note(1))
    const words = a.flush().to('c')
    expect(c.take('b', words).to('b')).toEqual([])
    expect(c.take('x', words).to('b')).toEqual([])
    expect(c.take('a', words, 2).to('b')).toEqual([])
    expect(c.detours.counts.refused).toBeGreaterThanOrEqual(3)
    expect(c.take('a', words).to('b').length).toBe(words.length)
  })

  it('the receiver believes members about members only, in the incarnations of its view', () => {
    const { a, b, carry } = office()
    a.detours.begin('b', 'c')
    b.detours.begin('a', 'c')
    carry()
    a.detours.send('b', note(1))
    const [word] = a.flush().to('c')
    if (word?.channel !== 'v') throw new Error('no detour')
    const as = (change: object): WireMessage[] => [{ ...word, body: { ...word.body, ...change } }]
    b.told.length = 0
    b.take('c', as({ from: 'x' }))
      .take('c', as({ incarnation: 2 }))
      .take('c', as({ start: 2 }))
    b.take('x', [word])
      .take('c', [word], 7)
      .take('c', as({ from: 'b' }))
    expect(b.told).toEqual([])
    expect(b.take('c', [word]).told).toEqual(['a1: r/1'])
  })

  it('a joiner has no view yet: it gets the journal by a relay, from those whose hello it has heard itself', () => {
    const a = new Bench(helloOf('a'), 'abc', 'bc')
    const c = new Bench(helloOf('c'), 'abc', 'ab')
    const b = new Bench(helloOf('b', 1, { clusterId: null }), '', 'ac')
    a.detours.begin('b', 'c')
    a.detours.send('b', note(1))
    const words = c.take('a', a.flush().to('c')).to('b')
    expect(b.take('c', words).told).toEqual(['a1: r/1'])
  })

  it('and from those whom it never heard, when they are of the cluster that the relay says is its own', () => {
    const words = (clusterId: string): readonly WireMessage[] => {
      const a = new Bench(helloOf('a', 1, { clusterId }), 'abc', 'bc')
      a.detours.begin('b', 'c')
      a.detours.send('b', note(1))
      return new Bench(helloOf('c'), 'abc', 'ab').take('a', a.flush().to('c')).to('b')
    }
    const joiner = (): Bench => new Bench(helloOf('b', 1, { clusterId: null }), '', 'c')
    expect(joiner().take('c', words('c')).told).toEqual(['up a', 'a1: r/1'])
    const other = joiner()
    expect(other.take('c', words('d')).told).toEqual([])
    expect(other.detours.counts.refused).toBe(1)
    // A relay that is itself not told yet names no cluster.
    const early = joiner()
    early.links.up(1, helloOf('c', 1, { clusterId: null }))
    early.detours.linkUp(helloOf('c', 1, { clusterId: null }))
    expect(early.take('c', words('c')).told).toEqual([])
  })

  it('a joiner takes the way that words come by when its own link ends later', () => {
    const a = new Bench(helloOf('a'), 'abc', 'bc')
    const c = new Bench(helloOf('c'), 'abc', 'ab')
    const b = new Bench(helloOf('b', 1, { clusterId: null }), '', 'ac')
    a.detours.begin('b', 'c')
    b.take('c', c.take('a', a.flush().to('c')).to('b'))
    b.links.down('a')
    expect(b.told).toEqual([])
    for (const end of [a, c]) end.sent.clear()
    a.detours.send('b', note(1))
    b.take('c', c.take('a', a.flush().to('c')).to('b'))
    expect(b.told).toEqual(['up a', 'a1: r/1'])
    expect(b.detours.carries('a')).toBe(true)
  })

  it('a greeting that is lost is said again until it is answered', () => {
    const { a, b, carry } = office()
    a.detours.begin('b', 'c')
    a.flush().sent.clear()
    a.detours.greetAgain()
    carry()
    expect([a.told, b.told]).toEqual([['up b'], []])
    a.detours.greetAgain()
    expect(a.flush().to('c')).toEqual([])
  })

  it('a joiner whose link has ended answers by the relay that brought the words, until it is in its own view', () => {
    const a = new Bench(helloOf('a'), 'abc', 'c')
    const c = new Bench(helloOf('c'), 'abc', 'ab')
    const b = new Bench(helloOf('b', 1, { clusterId: null }), '', 'ac')
    b.links.down('a')
    a.detours.begin('b', 'c')
    a.detours.send('b', note(1))
    b.take('c', c.take('a', a.flush().to('c')).to('b'))
    expect(b.told).toEqual(['up a', 'a1: r/1'])
    b.detours.send('a', note(2))
    c.sent.clear()
    a.take('c', c.take('b', b.flush().to('c')).to('a'))
    expect(a.told).toEqual(['up b', 'b1: r/2'])
    b.members = 'abc'
    b.detours.keep((id) => 'abc'.includes(id))
    expect(b.told.at(-1)).toBe('down a')
    expect(b.detours.carries('a')).toBe(false)
  })

  it('a witness relays nothing, nor does a peer on another branch', () => {
    const { a, carry } = office()
    a.detours.begin('b', 'c')
    carry()
    a.detours.send('b', note(1))
    const words = a.flush().to('c')
    const witness = new Bench(helloOf('c', 1, { witness: true }), 'abc', 'ab')
    expect(witness.take('a', words).to('b')).toEqual([])
    const foreign = new Bench(helloOf('c', 1, { branch: 'z' }), 'abc', 'ab')
    foreign.detours.linkUp(helloOf('b', 1, { branch: 'y' }))
    expect(foreign.take('a', words).to('b')).toEqual([])
    expect(foreign.detours.counts.dropped).toBeGreaterThan(0)
  })

  it('keeps no queue: what cannot go on at once is dropped and counted', () => {
    const { a, c, carry } = office()
    a.detours.begin('b', 'c')
    carry()
    a.detours.send('b', note(1))
    const words = a.flush().to('c')
    c.deaf.add('b')
    expect(c.take('a', words).to('b')).toEqual([])
    c.deaf.clear()
    c.buffered = 4 * 1024 * 1024
    expect(c.take('a', words).to('b')).toEqual([])
    expect(c.detours.counts.dropped).toBe(2 * words.length)
    c.buffered = 0
    expect(c.take('a', words).to('b').length).toBe(words.length)
  })
})
