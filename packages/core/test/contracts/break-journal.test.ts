import { describe, expect, it } from 'vitest'
import { type Entry, type Journal, openJournal } from '../../src/journal/index.js'
import { type JournalBase, journalContract } from '../../src/testing/index.js'
import { Bench } from '../journal/bench.js'

/** A journal that does all as `inner` does, but for `changes`. */
const changed = (inner: Journal, changes: Partial<Journal>): Journal => ({
  get firstIndex() {
    return changes.firstIndex ?? inner.firstIndex
  },
  get lastIndex() {
    return changes.lastIndex ?? inner.lastIndex
  },
  get durableIndex() {
    return changes.durableIndex ?? inner.durableIndex
  },
  termAt: (index) => (changes.termAt ?? inner.termAt.bind(inner))(index),
  read: (from, maxBytes) => (changes.read ?? inner.read.bind(inner))(from, maxBytes),
  append: (entries, done) => (changes.append ?? inner.append.bind(inner))(entries, done),
  truncateFrom: (index) => (changes.truncateFrom ?? inner.truncateFrom.bind(inner))(index),
  dropPrefix: (index) => (changes.dropPrefix ?? inner.dropPrefix.bind(inner))(index),
  reset: (index, term) => (changes.reset ?? inner.reset.bind(inner))(index, term),
  close: (done) => (changes.close ?? inner.close.bind(inner))(done),
})

/** The names of the cases that it breaks. */
async function broken(change: (journal: Journal) => Partial<Journal>): Promise<string> {
  const found: string[] = []
  const cases = journalContract(() => {
    const bench = new Bench()
    const open = (base?: JournalBase): Journal => {
      const inner = openJournal(bench.folder, { segmentBytes: 100, ...(base && { base }) })
      return changed(inner, change(inner))
    }
    return {
      open,
      settle: () => bench.settle(),
      crash: () => bench.crash(),
      powerOff: () => bench.powerOff(),
    }
  })
  for (const { name, run } of cases) {
    try {
      await run()
    } catch {
      found.push(name)
    }
  }
  return found.join('\n')
}

const mistakes: readonly (readonly [string, (journal: Journal) => Partial<Journal>, RegExp])[] = [
  [
    'says that it is done before anything is durable',
    (journal) => ({
      append: (entries, done) => {
        journal.append(entries, () => {})
        done()
      },
    }),
    /done comes once each/,
  ],
  [
    'counts as durable what is only written',
    (journal) => ({ durableIndex: journal.lastIndex + 9 }),
    /durable/,
  ],
  [
    'calls done out of order',
    (journal) => {
      const waiting: (() => void)[] = []
      return {
        append: (entries, done) => {
          waiting.push(done)
          journal.append(entries, () => waiting.pop()?.())
        },
      }
    },
    /done comes once each/,
  ],
  ['forgets to truncate', () => ({ truncateFrom: () => {} }), /a truncation hides entries at once/],
  [
    'reads no entry that is larger than what was asked for',
    (journal) => ({
      read: (from, maxBytes) => {
        let left = maxBytes
        const fits = ({ payload }: Entry): boolean => (left -= payload.length) >= 0
        return journal.read(from, maxBytes).filter(fits)
      },
    }),
    /at least one entry/,
  ],
  [
    'keeps the terms of entries that were truncated',
    (journal) => {
      const terms = new Map<number, number>()
      return {
        termAt: (index) => {
          const term = terms.get(index) ?? journal.termAt(index)
          terms.set(index, term)
          return term
        },
      }
    },
    /terms are known for every index/,
  ],
  [
    'drops an entry too many',
    (journal) => ({ dropPrefix: (index) => journal.dropPrefix(Math.min(index + 4, journal.lastIndex + 1)) }),
    /a dropped prefix takes nothing/,
  ],
  [
    'forgets the term in front of what is left',
    (journal) => ({
      termAt: (index) => (index === journal.firstIndex - 1 ? 0 : journal.termAt(index)),
    }),
    /a dropped prefix takes nothing/,
  ],
  [
    'truncates everything instead of a reset',
    (journal) => ({ reset: () => journal.truncateFrom(journal.firstIndex) }),
    /after a reset the journal is empty/,
  ],
  [
    'does not tell the snapshot that it opens with',
    () => ({ firstIndex: 1 }),
    /a reset that never ended is finished/,
  ],
  ['says closed too early', () => ({ close: (done) => done() }), /close waits for what is queued/],
]

describe('the contract of journals rejects one that', () => {
  it.each(mistakes)('%s', async (_, change, caught) => {
    expect(await broken(change)).toMatch(caught)
  })

  it('and nothing of one that makes no mistake', async () => {
    expect(await broken(() => ({}))).toBe('')
  })
})
