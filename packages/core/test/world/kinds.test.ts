import { describe, expect, it } from 'vitest'
import { applySchedule, describeFired, type Schedule, type World } from '../../src/testing/index.js'
import { faultKinds } from '../../src/testing/schedule/fields.js'
import { bytes, dial, fire, linked, type Wire, wires } from './wire.js'

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

const abcde = ['a', 'b', 'c', 'd', 'e'] as const

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
