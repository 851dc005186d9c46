import { describe, expect, it } from 'vitest'
import {
  applySchedule,
  describeFired,
  type Fault,
  type Schedule,
  type World,
} from '../../src/testing/index.js'
import { faultKinds } from '../../src/testing/schedule/fields.js'
import { bytes, dial, linked, type Wire, wires } from './wire.js'

const fire = (world: World, ...schedule: Fault[]): void => {
  applySchedule(world, schedule)
  world.run({ forMs: 1 })
}

/** Timers at these moments of the process, noted by the time on the wall. */
function ticking(wire: Wire, everyMs: number): number[] {
  const { host } = wire
  const seen: number[] = []
  const tick = (): void => {
    seen.push(host.clock.now().wallMs)
    host.timers.set(everyMs, tick)
  }
  host.timers.set(everyMs, tick)
  return seen
}

describe('stall', () => {
  it('holds the event loop for so long, again and again, and lets it run between', () => {
    const { world, b } = linked()
    const seen = ticking(b, 10)
    const states: string[] = []
    fire(world, { at: 0, do: 'stall', who: 'b', busyMs: 60, everyMs: 100, for: 1_000 })
    for (let i = 0; i < 100; i++) {
      world.run({ forMs: 10 })
      states.push(world.state('b'))
    }
    expect(states.filter((state) => state === 'paused').length).toBeGreaterThan(50)
    expect(states.filter((state) => state === 'running').length).toBeGreaterThan(30)
    const gaps = seen.map((at, i) => at - (seen[i - 1] ?? at))
    expect(gaps.filter((gap) => gap >= 50).length).toBe(9)
    expect(Math.max(...gaps)).toBeLessThan(80)
    world.run({ forMs: 500 })
    expect(world.state('b')).toBe('running')
  })

  it('goes on with the next process, and ends in the middle when it is undone', () => {
    const { world } = linked()
    const undo = world.stall('b', { busyMs: 60, everyMs: 100 })
    world.run({ forMs: 10 })
    world.restart('b')
    expect(world.state('b')).toBe('running')
    world.run({ forMs: 100 })
    expect(world.state('b')).toBe('paused')
    undo()
    expect(world.state('b')).toBe('running')
    world.run({ forMs: 100 })
    expect(world.state('b')).toBe('running')
  })

  it('does not end the pause that began meanwhile', () => {
    const { world } = linked()
    fire(
      world,
      { at: 0, do: 'stall', who: 'b', busyMs: 60, everyMs: 100, for: 200 },
      { at: 30, do: 'pause', who: 'b', for: 1_000 },
    )
    world.run({ forMs: 500 })
    expect(world.state('b')).toBe('paused')
    world.run({ forMs: 600 })
    expect(world.state('b')).toBe('running')
  })
})

describe('sleep', () => {
  it('stops the monotonic clock and its timers, and not the wall clock', () => {
    const { world, b } = linked()
    const before = b.host.clock.now()
    const seen: string[] = []
    b.host.timers.set(100, () => seen.push('timer'))
    fire(world, { at: 0, do: 'sleep', who: 'b', for: 5_000 })
    expect(world.state('b')).toBe('asleep')
    world.run({ forMs: 4_998 })
    expect(b.host.clock.now().monotonicMs - before.monotonicMs).toBe(0)
    expect(b.host.clock.now().wallMs - before.wallMs).toBe(4_999)
    world.run({ forMs: 50 })
    expect(world.state('b')).toBe('running')
    expect(b.host.clock.now().wallMs - before.wallMs).toBe(5_049)
    expect(seen).toEqual([])
    world.run({ forMs: 60 })
    expect(seen).toEqual(['timer'])
    expect(b.host.clock.now().monotonicMs - before.monotonicMs).toBe(109)
  })

  it('lets the kernel answer nobody, and hands over what was sent meanwhile when it ends', () => {
    const { world, a, b, link } = linked()
    const wake = world.sleep('b')
    link.send(bytes('good morning'))
    dial(a, 'b:1')
    world.run({ forMs: 3_000 })
    expect(a.seen).toEqual(['closed: timeout'])
    world.heal()
    world.run({ forMs: 100 })
    expect(b.seen).toEqual([])
    wake()
    world.run({ forMs: 10 })
    expect(b.seen).toEqual(['good morning'])
    expect(world.step()).toBe(false)
  })

  it('is ended by a start, by healAll, and by no pause that ends', () => {
    const { world, b } = linked()
    world.sleep('b')
    const resume = world.pause('b')
    resume()
    world.resume('b')
    expect(world.state('b')).toBe('asleep')
    world.restart('b')
    expect(world.state('b')).toBe('running')
    world.sleep('b')
    world.healAll()
    expect(world.state('b')).toBe('running')
    world.sleep('b')
    world.powerOff(['b'])
    world.run({ forMs: 1_000 })
    world.start('b')
    const wall = b.host.clock.now().wallMs
    world.run({ forMs: 1_000 })
    expect(b.host.clock.now().wallMs - wall).toBe(1_000)
  })

  it('of a crashed machine is silent, too: the reset comes when it wakes', () => {
    const { world, a } = linked()
    const wake = world.sleep('b')
    world.crash('b')
    world.run({ forMs: 1_000 })
    expect(a.seen).toEqual([])
    wake()
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: remote reset the other process ended'])
  })
})

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

describe('disk faults', () => {
  /** Writes, syncs the folder and the file, and says what the sync said. */
  const written = (world: World, wire: Wire, content: string): string[] => {
    const said: string[] = []
    const folder = wire.host.disk.openFolder('data')
    const file = folder.open('f', 'create')
    try {
      file.write(0, bytes(content))
    } catch (error) {
      said.push(String(error))
    }
    folder.sync(() => {})
    file.sync((error) => said.push(error === undefined ? `ok at ${world.nowMs}` : error.code))
    folder.close()
    return said
  }
  const content = (world: World, name: string): string =>
    new TextDecoder().decode(world.disk(name).content('data/f'))

  it('wipe empties the disk and restarts under the same name', () => {
    const { world, a, b } = linked()
    written(world, b, 'abc')
    world.run({ forMs: 10 })
    fire(world, { at: 0, do: 'wipe', who: 'b' })
    expect(world.disk('b').files()).toEqual([])
    expect([world.life('b'), world.state('b')]).toEqual([2, 'running'])
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: remote reset the other process ended'])
    world.powerOff(['b'])
    fire(world, { at: 0, do: 'wipe', who: 'b' })
    expect(world.state('b')).toBe('no power')
  })

  it('disk-full and disk-slow hold for their time, and two of them as long as the longer one', () => {
    const { world, b } = linked({ syncMs: () => 1 })
    written(world, b, 'x')
    world.run({ forMs: 10 })
    fire(
      world,
      { at: 0, do: 'disk-full', who: 'b', for: 100 },
      { at: 0, do: 'disk-full', who: 'b', for: 200 },
      { at: 0, do: 'disk-slow', who: 'b', byMs: 30, for: 100 },
      { at: 0, do: 'disk-slow', who: 'b', byMs: 10, for: 200 },
    )
    const attempt = (): string => {
      const startMs = world.nowMs
      let said = ''
      try {
        said = written(world, b, 'x'.repeat(1_000 + startMs)).join()
      } catch (error) {
        said = String(error)
      }
      return said.includes('no space') ? 'full' : 'room'
    }
    expect(attempt()).toBe('full')
    world.run({ forMs: 150 })
    expect(attempt()).toBe('full')
    world.run({ forMs: 100 })
    expect(attempt()).toBe('room')
    world.run({ forMs: 10 })
    world.disk('b').slowBy(20)
    world.disk('b').slowBy(10)
    const startMs = world.nowMs
    const said = written(world, b, 'x')
    world.run({ forMs: 100 })
    expect(said).toEqual([`ok at ${startMs + 31}`])
  })

  it('disk-fails fails one sync', () => {
    const { world, b } = linked()
    fire(world, { at: 0, do: 'disk-fails', who: 'b' })
    const folder = b.host.disk.openFolder('data')
    const said: unknown[] = []
    folder.sync((error) => said.push(error?.code))
    folder.sync((error) => said.push(error?.code))
    world.run({ forMs: 20 })
    expect(said).toEqual(['failed', undefined])
  })

  it('disk-lies says ok and keeps nothing over a power cut, unless an honest sync comes first', () => {
    const left = (honest: boolean): string[] => {
      const { world, b } = linked()
      written(world, b, 'kept')
      world.run({ forMs: 10 })
      fire(world, { at: 0, do: 'disk-lies', who: 'b', for: 100 })
      const said = written(world, b, 'lost')
      world.run({ forMs: 200 })
      expect(said).toHaveLength(1)
      expect(content(world, 'b')).toBe('lost')
      if (honest) {
        written(world, b, 'lost')
        world.run({ forMs: 10 })
      }
      world.powerOff(['b'])
      return [said[0]!.slice(0, 2), content(world, 'b')]
    }
    expect(left(false)).toEqual(['ok', 'kept'])
    expect(left(true)).toEqual(['ok', 'lost'])
  })

  it('disk-lies takes new names, too', () => {
    const { world, b } = linked()
    world.disk('b').lie()
    written(world, b, 'x')
    world.run({ forMs: 10 })
    world.powerOff(['b'])
    expect(world.disk('b').files()).toEqual([])
  })

  it('misdirect puts one write elsewhere, where it stays over a power cut', () => {
    const { world, b } = linked()
    written(world, b, '----------')
    world.run({ forMs: 10 })
    fire(world, { at: 0, do: 'misdirect', who: 'b' })
    const folder = b.host.disk.openFolder('data')
    const file = folder.open('f', 'existing')
    file.write(10, bytes('abc'))
    const size = file.size
    file.write(0, bytes('X'))
    file.sync(() => {})
    world.run({ forMs: 10 })
    world.powerOff(['b'])
    expect(size).toBe(13)
    expect(content(world, 'b')).toMatch(/^X-*abc-*\0\0\0$|^Xbc-+\0\0\0$/)
  })

  it('rot flips one bit of one file, of the one that is named', () => {
    const { world, b } = linked()
    written(world, b, '----------')
    b.host.disk.openFolder('data').open('empty', 'create')
    world.run({ forMs: 10 })
    fire(world, { at: 0, do: 'rot', who: 'b', file: 'f' }, { at: 0, do: 'rot', who: 'b', file: 'other' })
    const flipped = content(world, 'b')
      .split('')
      .filter((letter) => letter !== '-')
    expect(flipped).toEqual(['='])
    fire(world, { at: 0, do: 'rot', who: 'b' })
    expect(
      content(world, 'b')
        .split('')
        .filter((letter) => letter !== '-').length,
    ).not.toBe(1)
    fire(world, { at: 0, do: 'rot', who: 'a' })
    expect(world.disk('a').files()).toEqual([])
  })
})

describe('upgrade and act', () => {
  it('starts the new version, and keeps it', () => {
    const { world } = linked()
    const versions: string[] = []
    world.node('c', { version: '1.4', start: (_host, _life, { version }) => versions.push(version) })
    world.start('c')
    fire(world, { at: 0, do: 'upgrade', who: 'c', to: '1.5' })
    world.restart('c')
    world.crash('c')
    fire(world, { at: 0, do: 'upgrade', who: 'c', to: '1.6' })
    expect(world.state('c')).toBe('stopped')
    world.start('c')
    expect(versions).toEqual(['1.4', '1.5', '1.5', '1.6'])
  })

  it('asks the test for what only the test can do', () => {
    const { world } = linked()
    const left: string[] = []
    const schedule: Schedule = [{ at: 5, do: 'act', act: 'leave', who: 'b' }]
    applySchedule(world, schedule, () => [], { acts: { leave: (node) => left.push(node) } })
    world.run({ forMs: 10 })
    expect(left).toEqual(['b'])
    expect(() => applySchedule(world, schedule, () => [], { acts: { stop: () => {} } })).toThrow(
      'nobody knows the act "leave": there is stop',
    )
    expect(() => applySchedule(world, schedule)).toThrow('give `acts` to applySchedule')
  })
})

describe('drift', () => {
  it('of two at once holds as the later one, and each ends by itself', () => {
    const { world, b } = linked()
    const ran = (): number => {
      const before = b.host.clock.now().monotonicMs
      world.run({ forMs: 100 })
      return Math.round(b.host.clock.now().monotonicMs - before)
    }
    fire(
      world,
      { at: 0, do: 'drift', who: 'b', rate: 2, for: 500 },
      { at: 0, do: 'drift', who: 'b', rate: 1.5, for: 200 },
    )
    const runs = [ran()]
    world.run({ forMs: 150 })
    runs.push(ran())
    world.run({ forMs: 200 })
    runs.push(ran())
    expect(runs).toEqual([150, 200, 100])
  })
})

/** One fault of each kind, with every field. */
const everyKind: Schedule = [
  { at: 10, do: 'crash', who: 'a', for: 100 },
  { at: 10, do: 'restart', who: 'b' },
  { at: 10, do: 'pause', who: 'c' },
  { at: 10, do: 'stall', who: 'd', busyMs: 10, everyMs: 20 },
  { at: 10, do: 'sleep', who: 'e' },
  { at: 10, do: 'power-off', who: ['a', 'b'], tear: true },
  { at: 10, do: 'upgrade', who: 'c', to: '2' },
  { at: 10, do: 'act', who: 'd', act: 'leave' },
  { at: 10, do: 'cut', from: 'a', to: 'b' },
  { at: 10, do: 'split', a: ['a'], b: ['b', 'c'] },
  { at: 10, do: 'bridge', over: 'a' },
  { at: 10, do: 'ring' },
  { at: 10, do: 'slow', who: 'a', byMs: 30, jitterMs: 10 },
  { at: 10, do: 'loss', from: 'a', to: 'b', rate: 1 },
  { at: 10, do: 'duplicate', rate: 0.05 },
  { at: 10, do: 'reorder', who: 'b', rate: 0.5 },
  { at: 10, do: 'refuse', from: 'a', to: 'b' },
  { at: 10, do: 'reset', who: 'a' },
  { at: 10, do: 'address-change', who: 'd' },
  { at: 10, do: 'wipe', who: 'c' },
  { at: 10, do: 'disk-full', who: 'a' },
  { at: 10, do: 'disk-slow', who: 'a', byMs: 1_000 },
  { at: 10, do: 'disk-fails', who: 'd' },
  { at: 10, do: 'disk-lies', who: 'a' },
  { at: 10, do: 'misdirect', who: 'd' },
  { at: 10, do: 'rot', who: 'a', file: 'f' },
  { at: 10, do: 'clock-jump', who: 'a', byMs: -1_000 },
  { at: 10, do: 'drift', who: 'a', rate: 1.5 },
]

describe('every kind', () => {
  const run = (): World => {
    const [world] = wires(abcde)
    const fired = applySchedule(world, everyKind, () => [], { acts: { leave: () => {} } })
    world.run({ forMs: 50 })
    expect(fired).toHaveLength(faultKinds.length)
    expect(new Set(fired.map(({ fault }) => fault.do))).toEqual(new Set(faultKinds))
    expect(fired.filter(({ hit }) => hit.length === 0)).toEqual([])
    for (const line of describeFired(fired)) expect(line).not.toContain('undefined')
    return world
  }

  it('together leaves nothing broken after healAll', () => {
    const world = run()
    world.healAll()
    world.run({ forMs: 50 })
    expect(world.names.map((name) => world.state(name))).toEqual(world.names.map(() => 'running'))
    for (const a of world.names) {
      for (const b of world.names) {
        if (a !== b) expect(world.qualityOf(a, b)).toMatchObject({ latencyMaxMs: 1, loss: 0, duplicate: 0 })
      }
      const disk = world.disk(a).openFolder(`new of ${a}`)
      const said: string[] = []
      const startMs = world.nowMs
      disk.open('x', 'create').sync((error) => said.push(String(error?.code ?? world.nowMs - startMs < 3)))
      world.run({ forMs: 50 })
      expect(said).toEqual(['true'])
    }
  })

  it('gives the same run for the same seed', () => {
    expect(run().digest).toBe(run().digest)
  })
})
