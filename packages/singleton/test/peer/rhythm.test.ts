import { describe, expect, it } from 'vitest'
import { Rhythm } from '../../src/peer/rhythm.js'
import { KeyedTimers } from '../../src/peer/timers.js'

const EVERY_MS = 250

/** A member whose beats are noted, and a leader that beats when the test says so; time passes in whole milliseconds. */
function member(): {
  beats: number[]
  wakes: () => number
  leaderBeats: () => void
  pass: (ms: number) => void
} {
  let now = 0
  let wakes = 0
  const armed = new Set<{ readonly atMs: number; readonly fire: () => void }>()
  const host = {
    clock: { now: () => ({ monotonicMs: now, wallMs: now }) },
    timers: {
      set: (delayMs: number, fire: () => void) => {
        const timer = { atMs: now + delayMs, fire }
        armed.add(timer)
        return { cancel: () => void armed.delete(timer) }
      },
    },
  }
  const beats: number[] = []
  const timers = new KeyedTimers(host, () => beat())
  const rhythm = new Rhythm(timers, 'beat')
  const beat = (): void => {
    beats.push(now)
    rhythm.arm(EVERY_MS)
  }
  rhythm.arm(EVERY_MS)
  return {
    beats,
    wakes: () => wakes,
    leaderBeats: () => void (rhythm.leaderBeats() && beat()),
    pass: (ms) => {
      for (const endMs = now + ms; now < endMs; now += 1) {
        for (const timer of armed) {
          if (timer.atMs > now) continue
          armed.delete(timer)
          wakes += 1
          timer.fire()
        }
      }
    },
  }
}

describe('the beats of a member', () => {
  it('go by its own timer while nobody leads', () => {
    const one = member()
    one.pass(1_001)
    expect(one.beats).toEqual([250, 500, 750, 1_000])
  })

  it.each([1, 40, 90, 130, 200, 249])('leave with the leader’s after a few, begun %i ms apart', (apartMs) => {
    const one = member()
    one.pass(apartMs)
    const leaders: number[] = []
    for (let i = 0; i < 20; i++) {
      leaders.push(apartMs + i * EVERY_MS)
      one.leaderBeats()
      one.pass(EVERY_MS)
    }
    expect(one.beats.slice(-5)).toEqual(leaders.slice(-5))
    // Then the process is woken by the leader's frame alone.
    const before = one.wakes()
    for (let i = 0; i < 4; i++) {
      one.leaderBeats()
      one.pass(EVERY_MS)
    }
    expect(one.wakes()).toBe(before)
  })

  it('are never further apart than a tenth more, nor nearer than a fifth less', () => {
    const one = member()
    for (let i = 0; i < 400; i++) {
      // A leader whose beats come early and late.
      one.pass(200 + ((i * 37) % 100))
      one.leaderBeats()
    }
    const gaps = one.beats.slice(1).map((atMs, i) => atMs - (one.beats[i] ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(EVERY_MS * 1.1)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(EVERY_MS * 0.8)
  })

  it('go on by its own timer when the leader falls silent', () => {
    const one = member()
    for (let i = 0; i < 20; i++) {
      one.leaderBeats()
      one.pass(EVERY_MS)
    }
    const silentSinceMs = one.beats.at(-1) ?? 0
    one.pass(1_000)
    const [first = 0, ...rest] = one.beats
      .filter((atMs) => atMs > silentSinceMs)
      .map((at) => at - silentSinceMs)
    expect(first).toBe(EVERY_MS * 1.1)
    expect(rest.map((at) => at - first)).toEqual([250, 500, 750])
  })
})
