import { Subject, timer } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import type { Host } from '../../src/host/index.js'
import { createWorld, type World, WorldError, type WorldOptions } from '../../src/testing/index.js'

/** A world in which `act` runs on node `ann`, in the turn of `clerk`. */
function office(act: (host: Host) => void | Promise<void>, options: Partial<WorldOptions> = {}): World {
  const world = createWorld({ seed: 1, ...options })
  world.node('ann', {
    start: (host) => {
      const cell = host.engine.cell('clerk', () => act(host))
      host.timers.set(5, () => cell.wake())
    },
  })
  world.start('ann')
  return world
}

const ways: readonly (readonly [used: string, instead: string, act: () => unknown])[] = [
  ['setTimeout', 'host.timers', () => setTimeout(() => {}, 1)],
  ['setInterval', 'host.timers', () => setInterval(() => {}, 1)],
  ['setImmediate', 'host.timers', () => setImmediate(() => {})],
  ['fetch', 'host.network', () => fetch('http://127.0.0.1:9')],
  ['Math.random', 'host.random', () => Math.random()],
  ['Date.now', 'host.clock', () => Date.now()],
  ['new Date()', 'host.clock', () => new Date()],
  ['performance.now', 'host.clock', () => performance.now()],
  ['crypto.randomUUID', 'host.random', () => crypto.randomUUID()],
  ['crypto.getRandomValues', 'host.random', () => crypto.getRandomValues(new Uint8Array(1))],
  ['setInterval', 'host.timers', () => timer(10).subscribe()],
]

/** Where each of them is defined, and as what. */
function globals(): unknown[] {
  const places: readonly (readonly [object, readonly string[]])[] = [
    [globalThis, ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'Date']],
    [Math, ['random']],
    [performance, ['now']],
    [crypto, ['randomUUID', 'getRandomValues']],
  ]
  return places.flatMap(([on, keys]) => keys.map((key) => Object.getOwnPropertyDescriptor(on, key)))
}

const messageOf = (used: string, instead: string): RegExp =>
  new RegExp(
    `^ann used ${used.replaceAll(/[().]/g, String.raw`\$&`)} in turn of clerk, at 5 ms: in the world use ${instead}`,
  )

describe('code of a process that leaves the world', () => {
  it.each(ways)('by %s gets a sentence that names it, its turn and %s', async (used, instead, act) => {
    const said = messageOf(used, instead)
    expect(() => office(() => void act()).run({ forMs: 10 })).toThrow(said)
    expect(() => office(() => void act()).runUntil(() => false, { limitMs: 10 })).toThrow(said)
    await expect(office(() => void act()).runAsync({ forMs: 10 })).rejects.toThrow(said)
  })

  it.each(ways)('by %s after an await gets the same sentence', async (used, instead, act) => {
    const world = office(async () => {
      for (let i = 0; i < 20; i++) await Promise.resolve()
      await new Promise<void>((resolve) => process.nextTick(resolve))
      act()
    })
    await expect(world.runAsync({ forMs: 10 })).rejects.toThrow(messageOf(used, instead))
  })

  it('stops the run also when it catches what is thrown, and when it is the last to act', async () => {
    const act = (): void => {
      try {
        Date.now()
      } catch {
        // As a role host does with what a command throws.
      }
    }
    expect(() => office(act).run({ forMs: 10 })).toThrow(messageOf('Date.now', 'host.clock'))
    const later = office(async () => {
      await Promise.resolve()
      act()
    })
    await expect(later.runAsync({ forMs: 5 })).rejects.toThrow(messageOf('Date.now', 'host.clock'))
  })

  it('makes no success of what is waited for', async () => {
    let done = false
    const world = office(async () => {
      await Promise.resolve()
      try {
        Date.now()
      } catch {
        done = true
      }
    })
    const run = world.runAsync({ forMs: 100, until: () => done })
    await expect(run).rejects.toThrow(messageOf('Date.now', 'host.clock'))
  })

  it('is named in its start too', () => {
    const world = createWorld({ seed: 1 })
    world.node('bob', { start: () => void Math.random() })
    expect(() => world.start('bob')).toThrow('bob used Math.random in start, at 0 ms')
  })

  it('is let through with guard: false', async () => {
    const world = office(() => void [Date.now(), Math.random()], { guard: false })
    world.run({ forMs: 10 })
    expect(await world.runAsync({ forMs: 10 })).toBe(false)
  })
})

describe('the guard lets through', () => {
  it('what only computes with dates, and what console.log needs', async () => {
    const seen: unknown[] = []
    const world = office(async () => {
      const date = new Date(0)
      seen.push(date instanceof Date, date.toISOString(), Date.UTC(2026, 0), Date.parse('1970-01-01'))
      seen.push(new Date(date).getTime(), structuredClone(date) instanceof Date, typeof Date())
      await Promise.resolve()
    })
    await expect(world.runAsync({ forMs: 10 })).rejects.toThrow(/used Date\(\)/)
    expect(seen).toEqual([true, '1970-01-01T00:00:00.000Z', Date.UTC(2026, 0), 0])
    const talking = office(() => console.log('a process says %s on the console', 'hello'))
    talking.run({ forMs: 10 })
  })

  it('the test itself: its scripts, its predicates, and what it does beside a run', async () => {
    const world = office(() => {})
    const seen: number[] = []
    world.schedule(1, () => void seen.push(Date.now()))
    world.runUntil(() => Date.now() < 0, { limitMs: 10 })
    world.schedule(world.nowMs + 1, () => void seen.push(Math.random()))
    const beside = new Promise<void>((resolve) => void setTimeout(resolve, 1))
    let waiting = true
    void beside.then(() => (waiting = false))
    for (let i = 0; i < 10_000; i++) world.schedule(world.nowMs + i, () => {})
    await world.runAsync({ forMs: 20_000, until: () => Date.now() > 0 && seen.length === 2 && !waiting })
    expect([seen.length, waiting]).toEqual([2, false])
  })

  it('everything once the run is over, however it ended', async () => {
    const before = globals()
    const failing = office(() => {
      throw new Error('boom')
    })
    expect(() => failing.run({ forMs: 10 })).toThrow('boom')
    const rejecting = office(async () => Promise.reject(new Error('boom')))
    await expect(rejecting.runAsync({ forMs: 10 })).rejects.toThrow('boom')
    const worlds = [1, 2, 3].map((seed) => office(async () => Promise.resolve(), { seed }))
    await Promise.all(worlds.map((world) => world.runAsync({ forMs: 100 })))
    const outer = office(() => {})
    outer.schedule(1, () => office(() => {}).run({ forMs: 10 }))
    outer.run({ forMs: 10 })
    expect(globals()).toEqual(before)
  })

  it('an error that an RxJS subscriber throws, which is the news', () => {
    const world = office(() => {
      const subject = new Subject<number>()
      subject.subscribe(() => {
        throw new Error('a subscriber failed')
      })
      subject.next(1)
    })
    expect(() => world.run({ forMs: 10 })).toThrow(
      'ann at 5 ms, in turn of clerk: Error: a subscriber failed',
    )
  })

  it('fake timers that a test turns on and off meanwhile', () => {
    const world = office(() => {})
    const original = Date
    world.schedule(1, () => void vi.useFakeTimers({ now: 0 }))
    world.schedule(2, () => void vi.useRealTimers())
    world.run({ forMs: 10 })
    expect(Date).toBe(original)
  })
})

describe('a process that goes on by something outside the world', () => {
  /** Something else is always scheduled. */
  const busy = (world: World): World => {
    for (let i = 0; i < 20_000; i++) world.schedule(i, () => {})
    return world
  }
  const real = setTimeout
  const outside = async (): Promise<void> => new Promise((resolve) => void real(resolve, 2))

  it('in a turn is named, although other things are scheduled', async () => {
    const world = busy(office(outside))
    const error: unknown = await world.runAsync({ forMs: 20_000 }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(WorldError)
    expect(error).toMatchObject({
      node: 'ann',
      message: expect.stringMatching(
        /^ann at [\d.]+ ms: the end of the turn of clerk came about by something outside the world/,
      ),
    })
  })

  it('in a promise of no turn is named by what it does next', async () => {
    const world = busy(office((host) => void outside().then(() => host.timers.set(1, () => {}))))
    await expect(world.runAsync({ forMs: 20_000 })).rejects.toThrow(
      /^ann at [\d.]+ ms: timer came about by something outside the world/,
    )
  })

  it('or never goes on is named after turnLimitMs', async () => {
    const world = busy(office(() => new Promise<void>(() => {}), { turnLimitMs: 3_000 }))
    await expect(world.runAsync({ forMs: 20_000 })).rejects.toThrow(
      'the turn of clerk on ann awaits something outside the world: it waits since 5 ms, for more than 3000 ms',
    )
  })

  it('is not confused with one that waits for the world, its ticks and the test', async () => {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    const seen: string[] = []
    const world = busy(
      office(async (host) => {
        await new Promise<void>((resolve) => void host.timers.set(50, resolve))
        seen.push('timer')
        for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => process.nextTick(resolve))
        await new Promise<void>((resolve) => queueMicrotask(resolve))
        seen.push('ticks')
        await gate
        seen.push('gate')
      }),
    )
    await world.runAsync({ forMs: 100 })
    open()
    await world.runAsync({ forMs: 100 })
    expect(seen).toEqual(['timer', 'ticks', 'gate'])
  })
})
