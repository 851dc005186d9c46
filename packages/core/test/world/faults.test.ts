import { describe, expect, it } from 'vitest'
import { createWorld } from '../../src/testing/index.js'
import { bytes, dial, linked, wires } from './wire.js'

describe('cut a > b', () => {
  it('holds what a says and delivers it in order after the heal, while b still gets through', () => {
    const { world, a, b, link } = linked()
    const heal = world.cut('a', 'b')
    link.send(bytes('1'))
    link.send(bytes('2'))
    b.links[0]?.send(bytes('hello'))
    world.run({ forMs: 10_000 })
    expect(a.seen).toEqual(['hello'])
    expect(b.seen).toEqual([])
    heal()
    link.send(bytes('3'))
    world.run({ forMs: 10 })
    expect(b.seen).toEqual(['1', '2', '3'])
  })

  it('holds a close as well', () => {
    const { world, b, link } = linked()
    world.cut('a', 'b')
    link.send(bytes('1'))
    link.close('bye')
    world.run({ forMs: 5_000 })
    expect(b.seen).toEqual([])
    world.heal()
    world.run({ forMs: 10 })
    expect(b.seen).toEqual(['1', 'closed: remote bye'])
  })

  it('twice needs two heals', () => {
    const { world, b, link } = linked()
    const [first, second] = [world.cut('a', 'b'), world.split(['a'], ['b'])]
    link.send(bytes('1'))
    first()
    first()
    world.run({ forMs: 10 })
    expect(b.seen).toEqual([])
    second()
    world.run({ forMs: 10 })
    expect(b.seen).toEqual(['1'])
  })

  it('hides a crash until the heal; then the link is reset', () => {
    const { world, a } = linked()
    world.split(['a'])
    world.restart('b')
    world.run({ forMs: 5_000 })
    expect(a.seen).toEqual([])
    world.heal()
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: remote reset the other process ended'])
  })
})

describe('{a} | {b, c}', () => {
  it('lets b and c talk', () => {
    const [world, all] = wires(['a', 'b', 'c'])
    world.split(['a'])
    dial(all.b, 'c:1')
    dial(all.a, 'c:1')
    world.run({ forMs: 2_000 })
    expect(all.b.seen).toEqual(['opened'])
    expect(all.a.seen).toEqual(['closed: timeout'])
    expect(all.c.seen).toEqual(['accepted'])
  })
})

describe('crash', () => {
  it('ends the links at the other side after what was sent before', () => {
    const { world, a, b } = linked()
    b.links[0]?.send(bytes('last words'))
    world.crash('b')
    expect(a.seen).toEqual([])
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['last words', 'closed: remote reset the other process ended'])
    expect(b.seen).toEqual([])
  })

  it('leaves nothing of the old life that could run or act', () => {
    const world = createWorld({ seed: 3 })
    const ran: string[] = []
    const acts: Array<() => void> = []
    world.node('a', {
      start: (host, life) => {
        const cell = host.engine.cell('ring', () => void ran.push(`turn ${life}`))
        const folder = host.disk.openFolder('data')
        const beat = (): void => {
          ran.push(`beat ${life}`)
          host.timers.set(10, beat)
          cell.wake()
          const file = folder.open('f', 'create')
          file.write(0, bytes('x'))
          file.sync(() => ran.push(`sync ${life}`))
        }
        host.timers.set(10, beat)
        acts.push(() => {
          host.timers.set(1, () => ran.push(`late timer ${life}`))
          cell.wake()
          host.network.dial('a:1', {
            opened: () => {},
            frame: () => {},
            closed: () => ran.push(`late closed ${life}`),
          })
          host.network.listen('a:1', {
            listening: () => ran.push(`late listener ${life}`),
            failed: () => {},
            accept: () => ({ opened: () => {}, frame: () => {}, closed: () => {} }),
          })
          expect(() => host.disk.openFolder('data')).toThrow('has ended')
        })
      },
    })
    world.start('a')
    world.run({ forMs: 100 })
    expect(new Set(ran)).toEqual(new Set(['beat 1', 'turn 1', 'sync 1']))
    world.crash('a')
    acts[0]?.()
    ran.length = 0
    world.start('a')
    world.run({ forMs: 100 })
    expect(new Set(ran)).toEqual(new Set(['beat 2', 'turn 2', 'sync 2']))
  })

  it('from inside a callback takes effect at once: what the callback does afterwards is nothing', () => {
    const { world, a, b, link } = linked()
    a.host.timers.set(5, () => {
      link.send(bytes('before'))
      world.crash('a')
      link.send(bytes('after'))
      link.close('after')
    })
    world.run({ forMs: 20 })
    expect(b.seen).toEqual(['before', 'closed: remote reset the other process ended'])
  })

  it('keeps the disk cache; a power cut does not', () => {
    const world = createWorld({ seed: 5 })
    const sizes: number[] = []
    world.node('a', {
      start: (host) => {
        const folder = host.disk.openFolder('data')
        const file = folder.open('f', 'create')
        sizes.push(file.size)
        if (sizes.length === 1) folder.sync(() => file.write(0, bytes('abc')))
      },
    })
    world.start('a')
    world.run({ forMs: 10 })
    world.restart('a')
    world.run({ forMs: 10 })
    expect(sizes).toEqual([0, 3])
  })
})

describe('power off', () => {
  it('is silent; whoever wrote meanwhile is reset when the machine is back', () => {
    const { world, a, link } = linked()
    world.powerOff(['b'])
    link.send(bytes('anybody?'))
    world.run({ forMs: 20_000 })
    expect(a.seen).toEqual([])
    expect(world.state('b')).toBe('no power')
    world.start('b')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: remote reset the other process ended'])
  })

  it('leaves a quiet link in the dark until its next frame', () => {
    const { world, a, link } = linked()
    world.powerOff(['b'])
    world.start('b')
    world.run({ forMs: 20_000 })
    expect(a.seen).toEqual([])
    link.send(bytes('anybody?'))
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: remote reset the other process ended'])
  })

  it('takes what the kernel still held behind a cut', () => {
    const { world, a, b } = linked()
    world.cut('b', 'a')
    b.links[0]?.send(bytes('never sent'))
    world.powerOff(['b'])
    world.heal()
    world.start('b')
    world.run({ forMs: 100 })
    expect(a.seen).toEqual([])
  })

  it('of a crashed machine loses the reset that a cut still held; the next frame brings another', () => {
    const { world, a, link } = linked()
    world.cut('b', 'a')
    world.crash('b')
    world.powerOff(['b'])
    world.heal()
    link.send(bytes('anybody?'))
    world.run({ forMs: 5_000 })
    expect(a.seen).toEqual([])
    world.start('b')
    world.run({ forMs: 10 })
    expect(a.seen).toEqual(['closed: remote reset the other process ended'])
  })
})

describe('pause', () => {
  it('piles up timers, turns, syncs and frames and runs them on resume in the order in which they were due', () => {
    const { world, b, link } = linked({ network: { latencyMinMs: 1, latencyMaxMs: 1 } })
    const { host, seen } = b
    const file = host.disk.openFolder('data').open('f', 'create')
    const cell = host.engine.cell('c', () => void seen.push('turn'))
    host.timers.set(30, () => seen.push('timer 30'))
    host.timers.set(10, () => {
      seen.push('timer 10')
      cell.wake()
      host.timers.set(15, () => seen.push('timer 10 + 15'))
    })
    host.timers.set(20, () => seen.push('cancelled')).cancel()
    file.sync(() => seen.push('sync'))
    world.pause('b')
    link.send(bytes('frame'))
    world.schedule(world.nowMs + 18, () => link.send(bytes('frame 19')))
    world.run({ forMs: 50 })
    expect(seen).toEqual([])
    world.resume('b')
    world.run({ forMs: 0 })
    expect(seen.filter((line) => line !== 'sync')).toEqual([
      'frame',
      'timer 10',
      'frame 19',
      'timer 30',
      'turn',
    ])
    expect(seen).toContain('sync')
    world.run({ forMs: 20 })
    expect(seen.at(-1)).toBe('timer 10 + 15')
  })

  it('runs what piled up before what is due in the very moment of its end', () => {
    const { world, a, b, link } = linked({ network: { latencyMinMs: 1, latencyMaxMs: 1 } })
    world.schedule(world.nowMs + 5, world.pause('b'))
    for (const [ms, text] of [
      [1, '1'],
      [2, '2'],
      [4, '3'],
    ] as const)
      a.host.timers.set(ms, () => link.send(bytes(text)))
    world.run({ forMs: 20 })
    expect(b.seen).toEqual(['1', '2', '3'])
  })

  it('is not seen by the other side, and its clock goes on', () => {
    const { world, a, b } = linked()
    const before = b.host.clock.now()
    world.pause('b')
    world.run({ forMs: 5_000 })
    expect(a.seen).toEqual([])
    expect(b.host.clock.now().monotonicMs - before.monotonicMs).toBe(5_000)
  })

  it('ended by a crash drops what had piled up', () => {
    const { world, b, link } = linked()
    world.pause('b')
    link.send(bytes('unread'))
    world.run({ forMs: 50 })
    world.restart('b')
    world.run({ forMs: 50 })
    expect(b.seen).toEqual([])
  })
})

describe('healAll', () => {
  it('leaves nothing broken', () => {
    const [world, all] = wires(['a', 'b', 'c', 'd'])
    world.crash('a')
    world.powerOff(['b'])
    world.pause('c')
    world.split(['d'])
    world.quality('a', 'd', { loss: 1 })
    world.drift('c', 1.5)
    world.healAll()
    expect(world.names.map((name) => world.state(name))).toEqual(['running', 'running', 'running', 'running'])
    dial(all.a, 'd:1')
    world.run({ forMs: 10 })
    all.a.links[0]?.send(bytes('1'))
    world.run({ forMs: 10 })
    expect(all.d.seen).toEqual(['accepted', '1'])
    const c = all.c
    const before = c.host.clock.now().monotonicMs
    world.run({ forMs: 100 })
    expect(c.host.clock.now().monotonicMs - before).toBe(100)
  })
})
