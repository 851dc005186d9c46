import type { Clock, Timers } from '../../host/index.js'
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

/** A clock and the timers that go by it. */
export interface TimersSubject extends Subject {
  readonly clock: Clock
  readonly timers: Timers
}

/** What every `Clock` with its `Timers` must do, as named cases for any test runner. */
export function timersContract(create: () => TimersSubject | Promise<TimersSubject>): ContractCase[] {
  return contract(create, [...clocks, ...timers])
}

const clocks: readonly Draft<TimersSubject>[] = [
  {
    name: 'the monotonic clock never goes back',
    run: async (subject) => {
      let last = subject.clock.now().monotonicMs
      for (let i = 0; i < 40; i++) {
        await subject.pass(i % 3)
        for (let j = 0; j < 100; j++) {
          const next = subject.clock.now().monotonicMs
          check(next >= last, `expected a monotonic clock, but it read ${last} ms and then ${next} ms`)
          last = next
        }
      }
    },
  },
  {
    name: 'both clocks go on, in milliseconds, the wall clock from 1970',
    run: async (subject) => {
      const { clock } = subject
      const before = clock.now()
      await subject.pass(quietMs)
      const after = clock.now()
      // A busy machine may take far longer to come back, but no less.
      for (const name of ['monotonicMs', 'wallMs'] as const)
        check(after[name] - before[name] >= quietMs - 2, `${name} went on by ${quietMs} or more`)
      const year = new Date(after.wallMs).getUTCFullYear()
      check(
        year >= 2020 && year < 2200,
        `the wall clock counts milliseconds since 1970, so the year is ${year}`,
      )
    },
  },
]

const timers: readonly Draft<TimersSubject>[] = [
  {
    name: 'a timer never fires before its time on the monotonic clock, nor inside set',
    run: async (subject) => {
      const delays = [0, 0.3, 1, 2.5, 7, 20].flatMap((ms) => [ms, ms, ms, ms])
      const early: string[] = []
      let fired = 0
      let inSet = false
      const read = (): number => subject.clock.now().monotonicMs
      for (const delayMs of delays) {
        const dueMs = read() + delayMs
        inSet = true
        subject.timers.set(delayMs, () => {
          fired++
          if (inSet) early.push(`${delayMs} ms: inside of set`)
          const atMs = read()
          if (atMs < dueMs) early.push(`${delayMs} ms: ${dueMs - atMs} ms early`)
        })
        inSet = false
      }
      await comes(subject, () => fired === delays.length, `${delays.length} timers of up to 20 ms`)
      equal(early, [], 'timers that were early')
    },
  },
  {
    name: 'a timer fires once',
    run: async (subject) => {
      let fired = 0
      subject.timers.set(1, () => void fired++)
      await comes(subject, () => fired > 0, 'the timer')
      await subject.pass(quietMs)
      equal(fired, 1, 'times that it fired')
    },
  },
  {
    name: 'a timer never fires after cancel, and cancel may come twice or too late',
    run: async (subject) => {
      const fired: string[] = []
      const early = subject.timers.set(5, () => void fired.push('early'))
      early.cancel()
      early.cancel()
      const done = subject.timers.set(1, () => void fired.push('done'))
      await comes(subject, () => fired.length > 0, 'the timer that was left alone')
      done.cancel()
      await subject.pass(quietMs)
      equal(fired, ['done'], 'timers that fired')
    },
  },
  {
    name: 'a timer may be cancelled by another one that is due at the same time',
    run: async (subject) => {
      const fired: string[] = []
      const handles = ['a', 'b'].map((name) =>
        subject.timers.set(3, () => {
          fired.push(name)
          for (const handle of handles) handle.cancel()
        }),
      )
      await comes(subject, () => fired.length > 0, 'one of two timers')
      await subject.pass(quietMs)
      equal(fired.length, 1, 'timers that fired after the first cancelled both')
    },
  },
  {
    name: 'a timer may set another one, also for now',
    run: async (subject) => {
      let left = 20
      let inSet = false
      let nested = 0
      const again = (): void => {
        if (inSet) nested++
        if (--left === 0) return
        inSet = true
        subject.timers.set(0, again)
        inSet = false
      }
      subject.timers.set(0, again)
      await comes(subject, () => left === 0, 'twenty timers, each set by the one before')
      equal(nested, 0, 'timers that fired inside of set')
    },
  },
  {
    name: 'a month is not an instant',
    run: async (subject) => {
      let fired = 0
      const month = subject.timers.set(31 * 86_400_000, () => void fired++)
      await subject.pass(quietMs)
      month.cancel()
      equal(fired, 0, 'timers of 31 days that fired')
    },
  },
]
