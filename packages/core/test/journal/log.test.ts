import { crc32 as zlibCrc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../../src/journal/crc32.js'
import { openJournal } from '../../src/journal/index.js'
import { Bench, entries, inPlace, picture, watched } from './bench.js'

describe('the checksum', () => {
  it('is the CRC-32 of zlib, from any place and in parts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, n) => {
        const cut = Math.min(n, bytes.length)
        expect(crc32(bytes, cut, bytes.length)).toBe(zlibCrc32(bytes.subarray(cut)))
        expect(crc32(bytes, cut, bytes.length, crc32(bytes, 0, cut))).toBe(zlibCrc32(bytes))
      }),
    )
  })
})

describe('group commit', () => {
  it('writes and syncs what queued during one sync as the next group', () => {
    const bench = new Bench()
    const acts: string[] = []
    const journal = openJournal(watched(bench.folder, (act) => acts.push(act)))
    bench.settle()
    acts.length = 0
    for (let i = 1; i <= 100; i++) journal.append(entries(i, i, 1), () => undefined)
    expect(acts).toEqual(['prepare', 'write', 'sync'])
    bench.settle()
    expect(acts).toEqual(['prepare', 'write', 'sync', 'write', 'sync'])
  })

  it('does not recurse on a disk that syncs in place, however long callers go on in done', () => {
    const bench = new Bench()
    const journal = openJournal(inPlace(bench.folder))
    const next = (i: number): void => {
      if (i <= 20_000) journal.append(entries(i, i, 1), () => next(i + 1))
    }
    next(1)
    expect(journal.durableIndex).toBe(20_000)
  })

  it('goes on after a done that throws', () => {
    const bench = new Bench()
    const journal = openJournal(bench.folder)
    bench.settle()
    journal.append(entries(1, 1, 1), () => {
      throw new Error('from the caller')
    })
    expect(() => bench.settle()).toThrowError('from the caller')
    let done = false
    journal.append(entries(2, 2, 1), () => (done = true))
    bench.settle()
    expect(done).toBe(true)
  })
})

describe('space ahead', () => {
  /** Sizes of the file, one after each group of `bytes`. */
  function sizes(bytes: number, groups: number, segmentBytes: number): number[] {
    const bench = new Bench()
    const journal = openJournal(bench.folder, { segmentBytes })
    bench.settle()
    return Array.from({ length: groups }, (_, i) => {
      journal.append(entries(i + 1, i + 1, 1, bytes), () => undefined)
      bench.settle()
      return bench.disk.content(bench.disk.files().at(-1)!).length
    })
  }

  it('is as much again as is in use, in whole blocks, and 256 KiB at most', () => {
    const found = [...new Set(sizes(1_000, 600, 2 ** 21))]
    expect(found.slice(0, 6)).toEqual([4_096, 12_288, 28_672, 61_440, 126_976, 258_048])
    const steps = found.slice(1).map((size, i) => size - found[i]!)
    expect(Math.max(...steps)).toBeLessThanOrEqual((256 + 8) * 1_024)
    expect(found.length).toBeLessThan(10)
  })

  it('is never beyond the size of a segment, and none is in front of a large group', () => {
    expect(new Set(sizes(1_000, 10, 10_000))).toEqual(new Set([4_096, 10_000, 10_274]))
    expect(sizes(80, 3, 100)).toEqual([129, 129, 129])
    expect(sizes(70_000, 3, 2 ** 21)).toEqual([1, 2, 3].map((n) => 24 + n * 70_025))
  })
})

describe('memory', () => {
  it('reads from the disk what the cache let go, and never needs a sync for it', () => {
    const bench = new Bench()
    const journal = openJournal(bench.folder, { cacheBytes: 2_000, segmentBytes: 5_000 })
    for (let i = 1; i <= 200; i++) {
      journal.append(entries(i, i, 1, 300), () => undefined)
      if (i % 7 === 0) bench.step()
      expect(picture(journal.read(Math.max(1, i - 60), Infinity))).toBe(
        picture(entries(Math.max(1, i - 60), i, 1, 300)),
      )
    }
    bench.settle()
    expect(bench.disk.files().length).toBeGreaterThan(5)
    expect(picture(journal.read(1, 300 * 50))).toBe(picture(entries(1, 50, 1, 300)))
  })
})

it('refuses indices with a gap, older terms and truncation outside', () => {
  const journal = openJournal(new Bench().folder)
  journal.append(entries(1, 2, 5), () => undefined)
  expect(() => journal.append(entries(4, 4, 5), () => undefined)).toThrowError('next index is 3')
  expect(() => journal.append(entries(3, 3, 4), () => undefined)).toThrowError('term 4 follows 5')
  expect(() => journal.truncateFrom(0)).toThrowError('cannot truncate')
  expect(() => journal.truncateFrom(4)).toThrowError('cannot truncate')
  expect(() => journal.termAt(3)).toThrowError('no term at 3')
})
