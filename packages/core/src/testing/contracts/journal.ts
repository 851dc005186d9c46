import type { Entry, Journal, JournalError } from '../../journal/index.js'
import { check, contract, type ContractCase, type Draft, equal, numbers } from './case.js'

/** One store under test: a fresh, empty one for each case. */
export interface JournalSubject {
  /** Opens the journal; after `close`, `crash` or `powerOff` again on the same storage. */
  open(): Journal
  /** Returns when every outstanding sync has ended and its callbacks ran. */
  settle(): void | Promise<void>
  /** Ends the process that has it open: what was written stays. Without it, the cases that need it are skipped. */
  crash?(): void
  /** Cuts the power: what was not synced may be lost. Without it, the cases that need it are skipped. */
  powerOff?(): void
  /** Called after its case, also after a failed one. */
  end?(): void | Promise<void>
}

/**
 * What every `Journal` must do, as named cases for any test runner. A case rejects with an error that says what
 * was expected.
 *
 * @example
 * for (const { name, run } of journalContract(() => newSubject())) it(name, ({ skip }) => run(skip))
 */
export function journalContract(create: () => JournalSubject): ContractCase[] {
  return contract(create, [...basics, ...durability])
}

const basics: readonly Draft<JournalSubject>[] = [
  {
    name: 'a new journal is empty and begins at 1',
    run: async (subject) => {
      const journal = subject.open()
      equal([journal.firstIndex, journal.lastIndex, journal.termAt(0)], [1, 0, 0], 'first, last, term of 0')
      equal(journal.read(1, 1000).length, 0, 'entries read')
    },
  },
  {
    name: 'what was appended is readable at once, before it is durable',
    run: async (subject) => {
      const journal = subject.open()
      journal.append(entries(1, 3, 1), ignore)
      holds(journal, entries(1, 3, 1))
      await subject.settle()
      holds(journal, entries(1, 3, 1))
      equal(journal.durableIndex, 3, 'durableIndex')
    },
  },
  {
    name: 'done comes once each, in the order of the appends, with everything before it durable',
    run: async (subject) => {
      const journal = subject.open()
      const order: number[] = []
      const wrong: string[] = []
      for (let i = 1; i <= 20; i++) {
        journal.append(entries(i, i, 1), (error) => {
          order.push(i)
          if (error !== undefined) wrong.push(`${i}: ${error.code}`)
          if (journal.durableIndex < i) wrong.push(`${i}: durableIndex is ${journal.durableIndex}`)
        })
      }
      await subject.settle()
      equal(order, numbers(1, 20), 'order of done')
      equal(wrong, [], 'what was wrong when done came')
    },
  },
  {
    name: 'done may append again, and truncate',
    run: async (subject) => {
      const journal = subject.open()
      journal.append(entries(1, 4, 1), () => {
        journal.truncateFrom(3)
        journal.append(entries(3, 3, 2), () => journal.append(entries(4, 4, 2), ignore))
      })
      await subject.settle()
      holds(journal, [...entries(1, 2, 1), ...entries(3, 4, 2)])
    },
  },
  {
    name: 'an append without entries is a barrier: its done follows everything before it',
    run: async (subject) => {
      const journal = subject.open()
      let durable = -1
      journal.append(entries(1, 2, 1), ignore)
      journal.append([], () => (durable = journal.durableIndex))
      await subject.settle()
      equal(durable, 2, 'durableIndex at the barrier')
    },
  },
  {
    name: 'read gives at least one entry and no more than fit',
    run: async (subject) => {
      const journal = subject.open()
      journal.append(entries(1, 9, 1), ignore)
      await subject.settle()
      const size = payload(1, 1).length
      equal(journal.read(4, 0).map(indexOf), [4], 'indices for 0 bytes')
      equal(journal.read(4, size * 3).map(indexOf), [4, 5, 6], 'indices for three payloads')
      equal(journal.read(4, size * 3 - 1).map(indexOf), [4, 5], 'indices for a byte less')
      equal(journal.read(10, 1000).length, 0, 'entries behind the end')
    },
  },
  {
    name: 'terms are known for every index, also after a truncation',
    run: async (subject) => {
      const journal = subject.open()
      journal.append([...entries(1, 3, 1), ...entries(4, 5, 3), ...entries(6, 6, 7)], ignore)
      equal(
        numbers(0, 6).map((i) => journal.termAt(i)),
        [0, 1, 1, 1, 3, 3, 7],
        'terms',
      )
      journal.truncateFrom(5)
      journal.append(entries(5, 5, 8), ignore)
      equal(
        numbers(0, 5).map((i) => journal.termAt(i)),
        [0, 1, 1, 1, 3, 8],
        'terms after the truncation',
      )
    },
  },
  {
    name: 'a truncation hides entries at once, whether they were durable, queued or neither',
    run: async (subject) => {
      const journal = subject.open()
      journal.append(entries(1, 4, 1), ignore)
      await subject.settle()
      journal.append(entries(5, 6, 1), ignore)
      journal.append(entries(7, 8, 1), ignore)
      journal.truncateFrom(6)
      holds(journal, entries(1, 5, 1))
      journal.truncateFrom(3)
      holds(journal, entries(1, 2, 1))
      equal(journal.durableIndex, 2, 'durableIndex')
      journal.append(entries(3, 5, 2), ignore)
      holds(journal, [...entries(1, 2, 1), ...entries(3, 5, 2)])
      await subject.settle()
      holds(journal, [...entries(1, 2, 1), ...entries(3, 5, 2)])
      equal(journal.durableIndex, 5, 'durableIndex at the end')
    },
  },
  {
    name: 'everything can be truncated, and begun again',
    run: async (subject) => {
      const journal = subject.open()
      journal.append(entries(1, 5, 4), ignore)
      journal.truncateFrom(1)
      equal([journal.lastIndex, journal.termAt(0)], [0, 0], 'last index and term of 0')
      journal.append(entries(1, 2, 5), ignore)
      await reopen(subject, journal, entries(1, 2, 5))
    },
  },
]

const durability: readonly Draft<JournalSubject>[] = [
  {
    name: 'after close and open everything is there and becomes durable without an append',
    run: async (subject) => {
      const journal = subject.open()
      const all = [...entries(1, 40, 1), ...entries(41, 60, 2)]
      journal.append(all.slice(0, 30), ignore)
      journal.append(all.slice(30), ignore)
      const again = await reopen(subject, journal, all)
      equal(
        numbers(0, 60).map((i) => again.termAt(i)),
        [0, ...all.map((e) => e.term)],
        'terms',
      )
      equal(again.durableIndex, 60, 'durableIndex')
    },
  },
  {
    name: 'close waits for what is queued',
    run: async (subject) => {
      const journal = subject.open()
      const order: string[] = []
      journal.append(entries(1, 3, 1), () => order.push('append'))
      journal.truncateFrom(3)
      journal.close(() => order.push('close'))
      await subject.settle()
      equal(order, ['append', 'close'], 'order')
      holds(subject.open(), entries(1, 2, 1))
    },
  },
  {
    name: 'empty payloads, large ones and every kind come back',
    run: async (subject) => {
      const journal = subject.open()
      const big = new Uint8Array(700_000).map((_, i) => i % 251)
      const all: Entry[] = [
        { index: 1, term: 1, kind: 0, payload: new Uint8Array(0) },
        { index: 2, term: 1, kind: 255, payload: big },
        { index: 3, term: 2 ** 40, kind: 7, payload: new Uint8Array([0, 255]) },
      ]
      journal.append(all, ignore)
      await reopen(subject, journal, all)
    },
  },
  {
    name: 'a truncation is durable before a later append',
    needs: ['powerOff'],
    run: async (subject) => {
      const journal = subject.open()
      journal.append(entries(1, 30, 1), ignore)
      await subject.settle()
      journal.truncateFrom(11)
      journal.append(entries(11, 12, 2), ignore)
      await subject.settle()
      subject.powerOff?.()
      holds(subject.open(), [...entries(1, 10, 1), ...entries(11, 12, 2)])
    },
  },
  {
    name: 'what a dead process wrote is synced before it counts as durable',
    needs: ['crash', 'powerOff'],
    run: async (subject) => {
      const journal = subject.open()
      await subject.settle()
      journal.append(entries(1, 3, 1), ignore)
      subject.crash?.()
      const again = subject.open()
      const found = again.lastIndex
      check(again.durableIndex <= found, 'durableIndex is not ahead')
      let promised = -1
      again.append([], () => (promised = again.durableIndex))
      await subject.settle()
      equal(promised, found, 'durableIndex at the barrier')
      subject.powerOff?.()
      holds(subject.open(), entries(1, found, 1))
    },
  },
]

async function reopen(
  subject: JournalSubject,
  journal: Journal,
  expected: readonly Entry[],
): Promise<Journal> {
  let closed = false
  journal.close((error) => {
    equal(error, undefined, 'error of close')
    closed = true
  })
  await subject.settle()
  check(closed, 'close is done')
  const again = subject.open()
  holds(again, expected)
  await subject.settle()
  return again
}

function holds(journal: Journal, expected: readonly Entry[]): void {
  equal(journal.lastIndex, expected.at(-1)?.index ?? journal.firstIndex - 1, 'lastIndex')
  const found = journal.read(journal.firstIndex, Infinity)
  equal(found.map(textOf), expected.map(textOf), 'entries')
}

function textOf({ index, term, kind, payload: bytes }: Entry): string {
  return `${index} ${term} ${kind} ${bytes.join(',')}`
}

function entries(from: number, to: number, term: number): Entry[] {
  return numbers(from, to).map((index) => ({ index, term, kind: index % 256, payload: payload(index, term) }))
}

function payload(index: number, term: number): Uint8Array {
  return new Uint8Array(16).fill(index % 256, 0, 8).fill(term % 256, 8)
}

function indexOf(entry: Entry): number {
  return entry.index
}

function ignore(error?: JournalError): void {
  if (error !== undefined) throw error
}
