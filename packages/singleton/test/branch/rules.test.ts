import { describe, expect, it } from 'vitest'
import { EntryKind } from '../../src/succession/index.js'
import { claimOf } from '../../src/succession/meet.js'
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

/** Directions in which nothing arrives any more, though both ends still hold their links. */
function silence(stage: Stage, name: string, others: readonly string[]): void {
  for (const other of others) {
    stage.hold(name, other)
    stage.hold(other, name)
  }
}

const records = (stage: Stage, name: string): { readonly held: number; readonly of: number }[] =>
  stage.state(name).forks.map(({ record: { held, of } }) => ({ held, of }))

const lastWord = (stage: Stage, name: string): string =>
  stage.events.findLast(({ peer, effect }) => peer === name && effect?.kind === 'continued')?.words ?? ''

describe('rule 27: a forced continuation', () => {
  it('counts the voters that answer, not those whose links nobody has closed yet', () => {
    const stage = new Stage()
    stage.cluster('a', 'b', 'c')
    silence(stage, 'c', ['a', 'b'])
    stage.advance(2_500)
    stage.input('c', { kind: 'continue', why: 'a test' })
    expect(records(stage, 'c')).toEqual([])
    stage.advance(1_000)
    expect(records(stage, 'c')).toEqual([{ held: 1, of: 3 }])
  })

  it('counts those that come along', () => {
    const stage = new Stage()
    stage.cluster('a', 'b', 'c', 'd', 'e')
    for (const name of ['a', 'b', 'c']) stage.crash(name)
    stage.advance(2_500)
    stage.input('d', { kind: 'continue', why: 'a test' })
    stage.advance(100)
    expect(records(stage, 'd')).toEqual([{ held: 2, of: 5 }])
    expect(records(stage, 'e')).toEqual([{ held: 2, of: 5 }])
  })

  it('is refused while a peer in sight holds a newer journal, which can go on itself', () => {
    const stage = new Stage()
    stage.cluster('a', 'b', 'c', 'd', 'e')
    silence(stage, 'e', ['a'])
    stage.propose('a', 'newer')
    stage.advance(50)
    for (const name of ['a', 'b', 'c']) stage.crash(name)
    stage.drop('a', 'e')
    stage.advance(2_500)
    stage.input('e', { kind: 'continue', why: 'a test' })
    stage.advance(100)
    expect(lastWord(stage, 'e')).toMatch(/d, which is in sight, holds a newer journal/)
    stage.input('d', { kind: 'continue', why: 'a test' })
    stage.advance(100)
    expect(stage.state('e').leader?.memberId).toBe('d')
    expect(stage.names).toContain('e')
  })

  it('is refused while a peer in sight knows a leader', () => {
    const stage = new Stage()
    stage.cluster('a', 'b', 'c')
    stage.unlink('a', 'c')
    stage.advance(2_500)
    stage.input('c', { kind: 'continue', why: 'a test' })
    expect(lastWord(stage, 'c')).toMatch(/b, which is in sight, knows a leader/)
  })
})

describe('rule 27: giving way', () => {
  it('sets aside also what differs before the fork: entries that only its own continuation committed', () => {
    const stage = new Stage()
    stage.cluster('a', 'b', 'c')
    for (const other of ['b', 'c']) stage.unlink('a', other)
    const { lastIndex } = stage.state('a')
    stage.propose('a', 'unheard', 'of')
    stage.advance(4_000)
    const leader = stage.state('b').role.kind === 'leader' ? 'b' : 'c'
    stage.propose(leader, 'x', 'y', 'z')
    stage.input('a', { kind: 'continue', why: 'a test' })
    expect(stage.state('a').commitIndex).toBe(lastIndex + 3)
    stage.link('a', leader)
    stage.advance(1_000)
    const aside = stage.events.find(({ effect }) => effect?.kind === 'set-aside')
    expect(aside?.effect).toMatchObject({ from: lastIndex + 1, commitIndex: lastIndex + 3 })
  })

  it('a follower leaves it to its leader, whatever the other branch claims', () => {
    const stage = bothLead()
    const claim = {
      ...claimOf({ s: stage.state('c'), now: stage.now, random: { next: () => 0, id: () => '' }, out: [] }),
    }
    const chain = claim.chain.map((point) => ({ ...point, held: 3, of: 3 }))
    const body = { t: 'branch', claim: { ...claim, chain, lastIndex: 1_000 } }
    const from = stage.events.length
    stage.link('b', 'c')
    say(stage, 'b', body)
    stage.advance(1_000)
    const said = stage.events.slice(from).map(({ words }) => words)
    expect(said.filter((words) => words.includes('your branch goes on'))).toEqual([])
    expect(stage.state('b').leader?.memberId).toBe('a')
    expect(stage.names).toEqual(['a', 'b', 'c'])
  })

  it('branches keep telling each other, also when no hello came with the change', () => {
    const stage = new Stage()
    stage.cluster('a', 'b', 'c')
    const { links } = stage.state('a')
    const hello = links.get('c')
    if (hello) links.set('c', { ...hello, branch: 'another' })
    const from = stage.events.length
    stage.advance(2_000)
    const said = stage.events.slice(from).filter(({ words }) => words.includes('I lead branch'))
    expect(said.length).toBeGreaterThan(2)
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
      // Between two looks it may be through with it.
      office.until(
        () => office.core('cy').succession.meetings.conceding !== null || office.branchOf('cy') === old,
      )
      office.run(ms / 10)
      world.powerOff(['cy'], { tear: true })
      office.run(500)
      world.healAll()
      office.until(() => office.cluster.settled && office.branchOf('cy') === old)
      office.judge('ann')
    },
  )
})
