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
  it('gives back what was put in, in order, through bursts of any size', () => {
    const bursts = fc.array(fc.tuple(fc.nat({ max: 5_000 }), fc.nat({ max: 5_000 })), { maxLength: 8 })
    fc.assert(
      fc.property(bursts, (pairs) => {
        const mailbox = new Mailbox<string>()
        const model: number[] = []
        let last = 0
        for (const [push, take] of pairs) {
          for (let n = 0; n < push; n++) {
            mailbox.push('port', ++last)
            model.push(last)
          }
          const taken: unknown[] = []
          for (let n = 0; n < take; n++) if (mailbox.take() !== undefined) taken.push(mailbox.message)
          expect(taken).toEqual(model.splice(0, take))
          expect([mailbox.size, mailbox.isEmpty]).toEqual([model.length, model.length === 0])
        }
      }),
      { numRuns: 60 },
    )
  })

  it('what comes back from aside is before everything else, in its order', () => {
    const mailbox = new Mailbox<string>()
    mailbox.push('p', 5)
    mailbox.putFirst([
      { port: 'p', message: 3 },
      { port: 'p', message: 4 },
    ])
    mailbox.putFirst([{ port: 'p', message: 2 }])
    mailbox.push('p', 6)
    const seen: unknown[] = []
    while (mailbox.take() !== undefined) seen.push(mailbox.message)
    expect(seen).toEqual([2, 3, 4, 5, 6])
  })
})
