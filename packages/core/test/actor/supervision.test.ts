import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mailbox } from '../../src/actor/mailbox.js'
import { Queue } from '../../src/actor/queue.js'
import { judge } from '../../src/actor/supervision.js'

describe('judge', () => {
  it('never allows more restarts than the limit within any window', () => {
    const gaps = fc.array(fc.nat({ max: 40 }), { maxLength: 60 })
    fc.assert(
      fc.property(gaps, fc.nat({ max: 5 }), fc.integer({ min: 1, max: 100 }), (steps, max, windowMs) => {
        const restarted: number[] = []
        let history: readonly number[] = []
        let nowMs = 0
        for (const step of steps) {
          nowMs += step
          const recent = restarted.filter((atMs) => nowMs - atMs < windowMs).length
          const verdict = judge(history, nowMs, { max, windowMs })
          history = verdict.restartsMs
          expect(verdict.action).toBe(recent < max ? 'restart' : 'stop')
          if (verdict.action === 'restart') restarted.push(nowMs)
        }
      }),
    )
  })
})

describe('Queue', () => {
  it('gives back what was put in, in order, through compactions', () => {
    const bursts = fc.array(fc.tuple(fc.nat({ max: 3_000 }), fc.nat({ max: 3_000 })), { maxLength: 8 })
    fc.assert(
      fc.property(bursts, (pairs) => {
        const queue = new Queue<number>()
        const model: number[] = []
        let last = 0
        for (const [push, take] of pairs) {
          for (let n = 0; n < push; n++) {
            queue.push(++last)
            model.push(last)
          }
          const taken = Array.from({ length: take }, () => queue.shift())
          expect(taken.filter((item) => item !== undefined)).toEqual(model.splice(0, take))
          expect(queue.size).toBe(model.length)
        }
      }),
    )
  })
})

describe('Mailbox', () => {
  it('a full mailbox refuses messages but takes signals', () => {
    const mailbox = new Mailbox<string>(1)
    expect([mailbox.push('a'), mailbox.push('b')]).toEqual([true, false])
    mailbox.signal('stop')
    expect([mailbox.takeSignal(), mailbox.take(), mailbox.take(), mailbox.isEmpty]).toEqual([
      'stop',
      'a',
      undefined,
      true,
    ])
  })
})
