import { type Entry, type Journal, JournalError } from '../../journal/index.js'
import { check, contract, type ContractCase, type Draft, equal, numbers } from './case.js'

/** The last entry that a durable snapshot covers. */
export interface JournalBase {
  readonly index: number
  readonly term: number
}

/** One store under test: a fresh, empty one for each case. */
export interface JournalSubject {
  /**
   * Opens the journal; after `close`, `crash` or `powerOff` again on the same storage. `base` is the newest whole
   * snapshot beside it; it may be undefined.
   */
  open(base?: JournalBase): Journal
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
  return contract(create, [...basics, ...durability, ...prefixes, ...resets])
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

const prefixes: readonly Draft<JournalSubject>[] = [
  {
    name: 'a dropped prefix takes nothing from its index on, and the term in front of what is left stays known',
    run: async (subject) => {
      const journal = subject.open()
      const all = await grown(subject, journal, 30)
      for (const index of [1, 4, 11, 11, 25, 31]) {
        journal.dropPrefix(index)
        const first = journal.firstIndex
        check(first >= 1 && first <= index, `firstIndex ${first} is not behind ${index}`)
        equal(journal.termAt(first - 1), termOf(first - 1), `term of ${first - 1}`)
        holds(journal, all.slice(first - 1))
      }
      journal.append(entries(31, 32, 9), ignore)
      await subject.settle()
      holds(journal, [...all, ...entries(31, 32, 9)].slice(journal.firstIndex - 1))
      equal(journal.durableIndex, 32, 'durableIndex')
    },
  },
  {
    name: 'a dropped prefix may be there again after a power cut, what follows it is',
    needs: ['powerOff'],
    run: async (subject) => {
      const journal = subject.open()
      const all = await grown(subject, journal, 30)
      journal.dropPrefix(12)
      journal.append(entries(31, 33, 9), ignore)
      journal.dropPrefix(25)
      await subject.settle()
      subject.powerOff?.()
      const again = subject.open({ index: 24, term: termOf(24) })
      check(again.firstIndex <= 25, `firstIndex ${again.firstIndex} is at most 25`)
      holds(again, [...all, ...entries(31, 33, 9)].slice(again.firstIndex - 1))
    },
  },
  {
    name: 'a prefix may be dropped while a truncation in front of it waits',
    run: async (subject) => {
      const journal = subject.open()
      const all = await grown(subject, journal, 12)
      journal.truncateFrom(5)
      journal.append(entries(5, 12, 9), ignore)
      journal.dropPrefix(9)
      const now = [...all.slice(0, 4), ...entries(5, 12, 9)]
      holds(journal, now.slice(journal.firstIndex - 1))
      await subject.settle()
      holds(journal, now.slice(journal.firstIndex - 1))
    },
  },
  {
    name: 'a snapshot that the journal reaches changes nothing behind it',
    run: async (subject) => {
      const journal = subject.open()
      const all = await grown(subject, journal, 9)
      journal.close(ignore)
      await subject.settle()
      for (const index of [3, 9]) {
        const again = subject.open({ index, term: termOf(index) })
        holds(again, all.slice(again.firstIndex - 1))
        again.close(ignore)
        await subject.settle()
      }
    },
  },
]

const resets: readonly Draft<JournalSubject>[] = [
  {
    name: 'after a reset the journal is empty at once, behind the snapshot, and goes on from there',
    run: async (subject) => {
      const journal = subject.open()
      await grown(subject, journal, 9)
      journal.append(entries(10, 11, 9), ignore)
      journal.reset(40, 12)
      equal([journal.firstIndex, journal.lastIndex, journal.termAt(40)], [41, 40, 12], 'first, last, term')
      equal(journal.read(41, 1000).length, 0, 'entries read')
      equal(journal.durableIndex, 40, 'durableIndex: the snapshot is durable')
      journal.append(entries(41, 43, 12), ignore)
      holds(journal, entries(41, 43, 12))
      await subject.settle()
      holds(journal, entries(41, 43, 12))
      equal(journal.durableIndex, 43, 'durableIndex at the end')
      journal.truncateFrom(42)
      journal.append(entries(42, 42, 13), ignore)
      const left = [...entries(41, 41, 12), ...entries(42, 42, 13)]
      await reopen(subject, journal, left, { index: 40, term: 12 })
    },
  },
  {
    name: 'done comes in order over a reset',
    run: async (subject) => {
      const journal = subject.open()
      const order: string[] = []
      journal.append(entries(1, 3, 1), () => order.push('before'))
      journal.reset(7, 2)
      journal.append([], () => order.push('barrier'))
      journal.append(entries(8, 8, 2), () => order.push(`after, ${journal.durableIndex}`))
      await subject.settle()
      equal(order, ['before', 'barrier', 'after, 8'], 'order of done')
    },
  },
  {
    name: 'a reset is durable before a later append',
    needs: ['powerOff'],
    run: async (subject) => {
      const journal = subject.open()
      await grown(subject, journal, 30)
      journal.reset(20, 12)
      journal.append(entries(21, 22, 12), ignore)
      await subject.settle()
      subject.powerOff?.()
      holds(subject.open({ index: 20, term: 12 }), entries(21, 22, 12))
    },
  },
  {
    name: 'a reset that never ended is finished by the snapshot: behind the end, or of another term',
    needs: ['powerOff'],
    run: async (subject) => {
      const journal = subject.open()
      await grown(subject, journal, 9)
      subject.powerOff?.()
      for (const base of [
        { index: 14, term: 3 },
        { index: 16, term: 8 },
      ]) {
        const again = subject.open(base)
        equal([again.firstIndex, again.lastIndex], [base.index + 1, base.index], 'first and last')
        equal(again.termAt(base.index), base.term, 'term')
        again.append(entries(base.index + 1, base.index + 3, base.term), ignore)
        await subject.settle()
        subject.powerOff?.()
      }
      const other = subject.open({ index: 18, term: 9 })
      equal([other.firstIndex, other.lastIndex, other.termAt(18)], [19, 18, 9], 'first, last, term')
    },
  },
  {
    name: 'a journal that begins behind its snapshot is damaged',
    run: async (subject) => {
      const journal = subject.open()
      journal.reset(20, 5)
      journal.append(entries(21, 23, 5), ignore)
      journal.close(ignore)
      await subject.settle()
      equal(
        codeOf(() => subject.open()),
        'damaged',
        'code without a snapshot',
      )
      equal(
        codeOf(() => subject.open({ index: 19, term: 5 })),
        'damaged',
        'code with an older one',
      )
      holds(subject.open({ index: 20, term: 5 }), entries(21, 23, 5))
    },
  },
]

/** The term of each of the entries that `grown` appends. */
const termOf = (index: number): number => Math.ceil(index / 4)

/** Appends up to `last`, each in a group of its own. */
async function grown(subject: JournalSubject, journal: Journal, last: number): Promise<Entry[]> {
  const all = numbers(1, last).flatMap((index) => entries(index, index, termOf(index)))
  for (const entry of all) {
    journal.append([entry], ignore)
    await subject.settle()
  }
  return all
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof JournalError ? error.code : String(error)
  }
  return 'none'
}

async function reopen(
  subject: JournalSubject,
  journal: Journal,
  expected: readonly Entry[],
  base?: JournalBase,
): Promise<Journal> {
  let closed = false
  journal.close((error) => {
    equal(error, undefined, 'error of close')
    closed = true
  })
  await subject.settle()
  check(closed, 'close is done')
  const again = subject.open(base)
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
