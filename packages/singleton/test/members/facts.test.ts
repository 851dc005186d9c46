import type { Timer, Timers } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { tellLoad } from '../../src/own-load.js'
import { MemberFacts } from '../../src/peer/member-facts.js'

describe('what is known of members', () => {
  it('of an earlier start says nothing about the next one, and a next one ends the earlier', () => {
    const facts = new MemberFacts()
    facts.fateIs('ann', 2, 'dead')
    expect([1, 2, 3].map((incarnation) => facts.stateOf('ann', incarnation))).toEqual(['gone', 'gone', 'up'])
    facts.fateIs('ann', 3, 'suspect')
    expect([2, 3].map((incarnation) => facts.stateOf('ann', incarnation))).toEqual(['gone', 'suspect'])
    facts.fateIs('ann', 3, 'up')
    expect([2, 3].map((incarnation) => facts.stateOf('ann', incarnation))).toEqual(['gone', 'up'])
    expect(facts.stateOf('bob', 1)).toBe('up')
  })

  it('is news once, and goes with the member', () => {
    const facts = new MemberFacts()
    expect(facts.says('ann', { load: 1 })).toBe(true)
    expect(facts.says('ann', { load: 1 })).toBe(false)
    facts.keep((id) => id === 'ann')
    expect(facts.aboutOf('ann')).toEqual({ load: 1 })
    expect(facts.says('ann', null)).toBe(true)
    expect(facts.says('ann', null)).toBe(false)
    facts.says('ann', { load: 2 })
    facts.fateIs('ann', 1, 'suspect')
    facts.keep(() => false)
    expect(facts.aboutOf('ann')).toBeNull()
    expect(facts.stateOf('ann', 1)).toBe('up')
  })

  it('of ends are the last thousand', () => {
    const facts = new MemberFacts()
    const removed = (memberId: string, seat: 'kept' | 'given-up', evicted?: true): void =>
      facts.changed({
        op: 'remove',
        memberId,
        incarnation: 4,
        seat,
        why: `of ${memberId}`,
        ...(evicted && { evicted }),
      })
    removed('ann', 'given-up')
    removed('bob', 'kept')
    removed('cy', 'given-up', true)
    expect(facts.endOf('ann')).toEqual({ incarnation: 4, left: true, why: 'of ann' })
    expect(facts.endOf('bob')).toMatchObject({ left: false })
    expect(facts.endOf('cy')).toMatchObject({ left: false })
    expect(facts.endOf('dee')).toBeNull()
    for (let at = 0; at < 1_023; at += 1) removed(`n${at}`, 'kept')
    expect(facts.endOf('ann')).toBeNull()
    expect(facts.endOf('cy')).not.toBeNull()
  })
})

describe('the own load', () => {
  it('is measured once a second and told when it has changed by more than 0.1, until it ends', () => {
    const set: { delayMs: number; fire: () => void; cancelled: boolean }[] = []
    const timers: Timers = {
      set: (delayMs, fire): Timer => {
        const timer = { delayMs, fire, cancelled: false }
        set.push(timer)
        return { cancel: () => void (timer.cancelled = true) }
      },
    }
    const told: number[] = []
    const loads = [0.031, 0.12, 0.1312, 0.08, 0.9, 0.85, 0.1]
    const end = tellLoad(
      timers,
      () => loads.shift() ?? 0,
      (load) => told.push(load),
    )
    for (let at = 0; at < 7; at += 1) set[at]!.fire()
    expect(told).toEqual([0.03, 0.9, 0.1])
    expect(set.map(({ delayMs }) => delayMs)).toEqual(set.map(() => 1_000))
    expect(set).toHaveLength(8)
    end()
    expect(set.at(-1)!.cancelled).toBe(true)
  })
})
