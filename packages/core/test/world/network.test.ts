import { describe, expect, it } from 'vitest'
import type { DatagramSocket } from '../../src/host/index.js'
import type { LinkQuality, World } from '../../src/testing/index.js'
import { bytes, dial, linked, text, type Wire, wires } from './wire.js'

const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i))

describe('links', () => {
  it('open on both sides, and never inside the dial', () => {
    const [world, { a, b }] = wires(['a', 'b'])
    dial(a, 'b:1')
    expect(a.seen).toEqual([])
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['opened'])
    expect(b.seen).toEqual(['accepted'])
  })

  it('carry frames in the order of sending, however latency varies, over 50 seeds', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { world, b, link } = linked({ seed, network: { latencyMinMs: 0.1, latencyMaxMs: 30 } })
      world.run({ forMs: 200 })
      b.seen.length = 0
      numbers(40).forEach((n, i) => world.schedule(world.nowMs + i, () => link.send(bytes(n))))
      world.run({ forMs: 200 })
      expect(b.seen).toEqual(numbers(40))
    }
  })

  it('copy frames: what one side does to its bytes afterwards is unseen by the other', () => {
    const { world, b, link } = linked()
    const frame = bytes('before')
    link.send(frame)
    frame.fill(0)
    world.run({ forMs: 5 })
    expect(b.seen).toEqual(['before'])
  })

  it('close after what was sent, with code and reason on the other side and local on this one', () => {
    const { world, a, b, link } = linked()
    link.send(bytes('last'))
    link.close('bye', 'going home')
    link.send(bytes('too late'))
    expect(a.seen).toEqual([])
    world.run({ forMs: 10 })
    expect(b.seen).toEqual(['last', 'closed: remote bye going home'])
    expect(a.seen).toEqual(['closed: local'])
  })

  it('count bytes as buffered while the other process does not take them', () => {
    const { world, link } = linked()
    world.pause('b')
    for (let i = 0; i < 5; i++) link.send(new Uint8Array(100_000))
    world.run({ forMs: 10 })
    expect(link.bufferedBytes).toBe(500_000 - 256 * 1024)
    world.resume('b')
    world.run({ forMs: 10 })
    expect(link.bufferedBytes).toBe(0)
  })

  it('lose, double and overtake frames only when told to', () => {
    const { world, b, link } = linked()
    const undo = world.quality('a', 'b', { loss: 0.3, duplicate: 0.3, reorder: 0.3 })
    numbers(200).forEach((n) => link.send(bytes(n)))
    world.run({ forMs: 100 })
    const got = b.seen.map(Number)
    expect(new Set(got).size).toBeLessThan(200)
    expect(got.length).toBeGreaterThan(new Set(got).size)
    expect(got).not.toEqual(got.toSorted((x, y) => x - y))
    undo()
    b.seen.length = 0
    numbers(200).forEach((n) => link.send(bytes(n)))
    world.run({ forMs: 100 })
    expect(b.seen).toEqual(numbers(200))
  })
})

/** How a dial to `target` ends after `fault`, and after how long. */
function ends(target: string, fault: (world: World) => void): [string[], number] {
  const [world, { a }] = wires(['a', 'b'])
  fault(world)
  const from = world.nowMs
  dial(a, target)
  world.runUntil(() => a.seen.length > 0, { limitMs: 5_000, everyEvent: true })
  return [a.seen, world.nowMs - from]
}

describe('dials', () => {
  it('to a process that died are refused at once', () => {
    const [seen, ms] = ends('b:1', (world) => world.crash('b'))
    expect(seen).toEqual(['closed: refused'])
    expect(ms).toBeLessThan(5)
  })

  it('to a port where nobody listens are refused, to no host at all unreachable', () => {
    expect(ends('b:77', () => {})[0]).toEqual(['closed: refused'])
    expect(ends('nowhere:1', () => {})[0]).toEqual(['closed: unreachable'])
  })

  it.each<[string, (world: World) => void]>([
    ['to a machine without power', (world) => world.powerOff(['b'])],
    ['to a paused process', (world) => world.pause('b')],
    ['across a cut on the way there', (world) => world.cut('a', 'b')],
    ['across a cut on the way back', (world) => world.cut('b', 'a')],
  ])('%s time out after 1,000 ms', (_, fault) => {
    expect(ends('b:1', fault)).toEqual([['closed: timeout'], 1_000])
  })

  it('to a paused process succeed when it wakes in time, and are never handed up when it wakes too late', () => {
    for (const wakeMs of [900, 1_100]) {
      const [world, { a, b }] = wires(['a', 'b'])
      world.pause('b')
      dial(a, 'b:1')
      world.run({ forMs: wakeMs })
      world.resume('b')
      world.run({ forMs: 500 })
      expect(a.seen).toEqual([wakeMs < 1_000 ? 'opened' : 'closed: timeout'])
      expect(b.seen).toEqual(wakeMs < 1_000 ? ['accepted'] : [])
    }
  })

  it('begun during a cut time out even when it heals in between: the first packet is lost', () => {
    const [world, { a, b }] = wires(['a', 'b'])
    const heal = world.cut('a', 'b')
    dial(a, 'b:1')
    world.run({ forMs: 500 })
    heal()
    world.run({ forMs: 5_000 })
    expect([a.seen, b.seen]).toEqual([['closed: timeout'], []])
  })

  it('are reset when the process dies between connect and handshake', () => {
    const [world, { a }] = wires(['a', 'b'])
    world.pause('b')
    dial(a, 'b:1')
    world.run({ forMs: 100 })
    world.crash('b')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: reset'])
  })

  it('end as the test says where the transport would not let them in', () => {
    const [world, { a, b }] = wires(['a', 'b'])
    const undo = world.rejectLinks('a', 'b', { kind: 'rejected', code: 'secret', text: 'another secret' })
    dial(a, 'b:1')
    world.run({ forMs: 10 })
    expect([a.seen, b.seen]).toEqual([['closed: rejected'], []])
    undo()
    dial(a, 'b:1')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: rejected', 'opened'])
  })

  it('given up by the dialler while the welcome is on its way end on both sides', () => {
    const [world, { a, b }] = wires(['a', 'b'])
    dial(a, 'b:1')
    world.runUntil(() => b.seen.length > 0, { limitMs: 100, everyEvent: true })
    a.links[0]?.close('changed', 'my mind')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: local'])
    expect(b.seen).toEqual(['accepted', 'closed: remote changed my mind'])
  })
})

describe('listeners', () => {
  it('refuse a taken or foreign address, pick a free port, and free theirs when the process dies', () => {
    const [world, all] = wires(['a', 'b'])
    const a = all.a
    const seen: string[] = []
    const listen = (address: string) =>
      a.host.network.listen(address, {
        listening: (real) => seen.push(real),
        failed: ({ code }) => seen.push(code),
        accept: () => ({ opened: () => {}, frame: () => {}, closed: () => {} }),
      })
    listen('a:1')
    listen('b:2')
    listen('0.0.0.0:0')
    expect(seen).toEqual([])
    world.run({ forMs: 1 })
    expect(seen).toEqual(['in-use', 'not-allowed', expect.stringMatching(/^a:\d+$/)])
    world.restart('a')
    world.run({ forMs: 1 })
    expect(all.a.seen).toEqual([])
  })
})

function bind(wire: Wire, address: string): DatagramSocket {
  return wire.host.datagrams.bind(address, {
    listening: () => {},
    failed: () => {},
    message: (message, from) => wire.seen.push(`${from} ${text(message)}`),
  })
}

function bound(network: Partial<LinkQuality> = {}): { world: World; b: Wire; socket: DatagramSocket } {
  const [world, { a, b }] = wires(['a', 'b'], { network })
  bind(b, 'b:9')
  return { world, b, socket: bind(a, 'a:9') }
}

describe('datagrams', () => {
  it('arrive with their sender, or not at all across a cut, without power and without a socket', () => {
    const { world, b, socket } = bound()
    socket.send(bytes('1'), 'b:9')
    socket.send(bytes('2'), 'b:10')
    world.run({ forMs: 5 })
    const heal = world.cut('a', 'b')
    socket.send(bytes('3'), 'b:9')
    world.run({ forMs: 5 })
    heal()
    world.run({ forMs: 50 })
    expect(b.seen).toEqual(['a:9 1'])
    world.powerOff(['b'])
    socket.send(bytes('4'), 'b:9')
    world.run({ forMs: 5 })
    expect(b.seen).toEqual(['a:9 1'])
  })

  it('are lost, doubled and overtaken as told', () => {
    const { world, b, socket } = bound({ datagramLoss: 0.3, datagramDuplicate: 0.3, datagramReorder: 0.3 })
    numbers(200).forEach((n) => socket.send(bytes(n), 'b:9'))
    world.run({ forMs: 100 })
    const got = b.seen.map((line) => Number(line.split(' ')[1]))
    expect(new Set(got).size).toBeLessThan(200)
    expect(got.length).toBeGreaterThan(new Set(got).size)
    expect(got).not.toEqual(got.toSorted((x, y) => x - y))
  })
})
