import { describe, expect, it } from 'vitest'
import { createReactor, failingOf, hasWork, stepReactor } from '../../src/role/index.js'
import type { Reactor, ReactorEffect, ReactorInput, Task } from '../../src/role/index.js'

const limits = { attempts: 3, timeoutMs: 1_000, backoffMs: 100, maxBackoffMs: 300 }

/** The machine with a clock that stands until it is moved; jitter is always the longest. */
class Bench {
  readonly r: Reactor = createReactor({ next: () => 1, id: () => 'x' })
  nowMs = 0
  timerAtMs = Infinity
  readonly notes: string[] = []

  step(input: ReactorInput): ReactorEffect[] {
    const out = stepReactor(this.r, input, { monotonicMs: this.nowMs, wallMs: this.nowMs })
    for (const effect of out) {
      if (effect.kind === 'timer') this.timerAtMs = this.nowMs + effect.afterMs
      if (effect.kind === 'note') this.notes.push(effect.event)
    }
    return out
  }

  /** What a turn of the peer starts and settles. */
  turn(may: { readonly mayStart?: boolean; readonly maySettle?: boolean } = {}): string[] {
    return this.step({ kind: 'turn', mayStart: true, maySettle: true, ...may }).flatMap((effect) => {
      if (effect.kind === 'start') return [`${effect.run}: ${effect.role} ${effect.key} #${effect.attempt}`]
      if (effect.kind === 'settle') return effect.settlements.map(({ key, end }) => `${end} ${key}`)
      return []
    })
  }

  ended(run: number, failure: string | null = null): ReactorEffect[] {
    return this.step({ kind: 'ended', run, failure })
  }

  /** Time passes until the timer that was asked for. */
  timer(): ReactorEffect[] {
    this.nowMs = this.timerAtMs
    this.timerAtMs = Infinity
    return this.step({ kind: 'timer' })
  }
}

function task(index: number, more: Partial<Task> = {}): Task {
  return { role: 'r', key: `${index}.0`, index, n: 0, type: 'e', lane: '', limits, ...more }
}

const begin = (...tasks: Task[]): ReactorInput => ({ kind: 'begin', tasks })

describe('lanes', () => {
  it('run in the order of their events, side by side with others', () => {
    const b = new Bench()
    b.step(begin(task(1), task(2), task(3, { lane: ':x' })))
    expect(b.turn()).toEqual(['1: r 1.0 #1', '2: r 3.0 #1'])
    expect(b.turn()).toEqual([])
    b.ended(1)
    expect(b.turn()).toEqual(['done 1.0', '3: r 2.0 #1'])
  })

  it('16 of a role run at once, whatever other roles do', () => {
    const b = new Bench()
    const many = Array.from({ length: 20 }, (_, i) => task(i + 1, { lane: `:${i}` }))
    b.step(begin(...many, task(30, { role: 'other' })))
    expect(b.turn()).toHaveLength(17)
    expect(hasWork(b.r)).toBe(false)
    b.ended(5)
    b.ended(7)
    expect(b.turn().filter((text) => text.includes('#'))).toEqual(['18: r 17.0 #1', '19: r 18.0 #1'])
  })

  it('what an operator lets run again comes before what is newer in its lane, and never beside it', () => {
    const b = new Bench()
    b.step(begin(task(5), task(7)))
    expect(b.turn()).toEqual(['1: r 5.0 #1'])
    b.step({ kind: 'added', tasks: [task(2)] })
    expect(b.turn()).toEqual([])
    b.ended(1)
    expect(b.turn()).toEqual(['done 5.0', '2: r 2.0 #1'])
  })
})

describe('a reaction that fails', () => {
  it('holds up its lane, comes again after a pause that doubles, and is parked at last', () => {
    const b = new Bench()
    b.step(begin(task(1), task(2)))
    b.turn()
    b.ended(1, 'no')
    expect(failingOf(b.r, 'r').get('1.0')).toEqual({ attempts: 1, text: 'no' })
    expect(b.turn()).toEqual([])
    const pauses: number[] = []
    for (const run of [2, 3]) {
      const fromMs = b.nowMs
      while (!hasWork(b.r)) b.timer()
      pauses.push(b.nowMs - fromMs)
      expect(b.turn()).toEqual([`${run}: r 1.0 #${run}`])
      b.ended(run, 'no')
    }
    expect(pauses).toEqual([100, 200])
    expect(b.turn()).toEqual(['parked 1.0', '4: r 2.0 #1'])
    expect(b.notes).toEqual(['reaction-failed', 'reaction-failed', 'reaction-parked'])
  })

  it('is given up after its time: it is aborted, and what it says later counts for nothing', () => {
    const b = new Bench()
    b.step(begin(task(1)))
    b.turn()
    expect(b.timer().map(({ kind }) => kind)).toContain('abort')
    expect(b.nowMs).toBe(1_000)
    b.ended(1)
    expect(b.turn()).toEqual([])
    b.timer()
    expect(b.turn()).toEqual(['2: r 1.0 #2'])
  })

  it('waits no longer than it says', () => {
    const b = new Bench()
    b.step(begin(task(1, { limits: { ...limits, attempts: 9 } })))
    b.turn()
    for (let run = 1; run <= 4; run++) {
      b.ended(run, 'no')
      const fromMs = b.nowMs
      while (!hasWork(b.r)) b.timer()
      expect(b.nowMs - fromMs).toBe(Math.min(300, 100 * 2 ** (run - 1)))
      b.turn()
    }
  })
})

describe('what has no handler in this build', () => {
  it('waits without an attempt, and holds up nobody', () => {
    const b = new Bench()
    b.step(begin(task(1, { limits: null }), task(2)))
    expect(b.turn()).toEqual(['1: r 2.0 #1'])
  })
})

describe('settlements', () => {
  it('wait until something may be journalled', () => {
    const b = new Bench()
    b.step(begin(task(1)))
    b.turn()
    b.ended(1)
    expect(b.turn({ maySettle: false })).toEqual([])
    expect(hasWork(b.r)).toBe(true)
    expect(b.turn()).toEqual(['done 1.0'])
    b.step({ kind: 'unsettled', settlements: [{ role: 'r', key: '1.0', end: 'done' }] })
    expect(b.turn()).toEqual(['done 1.0'])
    expect(b.turn()).toEqual([])
  })

  it('are proposed again by the next reign when this one ended before their commit', () => {
    const b = new Bench()
    b.step(begin(task(1), task(2, { lane: ':x' })))
    b.turn()
    b.ended(1)
    b.turn()
    b.step({ kind: 'end' })
    // Ended well although it was told to stop.
    b.ended(2)
    b.step(begin(task(1), task(2, { lane: ':x' }), task(3)))
    expect(b.turn()).toEqual(['done 1.0', 'done 2.0', '3: r 3.0 #1'])
    b.step({ kind: 'gone', tasks: [{ role: 'r', key: '1.0' }] })
    b.step({ kind: 'end' })
    // Another server let it run again after an operator's word: nothing is remembered of it.
    b.step(begin(task(1)))
    expect(b.turn()).toEqual(['4: r 1.0 #1'])
  })

  it('of others end what runs here', () => {
    const b = new Bench()
    b.step(begin(task(1), task(2)))
    b.turn()
    const out = b.step({ kind: 'gone', tasks: [{ role: 'r', key: '1.0' }] })
    expect(out).toMatchObject([{ kind: 'abort', run: 1 }])
    expect(b.turn()).toEqual(['2: r 2.0 #1'])
  })
})

it('nothing begins while this peer may not serve, and all is aborted when it ends', () => {
  const b = new Bench()
  b.step(begin(task(1)))
  expect(b.turn({ mayStart: false })).toEqual([])
  expect(hasWork(b.r)).toBe(true)
  b.turn()
  expect(b.step({ kind: 'end' })).toMatchObject([{ kind: 'abort', run: 1 }])
  expect(b.turn()).toEqual([])
})
