import { describe, expect, it } from 'vitest'
import { EntryKind } from '../../src/succession/index.js'
import type { SuccessionMessage } from '../../src/succession/messages.js'
import { Stage } from '../succession/stage.js'
import { Office } from './office.js'

/** Rules 5, 6 and 27 by number, with the counterexample that appears without them. */

/** C3: a acknowledges, c is forced to go on, both lead; then they can reach each other again, unlinked by hello. */
function bothLead(): Stage {
  const stage = new Stage()
  stage.cluster('a', 'b', 'c')
  stage.unlink('a', 'c')
  stage.unlink('b', 'c')
  stage.advance(2_000)
  stage.input('c', { kind: 'continue', why: 'a test' })
  stage.propose('c', 'theirs')
  stage.propose('a', 'ours')
  stage.advance(100)
  return stage
}

function say(stage: Stage, to: string, body: Record<string, unknown>, entries: readonly string[] = []): void {
  const state = stage.state('c')
  const branch = state.forks.at(-1)?.record.branchId ?? null
  const message = { branch, term: 50, ...body } as unknown as SuccessionMessage
  const { lastIndex } = stage.state(to)
  const records = entries.map((text, i) => ({
    index: lastIndex + i,
    term: 50,
    kind: EntryKind.command,
    payload: new TextEncoder().encode(text),
  }))
  stage.input(to, { kind: 'message', from: 'c', incarnation: 1, message, entries: records })
}

describe('rule 5: nothing crosses branches (C3: a acknowledges, c is forced to continue, both lead)', () => {
  it('no vote: a request of another branch gets no answer and raises no term', () => {
    const stage = bothLead()
    const before = stage.state('b').hard
    const from = stage.events.length
    say(stage, 'b', { t: 'vote', pre: false, lastIndex: 99, lastTerm: 49, transfer: true, dead: null })
    say(stage, 'a', { t: 'voted', pre: false, asked: 50, granted: false })
    expect(stage.state('b').hard).toEqual(before)
    expect(stage.state('a').role.kind).toBe('leader')
    expect(stage.events.slice(from)).toEqual([])
  })

  it('no append and no truncation: the journal stays, and the leader leads on', () => {
    const stage = bothLead()
    const before = stage.disk('b').entries
    const { lastIndex } = stage.state('b')
    const head = { t: 'append', prevIndex: lastIndex - 1, prevTerm: 1, commit: 0, round: 1, sent: [0, 0] }
    say(stage, 'b', { ...head, line: null }, ['crossing'])
    say(stage, 'a', { ...head, line: null }, ['crossing'])
    expect(stage.disk('b').entries).toEqual(before)
    expect(stage.state('b').leader?.memberId).toBe('a')
    expect(stage.state('a').role.kind).toBe('leader')
  })

  it('no acknowledgement: an answer of another branch commits nothing', () => {
    const stage = bothLead()
    stage.hold('a', 'b')
    stage.propose('a', 'waits')
    const { commitIndex, lastIndex } = stage.state('a')
    expect(commitIndex).toBeLessThan(lastIndex)
    const answer = { t: 'appended', round: 1, sent: [0, 0], match: lastIndex, promiseMs: 1_000, term: 1 }
    say(stage, 'a', answer)
    expect(stage.state('a').commitIndex).toBe(commitIndex)
  })
})

describe('rule 27: giving way', () => {
  it('a follower leaves it to its leader', () => {
    const stage = bothLead()
    stage.link('b', 'c')
    stage.advance(3_000)
    expect(stage.state('b').leader?.memberId).toBe('a')
    expect(stage.names).toEqual(['a', 'b', 'c'])
  })

  it('nobody gives way before the other side has confirmed', () => {
    const stage = bothLead()
    stage.hold('a', 'c')
    stage.link('a', 'c')
    stage.deliver('a', 'c', 1)
    stage.advance(5_000)
    expect(stage.state('c').role.kind).toBe('leader')
    stage.deliver('a', 'c')
    stage.advance(3_000)
    expect(stage.names).toEqual(['a', 'b', 'c', 'c2'])
    expect(stage.state('a').role.kind).toBe('leader')
  })

  it.each([0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144])(
    'power may fail at any moment of it: what was acknowledged is kept or set aside (%i ms later)',
    (ms) => {
      const office = new Office({ seed: `power ${ms}`, peers: 3 })
      const { world } = office.cluster
      office.cluster.startAll()
      office.settle()
      office.until(() => office.cluster.seated)
      const old = office.branchOf('cy')
      world.split(['cy'])
      office.until(() => office.core('cy').status().server === null)
      office.run(3_000)
      office.core('cy').continueHere('a test', () => {})
      for (let i = 0; i < 5; i++) office.add('cy')
      office.add('ann')
      world.healAll()
      office.until(() => office.core('cy').succession.meetings.conceding !== null)
      office.run(ms / 10)
      world.powerOff(['cy'], { tear: true })
      office.run(500)
      world.healAll()
      office.until(() => office.cluster.settled && office.branchOf('cy') === old)
      office.judge('ann')
    },
  )
})
