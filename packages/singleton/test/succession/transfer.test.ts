import { describe, expect, it } from 'vitest'
import { EntryKind } from '../../src/succession/entries.js'
import { defaultTiming } from '../../src/succession/index.js'
import { Stage } from './stage.js'

const { silenceMaxMs, silenceMinMs, transferMs } = defaultTiming

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

const asks = (stage: Stage, peer: string): string[] =>
  stage.events.filter((e) => e.peer === peer && e.words.includes('vote for me')).map(({ words }) => words)

const commands = (stage: Stage, name: string): string[] =>
  stage
    .disk(name)
    .entries.filter((entry) => entry.kind === EntryKind.command)
    .map((entry) => new TextDecoder().decode(entry.payload))

const leaders = (stage: Stage): string[] =>
  stage.names.filter((name) => stage.state(name).role.kind === 'leader')

describe('catalogue 4: a hand-over whose end the old server does not hear of', () => {
  it('never brings the old server back into its old lease', () => {
    const stage = clusterOf('a', 'b', 'c')
    // The word goes out; of the election that follows a hears nothing.
    stage.hold('b', 'a')
    stage.hold('c', 'a')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(110)
    expect(servers(stage)).toEqual(['b'])
    expect(stage.state('a').role.kind, 'its vote was its abdication').toBe('follower')
    stage.advance(2 * transferMs + 3 * silenceMaxMs)
    expect(servers(stage), 'its lease is gone for good').toEqual(['b'])
  })
})

describe('catalogue 8: the word to stand', () => {
  it('that reaches a candidate blocks nothing: one server comes of it', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'b')
    stage.input('a', { kind: 'transfer', to: 'b' })
    // b stands by itself meanwhile; then the word comes.
    stage.advance(silenceMinMs + 60)
    expect(stage.state('b').role.kind).toBe('candidate')
    stage.deliver('a', 'b')
    stage.advance(transferMs + 3 * silenceMaxMs)
    expect(leaders(stage)).toHaveLength(1)
    expect(servers(stage)).toHaveLength(1)
  })

  it('of an old term, late, is ignored', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.input('a', { kind: 'transfer', to: 'c' })
    stage.advance(500)
    expect(servers(stage)).toEqual(['c'])
    const { term } = stage.state('c').hard
    const branch = stage.state('c').founding?.branchId ?? null
    for (const to of ['b', 'c']) {
      const message = { t: 'stand' as const, branch, term: term - 1 }
      stage.input(to, { kind: 'message', from: 'a', incarnation: 1, message, entries: [] })
    }
    stage.advance(1_000)
    expect(stage.state('c').hard.term).toBe(term)
    expect(servers(stage)).toEqual(['c'])
  })

  it('of the present term from somebody who does not lead is ignored', () => {
    const stage = clusterOf('a', 'b', 'c')
    const branch = stage.state('a').founding?.branchId ?? null
    const message = { t: 'stand' as const, branch, term: stage.state('a').hard.term }
    stage.input('c', { kind: 'message', from: 'b', incarnation: 1, message, entries: [] })
    stage.advance(1_000)
    expect(asks(stage, 'c')).toEqual([])
  })
})

describe('catalogue 9: a hand-over under work', () => {
  it('a command proposed after the word was said is not lost and not doubled', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('a', 'b')
    stage.propose('a', 'before')
    stage.input('a', { kind: 'transfer', to: 'b' })
    // The shell decides nothing while it does not serve; the machine takes it all the same.
    stage.propose('a', 'slipped in')
    stage.deliver('a', 'b')
    stage.advance(transferMs + 3 * silenceMaxMs)
    const [server = ''] = servers(stage).slice(-1)
    expect(leaders(stage)).toEqual([server])
    for (const name of ['a', 'b', 'c']) {
      expect(commands(stage, name)[0]).toBe('before')
      expect(commands(stage, name)).toEqual(commands(stage, server))
    }
  })

  it('one that slips in after `stand` leaves no two servers: the successor leads, or the old one goes on', () => {
    const stage = clusterOf('a', 'b', 'c')
    // Nothing is committed, so that a has not voted for b yet: its disk is slow, and it does not hear c.
    stage.holdDisk('a', true)
    stage.hold('c', 'a')
    stage.propose('a', 'before')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.hold('b', 'a')
    stage.hold('b', 'c')
    stage.advance(110)
    stage.holdDisk('a', false)
    expect(stage.events.some(({ words }) => words.includes('you have everything: stand'))).toBe(true)
    stage.propose('a', 'after the word')
    stage.deliver('b', 'a')
    stage.deliver('b', 'c')
    stage.advance(transferMs + 3 * silenceMaxMs)
    expect(leaders(stage)).toHaveLength(1)
    expect(new Set(stage.names.map((name) => commands(stage, name).join())).size).toBe(1)
  })
})

describe('a hand-over is aborted cleanly', () => {
  it('the target dies before the word: the reign goes on at once, in the same term', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdYield('a', true)
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.crash('b')
    stage.holdYield('a', false)
    stage.advance(100)
    expect(servers(stage)).toEqual(['a'])
    expect(stage.state('a').hard.term).toBe(1)
  })

  it('a second hand-over works after a failed one', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.loses.add('stand')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(transferMs + silenceMaxMs)
    stage.loses.clear()
    const [first = '', ...more] = servers(stage)
    expect(more).toEqual([])
    stage.input(first, { kind: 'transfer', to: 'a' })
    stage.advance(200)
    expect(servers(stage)).toEqual([first, 'a'])
  })

  it('whoever lost the word is no obstacle: somebody serves within a silence, not after the whole time limit', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.loses.add('stand')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(4 * silenceMinMs)
    expect(servers(stage)).toHaveLength(1)
  })
})

describe('votes that are written down before the server stops', () => {
  const writes = (stage: Stage): string[] =>
    stage.events.filter(({ effect }) => effect?.kind === 'persist').map(({ peer }) => peer)

  it('leave no write of term or vote between two servers', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(50)
    expect(servers(stage)).toEqual(['b'])
    // Two votes are enough: c may be late.
    expect(writes(stage).filter((name) => name !== 'c')).toEqual([])
    for (const name of ['a', 'b']) expect(stage.state(name).hard).toEqual({ term: 2, votedFor: 'b' })
  })

  it('come with the word to stand: where they are enough nobody is asked', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(50)
    expect(servers(stage)).toEqual(['b'])
    expect(asks(stage, 'b')).toEqual([])
    expect(stage.state('c').hard).toEqual({ term: 2, votedFor: null })
  })

  it('are asked of the others where one more is needed', () => {
    const stage = clusterOf('a', 'b', 'c', 'd', 'e')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(50)
    expect(servers(stage)).toEqual(['b'])
    expect(asks(stage, 'b').map((words) => words.slice(0, 3))).toEqual(['> c', '> d', '> e'])
  })

  it('are sent behind the word, and asked for, while they are on their way to the disk', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdDisk('a', true)
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(150)
    const said = stage.events.filter(({ peer }) => peer === 'a').map(({ words }) => words)
    expect(said).toContain('> b: you have everything: stand')
    expect(said.filter((words) => words.includes('my vote'))).toEqual([])
    expect(servers(stage), 'c was asked').toEqual(['b'])
  })

  it('are waited for by a server that goes on serving, but not for long', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdDisk('b', true)
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(90)
    expect(stage.state('a').role).toMatchObject({ kind: 'leader', serving: true })
    stage.advance(20)
    expect(stage.state('a').role.kind).toBe('follower')
    expect(servers(stage), 'its own vote is not on its disk').toEqual([])
    stage.holdDisk('b', false)
    stage.advance(10)
    expect(servers(stage)).toEqual(['b'])
  })

  it('are not given: a voter whose hand-over was given up votes for whoever asks it in that term', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdYield('a', true)
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.crash('b')
    stage.holdYield('a', false)
    stage.advance(100)
    expect(stage.state('a')).toMatchObject({ role: { kind: 'leader' }, hard: { term: 1 } })
    stage.input('a', { kind: 'transfer', to: 'c' })
    stage.advance(200)
    expect(servers(stage).at(-1)).toBe('c')
    expect(stage.state('a').hard).toEqual({ term: 2, votedFor: 'c' })
    expect(stage.state('c').hard.term).toBe(2)
  })

  it('count as given after a restart', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.holdYield('a', true)
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.crash('c')
    stage.start('c')
    expect(stage.state('c').hard).toEqual({ term: 2, votedFor: 'b' })
  })
})

describe('the first calls of a reign that was handed over', () => {
  const begun = (stage: Stage): number[] =>
    stage.events.flatMap(({ peer, effect }) =>
      peer === 'b' && effect?.kind === 'append' ? [effect.entries.length] : [],
    )

  it('go to the disks with the entry that begins it, also when they take a while', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.input('a', { kind: 'transfer', to: 'b' })
    for (let ms = 0; stage.state('b').role.kind !== 'leader' && ms < 50; ms++) stage.advance(1)
    stage.advance(1)
    expect(begun(stage)).toEqual([])
    stage.propose('b', 'at once')
    expect(begun(stage)).toEqual([2])
  })

  it('are not waited for any longer', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(20)
    expect(begun(stage)).toEqual([1])
  })
})

describe('whoever agrees that another may stand', () => {
  it('lets it try first, although its own time has come', () => {
    const stage = clusterOf('a', 'b', 'c')
    stage.hold('b', 'c')
    stage.crash('a')
    const { electionAtMs } = stage.state('c')
    // Just before its own time comes, c agrees that b may stand.
    stage.advance((electionAtMs ?? 0) - stage.nowMs - 5)
    const { lastIndex, lastTerm, hard, founding } = stage.state('b')
    expect(stage.state('c')).toMatchObject({ role: { kind: 'follower' }, electionAtMs })
    const body = { t: 'vote' as const, pre: true, lastIndex, lastTerm, transfer: false, dead: null }
    const message = { ...body, branch: founding?.branchId ?? null, term: hard.term }
    stage.state('c').promise = null
    stage.input('c', { kind: 'message', from: 'b', incarnation: 1, message, entries: [] })
    expect(stage.state('c').electionAtMs).toBeGreaterThanOrEqual(stage.nowMs + silenceMinMs / 2)
  })
})
