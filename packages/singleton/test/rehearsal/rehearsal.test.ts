import { describe, expect, it } from 'vitest'
import { play } from '../../src/rehearsal/play.js'
import { rehearse } from '../../src/rehearsal/rehearse.js'

/** Timers of a process in which time passes only by what is done, 1 ms at each look at the clock. */
function idleProcess() {
  let nowMs = 0
  let waiting: { readonly atMs: number; readonly fire: () => void } | null = null
  return {
    host: {
      clock: { now: () => ({ monotonicMs: (nowMs += 1), wallMs: 0 }) },
      timers: {
        set: (delayMs: number, fire: () => void) => {
          waiting = { atMs: nowMs + delayMs, fire }
          return { cancel: () => void (waiting = null) }
        },
      },
    },
    /** How long the next slice took; null: nothing is waited for. */
    slice: (): number | null => {
      const next = waiting
      if (next === null) return null
      waiting = null
      nowMs = next.atMs
      next.fire()
      return nowMs - next.atMs
    },
    pauseMs: () => (waiting === null ? null : waiting.atMs - nowMs),
  }
}

describe('a take-over in memory', () => {
  it('is played to its end: everybody is answered, before the server is killed and after', () => {
    const heard: string[] = []
    const step = play((status) => void heard.push(status))
    let steps = 0
    while (step()) steps += 1
    expect(heard).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
    expect(steps).toBeLessThan(1_000)
  })
})

describe('a rehearsal', () => {
  it('comes in short slices, until it was played three times, and then rests', () => {
    const { host, slice, pauseMs } = idleProcess()
    rehearse(host, () => 0)
    let slices = 0
    for (; pauseMs() !== 30_000; slices++) expect(slice()).toBeLessThanOrEqual(3)
    expect(slices).toBeGreaterThan(300)
  })

  it('waits while the process has other work', () => {
    const { host, slice, pauseMs } = idleProcess()
    let load = 0.9
    rehearse(host, () => load)
    for (let i = 0; i < 50; i++) expect(slice()).toBe(0)
    load = 0
    expect(slice()).toBeGreaterThan(0)
    expect(pauseMs()).toBe(10)
  })

  it('that fails hurts nobody, and is not repeated', () => {
    const { host, slice, pauseMs } = idleProcess()
    rehearse(
      host,
      () => 0,
      () => () => {
        throw new Error('stage fright')
      },
    )
    slice()
    expect(pauseMs()).toBeNull()
  })

  it('ends when it is told to', () => {
    const { host, slice } = idleProcess()
    const end = rehearse(host, () => 0)
    slice()
    end()
    expect(slice()).toBeNull()
  })
})
