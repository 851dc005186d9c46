import { describe, expect, it } from 'vitest'
import type { World } from '../../src/testing/index.js'
import { bytes, fire, linked, type Wire } from './wire.js'

describe('faults of disks', () => {
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
