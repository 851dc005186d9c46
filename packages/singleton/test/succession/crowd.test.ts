import { describe, expect, it } from 'vitest'
import { isVoter } from '../../src/succession/index.js'
import { Stage } from './stage.js'

const NAMES = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon', 'kim', 'lea']
const NEAR = NAMES.slice(5, 9)
const CROWD = NAMES.slice(9)

function twelve(): Stage {
  const stage = new Stage()
  stage.cluster(...NAMES)
  stage.advance(2_000)
  stage.events.length = 0
  return stage
}

/** Messages of the leader from now on, by receiver: with entries, or without. */
function listen(stage: Stage): (to: string) => { entries: number; bare: number } {
  const counts = new Map(NAMES.map((name) => [name, { entries: 0, bare: 0 }]))
  stage.onSent = ({ from, to, message, entries }) => {
    const count = counts.get(to)
    if (from !== 'ann' || message.t !== 'append' || !count) return
    if (entries.length > 0) count.entries += 1
    else count.bare += 1
  }
  return (to) => counts.get(to) ?? { entries: 0, bare: 0 }
}

describe('members beyond the nearest nine', () => {
  it('follow the journal, as everybody else does', () => {
    const stage = twelve()
    expect(NAMES.filter((name) => isVoter(stage.state('ann'), name))).toEqual(NAMES.slice(0, 5))
    stage.propose('ann', 'a', 'b')
    stage.advance(20)
    const { lastIndex } = stage.state('ann')
    for (const name of NAMES) {
      expect(stage.state(name)).toMatchObject({ lastIndex, commitIndex: lastIndex })
    }
  })

  it('get the first entry after a quiet moment at once, and hear of its commit within 10 ms', () => {
    const stage = twelve()
    stage.propose('ann', 'a')
    const { lastIndex } = stage.state('ann')
    for (const name of CROWD) expect(stage.state(name).lastIndex).toBe(lastIndex)
    stage.advance(10)
    for (const name of CROWD) expect(stage.state(name).commitIndex).toBe(lastIndex)
  })

  it('are told of many commits at once, at most every 10 ms', () => {
    const stage = twelve()
    const told = listen(stage)
    for (let i = 0; i < 100; i++) {
      stage.propose('ann', `command ${i}`)
      stage.advance(1)
    }
    for (const name of NEAR) expect(told(name).entries).toBe(100)
    for (const name of CROWD) expect(told(name).entries).toBeLessThanOrEqual(12)
    stage.advance(10)
    const { lastIndex } = stage.state('ann')
    for (const name of CROWD) expect(stage.state(name)).toMatchObject({ lastIndex, commitIndex: lastIndex })
  })

  it('hear a beat a second, and do not doubt their leader', () => {
    const stage = twelve()
    const told = listen(stage)
    stage.advance(10_000)
    for (const name of NEAR) expect(told(name).bare).toBeGreaterThanOrEqual(39)
    for (const name of CROWD) {
      const { bare } = told(name)
      expect(stage.state(name).leader?.memberId).toBe('ann')
      expect(bare).toBeGreaterThanOrEqual(9)
      expect(bare).toBeLessThanOrEqual(11)
    }
    expect(stage.events.filter(({ effect }) => effect?.kind === 'leader')).toEqual([])
  })

  it('learn of another leader, who goes on where the first ended', () => {
    const stage = twelve()
    stage.propose('ann', 'a')
    stage.crash('ann')
    stage.advance(1_000)
    stage.propose('bob', 'b')
    stage.advance(20)
    const { lastIndex } = stage.state('bob')
    for (const name of CROWD) {
      expect(stage.state(name)).toMatchObject({ lastIndex, commitIndex: lastIndex })
      expect(stage.state(name).leader?.memberId).toBe('bob')
    }
  })
})
