import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cell, Host } from '../../src/host/index.js'
import { createWorld, type World, WorldError } from '../../src/testing/index.js'
import { EventQueue } from '../../src/testing/queue.js'
import { CallEvent } from '../../src/testing/events.js'

function one(): { world: World; host: Host } {
  const world = createWorld({ seed: 7 })
  const hosts: Host[] = []
  world.node('a', { start: (host) => void hosts.push(host) })
  world.start('a')
  return { world, host: hosts.at(0)! }
}

function thrownBy(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('the queue', () => {
  it('gives events by time, then in the order of pushing, whatever is pushed and retimed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 })), fc.nat({ max: 7 }), (times, shift) => {
        const queue = new EventQueue()
        times.forEach((at, seq) => {
          const event = new CallEvent('script', null, '', () => {})
          Object.assign(event, { at, seq })
          queue.push(event)
        })
        queue.retime((event) => (event.seq % 2 === 0 ? event.at + shift : undefined))
        const want = times
          .map((at, seq) => [seq % 2 === 0 ? at + shift : at, seq] as const)
          .toSorted((x, y) => x[0] - y[0] || x[1] - y[1])
        const got: Array<readonly [number, number]> = []
        for (let event = queue.pop(); event !== undefined; event = queue.pop())
          got.push([event.at, event.seq])
        expect(got).toEqual(want)
      }),
    )
  })
})

describe('clocks and timers', () => {
  it('never fire a timer before the clock reads the time at which it is due', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (delays, rate) => {
          const { world, host } = one()
          world.drift('a', rate)
          world.run({ forMs: 3.7 })
          let fired = 0
          for (const delay of delays) {
            const due = host.clock.now().monotonicMs + delay
            host.timers.set(delay, () => {
              fired++
              expect(host.clock.now().monotonicMs).toBeGreaterThanOrEqual(due)
              expect(host.clock.now().monotonicMs).toBeLessThan(due + 0.01)
            })
          }
          world.run({ forMs: 1_100 })
          expect(fired).toBe(delays.length)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('a wall clock jump moves the wall clock and nothing else', () => {
    const { world, host } = one()
    const before = host.clock.now()
    world.clockJump('a', -3_600_000)
    expect(host.clock.now()).toEqual({ ...before, wallMs: before.wallMs - 3_600_000 })
    let fired = 0
    host.timers.set(10, () => fired++)
    world.run({ forMs: 10 })
    expect(fired).toBe(1)
  })

  it('drift moves timers that are already waiting', () => {
    const { world, host } = one()
    let firedMs = 0
    host.timers.set(100, () => (firedMs = world.nowMs))
    world.run({ forMs: 50 })
    world.drift('a', 2)
    world.run({ forMs: 100 })
    expect(firedMs).toBe(75)
    host.timers.set(100, () => (firedMs = world.nowMs))
    world.run({ forMs: 20 })
    world.drift('a', 0.5)
    world.run({ forMs: 500 })
    expect(firedMs).toBe(150 + 20 + 120)
  })

  it('a new process has another monotonic origin, and the wall clock goes on', () => {
    const world = createWorld({ seed: 1 })
    const hosts: Host[] = []
    world.node('a', { start: (host) => void hosts.push(host) })
    world.start('a')
    const before = hosts.at(0)!.clock.now()
    world.run({ forMs: 100 })
    world.restart('a')
    expect(hosts[1]?.clock.now().wallMs).toBe(before.wallMs + 100)
    expect(hosts[1]?.clock.now().monotonicMs).not.toBe(before.monotonicMs + 100)
  })
})

describe('turns', () => {
  it('run once for many wakes, at the same moment, never inside wake', () => {
    const seen: string[] = []
    const { world, host } = one()
    const cell: Cell = host.engine.cell('c', () => {
      seen.push('turn')
      if (seen.length === 2) cell.wake()
    })
    cell.wake()
    cell.wake()
    seen.push('awake')
    world.run({ forMs: 0 })
    expect(seen).toEqual(['awake', 'turn', 'turn'])
  })

  it('do not start after stop', () => {
    const { world, host } = one()
    let turns = 0
    const cell = host.engine.cell('c', () => void turns++)
    cell.wake()
    cell.stop()
    cell.wake()
    world.run({ forMs: 10 })
    expect(turns).toBe(0)
  })

  it.each(['before', 'after'])(
    'with promises run one at a time in runAsync, woken %s the first await',
    async (when) => {
      const seen: string[] = []
      const { world, host } = one()
      let n = 0
      const cell: Cell = host.engine.cell('c', async () => {
        const turn = ++n
        seen.push(`begin ${turn}`)
        if (turn === 1 && when === 'before') cell.wake()
        await new Promise<void>((resolve) => void host.timers.set(10, resolve))
        if (turn === 1 && when === 'after') cell.wake()
        seen.push(`end ${turn}`)
      })
      cell.wake()
      await world.runAsync({ forMs: 100 })
      expect(seen).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
      expect(await world.runAsync({ forMs: 100, until: () => n === 2 })).toBe(true)
    },
  )

  it('with promises are refused in run, and when they await something outside the world', async () => {
    const { world, host } = one()
    host.engine.cell('hang', () => new Promise<void>(() => {})).wake()
    expect(() => world.run({ forMs: 1 })).toThrow('the turn of hang on a returned a promise')
    const other = one()
    other.host.engine.cell('hang', () => new Promise<void>(() => {})).wake()
    await expect(other.world.runAsync({ forMs: 1 })).rejects.toThrow(
      'the turn of hang on a awaits something outside the world',
    )
  })

  it('run in one runAsync at a time, also after one that failed', async () => {
    const { world } = one()
    const first = world.runAsync({ forMs: 10 })
    await expect(world.runAsync({ forMs: 10 })).rejects.toThrow('one runAsync of a world at a time')
    await expect(first).resolves.toBe(false)
    expect(world.nowMs).toBe(10)
    expect(await world.runAsync({ forMs: 10, until: () => true })).toBe(true)
  })

  it('that reject stop the run with the name of the node', async () => {
    const { world, host } = one()
    host.engine.cell('c', async () => Promise.reject(new Error('boom'))).wake()
    await expect(world.runAsync({ forMs: 1 })).rejects.toThrow(/a at 0 ms, in turn of c: Error: boom/)
  })
})

describe('the loop', () => {
  it('names the node that throws, and hands on the cause', () => {
    const boom = new Error('boom')
    const { world, host } = one()
    host.timers.set(5, () => {
      throw boom
    })
    const error = thrownBy(() => world.run({ forMs: 10 }))
    expect(error).toBeInstanceOf(WorldError)
    expect(error).toMatchObject({ node: 'a', cause: boom, message: 'a at 5 ms, in timer: Error: boom' })
  })

  it('names the node that keeps the world busy without time passing', () => {
    const { world, host } = one()
    const cell: Cell = host.engine.cell('spin', () => cell.wake())
    cell.wake()
    expect(() => world.run({ forMs: 1 })).toThrow(
      'busy loop on a: 100000 events at 0 ms without time passing',
    )
  })

  it('names the busiest node of a run that does not end', () => {
    const world = createWorld({ seed: 1, limits: { events: 10_000 } })
    for (const [name, everyMs] of [
      ['lazy', 100],
      ['busy', 0.01],
    ] as const) {
      world.node(name, {
        start: (host) => {
          const beat = (): void => void host.timers.set(everyMs, beat)
          beat()
        },
      })
      world.start(name)
    }
    expect(() => world.run({ forMs: 1e9 })).toThrow('busy loop on busy: more than 10000 events')
  })

  it('runs until a predicate holds, and says so when it does not', () => {
    const { world, host } = one()
    let n = 0
    const beat = (): void => {
      n++
      host.timers.set(10, beat)
    }
    beat()
    expect(world.runUntil(() => n === 5, { limitMs: 1_000, everyEvent: true })).toBe(true)
    expect(world.nowMs).toBe(40)
    expect(world.runUntil(() => n >= 10, { limitMs: 1_000 })).toBe(true)
    expect(n).toBe(10)
    expect(world.runUntil(() => false, { limitMs: 100 })).toBe(false)
    expect(n).toBe(20)
  })
})
