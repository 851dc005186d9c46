import { describe, expect, it } from 'vitest'
import { createDueClock, dueOf, hasDueWork, stepDueClock } from '../../src/role/index.js'
import type { DueClockEffect, DueClockInput, DueItem } from '../../src/role/index.js'

class Bench {
  readonly c = createDueClock()
  nowMs = 0
  wallMs = 1_000_000
  timerAtMs = Infinity
  readonly notes: string[] = []

  step(input: DueClockInput): DueClockEffect[] {
    const out = stepDueClock(this.c, input, { monotonicMs: this.nowMs, wallMs: this.wallMs })
    for (const effect of out) {
      if (effect.kind === 'timer') this.timerAtMs = this.nowMs + effect.afterMs
      if (effect.kind === 'note') this.notes.push(effect.text)
    }
    return out
  }

  /** Turns until there is nothing more to do: what is derived is said by `items`. */
  turns(items: readonly DueItem[], costMs = 0): string[] {
    const done: string[] = []
    while (hasDueWork(this.c)) {
      for (const effect of this.step({ kind: 'turn' })) {
        if (effect.kind === 'derive') this.step({ kind: 'derived', role: effect.role, items, costMs })
        if (effect.kind === 'derive') done.push('derive')
        if (effect.kind === 'run') done.push(effect.item.key)
      }
    }
    return done
  }

  pass(ms: number): void {
    this.nowMs += ms
    this.wallMs += ms
  }

  /** Time passes until the timer that was asked for. */
  timer(): number {
    const ms = this.timerAtMs - this.nowMs
    expect(ms).toBeLessThan(Infinity)
    this.pass(ms)
    this.timerAtMs = Infinity
    this.step({ kind: 'timer' })
    return ms
  }
}

const item = (key: string, at: number): DueItem => ({ role: 'r', key, command: 'free', at, input: null })
const AT = 1_000_000

function begun(): Bench {
  const b = new Bench()
  b.step({ kind: 'begin', roles: ['r'] })
  return b
}

describe('due commands', () => {
  it('run at their time, in the order of time; what is overdue runs at once after a take-over', () => {
    const b = begun()
    const items = [item('a', AT - 5), item('b', AT), item('c', AT + 70), item('d', AT + 70.5)]
    expect(b.turns(items)).toEqual(['derive', 'a', 'b'])
    expect(dueOf(b.c, 'r')?.waiting).toBe(2)
    expect(b.timer()).toBe(70)
    expect(b.turns(items)).toEqual(['c'])
  })

  it('are not given out again while their entry waits for its commit, and are looked at anew after it', () => {
    const b = begun()
    const [a] = [item('a', AT)]
    expect(b.turns([a])).toEqual(['derive', 'a'])
    b.step({ kind: 'decided', item: a, outcome: 'journalled' })
    b.step({ kind: 'changed', role: 'r' })
    expect(b.turns([a])).toEqual(['derive'])
    b.step({ kind: 'applied', role: 'r', key: 'a' })
    // It is derived again: a new appearance.
    expect(b.turns([a])).toEqual(['derive', 'a'])
  })

  it('wait when nothing may be journalled, and are not lost', () => {
    const b = begun()
    const a = item('a', AT)
    b.turns([a])
    b.step({ kind: 'decided', item: a, outcome: 'later' })
    expect(b.turns([a])).toEqual(['derive', 'a'])
  })

  it('the clock being set forward is noticed within 10 s', () => {
    const b = begun()
    const items = [item('a', AT + 3_600_000)]
    expect(b.turns(items)).toEqual(['derive'])
    b.wallMs += 3_600_000
    expect(b.timer()).toBe(10_000)
    expect(b.turns(items)).toEqual(['a'])
  })
})

describe('a due command that fails', () => {
  it('is tried again after 1 s, doubling to a minute, and blocks no other', () => {
    const b = begun()
    const [a, other] = [item('a', AT), item('b', AT + 1)]
    b.turns([a, other])
    const fail = (): void => {
      b.step({ kind: 'decided', item: a, outcome: { failed: 'threw' } })
      expect(b.turns([])).toEqual([])
    }
    fail()
    expect(b.timer()).toBe(1)
    expect(b.turns([])).toEqual(['b'])
    const pauses: number[] = []
    let fromMs = 0
    for (let i = 0; i < 9; i++) {
      let ran: string[] = []
      while (ran.length === 0) {
        b.timer()
        ran = b.turns([])
      }
      expect(ran).toEqual(['a'])
      pauses.push(b.nowMs - fromMs)
      fromMs = b.nowMs
      fail()
    }
    expect(pauses.slice(0, 3)).toEqual([1_000, 2_000, 4_000])
    expect(pauses.at(-1)).toBe(60_000)
    expect(dueOf(b.c, 'r')?.failing).toMatchObject([{ attempts: 10, text: 'threw' }])
    // Once for each reason.
    expect(b.notes).toHaveLength(1)
  })

  it('is forgotten when the state derives it no longer', () => {
    const b = begun()
    const a = item('a', AT)
    b.turns([a])
    b.step({ kind: 'decided', item: a, outcome: { failed: 'threw' } })
    b.step({ kind: 'changed', role: 'r' })
    b.turns([])
    expect(dueOf(b.c, 'r')).toEqual({ waiting: 0, failing: [] })
    b.pass(100_000)
    b.step({ kind: 'timer' })
    expect(b.turns([])).toEqual([])
  })
})

describe('what it costs', () => {
  it('a state that takes 20 ms to look through is looked through once a second', () => {
    const b = begun()
    expect(b.turns([], 20)).toEqual(['derive'])
    let derived = 0
    for (let ms = 0; ms < 10_000; ms += 10) {
      b.pass(10)
      if (b.timerAtMs <= b.nowMs) b.timer()
      b.step({ kind: 'changed', role: 'r' })
      derived += b.turns([], 20).length
    }
    expect(derived).toBe(10)
    // The last change is not forgotten.
    b.pass(10)
    b.step({ kind: 'changed', role: 'r' })
    expect(b.turns([], 20)).toEqual([])
    expect(b.timer()).toBe(990)
    expect(b.turns([], 20)).toEqual(['derive'])
  })

  it('a turn gives out no more than there is time for', () => {
    const many = Array.from({ length: 600 }, (_, i) => item(`k${i}`, AT))
    const perTurn = (costMs: number): number => {
      const b = begun()
      b.step({ kind: 'turn' })
      b.step({ kind: 'derived', role: 'r', items: many, costMs })
      return b.step({ kind: 'turn' }).filter(({ kind }) => kind === 'run').length
    }
    expect(perTurn(0)).toBe(256)
    expect(perTurn(4)).toBe(5)
    expect(perTurn(1_000)).toBe(1)
  })

  it('roles whose state stays the same are not looked at', () => {
    const b = begun()
    b.turns([])
    expect(hasDueWork(b.c)).toBe(false)
    expect(b.timerAtMs).toBe(Infinity)
    b.step({ kind: 'changed', role: 'unknown' })
    expect(hasDueWork(b.c)).toBe(false)
  })
})
