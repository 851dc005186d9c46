import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiskError } from '../../src/host/index.js'
import { openJournal, type Entry, type Journal, type JournalOptions } from '../../src/journal/index.js'
import { Bench, entries, entry, logLines, picture, watched } from './bench.js'

interface Base {
  readonly index: number
  readonly term: number
}

/** Contents that may follow the snapshot after a power cut: a prefix of one of them, oldest first. */
class Model {
  base: Base = { index: 0, term: 0 }
  term = 1
  #now: Entry[] = []
  #histories: Array<{ list: Entry[]; acked: number }> = [{ list: [], acked: 0 }]

  get last(): number {
    return this.#now.at(-1)?.index ?? this.base.index
  }

  /** The newest entry that every history holds for good. */
  get acked(): number {
    return Math.min(...this.#histories.map((h) => h.acked))
  }

  append(journal: Journal, count: number, size: number): void {
    const added = Array.from({ length: count }, (_, i) => entry(this.last + 1 + i, this.term, size))
    this.#now = [...this.#now, ...added]
    const history = this.#histories.at(-1)!
    history.list = this.#now
    const upTo = this.last
    journal.append(added, (error) => {
      if (error !== undefined) return
      this.#histories.splice(0, this.#histories.indexOf(history))
      history.acked = Math.max(history.acked, upTo)
    })
  }

  truncate(journal: Journal, index: number): void {
    this.#now = this.#now.filter((e) => e.index < index)
    this.#histories.push({ list: this.#now, acked: Math.min(this.#histories.at(-1)!.acked, index - 1) })
    this.term++
    journal.truncateFrom(index)
  }

  /** An own snapshot, durable by now. */
  snapshot(index: number): void {
    const term = this.#now.find((e) => e.index === index)?.term
    if (term !== undefined) this.base = { index, term }
  }

  /** A snapshot from elsewhere, durable by now. */
  reset(journal: Journal, index: number): void {
    this.base = { index, term: ++this.term }
    this.#now = []
    this.#histories = [{ list: [], acked: index }]
    journal.reset(index, this.term)
  }

  open(bench: Bench, options: JournalOptions, powerWasCut: boolean): Journal {
    const journal = openJournal(bench.folder, { ...options, base: this.base })
    expect(journal.firstIndex).toBeLessThanOrEqual(this.base.index + 1)
    expect(journal.termAt(journal.firstIndex - 1)).toBeLessThanOrEqual(this.base.term)
    expect(journal.termAt(this.base.index)).toBe(this.base.term)
    const found = journal.read(this.base.index + 1, Infinity)
    const last = journal.lastIndex
    const fits = this.#histories.some(({ list }) => {
      const behind = list.filter((e) => e.index > this.base.index && e.index <= last)
      return last >= Math.max(this.acked, this.base.index) && picture(behind) === picture(found)
    })
    expect(fits, `[${picture(found)}] is a prefix of a history, up to ${this.acked} at least`).toBe(true)
    this.#now = journal.read(journal.firstIndex, Infinity)
    const history = { list: this.#now, acked: powerWasCut ? last : Math.max(this.acked, this.base.index) }
    this.#histories = powerWasCut ? [history] : [...this.#histories, history]
    return journal
  }

  visible(journal: Journal): void {
    expect(journal.lastIndex).toBe(this.last)
    const from = journal.firstIndex
    expect(picture(journal.read(from, Infinity))).toBe(picture(this.#now.filter((e) => e.index >= from)))
    expect(journal.termAt(from - 1)).toBeLessThanOrEqual(this.term)
  }

  settled(): void {
    this.#histories = [{ list: this.#now, acked: this.last }]
  }
}

const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 6 }),
      size: fc.constantFrom(0, 3, 40, 700),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('step' as const), times: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('truncate' as const, 'snapshot' as const, 'drop' as const, 'reset' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'power' as const) }) },
)

type Act = typeof act extends fc.Arbitrary<infer A> ? A : never

function play(seed: number, list: readonly Act[], options: JournalOptions): void {
  const bench = new Bench(seed)
  const model = new Model()
  let journal = openJournal(bench.folder, options)
  for (const one of list) {
    const { base } = model
    if (one.do === 'append') model.append(journal, one.count, one.size)
    else if (one.do === 'step') for (let i = 0; i < one.times; i++) bench.step()
    else if (one.do === 'truncate') {
      const behind = model.last - base.index
      if (behind > 0) model.truncate(journal, base.index + 1 + Math.floor(one.share * behind))
    } else if (one.do === 'snapshot') {
      model.snapshot(base.index + Math.ceil(one.share * (model.acked - base.index)))
    } else if (one.do === 'drop') {
      journal.dropPrefix(1 + Math.round(one.share * base.index))
    } else if (one.do === 'reset') {
      model.reset(journal, base.index + 1 + Math.floor(one.share * (model.last - base.index + 3)))
    } else {
      if (one.do === 'crash') bench.crash()
      else bench.powerOff()
      journal = model.open(bench, options, one.do === 'power')
    }
    model.visible(journal)
    expect(journal.durableIndex).toBeLessThanOrEqual(model.last)
    expect(journal.firstIndex).toBeLessThanOrEqual(model.base.index + 1)
  }
  bench.settle()
  model.settled()
  bench.powerOff()
  model.open(bench, options, true)
}

describe('any mix of appends, truncations, snapshots, drops, resets, crashes and power cuts', () => {
  it.each([
    { name: 'one segment', options: {} },
    { name: 'segments of some groups, in prepared space', options: { segmentBytes: 20_000, cacheBytes: 0 } },
    { name: 'small segments, no cache', options: { segmentBytes: 150, cacheBytes: 0 } },
    { name: 'a segment a group, a small cache', options: { segmentBytes: 1, cacheBytes: 900 } },
  ])('keeps what was acknowledged behind the snapshot: $name', ({ options }) => {
    fc.assert(
      fc.property(fc.nat(2 ** 30), fc.array(act, { maxLength: 60 }), (seed, list) =>
        play(seed, list, options),
      ),
      { numRuns: 400 },
    )
  })
})

describe('a reset over several segments, with new entries behind it', () => {
  /** Returns whether the power was cut; it is, in front of the `cutAt`-th act on the disk. */
  function run(cutAt: number, seed: number, to: number): boolean {
    const bench = new Bench(seed)
    const options = { segmentBytes: 100, cacheBytes: 0 }
    let left = Infinity
    const folder = watched(bench.folder, () => {
      if (left-- > 0) return
      bench.powerOff()
      throw new DiskError('failed', 'power')
    })
    const model = new Model()
    const journal = openJournal(folder, options)
    for (let i = 0; i < 4; i++) {
      model.append(journal, 3, 12)
      bench.settle()
    }
    expect(bench.disk.files().length).toBe(4)
    left = cutAt
    model.reset(journal, to)
    model.append(journal, 3, 12)
    model.append(journal, 3, 12)
    bench.settle()
    const cut = left < 0
    if (!cut) bench.powerOff()
    const again = model.open(bench, options, true)
    if (!cut) expect(again.lastIndex).toBe(to + 6)
    return cut
  }

  it.each([5, 9, 12, 30])('ends behind the snapshot of entry %i, wherever the power fails', (to) => {
    let acts = 0
    while (run(acts, 0, to)) acts++
    expect(acts).toBeGreaterThan(12)
    for (let seed = 1; seed <= 15; seed++) for (let cutAt = 0; cutAt <= acts; cutAt++) run(cutAt, seed, to)
  })
})

describe('what a snapshot covers', () => {
  /** Three sealed segments of two entries each, and the one in use: 1-2, 3-4, 5-6, 7-8. */
  function four(): Bench {
    const bench = new Bench()
    const journal = openJournal(bench.folder, { segmentBytes: 1 })
    for (let i = 0; i < 4; i++) {
      journal.append(entries(i * 2 + 1, i * 2 + 2, i + 1), () => undefined)
      bench.settle()
    }
    journal.close(() => undefined)
    return bench
  }
  const file = (first: number): string => `journal-${String(first).padStart(16, '0')}.seg`
  const base = { index: 4, term: 2 }

  it.each([1, 3])('may be damaged or missing: the segment of entry %i', (first) => {
    for (const hurt of ['lost', 'rotten', 'header', 'shortened']) {
      const bench = four()
      if (hurt === 'lost') bench.folder.remove(file(first))
      else if (hurt === 'rotten') bench.disk.rot(`data/${file(first)}`, 40)
      else if (hurt === 'header') bench.disk.rot(`data/${file(first)}`, 3)
      else bench.folder.open(file(first), 'existing').truncate(50)
      expect(() => openJournal(bench.folder)).toThrowError(expect.objectContaining({ code: 'damaged' }))
      const log = logLines()
      const journal = openJournal(bench.folder, { base, log })
      expect(picture(journal.read(5, Infinity))).toBe('5:3 6:3 7:4 8:4')
      expect(journal.termAt(4)).toBe(2)
      expect(journal.firstIndex).toBe(hurt === 'lost' && first === 1 ? 3 : first + 2)
      bench.settle()
      bench.powerOff()
      expect(picture(openJournal(bench.folder, { base }).read(5, Infinity))).toBe('5:3 6:3 7:4 8:4')
    }
  })

  it('is not more than that: damage behind it is refused', () => {
    for (const first of [5, 7]) {
      const bench = four()
      bench.folder.remove(file(first))
      if (first === 7) continue
      expect(() => openJournal(bench.folder, { base })).toThrowError(
        expect.objectContaining({ code: 'damaged' }),
      )
    }
    const rotten = four()
    rotten.disk.rot(`data/${file(5)}`, 40)
    expect(() => openJournal(rotten.folder, { base })).toThrowError(
      expect.objectContaining({ code: 'damaged' }),
    )
  })

  it('leaves the disk and the memory when it is dropped', () => {
    const bench = new Bench()
    const journal = openJournal(bench.folder, { segmentBytes: 5_000 })
    for (let i = 1; i <= 200; i++) {
      journal.append(entries(i, i, 1, 300), () => undefined)
      bench.settle()
    }
    const before = bench.disk.files().length
    journal.dropPrefix(190)
    bench.settle()
    expect(before).toBeGreaterThan(10)
    expect(bench.disk.files().length).toBeLessThanOrEqual(2)
    expect(journal.firstIndex).toBeGreaterThan(170)
    expect(picture(journal.read(190, Infinity))).toBe(picture(entries(190, 200, 1, 300)))
    expect(() => journal.read(100, 1)).toThrowError('begins at')
  })

  it('stays on a disk that refuses to remove it, and the journal goes on', () => {
    const bench = four()
    const stubborn = {
      ...watched(bench.folder, () => undefined),
      remove: () => {
        throw new DiskError('denied', 'a scanner reads it')
      },
    }
    const log = logLines()
    const journal = openJournal(stubborn, { base, log })
    journal.dropPrefix(5)
    journal.append(entries(9, 9, 5), () => undefined)
    bench.settle()
    expect(journal.durableIndex).toBe(9)
    expect(log.lines).toEqual(['warn journal-covered-stays', 'warn journal-covered-stays'])
    bench.crash()
    expect(openJournal(bench.folder, { base }).lastIndex).toBe(9)
  })
})

describe('a journal that is known to reach further', () => {
  it('is damaged, not torn: the disk stays as it is', () => {
    const make = (): Bench => {
      const bench = new Bench()
      const journal = openJournal(bench.folder)
      for (let i = 0; i < 2; i++) {
        journal.append(entries(i * 3 + 1, i * 3 + 3, 1), () => undefined)
        bench.settle()
      }
      journal.close(() => undefined)
      return bench
    }
    const path = 'data/journal-0000000000000001.seg'
    const code = (bench: Bench, least: number, base?: Base): string => {
      const before = bench.disk.content(path)
      try {
        openJournal(bench.folder, { least, ...(base && { base }) }).close(() => undefined)
        return 'opened'
      } catch (error) {
        expect(bench.disk.content(path)).toEqual(before)
        return error instanceof Error && 'code' in error ? String(error.code) : String(error)
      }
    }
    expect(code(make(), 6)).toBe('opened')
    expect(code(make(), 7)).toBe('damaged')
    expect(code(make(), 7, { index: 8, term: 2 })).toBe('opened')
    const rotten = make()
    rotten.disk.rot(path, 24 + 6 * (25 + 12) - 3)
    expect(code(rotten, 6)).toBe('damaged')
    expect(code(rotten, 5)).toBe('opened')
    const gone = make()
    gone.folder.remove('journal-0000000000000001.seg')
    expect(() => openJournal(gone.folder, { least: 1 })).toThrowError(/ends with entry 0/)
    expect(gone.disk.files()).toEqual([])
  })
})
