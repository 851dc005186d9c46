import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiskError, type DiskFile } from '../../src/host/index.js'
import { SimDisk } from '../../src/testing/disk.js'
import { Bench, random } from '../journal/bench.js'

const bytes = (...list: number[]): Uint8Array => new Uint8Array(list)
const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof DiskError ? error.code : String(error)
  }
  return 'ok'
}

function durable(bench: Bench, name: string): DiskFile {
  const file = bench.folder.open(name, 'create')
  file.sync(() => undefined)
  bench.folder.sync(() => undefined)
  bench.settle()
  return file
}

/** What a number of seeds leave behind, without repetition. */
function outcomes(run: (bench: Bench) => string): string[] {
  const found = new Set<string>()
  for (let seed = 0; seed < 60; seed++) found.add(run(new Bench(seed)))
  return [...found].toSorted()
}

const read = (bench: Bench, path: string): string =>
  bench.disk.files().includes(path) ? [...bench.disk.content(path)].join('') : 'none'

describe('the simulated disk', () => {
  it('shows writes at once, zero-fills gaps and reads short only at the end', () => {
    const bench = new Bench()
    const file = bench.folder.open('a', 'create')
    file.write(2, bytes(7, 8))
    expect([...file.read(0, 9)]).toEqual([0, 0, 7, 8])
    file.truncate(3)
    file.truncate(5)
    expect([...file.read(1, 3)]).toEqual([0, 7, 0])
    expect(file.size).toBe(5)
  })

  it('makes durable what was there when sync was called, not what came during it', () => {
    const left = outcomes((bench) => {
      const file = durable(bench, 'a')
      file.write(0, bytes(1, 1))
      file.sync(() => undefined)
      file.write(0, bytes(2))
      bench.settle()
      bench.powerOff(false)
      return read(bench, 'data/a')
    })
    expect(left).toEqual(['11', '21'])
  })

  it('keeps or loses each unsynced write by its own chance, and with tear the last one in parts', () => {
    const left = (tear: boolean): string[] =>
      outcomes((bench) => {
        const file = durable(bench, 'a')
        file.write(0, bytes(1))
        file.write(1, bytes(2, 3))
        bench.powerOff(tear)
        return read(bench, 'data/a')
      })
    expect(left(false)).toEqual(['', '023', '1', '123'])
    expect(left(true)).toEqual(expect.arrayContaining(['12', '100', '023']))
  })

  it('tears a write into space that is there: any of its sectors are new, and the others as they were', () => {
    const left = new Set<string>()
    for (let seed = 0; seed < 300; seed++) {
      const bench = new Bench(seed)
      const file = durable(bench, 'a')
      file.write(0, new Uint8Array(2_048).fill(1))
      file.sync(() => undefined)
      bench.settle()
      file.write(256, new Uint8Array(1_024).fill(2))
      bench.powerOff()
      const content = bench.disk.content('data/a')
      left.add([0, 256, 512, 1_280].map((at) => content[at]).join(''))
      expect([content.length, content[255], content[1_280]]).toEqual([2_048, 1, 1])
    }
    const first = [...left].map((picture) => picture.slice(0, 3))
    expect(first).toEqual(expect.arrayContaining(['111', '121', '112', '122']))
  })

  it('prepares zeros that a power cut may take, but no sync', () => {
    const left = (sync: boolean): string[] =>
      outcomes((bench) => {
        const file = durable(bench, 'a')
        file.write(0, bytes(1))
        file.prepare(3)
        expect([file.size, ...file.read(0, 9)]).toEqual([3, 1, 0, 0])
        file.prepare(2)
        if (sync) file.sync(() => undefined)
        bench.settle()
        bench.powerOff(false)
        return read(bench, 'data/a')
      })
    expect(left(true)).toEqual(['100'])
    expect(left(false)).toEqual(['', '000', '1', '100'])
  })

  it('needs the folder synced for creations, renames and removals', () => {
    const names = (sync: boolean): string[] =>
      outcomes((bench) => {
        const old = durable(bench, 'old')
        durable(bench, 'gone')
        old.write(0, bytes(1))
        old.sync(() => undefined)
        bench.folder.open('new', 'create')
        bench.folder.rename('old', 'name')
        bench.folder.remove('gone')
        if (sync) bench.folder.sync(() => undefined)
        bench.settle()
        bench.powerOff(false)
        return bench.folder.list().join(' ')
      })
    expect(names(true)).toEqual(['name new'])
    expect(names(false).length).toBe(8)
  })

  it('ends syncs of one file in order, never inside the call', () => {
    const due: Array<{ ms: number; run: () => void }> = []
    const delays = [9, 1, 4]
    const disk = new SimDisk({
      schedule: (ms, run) => due.push({ ms, run }),
      random: random(1),
      syncMs: () => delays.shift() ?? 0,
    })
    disk.slow(100)
    const file = disk.openFolder('f').open('a', 'create')
    const order: number[] = []
    for (const n of [1, 2, 3]) file.sync(() => order.push(n))
    expect(order).toEqual([])
    const waits: number[] = []
    for (let next = due.shift(); next !== undefined; next = due.shift()) {
      waits.push(next.ms)
      next.run()
    }
    expect({ order, waits }).toEqual({ order: [1, 2, 3], waits: [109, 101, 104] })
  })

  it('outlives a crash, but the dead process gets nothing: no callback, no handle, no lock', () => {
    const bench = new Bench()
    const { disk, folder } = bench
    const file = folder.open('a', 'create')
    file.write(0, bytes(5))
    let called = false
    file.sync(() => (called = true))
    expect(code(() => disk.openFolder('data'))).toBe('locked')
    bench.crash()
    bench.settle()
    expect(called).toBe(false)
    expect([
      code(() => file.read(0, 1)),
      code(() => file.sync(() => undefined)),
      code(() => folder.list()),
    ]).toEqual(['failed', 'failed', 'failed'])
    folder.close()
    expect(code(() => disk.openFolder('data'))).toBe('locked')
    expect(read(bench, 'data/a')).toBe('5')
  })

  it('loses what a failed sync covered, even when the next sync succeeds', () => {
    const left = outcomes((bench) => {
      const file = durable(bench, 'a')
      file.write(0, bytes(1))
      bench.disk.failNextSync()
      let heard: unknown
      file.sync((error) => (heard = error?.code))
      bench.settle()
      expect(heard).toBe('failed')
      file.sync((error) => (heard = error))
      bench.settle()
      expect(heard).toBeUndefined()
      bench.powerOff(false)
      return read(bench, 'data/a')
    })
    expect(left).toEqual(['', '1'])
  })

  it('that is full takes a part of what grows, and still overwrites', () => {
    const bench = new Bench()
    const file = durable(bench, 'a')
    file.write(0, bytes(1, 2, 3))
    bench.disk.full = true
    expect(code(() => file.write(1, bytes(9, 9)))).toBe('ok')
    expect(code(() => file.write(3, bytes(7, 7, 7, 7)))).toBe('full')
    expect(file.size).toBeLessThan(7)
    expect(code(() => file.prepare(1_000))).toBe('ok')
    expect(file.size).toBeLessThan(7)
    expect(code(() => bench.folder.open('b', 'create'))).toBe('full')
  })

  it('rots on the platter too, and can be wiped', () => {
    const bench = new Bench()
    const file = durable(bench, 'a')
    file.write(0, bytes(1, 2))
    file.sync(() => undefined)
    bench.settle()
    bench.disk.rot('data/a', 1)
    expect([...file.read(0, 2)]).toEqual([1, 18])
    bench.powerOff()
    expect([...bench.disk.content('data/a')]).toEqual([1, 18])
    bench.disk.wipe()
    expect(bench.disk.files()).toEqual([])
  })

  it('is the same disk for the same seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat(2_000), { maxLength: 20 }), (seed, writes) => {
        const run = (): string => {
          const bench = new Bench(seed)
          const file = durable(bench, 'a')
          writes.forEach((at, i) => file.write(at, new Uint8Array(600).fill(i)))
          bench.powerOff()
          return read(bench, 'data/a')
        }
        expect(run()).toBe(run())
      }),
      { numRuns: 30 },
    )
  })
})
