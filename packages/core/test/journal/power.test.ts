import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiskError } from '../../src/host/index.js'
import { openJournal, type Entry, type Journal, type JournalOptions } from '../../src/journal/index.js'
import { Bench, entries, entry, picture, watched } from './bench.js'

/** What must and what may be on the disk: every history since the last acknowledged one. */
class Model {
  #now: Entry[] = []
  /** Contents that a power cut may leave a prefix of, oldest first; shortened as acknowledgements come. */
  #histories: Array<{ list: Entry[]; acked: number }> = [{ list: [], acked: 0 }]

  get last(): number {
    return this.#now.length
  }

  get term(): number {
    return this.#now.at(-1)?.term ?? 0
  }

  append(journal: Journal, added: Entry[]): void {
    this.#now = [...this.#now, ...added]
    const list = this.#now
    const history = this.#histories.at(-1)!
    history.list = list
    journal.append(added, (error) => {
      if (error !== undefined) return
      // Everything queued before is durable too: older histories are over.
      this.#histories.splice(0, this.#histories.indexOf(history))
      history.acked = Math.max(history.acked, list.length)
    })
  }

  truncate(journal: Journal, index: number): void {
    this.#now = this.#now.slice(0, index - 1)
    const acked = Math.min(this.#histories.at(-1)!.acked, index - 1)
    this.#histories.push({ list: this.#now, acked })
    journal.truncateFrom(index)
  }

  /**
   * Checks what was found and goes on from there. After a power cut that is all there is; after a crash the
   * power may still take it back to what was there before.
   */
  recovered(found: Entry[], powerWasCut = true): void {
    const floor = Math.min(...this.#histories.map((h) => h.acked))
    const text = picture(found)
    const fits = this.#histories.some(
      ({ list }) => found.length >= floor && picture(list.slice(0, found.length)) === text,
    )
    expect(fits, `[${text}] is a prefix of a history, with at least ${floor}`).toBe(true)
    this.#now = found
    const history = { list: found, acked: powerWasCut ? found.length : floor }
    this.#histories = powerWasCut ? [history] : [...this.#histories, history]
  }

  visible(journal: Journal): void {
    expect(picture(journal.read(1, Infinity))).toBe(picture(this.#now))
  }

  settled(): void {
    this.#histories = [{ list: this.#now, acked: this.#now.length }]
  }
}

describe('a truncation over several segments, with new entries behind it', () => {
  /** Returns whether the power was cut; it is, in front of the `cutAt`-th act on the disk. */
  function run(cutAt: number, seed: number): boolean {
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
    for (let i = 1; i <= 9; i += 3) {
      model.append(journal, entries(i, i + 2, 1))
      bench.settle()
    }
    expect(bench.disk.files().length).toBe(3)
    left = cutAt
    model.truncate(journal, 3)
    model.append(journal, entries(3, 5, 2))
    model.truncate(journal, 5)
    model.append(journal, entries(5, 9, 3))
    bench.settle()
    const cut = left < 0
    if (!cut) bench.powerOff()
    const again = openJournal(bench.folder, options)
    model.recovered(again.read(1, Infinity))
    if (!cut) expect(again.lastIndex).toBe(9)
    return cut
  }

  it('leaves old or new but never a mix, wherever the power fails', () => {
    let acts = 0
    while (run(acts, 0)) acts++
    expect(acts).toBeGreaterThan(10)
    for (let seed = 1; seed <= 40; seed++) for (let cutAt = 0; cutAt <= acts; cutAt++) run(cutAt, seed)
  })
})

const runs = 400

type Act =
  | { readonly kind: 'append'; readonly count: number; readonly size: number; readonly newTerm: boolean }
  | { readonly kind: 'truncate'; readonly share: number }
  | { readonly kind: 'step'; readonly times: number }
  | { readonly kind: 'crash' }
  | { readonly kind: 'power' }

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        count: fc.integer({ min: 1, max: 6 }),
        size: fc.constantFrom(0, 3, 40, 700),
        newTerm: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('truncate' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('step' as const), times: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'power' as const }) },
  ),
  { maxLength: 60 },
)

function play(seed: number, list: readonly Act[], options: JournalOptions): void {
  const bench = new Bench(seed)
  const model = new Model()
  let term = 1
  let journal = openJournal(bench.folder, options)
  const reopen = (powerWasCut: boolean): void => {
    journal = openJournal(bench.folder, options)
    model.recovered(journal.read(1, Infinity), powerWasCut)
  }
  for (const act of list) {
    if (act.kind === 'append') {
      if (act.newTerm) term++
      const first = model.last + 1
      model.append(
        journal,
        Array.from({ length: act.count }, (_, i) => entry(first + i, term, act.size)),
      )
    } else if (act.kind === 'truncate' && model.last > 0) {
      model.truncate(journal, 1 + Math.floor(act.share * model.last))
      term++
    } else if (act.kind === 'step') {
      for (let i = 0; i < act.times; i++) bench.step()
    } else if (act.kind === 'crash') {
      bench.crash()
      reopen(false)
    } else if (act.kind === 'power') {
      bench.powerOff()
      reopen(true)
    }
    model.visible(journal)
    expect(journal.durableIndex).toBeLessThanOrEqual(model.last)
    if (model.last > 0) expect(journal.termAt(model.last)).toBe(model.term)
  }
  bench.settle()
  model.settled()
  bench.powerOff()
  reopen(true)
}

describe('any mix of appends, truncations, crashes and power cuts', () => {
  it.each([
    { name: 'one segment', options: {} },
    { name: 'segments of some groups, in prepared space', options: { segmentBytes: 20_000, cacheBytes: 0 } },
    { name: 'small segments, no cache', options: { segmentBytes: 150, cacheBytes: 0 } },
    { name: 'a segment a group, a small cache', options: { segmentBytes: 1, cacheBytes: 900 } },
  ])('keeps what was acknowledged and a prefix of the rest: $name', ({ options }) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 30 }), acts, (seed, list) => play(seed, list, options)),
      { numRuns: runs },
    )
  })

  it('keeps durableIndex true: what it covers survives', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 30 }), fc.integer({ min: 0, max: 12 }), (seed, steps) => {
        const bench = new Bench(seed)
        let journal = openJournal(bench.folder, { segmentBytes: 120 })
        for (let i = 0; i < 4; i++) journal.append(entries(i * 3 + 1, i * 3 + 3, 1), () => undefined)
        for (let i = 0; i < steps; i++) bench.step()
        bench.crash()
        journal = openJournal(bench.folder, { segmentBytes: 120 })
        for (let i = 0; i < steps % 3; i++) bench.step()
        const durable = journal.durableIndex
        bench.powerOff()
        expect(openJournal(bench.folder).lastIndex).toBeGreaterThanOrEqual(durable)
      }),
      { numRuns: 400 },
    )
  })
})
