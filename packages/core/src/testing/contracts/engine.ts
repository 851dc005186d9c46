import type { Engine } from '../../host/index.js'
import {
  check,
  comes,
  contract,
  type ContractCase,
  type Draft,
  equal,
  quietMs,
  type Subject,
} from './case.js'

/** One engine under test, without cells. */
export interface EngineSubject extends Subject {
  readonly engine: Engine
}

/**
 * What every `Engine` must do, as named cases for any test runner.
 *
 * @example
 * for (const { name, run } of engineContract(() => ({ engine: myEngine(), ...timersPassage(timers) }))) it(name, ({ skip }) => run(skip))
 */
export function engineContract(create: () => EngineSubject | Promise<EngineSubject>): ContractCase[] {
  return contract(create, [...plain, ...asynchronous, ...stopping])
}

const plain: readonly Draft<EngineSubject>[] = [
  {
    name: 'a turn runs once after one wake or several, and never inside wake',
    run: async (subject) => {
      let turns = 0
      const cell = subject.engine.cell('a', () => void turns++)
      cell.wake()
      cell.wake()
      equal(turns, 0, 'turns inside of wake')
      await comes(subject, () => turns > 0, 'the turn')
      await subject.pass(quietMs)
      equal(turns, 1, 'turns after two wakes')
      cell.wake()
      await comes(subject, () => turns > 1, 'a turn after a later wake')
      await subject.pass(quietMs)
      equal(turns, 2, 'turns after a later wake')
    },
  },
  {
    name: 'no turn runs without a wake',
    run: async (subject) => {
      let turns = 0
      subject.engine.cell('a', () => void turns++)
      await subject.pass(quietMs)
      equal(turns, 0, 'turns')
    },
  },
  {
    name: 'a wake in a turn asks for one more, after it',
    run: async (subject) => {
      const seen: string[] = []
      const cell = subject.engine.cell('a', () => {
        seen.push('begins')
        if (seen.length < 6) cell.wake()
        seen.push('ends')
      })
      cell.wake()
      await comes(subject, () => seen.length === 8, 'four turns')
      await subject.pass(quietMs)
      equal(seen.join(' '), 'begins ends begins ends begins ends begins ends', 'turns')
    },
  },
  {
    name: 'every cell that is woken gets its turn, also by others',
    run: async (subject) => {
      const seen = new Set<number>()
      const cells = Array.from({ length: 100 }, (_, n) =>
        subject.engine.cell(`c${n}`, () => {
          seen.add(n)
          cells[n + 1]?.wake()
        }),
      )
      cells[0]?.wake()
      await comes(
        subject,
        () => seen.size === 100,
        'a turn of each of 100 cells, each woken by the one before',
      )
    },
  },
]

const asynchronous: readonly Draft<EngineSubject>[] = [
  {
    name: 'never two turns of one cell at a time: the next one waits for the promise of the one before',
    run: async (subject) => {
      const { seen, doors, cell } = gated(subject.engine, 'a')
      cell.wake()
      await comes(subject, () => doors.length === 1, 'the first turn')
      cell.wake()
      cell.wake()
      await subject.pass(quietMs)
      equal(seen, ['begin 1'], 'turns while the promise of the first is pending')
      doors[0]?.()
      await comes(subject, () => doors.length === 2, 'the turn that was asked for meanwhile')
      equal(seen, ['begin 1', 'end 1', 'begin 2'], 'order of turns')
      doors[1]?.()
      await comes(subject, () => seen.length === 4, 'the end of the second turn')
      await subject.pass(quietMs)
      equal(seen.slice(3), ['end 2'], 'two wakes during a turn are one more turn')
    },
  },
  {
    name: 'a wake before the first await of a turn asks for one more',
    run: async (subject) => {
      const seen: string[] = []
      const cell = subject.engine.cell('a', async () => {
        seen.push('begin')
        if (seen.length === 1) cell.wake()
        await Promise.resolve()
        seen.push('end')
      })
      cell.wake()
      await comes(subject, () => seen.length === 4, 'the second turn')
      equal(seen, ['begin', 'end', 'begin', 'end'], 'order of turns')
    },
  },
  {
    name: 'a turn that waits holds up its own cell only',
    run: async (subject) => {
      const { doors, cell } = gated(subject.engine, 'slow')
      let turns = 0
      const other = subject.engine.cell('other', () => void turns++)
      cell.wake()
      await comes(subject, () => doors.length === 1, 'the slow turn')
      other.wake()
      await comes(subject, () => turns === 1, 'a turn of another cell meanwhile')
      doors[0]?.()
    },
  },
]

const stopping: readonly Draft<EngineSubject>[] = [
  {
    name: 'no turn starts after stop, also when it was asked for before',
    run: async (subject) => {
      let turns = 0
      const cell = subject.engine.cell('a', () => void turns++)
      cell.wake()
      cell.stop()
      cell.wake()
      await subject.pass(quietMs)
      equal(turns, 0, 'turns')
    },
  },
  {
    name: 'a turn may stop its own cell and others that are ready',
    run: async (subject) => {
      const seen: string[] = []
      const second = subject.engine.cell('second', () => void seen.push('second'))
      const first = subject.engine.cell('first', () => {
        seen.push('first')
        second.stop()
        first.wake()
        first.stop()
      })
      first.wake()
      second.wake()
      await comes(subject, () => seen.includes('first'), 'the first turn')
      await subject.pass(quietMs)
      // In which order ready cells run is not promised.
      check(seen.filter((name) => name === 'first').length === 1, 'no turn of a cell after it stopped itself')
      check(seen.indexOf('second') <= 0, 'no turn of a cell after another one stopped it')
    },
  },
  {
    name: 'stop lets a running turn end by itself, and none follows',
    run: async (subject) => {
      const { seen, doors, cell } = gated(subject.engine, 'a')
      cell.wake()
      await comes(subject, () => doors.length === 1, 'the turn')
      cell.wake()
      cell.stop()
      doors[0]?.()
      await comes(subject, () => seen.includes('end 1'), 'the end of the running turn')
      await subject.pass(quietMs)
      equal(seen, ['begin 1', 'end 1'], 'turns')
    },
  },
]

/** A cell whose turns wait, each for its door. Doors open by a cell's turn, so that no turn depends on the test. */
function gated(
  engine: Engine,
  name: string,
): { seen: string[]; doors: (() => void)[]; cell: ReturnType<Engine['cell']> } {
  const seen: string[] = []
  const doors: (() => void)[] = []
  const cell = engine.cell(name, async () => {
    const turn = doors.length + 1
    seen.push(`begin ${turn}`)
    await new Promise<void>((resolve) => {
      const porter = engine.cell(`door ${turn} of ${name}`, resolve)
      doors.push(() => porter.wake())
    })
    seen.push(`end ${turn}`)
  })
  return { seen, doors, cell }
}
