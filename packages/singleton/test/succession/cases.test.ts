import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EntryKind } from '../../src/succession/entries.js'
import { defaultTiming, voters } from '../../src/succession/index.js'
import { Stage } from './stage.js'
import { tell } from './story.js'

/** Bugs that other implementations had, each as a promise that ours keeps. */

const { silenceMinMs, silenceMaxMs, rankStepMs, transferMs, checkQuorumMs } = defaultTiming
const LONG_MS = silenceMaxMs * 3

function clusterOf(...names: string[]): Stage {
  const stage = new Stage()
  stage.cluster(...names)
  // The gaps of joining are forgotten after a minute.
  stage.advance(70_000)
  stage.events.length = 0
  return stage
}

const servers = (stage: Stage): string[] =>
  stage.events.filter((event) => event.effect?.kind === 'serve').map((event) => event.peer)

const said = (stage: Stage, peer: string): string[] =>
  stage.events.filter((event) => event.peer === peer).map((event) => event.words)

function cut(stage: Stage, one: readonly string[], other: readonly string[]): void {
  for (const a of one) {
    for (const b of other) {
      stage.hold(a, b)
      stage.hold(b, a)
    }
  }
}

function heal(stage: Stage): void {
  for (const key of [...stage.held.keys()]) stage.deliver(key.split('>')[0] ?? '', key.split('>')[1] ?? '')
}

function killLeader(stage: Stage, leader: string, ...witnesses: string[]): void {
  const incarnation = stage.incarnation(leader)
  stage.crash(leader)
  for (const name of witnesses) stage.input(name, { kind: 'dead', memberId: leader, incarnation })
}

function commands(stage: Stage, name: string): string[] {
  return stage
    .disk(name)
    .entries.filter((entry) => entry.kind === EntryKind.command)
    .map((entry) => new TextDecoder().decode(entry.payload))
}

describe('case 1, figure 8', () => {
  it('an entry of an old term is not committed by counting its copies', () => {
    const story = tell(readFileSync(new URL('14-figure-8.story.txt', import.meta.url), 'utf8'))
    expect(story).toContain('e appends 11·1 "old…"')
    expect(story).toContain('e cuts its journal from 11')
    expect(story).not.toMatch(/commits .*old/)
  })
})

describe('case 2, term and vote', () => {
  it('a crash after any single write never leads to two votes in a term', () => {
    // The voter's disk stops after 0, 1, 2 … writes, and the machine loses power there.
    for (let writes = 0; writes < 5; writes++) {
      const stage = clusterOf('a', 'b', 'c')
      stage.crash('a')
      stage.advance(silenceMinMs - 10)
      stage.holdDisk('c', true)
      stage.advance(60)
      for (let i = 0; i < writes; i++) stage.syncOne('c')
      const gave = said(stage, 'c').filter((words) => words.includes('you have my vote'))
      stage.crash('c')
      stage.holdDisk('c', false)
      const { term, votedFor } = stage.disk('c').hard
      if (gave.length > 0) expect({ term, votedFor }).toEqual({ term: 2, votedFor: 'b' })
      if (term === 2 && votedFor !== null) expect(votedFor).toBe('b')
      stage.start('c')
      expect(stage.state('c').hard.term).toBeGreaterThanOrEqual(term)
    }
  })
})

describe('case 3, everybody restarts', () => {
  it('a lost vote file never brings a term below the journal', () => {
    const stage = clusterOf('a', 'b', 'c')
    killLeader(stage, 'a', 'b', 'c')
    stage.advance(100)
    for (const name of ['b', 'c']) stage.crash(name)
    for (const name of ['b', 'c']) stage.disk(name).hard = { term: 0, votedFor: null }
    stage.start('a', 'b', 'c')
    expect(stage.state('b').hard).toEqual({ term: 2, votedFor: null })
    for (const [x, y] of [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
    ] as const)
      stage.link(x, y)
    stage.events.length = 0
    stage.advance(LONG_MS)
    expect(servers(stage)).toHaveLength(1)
    expect(stage.state('b').hard.term).toBeGreaterThan(2)
  })
})

describe('case 4, voters', () => {
  it('a voter set that is rolled back with its entry is in force no more', () => {
    const stage = clusterOf('a', 'b', 'c')
    // The leader alone appends {a, c}; the others go on without it.
    cut(stage, ['a'], ['b', 'c'])
    stage.deliver('b', 'a')
    stage.hold('a', 'b')
    stage.input('b', { kind: 'leave' })
    expect(voters(stage.state('a'))).toEqual(['a', 'c'])
    stage.state('b').leaving = false
    stage.hold('b', 'a')
    stage.advance(LONG_MS)
    expect(servers(stage)).toContain('b')
    heal(stage)
    stage.advance(500)
    for (const name of ['a', 'b', 'c']) {
      const set = voters(stage.state(name))
      expect(set, name).toEqual(voters(stage.state('b')))
      expect(stage.disk(name).entries).toEqual(stage.disk('b').entries)
    }
  })

  it('a voter set counts from its entry on disk after a restart, committed or not', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('c')
    stage.start('c')
    expect(voters(stage.state('c'))).toEqual(['a', 'b', 'c'])
    expect(stage.state('c').commitIndex).toBe(0)
  })
})

describe('case 5, a former leader', () => {
  it('answers nothing when it resumes after others went on', () => {
    const stage = clusterOf('a', 'b', 'c')
    // Frozen: nothing goes in or out, and its timers do not run.
    cut(stage, ['a'], ['b', 'c'])
    stage.freeze('a', true)
    stage.advance(LONG_MS)
    expect(servers(stage)).toEqual(['b'])
    stage.events.length = 0
    stage.propose('a', 'too late')
    stage.input('a', { kind: 'read', id: 7 })
    expect(said(stage, 'a')[0]).toMatch(/^STOPS SERVING/)
    expect(said(stage, 'a')).toContain('read 7 is refused: not the server')
    stage.freeze('a', false)
    heal(stage)
    stage.advance(500)
    expect(commands(stage, 'a')).toEqual([])
    expect(stage.state('a').hard.term).toBe(stage.state('b').hard.term)
  })
})

describe('case 7, hand-over', () => {
  it('somebody serves soon, in a new term, when the target dies after the word', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'b')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(110)
    expect(stage.state('a').role.kind, 'it has voted for b').toBe('follower')
    stage.drop('a', 'b')
    stage.crash('b')
    stage.advance(500)
    expect(servers(stage)).toHaveLength(1)
    expect(stage.state('a').hard.term).toBeGreaterThan(1)
  })

  it('goes on at once when the target dies before the word', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'b')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.crash('b')
    stage.advance(500)
    expect(stage.state('a')).toMatchObject({ role: { kind: 'leader', serving: true }, hard: { term: 1 } })
  })

  it('simply goes on when the target never catches up', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'b')
    stage.propose('a', 'x')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(transferMs + 50)
    expect(said(stage, 'a')).toContain('hand-over failed: b was not ready in time.')
    expect(servers(stage)).toEqual(['a'])
    expect(stage.state('a').hard.term).toBe(1)
  })

  it('sends a target that is far behind everything before it may stand', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'b')
    for (let i = 0; i < 50; i++) stage.propose('a', `x${i}`)
    stage.input('a', { kind: 'transfer', to: 'b' })
    expect(said(stage, 'a').filter((words) => words.includes('you have everything'))).toEqual([])
    stage.deliver('a', 'b')
    stage.advance(100)
    expect(servers(stage)).toEqual(['b'])
    expect(commands(stage, 'b')).toHaveLength(50)
  })

  it('ignores the word to stand when it arrives in a later term', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'b')
    stage.input('a', { kind: 'transfer', to: 'b' })
    cut(stage, ['b'], ['c'])
    stage.advance(transferMs + LONG_MS)
    const server = servers(stage).at(-1)
    const { term } = stage.state('a').hard
    heal(stage)
    stage.advance(LONG_MS)
    expect(servers(stage).at(-1)).toBe(server)
    expect(stage.state('a').hard.term).toBe(term)
  })
})

describe('case 8, the successor', () => {
  it('known dead before the leader died: the next takes over without any wait', () => {
    const stage = clusterOf('a', 'b', 'c', 'd', 'e')
    for (const gone of ['b', 'a']) killLeader(stage, gone, 'c', 'd', 'e')
    stage.advance(5)
    expect(servers(stage)).toEqual(['c'])
  })

  it('found dead after the leader: the next waits one short step at most', () => {
    const stage = clusterOf('a', 'b', 'c', 'd', 'e')
    for (const gone of ['a', 'b']) killLeader(stage, gone, 'c', 'd', 'e')
    stage.advance(rankStepMs + 5)
    expect(servers(stage)).toEqual(['c'])
  })

  it('silent with the leader: the next waits one short step longer', () => {
    const stage = clusterOf('a', 'b', 'c', 'd', 'e')
    cut(stage, ['a', 'b'], ['c', 'd', 'e'])
    stage.advance(silenceMinMs + 2 * rankStepMs)
    expect(servers(stage)).toEqual(['c'])
  })

  it('unlinked and proven dead: another is next in the announced line', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('b')
    stage.advance(100)
    expect(stage.state('c').line).toEqual(['c'])
  })
})

describe('case 13, links between some only', () => {
  it('a server emerges where one peer alone reaches a majority', () => {
    const stage = clusterOf('a', 'b', 'c', 'd', 'e')
    const edges = ['a', 'b', 'd', 'e']
    for (const one of edges) for (const other of edges) if (one !== other) stage.hold(one, other)
    stage.advance(checkQuorumMs + LONG_MS)
    expect(servers(stage).at(-1)).toBe('c')
    const { term } = stage.state('c').hard
    stage.advance(20_000)
    expect(stage.state('c').hard.term).toBe(term)
    stage.propose('c', 'x')
    stage.advance(20)
    expect(commands(stage, 'e')).toEqual(['x'])
  })

  it('a leader that is heard and hears nobody gives up, and another serves', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('b', 'a')
    stage.hold('c', 'a')
    stage.advance(checkQuorumMs + LONG_MS)
    expect(['b', 'c']).toContain(servers(stage).at(-1))
    expect(stage.state('a').role.kind).not.toBe('leader')
  })

  it('a peer that cannot hear the server does not depose it for ever', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'c')
    stage.advance(20_000)
    expect(servers(stage)).toEqual([])
    expect(stage.state('a').hard.term).toBe(1)
    expect(stage.state('a').role).toMatchObject({ kind: 'leader', serving: true })
  })
})

describe('case 16, a peer returns', () => {
  it('a healthy server is not deposed by one that was alone for long', () => {
    const stage = clusterOf('a', 'b', 'c')
    cut(stage, ['c'], ['a', 'b'])
    stage.advance(30_000)
    expect(stage.state('c').hard.term).toBe(1)
    heal(stage)
    stage.advance(LONG_MS)
    expect(servers(stage)).toEqual([])
    expect(stage.state('a').hard.term).toBe(1)
  })

  it('one stuck with a higher term is let in again, at the cost of one election', () => {
    const stage = clusterOf('a', 'b', 'c')
    // c was told "I would" and then nothing: it stands, and nobody hears it.
    stage.state('c').hard = { term: 9, votedFor: 'c' }
    stage.advance(LONG_MS)
    expect(stage.state('c').leader?.memberId).toBe(servers(stage).at(-1))
    expect(servers(stage)).toHaveLength(1)
  })
})

describe('asynchronous appends', () => {
  it('a late completion of a replaced suffix confirms nothing (ABA)', () => {
    const stage = clusterOf('a', 'b', 'c')
    // c writes x of term 1, which is not on its disk yet when term 2 puts y in its place.
    stage.hold('a', 'b')
    stage.holdDisk('c', true)
    stage.propose('a', 'x')
    stage.drop('a', 'b')
    const at = stage.state('a').lastIndex
    stage.crash('a')
    const { founding } = stage.state('c')
    const payload = new TextEncoder().encode('y')
    const entries = [{ index: at, term: 2, kind: EntryKind.command, payload }]
    const head = { t: 'append' as const, branch: founding?.branchId ?? null, term: 2 }
    const body = { prevIndex: at - 1, prevTerm: 1, commit: 0, round: 1, sent: [0, 0], line: null } as const
    stage.input('c', { kind: 'message', from: 'b', incarnation: 1, message: { ...head, ...body }, entries })
    expect(stage.state('c').lastTerm).toBe(2)
    stage.syncOne('c')
    expect(stage.state('c').durableIndex).toBe(at - 1)
    stage.holdDisk('c', false)
    expect(stage.state('c').durableIndex).toBe(at)
  })

  it('a follower says no more than what is on its disk', () => {
    const stage = clusterOf('a', 'b')
    stage.holdDisk('b', true)
    const before = stage.state('a').commitIndex
    stage.propose('a', 'x', 'y')
    stage.advance(200)
    expect(stage.state('a').commitIndex).toBe(before)
    stage.crash('b')
    stage.holdDisk('b', false)
    expect(commands(stage, 'b')).toEqual([])
  })
})
