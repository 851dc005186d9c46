import { describe, expect, it } from 'vitest'
import { EntryKind } from '../../src/succession/entries.js'
import { defaultTiming, stepSuccession, voters } from '../../src/succession/index.js'
import type { SuccessionEffect } from '../../src/succession/index.js'
import { Stage } from './stage.js'

/** By the numbers of the succession rules. */

const { silenceMinMs, silenceMaxMs, holdMs, listenMs } = defaultTiming
/** Sure to be longer than any voter waits before it stands. */
const LONG_MS = silenceMaxMs * 3

function clusterOf(...names: string[]): Stage {
  const stage = new Stage()
  stage.cluster(...names)
  // The gaps of joining are forgotten after a minute.
  stage.advance(70_000)
  stage.events.length = 0
  return stage
}

const said = (stage: Stage, peer: string): string[] =>
  stage.events.filter((event) => event.peer === peer).map((event) => event.words)

function served(stage: Stage): string[] {
  return stage.events.filter((event) => event.effect?.kind === 'serve').map((event) => event.peer)
}

function vote(lastIndex: number, lastTerm: number, pre = false) {
  return { t: 'vote' as const, pre, lastIndex, lastTerm, transfer: false, dead: null }
}

function ask(stage: Stage, from: string, to: string, term: number, body: ReturnType<typeof vote>): void {
  const branch = stage.state(to).founding?.branchId ?? null
  const message = { branch, term, ...body }
  stage.input(to, { kind: 'message', from, incarnation: stage.incarnation(from), message, entries: [] })
}

describe('rule 1: Raft', () => {
  it('gives no vote before term and vote are on disk', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('a')
    stage.advance(silenceMinMs - 10)
    stage.holdDisk('c', true)
    stage.advance(LONG_MS)
    expect(said(stage, 'c')).toContain('writes term 2, vote b')
    expect(said(stage, 'c')).not.toContain('> b: you have my vote (term 2)')
    stage.holdDisk('c', false)
    expect(said(stage, 'c')).toContain('> b: you have my vote (term 2)')
  })

  it('asks for votes while its own is on the way to the disk, and leads only when it is there', () => {
    const stage = clusterOf('a', 'b', 'c', 'd', 'e')
    stage.crash('a')
    stage.holdDisk('b', true)
    for (const name of ['c', 'd', 'e', 'b'])
      stage.input(name, { kind: 'dead', memberId: 'a', incarnation: 1 })
    for (const name of ['c', 'd', 'e']) expect(said(stage, name)).toContain('> b: you have my vote (term 2)')
    expect(stage.state('b').role.kind).toBe('candidate')
    stage.holdDisk('b', false)
    expect(stage.state('b').role.kind).toBe('leader')
  })

  it('disturbs the others once at most with a disk that is stuck', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('a')
    stage.holdDisk('b', true)
    stage.crash('c')
    stage.start('c')
    stage.link('b', 'c')
    stage.advance(5 * LONG_MS)
    expect(said(stage, 'b').filter((words) => /> c: vote for me/.test(words)).length).toBeLessThanOrEqual(1)
  })

  it('gives one vote a term, also across a restart', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('a')
    stage.advance(LONG_MS)
    expect(stage.state('c').hard).toEqual({ term: 2, votedFor: 'b' })
    stage.crash('c')
    stage.start('c')
    stage.link('c', 'b')
    stage.crash('b')
    stage.advance(silenceMaxMs)
    stage.start('a')
    stage.link('a', 'c')
    stage.events.length = 0
    ask(stage, 'a', 'c', 2, vote(1_000, 9))
    expect(said(stage, 'c')).toEqual(['> a: no (term 2)'])
  })

  it('votes only for a journal that is at least as new as its own', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.propose('a', 'x')
    stage.crash('a')
    stage.advance(silenceMinMs + 5)
    const { lastIndex, lastTerm } = stage.state('c')
    stage.events.length = 0
    ask(stage, 'b', 'c', 7, vote(lastIndex - 1, lastTerm))
    ask(stage, 'b', 'c', 8, vote(lastIndex + 9, lastTerm - 1))
    expect(said(stage, 'c').filter((words) => words.includes('vote ('))).toEqual([])
    ask(stage, 'b', 'c', 9, vote(lastIndex, lastTerm))
    expect(said(stage, 'c')).toContain('> b: you have my vote (term 9)')
  })

  it('counts the leader only after its own sync', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'c')
    stage.holdDisk('a', true)
    const before = stage.state('a').commitIndex
    stage.propose('a', 'x')
    stage.advance(20)
    expect(stage.state('b').durableIndex).toBe(before + 1)
    expect(stage.state('a').commitIndex).toBe(before)
    stage.holdDisk('a', false)
    expect(stage.state('a').commitIndex).toBe(before + 1)
  })

  it('commits without the disk of the leader when the others have it', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdDisk('a', true)
    const before = stage.state('a').commitIndex
    stage.propose('a', 'x')
    expect(stage.state('a').commitIndex).toBe(before + 1)
  })
})

describe('rule 3: who votes and who stands', () => {
  it('lets a learner answer a vote request', () => {
    const stage = clusterOf('a', 'b', 'c', 'd')
    expect(voters(stage.state('d'))).toEqual(['a', 'b', 'c'])
    stage.crash('a')
    stage.advance(silenceMaxMs)
    const { lastIndex, lastTerm } = stage.state('d')
    stage.events.length = 0
    ask(stage, 'b', 'd', 20, vote(lastIndex, lastTerm))
    expect(said(stage, 'd')).toContain('> b: you have my vote (term 20)')
  })

  it('never lets a learner stand, and never counts its vote', () => {
    const stage = clusterOf('a', 'b', 'c', 'd')
    stage.crash('a')
    stage.crash('b')
    stage.advance(LONG_MS)
    expect(stage.state('d').role.kind).toBe('follower')
    expect(stage.state('c').role.kind).toBe('candidate')
    expect(served(stage)).toEqual([])
  })
})

describe('rule 4: one change of voters at a time', () => {
  it('appends the next voter set only when the last one is committed', () => {
    const stage = clusterOf('a', 'b', 'c', 'd', 'e')
    stage.holdDisk('b', true)
    stage.holdDisk('c', true)
    stage.input('d', { kind: 'leave' })
    stage.input('e', { kind: 'leave' })
    stage.advance(400)
    const sets = (): number =>
      stage.disk('a').entries.filter((entry) => entry.kind === EntryKind.voters).length
    expect(stage.state('a').voterSets.at(-1)?.voters).toHaveLength(4)
    const before = sets()
    stage.holdDisk('b', false)
    stage.holdDisk('c', false)
    stage.advance(1_000)
    expect(sets()).toBeGreaterThan(before)
    expect(voters(stage.state('a'))).toEqual(['a', 'b', 'c'])
  })

  it('changes nothing before an entry of the own term is committed', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.start('d')
    for (const other of ['b', 'c']) stage.link('d', other)
    stage.crash('a')
    stage.hold('c', 'b')
    stage.advance(silenceMinMs)
    // The answer to the question before the vote, then the vote; what c says to the first entry waits.
    stage.deliver('c', 'b', 1)
    stage.deliver('c', 'b', 1)
    stage.advance(400)
    const { role, lastIndex } = stage.state('b')
    expect(role.kind === 'leader' && role.startIndex).toBe(lastIndex)
    stage.deliver('c', 'b')
    stage.advance(LONG_MS)
    const later = stage.disk('b').entries.filter((entry) => entry.term > 1)
    expect(later.map((entry) => entry.kind).slice(0, 2)).toEqual([EntryKind.start, EntryKind.view])
  })
})

describe('rule 6: nobody drops what it knows committed', () => {
  it('sets aside what a leader contradicts and begins anew, as somebody who confirmed nothing', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.propose('a', 'x')
    stage.advance(20)
    const { commitIndex, founding } = stage.state('c')
    const before = stage.disk('c').entries
    const entries = [{ index: commitIndex, term: 9, kind: EntryKind.start, payload: new Uint8Array(0) }]
    const head = { t: 'append' as const, branch: founding?.branchId ?? null, term: 9 }
    const body = {
      prevIndex: commitIndex - 1,
      prevTerm: 1,
      commit: 0,
      round: 1,
      sent: [0, 0],
      line: null,
    } as const
    stage.input('c', { kind: 'message', from: 'b', incarnation: 1, message: { ...head, ...body }, entries })
    expect(said(stage, 'c').at(-1)).toMatch(/^SETS ASIDE from \d+ on .*knows to be committed/)
    expect(stage.names).toEqual(['a', 'b', 'c', 'c2'])
    const kept = before.filter((entry) => entry.index < commitIndex)
    expect(stage.disk('c2').entries.slice(0, commitIndex - 1)).toEqual(kept)
    expect(voters(stage.state('c2'))).not.toContain('c2')
    expect(stage.disk('c2').hard.votedFor).toBe(null)
  })
})

describe('rule 7: proof of death ends waiting and buys no vote', () => {
  it('looks when told of a death, and refuses when it finds none', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.input('b', { kind: 'dead', memberId: 'a', incarnation: 1 })
    stage.advance(holdMs + 1)
    expect(said(stage, 'c')).toContain('looks whether a lives')
    expect(said(stage, 'c')).toContain('> b: I would not (term 2)')
    expect(served(stage)).toEqual([])
    expect(stage.state('a').hard.term).toBe(1)
  })

  it('takes over at once when everybody has proof of its own', () => {
    const stage = clusterOf('a', 'b', 'c')
    const fromMs = stage.nowMs
    stage.crash('a')
    for (const name of ['b', 'c']) stage.input(name, { kind: 'dead', memberId: 'a', incarnation: 1 })
    stage.advance(1)
    expect(served(stage)).toEqual(['b'])
    expect(stage.events.at(-1)?.atMs).toBeLessThanOrEqual(fromMs + 1)
  })
})

describe('rule 8: a restarted voter', () => {
  it('votes for nobody for one election timeout, as it has forgotten its promises', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('c')
    stage.start('c')
    stage.link('c', 'b')
    stage.events.length = 0
    const { lastIndex, lastTerm } = stage.state('c')
    ask(stage, 'b', 'c', 5, vote(lastIndex, lastTerm, true))
    ask(stage, 'b', 'c', 5, vote(lastIndex, lastTerm))
    expect(said(stage, 'c')).toEqual(['> b: I would not (term 6)', '> b: no (term 5)'])
    stage.crash('a')
    stage.crash('b')
    stage.advance(silenceMaxMs)
    stage.start('b')
    stage.link('b', 'c')
    ask(stage, 'b', 'c', 6, vote(lastIndex, lastTerm))
    expect(said(stage, 'c')).toContain('> b: you have my vote (term 6)')
  })

  it('serves again after listening when it is the only one', () => {
    const stage = clusterOf('a')
    stage.crash('a')
    stage.start('a')
    stage.advance(listenMs - 1)
    expect(served(stage)).toEqual([])
    stage.advance(LONG_MS)
    expect(served(stage)).toEqual(['a'])
  })
})

describe('rule 9: the lease', () => {
  const random = { next: () => 0.5, id: () => 'id' }

  function wake(stage: Stage, sleptMs: number, monotonicMs: number): SuccessionEffect[] {
    const now = { monotonicMs: stage.now.monotonicMs + monotonicMs, wallMs: stage.now.wallMs + sleptMs }
    return stepSuccession(stage.state('a'), { kind: 'read', id: 1 }, now, random)
  }

  it('is over for a leader that wakes from a sleep in which its monotonic clock stood still', () => {
    const kinds = wake(clusterOf('a', 'b', 'c'), 60_000, 0).map((effect) => effect.kind)
    expect(kinds.slice(0, 2)).toEqual(['yield', 'unreadable'])
  })

  it('is over for a frozen process before it answers anything', () => {
    const kinds = wake(clusterOf('a', 'b', 'c'), 400, 400).map((effect) => effect.kind)
    expect(kinds.slice(0, 2)).toEqual(['yield', 'unreadable'])
  })

  it('outlives a wall clock that is set back', () => {
    const kinds = wake(clusterOf('a', 'b', 'c'), -3_600_000, 1).map((effect) => effect.kind)
    expect(kinds).not.toContain('yield')
  })

  it('ends before the first voter that promised it may stand', () => {
    const stage = clusterOf('a', 'b', 'c')
    for (const [x, y] of [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'c'],
      ['c', 'a'],
    ] as const)
      stage.hold(x, y)
    stage.advance(silenceMinMs * 2)
    const at = (peer: string, start: string): number =>
      stage.events.find((event) => event.peer === peer && event.words.startsWith(start))?.atMs ?? Number.NaN
    expect(at('a', 'STOPS SERVING')).toBeLessThan(at('b', '> c: would you vote'))
  })

  it('is given up before the successor is told to stand', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdYield('a', true)
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(100)
    expect(said(stage, 'a').filter((words) => words.includes('everything: stand'))).toEqual([])
    stage.holdYield('a', false)
    expect(said(stage, 'a')).toContain('> b: you have everything: stand, you have my vote')
  })

  it('is not undercut by the voter itself: it stands only when its last promise is over', () => {
    const stage = clusterOf('a', 'b', 'c')
    // One long gap: while it counts, c promises three times as much. A minute later it is forgotten.
    stage.hold('a', 'c')
    stage.advance(100)
    stage.deliver('a', 'c')
    expect(stage.state('c').promise?.untilMs).toBe(stage.nowMs + 300)
    for (let i = 0; i < 7_500; i++) {
      const { electionAtMs, promise } = stage.state('c')
      expect(electionAtMs, 'c would stand before').toBeGreaterThanOrEqual(promise?.untilMs ?? 0)
      stage.advance(10)
    }
    expect(stage.state('c').promise?.untilMs).toBeLessThan(stage.nowMs + 200)
  })
})

describe('rule 11: proof is about one incarnation', () => {
  it('does not hold against the next one', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('b')
    stage.start('b')
    for (const other of ['a', 'c']) stage.link('b', other)
    stage.advance(LONG_MS)
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(200)
    stage.events.length = 0
    stage.input('c', { kind: 'dead', memberId: 'b', incarnation: 1 })
    stage.advance(silenceMinMs)
    expect(said(stage, 'c').filter((words) => words.includes('would you vote'))).toEqual([])
    stage.input('c', { kind: 'dead', memberId: 'b', incarnation: 2 })
    stage.advance(silenceMinMs)
    expect(said(stage, 'c').filter((words) => words.includes('would you vote'))).not.toEqual([])
  })
})

describe('rule 12: a new leader', () => {
  it('serves only when the first entry of its term is committed', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('a')
    stage.input('c', { kind: 'dead', memberId: 'a', incarnation: 1 })
    stage.hold('c', 'b')
    stage.input('b', { kind: 'dead', memberId: 'a', incarnation: 1 })
    stage.deliver('c', 'b', 1)
    stage.holdDisk('c', true)
    stage.deliver('c', 'b')
    stage.advance(1)
    expect(stage.state('b').role.kind).toBe('leader')
    expect(served(stage)).toEqual([])
    stage.holdDisk('c', false)
    stage.advance(1)
    expect(served(stage)).toEqual(['b'])
    const { role, commitIndex } = stage.state('b')
    expect(role.kind === 'leader' && role.startIndex <= commitIndex).toBe(true)
  })

  it('serves only when the handlers of its own former reign have ended', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdYield('a', true)
    stage.hold('a', 'b')
    stage.hold('a', 'c')
    stage.advance(LONG_MS)
    stage.deliver('a', 'b')
    stage.deliver('a', 'c')
    stage.advance(500)
    const server = served(stage).at(-1) as string
    stage.input(server, { kind: 'transfer', to: 'a' })
    stage.advance(500)
    expect(stage.state('a').role.kind).toBe('leader')
    expect(served(stage)).not.toContain('a')
    stage.holdYield('a', false)
    stage.advance(100)
    expect(served(stage).at(-1)).toBe('a')
  })
})

function lose(stage: Stage, name: string): void {
  stage.crash(name)
  stage.input('a', { kind: 'gone', memberId: name, incarnation: 1, leaving: false, why: 'silence' })
  stage.advance(2_000)
}

const lastSets = (stage: Stage, count: number): string[] =>
  stage
    .state('a')
    .voterSets.slice(-count)
    .map((set) => `${set.pair ? 'pair ' : ''}${set.voters.join('')}`)

describe('rule 25: a lost voter goes before another comes', () => {
  it('removes first, then promotes, each step committed', () => {
    const stage = clusterOf('a', 'b', 'c', 'd')
    lose(stage, 'b')
    expect(lastSets(stage, 3)).toEqual(['abc', 'ac', 'acd'])
  })

  it('of three that become two makes a pair, and takes the mark off before a third comes', () => {
    const stage = clusterOf('a', 'b', 'c')
    lose(stage, 'b')
    stage.start('d')
    for (const other of ['a', 'c']) stage.link('d', other)
    stage.advance(2_000)
    expect(lastSets(stage, 4)).toEqual(['abc', 'pair ac', 'ac', 'acd'])
  })
})
