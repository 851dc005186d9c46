import { describe, expect, it } from 'vitest'
import { applySchedule, type Fault, type World } from '../../src/testing/index.js'
import { bytes, dial, fire, linked, type Wire, wires } from './wire.js'

const abcde = ['a', 'b', 'c', 'd', 'e'] as const

/** Who gets through to whom by a datagram now: `ab` is a to b. */
function reach(world: World, all: Record<string, Wire>): string[] {
  const heard: string[] = []
  const sockets = world.names.map((name) =>
    all[name]!.host.datagrams.bind(`${name}:9`, {
      listening: () => {},
      failed: () => {},
      message: (frame) => heard.push(`${new TextDecoder().decode(frame)}${name}`),
    }),
  )
  world.names.forEach((from, i) => {
    for (const to of world.names) if (to !== from) sockets[i]!.send(bytes(from), `${to}:9`)
  })
  world.run({ forMs: 10 })
  for (const socket of sockets) socket.close()
  return heard.toSorted()
}

const hears = (reached: readonly string[], who: string): string[] =>
  [who, ...reached.filter((pair) => pair.endsWith(who)).map((pair) => pair[0]!)].toSorted()

describe('ring', () => {
  it.each([['a', 'b', 'c'], ['a', 'b', 'c', 'd'], [...abcde]])(
    'lets everybody hear a majority and nobody the same one (%#)',
    (...names) => {
      const [world, all] = wires(names)
      const whole = reach(world, all)
      fire(world, { at: 0, do: 'ring', for: 500 })
      const reached = reach(world, all)
      const majorities = names.map((name) => hears(reached, name))
      expect(majorities.map((one) => one.length)).toEqual(names.map(() => Math.floor(names.length / 2) + 1))
      expect(new Set(majorities.map((one) => one.join(''))).size).toBe(names.length)
      world.run({ forMs: 500 })
      expect(reach(world, all)).toEqual(whole)
    },
  )
})

describe('bridge', () => {
  it('leaves two halves that meet only in the middle', () => {
    const [world, all] = wires(abcde)
    fire(world, { at: 0, do: 'bridge', over: 'c' })
    const reached = reach(world, all)
    expect(hears(reached, 'c')).toEqual([...abcde])
    expect(hears(reached, 'a')).toEqual(['a', 'b', 'c'])
    expect(hears(reached, 'e')).toEqual(['c', 'd', 'e'])
  })

  it('takes the sides that it is given', () => {
    const [world, all] = wires(abcde)
    fire(world, { at: 0, do: 'bridge', over: 'a', a: ['e'], b: ['b'] })
    const reached = reach(world, all)
    expect(hears(reached, 'e')).toEqual(['a', 'c', 'd', 'e'])
    expect(hears(reached, 'c')).toEqual([...abcde])
  })
})

describe('slow, duplicate, reorder', () => {
  it('delays both ways of one node, or one way between two, and nothing else', () => {
    const network = { latencyMinMs: 1, latencyMaxMs: 1 }
    const time = (fault: Fault, from: 'a' | 'b' | 'c', to: 'a' | 'b' | 'c'): number => {
      const [world, all] = wires(['a', 'b', 'c'], { network })
      const link = dial(all[from], `${to}:1`)
      world.run({ forMs: 20 })
      applySchedule(world, [fault])
      world.run({ forMs: 1 })
      link.send(bytes('x'))
      const startMs = world.nowMs
      world.runUntil(() => all[to].seen.includes('x'), { limitMs: 500, everyEvent: true })
      return world.nowMs - startMs
    }
    const who: Fault = { at: 0, do: 'slow', who: 'b', byMs: 100 }
    expect([time(who, 'a', 'b'), time(who, 'b', 'a'), time(who, 'a', 'c')]).toEqual([101, 101, 1])
    const way: Fault = { at: 0, do: 'slow', from: 'a', to: 'b', byMs: 100 }
    expect([time(way, 'a', 'b'), time(way, 'b', 'a')]).toEqual([101, 1])
    const jitter: Fault = { at: 0, do: 'slow', byMs: 50, jitterMs: 200 }
    expect(time(jitter, 'a', 'c')).toBeGreaterThan(51)
    expect(time(jitter, 'a', 'c')).toBeLessThan(251)
  })

  it('adds up where two delays overlap, and each ends by itself', () => {
    const [world] = wires(['a', 'b'], { network: { latencyMinMs: 1, latencyMaxMs: 2 } })
    const latencies: string[] = []
    const note = (): void => {
      const { latencyMinMs, latencyMaxMs } = world.qualityOf('a', 'b')
      latencies.push(`${latencyMinMs} to ${latencyMaxMs}`)
    }
    applySchedule(world, [
      { at: 0, do: 'slow', byMs: 100, for: 100 },
      { at: 50, do: 'slow', byMs: 10, jitterMs: 5, for: 100 },
    ])
    for (let i = 0; i < 4; i++) {
      world.run({ forMs: 40 })
      note()
    }
    expect(latencies).toEqual(['101 to 102', '111 to 117', '11 to 17', '1 to 2'])
    expect(() => applySchedule(world, [{ at: 0, do: 'loss', rate: 2 }])).not.toThrow()
    expect(() => world.run({ forMs: 1 })).toThrow('"loss" is from 0 to 1, not 2')
  })

  it('does what its name says to frames, until it is undone', () => {
    const { world, b, link } = linked()
    fire(world, { at: 0, do: 'duplicate', rate: 1, from: 'a', to: 'b', for: 50 })
    link.send(bytes('1'))
    world.run({ forMs: 100 })
    link.send(bytes('2'))
    world.run({ forMs: 100 })
    expect(b.seen).toEqual(['1', '1', '2'])
    b.seen.length = 0
    fire(world, { at: 0, do: 'reorder', rate: 0.5, who: 'b', for: 50 })
    const sent = Array.from({ length: 40 }, (_, i) => String(i))
    for (const frame of sent) link.send(bytes(frame))
    world.run({ forMs: 100 })
    expect(b.seen).not.toEqual(sent)
    expect(b.seen.toSorted()).toEqual(sent.toSorted())
  })
})

describe('refuse', () => {
  it('refuses new dials, also for a frozen process, and leaves open links alone', () => {
    const { world, a, b, link } = linked()
    fire(world, { at: 0, do: 'refuse', to: 'b', for: 500 })
    world.pause('b')
    dial(a, 'b:1')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: refused'])
    world.resume('b')
    link.send(bytes('still here'))
    dial(b, 'a:1')
    world.run({ forMs: 10 })
    expect(b.seen).toEqual(['still here', 'opened'])
    world.run({ forMs: 500 })
    a.seen.length = 0
    dial(a, 'b:1')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['opened'])
  })

  it('may be meant for one dialler only', () => {
    const [world, all] = wires(['a', 'b', 'c'])
    fire(world, { at: 0, do: 'refuse', from: 'a', to: 'b' })
    dial(all.a, 'b:1')
    dial(all.c, 'b:1')
    world.run({ forMs: 10 })
    expect([all.a.seen, all.c.seen]).toEqual([['closed: refused'], ['opened']])
  })
})

describe('reset', () => {
  it('ends links at both ends while both live, and new ones open', () => {
    const { world, a, b, link } = linked()
    fire(world, { at: 0, do: 'reset', from: 'b', to: 'a' })
    const lost = 'closed: remote reset the other process ended'
    expect([a.seen, b.seen]).toEqual([[lost], [lost]])
    link.send(bytes('nobody'))
    dial(a, 'b:1')
    world.run({ forMs: 10 })
    expect([a.seen, b.seen]).toEqual([
      [lost, 'opened'],
      [lost, 'accepted'],
    ])
    expect([world.life('a'), world.life('b')]).toEqual([1, 1])
  })

  it('of one node spares the links of others', () => {
    const [world, all] = wires(['a', 'b', 'c'])
    dial(all.a, 'b:1')
    dial(all.b, 'c:1')
    world.run({ forMs: 10 })
    fire(world, { at: 0, do: 'reset', who: 'a' })
    expect(all.a.seen.at(-1)).toMatch(/^closed/)
    expect(all.b.seen.filter((line) => line.startsWith('closed'))).toHaveLength(1)
    expect(all.c.seen).toEqual(['accepted'])
  })
})

describe('address-change', () => {
  it('kills links without a word, moves the listener, and leaves the old address without a way', () => {
    const { world, a, b, link } = linked()
    fire(world, { at: 0, do: 'address-change', who: 'b' })
    expect(world.address('b')).toBe('b~2:1')
    link.send(bytes('lost'))
    b.links[0]!.send(bytes('lost'))
    world.run({ forMs: 20_000 })
    expect([a.seen, b.seen]).toEqual([[], []])
    dial(a, 'b:1')
    dial(a, 'b~2:1')
    dial(b, 'a:1')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: unreachable', 'opened', 'accepted'])
    world.crash('b')
    world.run({ forMs: 10 })
    expect(a.seen.filter((line) => line.startsWith('closed: remote'))).toHaveLength(2)
    world.healAll()
    dial(a, 'b:1')
    world.run({ forMs: 10 })
    expect(a.seen.at(-1)).toBe('opened')
  })

  it('is told to the next process that listens, and moves sockets of datagrams', () => {
    const { world, a, b } = linked()
    const heard: string[] = []
    const open = (wire: Wire, name: string) =>
      wire.host.datagrams.bind(`${name}:9`, {
        listening: () => {},
        failed: () => {},
        message: (frame, from) => heard.push(`${new TextDecoder().decode(frame)} from ${from}`),
      })
    const [from, to] = [open(a, 'a'), open(b, 'b')]
    world.changeAddress('b')
    from.send(bytes('old'), 'b:9')
    from.send(bytes('new'), 'b~2:9')
    to.send(bytes('hello'), 'a:9')
    world.run({ forMs: 10 })
    expect(heard.toSorted()).toEqual(['hello from b~2:9', 'new from a:9'])
    const told: string[] = []
    b.host.network.listen('b:7', {
      listening: (address) => told.push(address),
      failed: ({ code }) => told.push(code),
      accept: () => ({ opened: () => {}, frame: () => {}, closed: () => {} }),
    })
    world.changeAddress('b', '10.0.0.7:1')
    world.run({ forMs: 10 })
    expect(told).toEqual(['b~2:7'])
    dial(a, '10.0.0.7:7')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['opened'])
  })
})
