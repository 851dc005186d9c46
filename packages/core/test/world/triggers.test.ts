import { describe, expect, it } from 'vitest'
import {
  applySchedule,
  createWorld,
  describe as inWords,
  describeFired,
  type Fault,
  type Schedule,
  unfired,
  type World,
} from '../../src/testing/index.js'
import { bytes, wires } from './wire.js'

/** Fires the schedule while `a` and `b` say `appended` in turn every 10 ms, `a` first; says when what fired. */
function turns(schedule: Schedule, server: (world: World) => string = () => 'a'): [string[], Fault[], World] {
  const [world] = wires(['a', 'b', 'c'])
  const roles = (role: string): string[] =>
    role === 'server' ? [server(world)] : role === 'voters' ? ['b', 'c'] : []
  const startMs = world.nowMs
  const fired = applySchedule(world, schedule, roles)
  for (let i = 1; i <= 20; i++) {
    world.schedule(startMs + 10 * i, () => world.moment(i % 2 === 1 ? 'a' : 'b', 'appended'))
  }
  world.run({ forMs: 300 })
  const lines = fired.map(({ atMs, hit }) => `${atMs - startMs}: ${hit.join(' ')}`)
  return [lines, unfired(schedule, fired), world]
}

describe('a fault that waits for something', () => {
  it('fires at that very moment: once, at the n-th time, counted from the start of the schedule', () => {
    const [lines, left] = turns([
      { on: 'a.appended', do: 'restart', who: 'c' },
      { on: 'b.appended#3', do: 'restart', who: 'b' },
    ])
    expect(lines).toEqual(['10: c', '60: b'])
    expect(left).toEqual([])
  })

  it('fires so much later when it says so', () => {
    const [lines] = turns([{ on: 'b.appended#2', after: 25, do: 'restart', who: 'b' }])
    expect(lines).toEqual(['65: b'])
  })

  it('counts what is done by whoever plays the role at that moment', () => {
    const serverIs = (world: World): string => (world.nowMs < 52 ? 'a' : 'b')
    const [lines] = turns([{ on: 'server.appended#4', do: 'crash', who: 'server' }], serverIs)
    // a at 10, 30, 50; then b at 60.
    expect(lines).toEqual(['60: b'])
    expect(turns([{ on: 'voters.appended#2', do: 'restart', who: 'a' }])[0]).toEqual(['40: a'])
  })

  it('that never comes is told apart from what fired', () => {
    const schedule: Schedule = [
      { on: 'a.elected', do: 'crash', who: 'a' },
      { on: 'nobody.appended', do: 'crash', who: 'a' },
      { at: 100, do: 'pause', who: 'b' },
      { on: 'a.appended#11', do: 'crash', who: 'a' },
    ]
    const [lines, left] = turns(schedule)
    expect(lines).toEqual(['100: b'])
    expect(left).toEqual([schedule[0], schedule[1], schedule[3]])
  })

  it.each(['appended', 'server', 'server.appended#0', 'server.appended#x', '.appended', 'server.'])(
    'on "%s" is a mistake that is explained',
    (on) => {
      const [world] = wires(['a'])
      expect(() => applySchedule(world, [{ on, do: 'crash', who: 'a' }])).toThrow(
        `"${on}" says nothing that happens: write "<who>.<moment>"`,
      )
    },
  )

  it('may name a node with dots', () => {
    const [world] = wires(['10.0.0.1'])
    const fired = applySchedule(world, [{ on: '10.0.0.1.started', do: 'pause', who: '10.0.0.1' }])
    world.restart('10.0.0.1')
    world.run({ forMs: 1 })
    expect(fired).toHaveLength(1)
  })

  it('never fires after healAll, and no other fault does', () => {
    const [world] = wires(['a', 'b'])
    const schedule: Schedule = [
      { at: 50, do: 'crash', who: 'a' },
      { on: 'b.appended', do: 'crash', who: 'b' },
      { on: 'b.elected', after: 50, do: 'crash', who: 'b' },
    ]
    const fired = applySchedule(world, schedule)
    world.moment('b', 'elected')
    world.run({ forMs: 10 })
    world.healAll()
    world.moment('b', 'appended')
    world.run({ forMs: 100 })
    expect(fired).toEqual([])
    expect(unfired(schedule, fired)).toHaveLength(3)
  })

  it('reads as words', () => {
    const schedule: Schedule = [
      { on: 'server.appended#3', do: 'crash', who: 'server', for: 500 },
      { on: 'a.started', after: 100, do: 'pause', who: 'a' },
    ]
    expect(inWords(schedule)).toEqual([
      'on server.appended#3  crash server  for 0.5 s',
      '0.1 s after a.started  pause a',
    ])
    const [world] = wires(['a', 'b'])
    const fired = applySchedule(world, schedule, () => ['b'])
    for (let i = 0; i < 3; i++) world.moment('b', 'appended')
    world.run({ forMs: 1 })
    expect(describeFired(fired)).toEqual(['0.001 s  crash server (b)  for 0.5 s  on server.appended#3'])
  })
})

describe('a list of targets', () => {
  it('takes another one for each "a voter", and the first of them where there is one target', () => {
    const [world] = wires(['a', 'b', 'c'])
    const voters = (): string[] => ['c', 'a', 'b']
    const fired = applySchedule(
      world,
      [
        { at: 0, do: 'power-off', who: ['a voter', 'a voter', 'c'] },
        { at: 1, do: 'restart', who: 'a voter' },
        { at: 2, do: 'restart', who: 'voters' },
      ],
      voters,
    )
    world.run({ forMs: 5 })
    expect(fired.map(({ hit }) => hit)).toEqual([['c', 'a'], ['c'], ['c', 'a', 'b']])
  })
})

describe('moments of the world', () => {
  /** A node that writes and syncs every 10 ms. */
  const writer = (world: World): void => {
    world.node('a', {
      start: (host) => {
        const folder = host.disk.openFolder('data')
        const file = folder.open('f', 'create')
        folder.sync(() => {})
        const beat = (): void => {
          file.write(file.size, bytes('x'))
          file.sync(() => host.timers.set(10, beat))
        }
        host.timers.set(10, beat)
      },
    })
    world.start('a')
    world.run({ forMs: 5 })
  }
  const left = (on: string): string => {
    const world = createWorld({ seed: 1, syncMs: () => 2 })
    writer(world)
    applySchedule(world, [{ on, do: 'power-off', who: ['a'] }])
    world.run({ forMs: 200 })
    expect(world.state('a')).toBe('no power')
    return new TextDecoder().decode(world.disk('a').content('data/f'))
  }

  it('let a fault fall between a write, its sync, and the end of that', () => {
    expect(left('a.synced#3')).toBe('xxx')
    // Not synced yet: the fourth is there or not.
    expect(['xxx', 'xxxx']).toContain(left('a.syncing#4'))
    expect(['xxx', 'xxxx']).toContain(left('a.wrote#4'))
  })

  it('say when processes start and end, and by what', () => {
    const [world] = wires(['a', 'b'])
    const seen: string[] = []
    const stop = world.onMoment((node, name) => seen.push(`${node} ${name} ${world.state(node)}`))
    world.restart('a')
    world.powerOff(['b'])
    world.start('b')
    stop()
    world.crash('b')
    expect(seen).toEqual([
      'a crashed running',
      'a started running',
      'b lost-power running',
      'b started running',
    ])
  })

  it('are in the trace and not in the digest', () => {
    const run = (trace: boolean): World => {
      const [world] = wires(['a'], { trace })
      if (trace) world.moment('a', 'elected')
      world.run({ forMs: 10 })
      return world
    }
    expect(run(true).digest).toBe(run(false).digest)
    expect(run(true).trace.map(({ what }) => what)).toContain('moment: elected')
  })
})
