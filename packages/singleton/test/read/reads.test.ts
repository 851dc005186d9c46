import { describe, expect, it } from 'vitest'
import type { Now } from '@tanist/core'
import { Reads } from '../../src/peer/reads.js'

class Reader {
  readonly sent: number[] = []
  readonly ended: string[] = []
  readonly reads = new Reads((_to, id) => this.sent.push(id))
  nowMs = 1_000
  wallMs = 1_000

  constructor() {
    this.reads.serverIs({ memberId: 'ann', term: 1 }, '', 0)
  }

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: this.wallMs }
  }

  ask(name: string, maxStaleMs: number | null, deadlineMs: number = 5_000): void {
    this.reads.ask(
      deadlineMs,
      maxStaleMs,
      this.now,
      ({ status }) => void this.ended.push(`${name} ${status}`),
    )
  }

  pass(ms: number, wallMs: number = ms): void {
    this.nowMs += ms
    this.wallMs += wallMs
  }

  answer(id: number, index: number): void {
    this.reads.answered({ t: 'readable', id, index }, this.nowMs)
  }

  settle(applied: number): void {
    this.reads.settle(applied, this.nowMs)
  }
}

describe('reads with a bound on staleness', () => {
  it('share one question when they come at the same time', () => {
    const reader = new Reader()
    for (const name of ['a', 'b', 'c']) reader.ask(name, 100)
    expect(reader.sent).toEqual([1])
    reader.answer(1, 7)
    reader.settle(6)
    expect(reader.ended).toEqual([])
    reader.settle(7)
    expect(reader.ended).toEqual(['a ok', 'b ok', 'c ok'])
  })

  it('ask again only when the last answer was asked for too long ago, not given', () => {
    const reader = new Reader()
    reader.ask('a', 100)
    reader.pass(90)
    reader.answer(1, 7)
    reader.settle(7)
    reader.pass(10)
    reader.ask('b', 100)
    reader.settle(7)
    expect([reader.sent, reader.ended]).toEqual([[1], ['a ok', 'b ok']])
    reader.pass(1)
    reader.ask('c', 100)
    reader.settle(7)
    expect([reader.sent, reader.ended.length]).toEqual([[1, 2], 2])
  })

  it('count the time for which the machine slept', () => {
    const reader = new Reader()
    reader.ask('a', 100)
    reader.answer(1, 7)
    reader.settle(7)
    reader.pass(1, 60_000)
    reader.ask('b', 100)
    expect(reader.sent).toEqual([1, 2])
  })

  it('a linearizable read never takes part in a question that was asked before it', () => {
    const reader = new Reader()
    reader.ask('a', null)
    reader.ask('b', null)
    expect(reader.sent).toEqual([1, 2])
    reader.ask('c', 0)
    expect(reader.sent).toEqual([1, 2])
    reader.answer(1, 3)
    reader.settle(9)
    expect(reader.ended).toEqual(['a ok'])
    reader.answer(2, 4)
    reader.settle(9)
    expect(reader.ended).toEqual(['a ok', 'b ok', 'c ok'])
  })

  it('each is refused at its own deadline when nobody answers, and the question goes on for the others', () => {
    const reader = new Reader()
    reader.ask('a', 1_000, 200)
    reader.ask('b', 1_000, 900)
    reader.pass(250)
    reader.settle(9)
    expect(reader.ended).toEqual(['a unavailable'])
    reader.pass(100)
    reader.settle(9)
    expect(reader.sent).toEqual([1, 1])
    reader.answer(1, 9)
    reader.settle(9)
    expect(reader.ended).toEqual(['a unavailable', 'b ok'])
  })

  it('a question that everybody gave up is shared by nobody', () => {
    const reader = new Reader()
    reader.ask('a', 1_000, 100)
    reader.pass(150)
    reader.settle(9)
    reader.ask('b', 1_000)
    expect(reader.sent).toEqual([1, 2])
    reader.answer(1, 9)
    reader.settle(9)
    expect(reader.ended).toEqual(['a unavailable'])
  })

  it('an answer is of no use to a replica that went back behind it', () => {
    const reader = new Reader()
    reader.ask('a', 100)
    reader.answer(1, 7)
    reader.settle(7)
    reader.ask('b', 100)
    reader.settle(0)
    expect(reader.ended).toEqual(['a ok'])
    reader.settle(7)
    expect(reader.ended).toEqual(['a ok', 'b ok'])
  })
})
