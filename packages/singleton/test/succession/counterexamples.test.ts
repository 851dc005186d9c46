import { describe, expect, it } from 'vitest'
import { defaultTiming, voters } from '../../src/succession/index.js'
import type { AppendMessage, PairPromise } from '../../src/succession/messages.js'
import type { VoterSet } from '../../src/succession/state.js'
import { Stage } from './stage.js'

/*
 * The counterexamples of the rules of succession: each is the shortest history that goes wrong when its rule is left
 * out. `a` leads, `b` follows, `x` is an acknowledged command.
 */

const { soloMs, marginMs } = defaultTiming

function clusterOf(...names: string[]): Stage {
  const stage = new Stage()
  stage.cluster(...names)
  stage.advance(1_000)
  stage.events.length = 0
  return stage
}

const pairOf = (): Stage => {
  const stage = clusterOf('a', 'b')
  expect(setOf(stage, 'b')).toBe('pair ab')
  expect(basis(stage)).not.toBeNull()
  return stage
}

function setWords(set: VoterSet | undefined): string {
  return `${set?.pair ? 'pair ' : ''}${set?.voters.join('')}`
}
const setOf = (stage: Stage, name: string): string => setWords(stage.state(name).voterSets.at(-1))
const basis = (stage: Stage, name = 'b') => stage.state(name).pair.basis

/** `at` has proof that the present start of `of` is dead. */
function dead(stage: Stage, at: string, of: string): void {
  stage.input(at, { kind: 'dead', memberId: of, incarnation: stage.incarnation(of) })
}

function crash(stage: Stage, name: string, ...provenTo: string[]): void {
  stage.crash(name)
  for (const at of provenTo) dead(stage, at, name)
  stage.advance(20)
}

const serves = (stage: Stage, name: string): boolean => {
  const { role } = stage.state(name)
  return role.kind === 'leader' && role.serving
}

const holds = (stage: Stage, name: string, text: string): boolean =>
  stage.disk(name).entries.some(({ payload }) => new TextDecoder().decode(payload) === text)

const cut = (stage: Stage): void => {
  stage.hold('a', 'b')
  stage.hold('b', 'a')
}

/** Time passes in small steps until something holds. */
function until(stage: Stage, holdsNow: () => boolean, limitMs = 3_000): void {
  for (let ms = 0; ms < limitMs && !holdsNow(); ms++) stage.advance(1)
  expect(holdsNow()).toBe(true)
}

/** What `voter` says to `name` arrives one by one, until `name` leads: what comes of that is not heard. */
function leads(stage: Stage, name: string, voter: string, limitMs?: number): void {
  const led = (): boolean => stage.state(name).role.kind === 'leader'
  until(
    stage,
    () => {
      if (!led()) stage.deliver(voter, name, 1)
      return led()
    },
    limitMs,
  )
}

/** c comes; a and b hold the set that is no pair any more, and a does not hear that b does. */
function unpaired(stage: Stage): void {
  stage.hold('b', 'a')
  until(stage, () => {
    if (setOf(stage, 'a') !== 'ab') stage.deliver('b', 'a', 1)
    return setOf(stage, 'a') === 'ab'
  })
  expect(setOf(stage, 'b')).toBe('ab')
}

/** A beat from a to b with this promise. */
function beat(stage: Stage, pair: PairPromise | undefined, incarnation = stage.incarnation('a')): void {
  const { lastIndex, lastTerm, commitIndex, hard, founding } = stage.state('b')
  const body: AppendMessage = {
    t: 'append',
    prevIndex: lastIndex,
    prevTerm: lastTerm,
    commit: commitIndex,
    round: 9_999,
    sent: [0, 0],
    line: null,
    ...(pair && { pair }),
  }
  const message = { branch: founding?.branchId ?? null, term: hard.term, ...body }
  stage.input('b', { kind: 'message', from: 'a', incarnation, message, entries: [] })
}

function promise(stage: Stage, set: VoterSet | undefined, incarnation = stage.incarnation('b')): PairPromise {
  const { monotonicMs, wallMs } = stage.clocksOf('b')
  return { set: [set?.index ?? 0, set?.term ?? 0], echo: [incarnation, monotonicMs, wallMs], soloMs }
}

function askVote(stage: Stage, incarnation: number, set: VoterSet | undefined): void {
  const { lastIndex, lastTerm, hard, founding } = stage.state('b')
  const pair = set && { set: [set.index, set.term] as const, incarnation }
  const body = { t: 'vote' as const, pre: false, lastIndex, lastTerm, transfer: true, dead: null }
  const message = { branch: founding?.branchId ?? null, term: hard.term + 1, ...body, ...(pair && { pair }) }
  stage.input('b', { kind: 'message', from: 'a', incarnation, message, entries: [] })
}

describe('counterexamples of Raft itself', () => {
  it('C1, own sync: nothing is acknowledged that the leader itself has not synced', () => {
    const stage = pairOf()
    stage.holdDisk('a', true)
    stage.propose('a', 'x')
    stage.advance(50)
    expect(holds(stage, 'b', 'x')).toBe(true)
    expect(stage.state('a').commitIndex).toBeLessThan(stage.state('a').lastIndex)
  })

  it('C2, one at a time: no second voter set before the first is committed', () => {
    const stage = clusterOf('a')
    stage.start('b', 'c')
    stage.link('a', 'b')
    stage.link('a', 'c')
    until(stage, () => stage.state('a').view.size === 3)
    stage.hold('b', 'a')
    stage.advance(600)
    const { voterSets, commitIndex } = stage.state('a')
    expect(voterSets.filter(({ index }) => index > commitIndex).map(setWords)).toEqual(['ab'])
  })

  it('C3, branch: nothing crosses from another branch', () => {
    const stage = pairOf()
    const { hard, lastIndex } = stage.state('a')
    const vote = { t: 'vote' as const, pre: false, lastIndex: 99, lastTerm: 99, transfer: true, dead: null }
    const message = { branch: 'another', term: 99, ...vote }
    stage.input('a', { kind: 'message', from: 'b', incarnation: 1, message, entries: [] })
    expect(stage.state('a').hard).toEqual(hard)
    expect(stage.state('a').lastIndex).toBe(lastIndex)
    expect(serves(stage, 'a')).toBe(true)
  })
})

describe('counterexamples of changing voters', () => {
  it('C4, unpair first: a third voter counts only once the follower knows that it is no pair any more', () => {
    const stage = pairOf()
    stage.start('c')
    stage.link('a', 'c')
    until(stage, () => stage.state('a').view.has('c'))
    stage.hold('a', 'b')
    stage.advance(120)
    stage.propose('a', 'x')
    stage.advance(20)
    expect(holds(stage, 'c', 'x')).toBe(true)
    expect(stage.state('a').commitIndex).toBeLessThan(stage.state('a').lastIndex)
    // b lags, and may take over: what it lacks was never acknowledged.
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(true)
  })

  it('C16, known committed: a pair that may be lost with the disk of the leader entitles to nothing', () => {
    const stage = clusterOf('a')
    stage.start('b')
    stage.link('a', 'b')
    until(stage, () => stage.state('a').view.has('b'))
    stage.holdDisk('a', true)
    stage.advance(300)
    expect(setOf(stage, 'b')).toBe('pair ab')
    expect(basis(stage)).not.toBeNull()
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
    stage.holdDisk('a', false)
    stage.start('a')
    expect(setOf(stage, 'a')).toBe('a')
    stage.advance(1_000)
    expect(serves(stage, 'a')).toBe(true)
  })

  it('C17, committed: a pair out of three is none while the three may still be in force', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.crash('b')
    stage.hold('c', 'a')
    const why = 'silence'
    stage.input('a', { kind: 'gone', memberId: 'b', incarnation: 1, leaving: false, why })
    until(stage, () => {
      if (setOf(stage, 'a') !== 'pair ac') stage.deliver('c', 'a', 1)
      return setOf(stage, 'a') === 'pair ac'
    })
    expect(stage.state('a').voterSets.at(-1)?.index).toBeGreaterThan(stage.state('a').commitIndex)
    crash(stage, 'c', 'a')
    stage.advance(2 * soloMs)
    expect(setOf(stage, 'a')).toBe('pair ac')
    expect(serves(stage, 'a')).toBe(false)
  })

  it('C18, contains the leader: who never was in a committed set does not go alone', () => {
    const stage = clusterOf('a')
    stage.start('b')
    stage.link('a', 'b')
    until(stage, () => stage.state('a').view.has('b'))
    stage.holdDisk('a', true)
    stage.advance(60)
    stage.crash('a')
    stage.holdDisk('a', false)
    stage.start('a')
    stage.hold('a', 'b')
    stage.link('a', 'b')
    leads(stage, 'b', 'a', 450)
    dead(stage, 'b', 'a')
    stage.advance(2 * soloMs)
    expect(setOf(stage, 'b')).toBe('pair ab')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C19, own term: two that are no pair need an entry of the term before one goes alone', () => {
    const stage = pairOf()
    stage.start('c')
    stage.link('a', 'c')
    unpaired(stage)
    stage.crash('a')
    stage.crash('c')
    stage.start('a')
    stage.held.clear()
    stage.link('a', 'b')
    stage.advance(900)
    // Who stands is not the question here.
    stage.freeze('a', true)
    stage.hold('a', 'b')
    leads(stage, 'b', 'a')
    expect(setOf(stage, 'b')).toBe('ab')
    crash(stage, 'a', 'b')
    expect(setOf(stage, 'b')).toBe('ab')
    expect(serves(stage, 'b')).toBe(false)
  })
})

describe('counterexamples of the pair: when the leader goes alone', () => {
  it('C5, wait: not before the promise to the follower is over', () => {
    const stage = pairOf()
    cut(stage)
    stage.advance(soloMs - 60)
    expect(setOf(stage, 'a')).toBe('pair ab')
    expect(serves(stage, 'a')).toBe(false)
    stage.advance(200)
    expect(setOf(stage, 'a')).toBe('a')
    expect(serves(stage, 'a')).toBe(true)
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C20, alone on disk: nothing is acknowledged alone, not even older entries, before that is synced', () => {
    const stage = pairOf()
    stage.hold('a', 'b')
    stage.propose('a', 'x')
    stage.holdDisk('a', true)
    const { commitIndex } = stage.state('a')
    dead(stage, 'a', 'b')
    expect(setOf(stage, 'a')).toBe('a')
    expect(stage.state('a').durableIndex).toBe(stage.state('a').lastIndex - 1)
    stage.advance(50)
    expect(stage.state('a').commitIndex).toBe(commitIndex)
    stage.advance(2_000)
    expect(serves(stage, 'a')).toBe(false)
    stage.holdDisk('a', false)
    stage.advance(50)
    expect(stage.state('a').commitIndex).toBe(stage.state('a').lastIndex)
    expect(serves(stage, 'a')).toBe(true)
  })

  it('C23, sent after sync: a leader that loses its own loneliness does not leave the follower with it', () => {
    const stage = pairOf()
    stage.holdDisk('a', true)
    stage.input('b', { kind: 'leave' })
    stage.advance(100)
    expect(setOf(stage, 'a')).toBe('a')
    expect(setOf(stage, 'b')).toBe('pair ab')
    stage.crash('a')
    stage.crash('b')
    stage.holdDisk('a', false)
    stage.start('a', 'b')
    stage.link('a', 'b')
    stage.advance(3_000)
    expect(voters(stage.state('a'))).toContain('b')
    expect(serves(stage, 'a') || serves(stage, 'b')).toBe(true)
  })
})

describe('counterexamples of the pair: what the follower may conclude', () => {
  it('takes over when nothing speaks against it', () => {
    const stage = pairOf()
    stage.propose('a', 'x')
    stage.advance(100)
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(true)
    expect(setOf(stage, 'b')).toBe('b')
    expect(holds(stage, 'b', 'x')).toBe(true)
  })

  it('C6, the echo names the set: a promise under another set is none', () => {
    const stage = pairOf()
    cut(stage)
    stage.advance(soloMs + 100)
    expect(setOf(stage, 'a')).toBe('a')
    const before = basis(stage)
    beat(stage, promise(stage, stage.state('a').voterSets.at(-1)))
    expect(basis(stage)).toEqual(before)
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C6, the set is still the last one here when it is used', () => {
    const stage = pairOf()
    stage.start('c')
    stage.link('a', 'c')
    unpaired(stage)
    stage.deliver('b', 'a')
    stage.advance(100)
    expect(setOf(stage, 'b')).toBe('abc')
    expect(stage.state('b').commitIndex).toBe(stage.state('b').lastIndex)
    expect(basis(stage)).not.toBeNull()
    stage.crash('a')
    dead(stage, 'b', 'a')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C7, counted from what was sent: beats that arrive prolong nothing while answers are lost', () => {
    const stage = pairOf()
    stage.hold('b', 'a')
    stage.advance(soloMs - 60)
    expect(setOf(stage, 'a')).toBe('pair ab')
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C8, the vote names the set: a vote asked for under another set is no promise', () => {
    const stage = pairOf()
    const set = stage.state('b').voterSets.at(-1)
    askVote(stage, 1, set && { ...set, index: set.index + 1 })
    expect(stage.state('b').hard.votedFor).toBe('a')
    expect(basis(stage)).toBeNull()
    const other = pairOf()
    askVote(other, 1, other.state('b').voterSets.at(-1))
    expect(basis(other)?.since[0]).toBe(other.nowMs)
  })

  it('C8, a vote counts from when it was given first', () => {
    const stage = pairOf()
    const set = stage.state('b').voterSets.at(-1)
    askVote(stage, 1, set)
    const since = basis(stage)?.since
    const { lastIndex, lastTerm, hard, founding } = stage.state('b')
    stage.hold('a', 'b')
    stage.advance(40)
    const body = { t: 'vote' as const, pre: false, lastIndex, lastTerm, transfer: true, dead: null }
    const pair = { set: [set?.index ?? 0, set?.term ?? 0] as const, incarnation: 1 }
    const message = { branch: founding?.branchId ?? null, term: hard.term, ...body, pair }
    stage.input('b', { kind: 'message', from: 'a', incarnation: 1, message, entries: [] })
    expect(basis(stage)?.since).toEqual(since)
  })

  it('C9, a restart voids: also what is echoed of an answer of the former life', () => {
    const stage = pairOf()
    cut(stage)
    stage.crash('b')
    stage.start('b')
    beat(stage, promise(stage, stage.state('b').voterSets.at(-1), 1))
    expect(basis(stage)).toBeNull()
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C10, another start or term of the leader voids', () => {
    const stage = pairOf()
    beat(stage, undefined, 2)
    expect(basis(stage)).toBeNull()
    const other = pairOf()
    askVote(other, 2, undefined)
    expect(basis(other)).toBeNull()
    stage.input('b', { kind: 'dead', memberId: 'a', incarnation: 1 })
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C11, asking for a vote voids; asking whether one would be given does not', () => {
    const stage = pairOf()
    cut(stage)
    stage.advance(500)
    expect(stage.state('b').role).toMatchObject({ kind: 'candidate', pre: true })
    expect(basis(stage)).not.toBeNull()
    const { hard, founding } = stage.state('b')
    const other = pairOf()
    const message = { t: 'stand' as const, branch: founding?.branchId ?? null, term: hard.term }
    other.hold('b', 'a')
    other.input('b', { kind: 'message', from: 'a', incarnation: 1, message, entries: [] })
    expect(basis(other)).toBeNull()
    crash(other, 'a', 'b')
    expect(serves(other, 'b')).toBe(false)
  })

  it('C12, announcing a leave voids, and no later beat gives a basis', () => {
    const stage = pairOf()
    stage.hold('b', 'a')
    stage.input('b', { kind: 'leave' })
    expect(basis(stage)).toBeNull()
    beat(stage, promise(stage, stage.state('b').voterSets.at(-1)))
    expect(basis(stage)).toBeNull()
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C13, suspend: a machine that slept does not know for how long, even if its wall clock is set back', () => {
    const stage = pairOf()
    cut(stage)
    stage.freeze('b', true)
    stage.advance(3_000)
    expect(serves(stage, 'a')).toBe(true)
    stage.setClocks('b', -3_000, 0)
    // Awake: what had arrived is read.
    const echo = stage.state('b').pair.basis?.since ?? [0, 0]
    const set = stage.state('b').voterSets.at(-1)
    beat(stage, { set: [set?.index ?? 0, set?.term ?? 0], echo: [1, echo[0] + 1, echo[1] + 1], soloMs })
    expect(basis(stage)).toBeNull()
    stage.setClocks('b', 0, -3_000)
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C13, elapsed is what the faster of both clocks says', () => {
    const stage = pairOf()
    cut(stage)
    // Ten naps, each too short to be noticed.
    for (let nap = 0; nap < 30; nap++) {
      stage.advance(marginMs - 10)
      stage.setClocks('b', -(marginMs - 10), 0)
      stage.input('b', { kind: 'flush' })
    }
    expect(serves(stage, 'a')).toBe(true)
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C14, evidence: silence is none', () => {
    const stage = pairOf()
    cut(stage)
    for (let ms = 0; ms < 3 * soloMs; ms += 50) {
      stage.advance(50)
      expect(serves(stage, 'b')).toBe(false)
    }
  })

  it('C15, in time: proof that comes after the promise is over proves nothing', () => {
    const stage = pairOf()
    cut(stage)
    stage.advance(soloMs + 100)
    expect(serves(stage, 'a')).toBe(true)
    crash(stage, 'a', 'b')
    expect(serves(stage, 'b')).toBe(false)
  })

  it('C21, margin: the promise counts until so long before its end, and not one step longer', () => {
    for (const [late, takes] of [
      [-1, true],
      [0, false],
    ] as const) {
      const stage = pairOf()
      cut(stage)
      const since = basis(stage)?.since[0] ?? 0
      stage.advance(since + soloMs - marginMs + late - stage.nowMs)
      stage.crash('a')
      dead(stage, 'b', 'a')
      expect(serves(stage, 'b')).toBe(takes)
    }
  })

  it('C22, truth: false proof makes both serve, and when they meet the difference is shown and kept', () => {
    const stage = pairOf()
    cut(stage)
    dead(stage, 'a', 'b')
    dead(stage, 'b', 'a')
    stage.advance(20)
    expect([serves(stage, 'a'), serves(stage, 'b')]).toEqual([true, true])
    stage.propose('a', 'x')
    stage.propose('b', 'y')
    stage.held.clear()
    stage.unlink('a', 'b')
    stage.link('a', 'b')
    const asides = (): string[] =>
      stage.events
        .filter(({ effect }) => effect?.kind === 'set-aside')
        .map(({ peer, words }) => `${peer} ${words}`)
    until(stage, () => asides().length > 0)
    expect(asides()[0]).toMatch(/^a SETS ASIDE from \d+ on .*knows to be committed/)
    until(stage, () => stage.names.includes('a2') && holds(stage, 'a2', 'y'))
    expect(holds(stage, 'a2', 'x')).toBe(false)
    expect(holds(stage, 'b', 'y')).toBe(true)
  })
})
