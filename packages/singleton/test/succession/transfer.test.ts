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
    stage.advance(50)
    expect(servers(stage)).toEqual(['b'])
    expect(stage.state('a').role).toMatchObject({ kind: 'leader', serving: false })
    stage.propose('a', 'into the void')
    stage.advance(2 * transferMs + 3 * silenceMaxMs)
    expect(servers(stage), 'its lease is gone for good').toEqual(['b'])
    expect(commands(stage, 'b')).toEqual([])
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
    stage.hold('b', 'a')
    stage.hold('b', 'c')
    stage.input('a', { kind: 'transfer', to: 'b' })
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
    expect(servers(stage)).toEqual(['a'])
    stage.input('a', { kind: 'transfer', to: 'b' })
    stage.advance(200)
    expect(servers(stage)).toEqual(['a', 'b'])
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
