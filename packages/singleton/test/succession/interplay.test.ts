import type { SnapshotId } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { EntryKind, votersOf } from '../../src/succession/entries.js'
import { clusterSettings, defaultTiming, voters } from '../../src/succession/index.js'
import type { SnapshotMeta } from '../../src/succession/index.js'
import { explainWait } from '../../src/peer/waiting.js'
import { Stage } from './stage.js'

/** Where two parts of succession meet. */

function clusterOf(...names: string[]): Stage {
  const stage = new Stage()
  stage.cluster(...names)
  stage.advance(200)
  stage.events.length = 0
  return stage
}

const newest = (stage: Stage, name: string): SnapshotId | undefined => stage.disk(name).snapshots.whole.at(-1)

/** c is away until the journal of a begins behind what it has. */
function leftBehind(): Stage {
  const stage = clusterOf('a', 'b', 'c')
  stage.unlink('a', 'c')
  stage.unlink('b', 'c')
  stage.propose('a', ...Array.from({ length: 40 }, (_, i) => `command ${i} ${'x'.repeat(60)}`))
  stage.checkpoint('a')
  stage.advance(1_000)
  expect(stage.disk('a').firstIndex).toBeGreaterThan(stage.state('c').lastIndex + 1)
  return stage
}

describe('a snapshot that cannot be read any more', () => {
  it('is sent to nobody: its leader takes a new one and goes on', () => {
    const stage = leftBehind()
    const rotten = newest(stage, 'a')
    const { snapshots } = stage.disk('a')
    const read = snapshots.read.bind(snapshots)
    snapshots.read = (id, offset, length) =>
      id.index === rotten?.index ? new Uint8Array() : read(id, offset, length)
    stage.link('a', 'c')
    stage.advance(3_000)
    expect(stage.state('a').role.kind).toBe('leader')
    expect(newest(stage, 'a')?.index).toBeGreaterThan(rotten?.index ?? 0)
    expect(stage.state('c').commitIndex).toBe(stage.state('a').commitIndex)
    expect(stage.value('c')).toBe(stage.value('a'))
    expect(stage.notes.map(({ event }) => event)).toContain('snapshot-rotten')
  })
})

describe('a snapshot that was being received', () => {
  it('is waited for by nobody who has all of it by now', () => {
    const stage = leftBehind()
    stage.loses.add('received')
    stage.link('a', 'c')
    stage.advance(100)
    const state = stage.state('c')
    const id = newest(stage, 'a') as SnapshotId
    state.snap.receiving = { id, received: 500, installing: false }
    const wait = (): string | undefined =>
      explainWait(state, { monotonicMs: stage.nowMs, failedRole: null })?.code
    expect(wait()).toBe('fetching')
    state.commitIndex = id.index
    expect(wait()).not.toBe('fetching')
  })

  it('brings in nobody who comes with other settings than the cluster was founded with (rule 24)', () => {
    const stage = new Stage()
    stage.start('x')
    const { timing } = stage.state('x').config
    const applicant = { memberId: 'a', incarnation: 1, name: 'a', address: 'a:1' }
    const founding = (soloMs: number): SnapshotMeta['founding'] => ({
      clusterId: 'c',
      branchId: 'b',
      app: 'stage',
      mode: 'consistent',
      founder: applicant,
      settings: clusterSettings({ mode: 'consistent', timing: { ...timing, soloMs } }),
    })
    const meta = (soloMs: number): SnapshotMeta => ({
      index: 9,
      term: 1,
      founding: founding(soloMs),
      branchId: 'b',
      voterSet: { index: 1, term: 1, voters: ['a'] },
      view: [{ ...applicant, seniority: 1 }],
      names: [['a', 'a']],
    })
    const fatal = (soloMs: number): boolean => {
      stage.crash('x')
      stage.start('x')
      stage.events.length = 0
      const id = { index: 9, term: 1, bytes: 1, checksum: 1 }
      stage.input('x', { kind: 'installed', id, meta: meta(soloMs), digest: '' })
      return stage.events.some(({ effect }) => effect?.kind === 'fatal')
    }
    expect(fatal(timing.soloMs)).toBe(false)
    stage.disk('x').reset(0, 0)
    expect(fatal(timing.soloMs + 1)).toBe(true)
  })
})

describe('two clusters without a command meet', () => {
  it('and none dissolves into one that was founded with other settings, but says so', () => {
    const meets = (soloMs: number): Stage => {
      const stage = clusterOf('a')
      const settings = { 'timing.soloMs': soloMs }
      const hello = {
        protocol: 1,
        mode: 'consistent',
        memberId: 'z',
        incarnation: 1,
        name: 'z',
        address: 'z:1',
      }
      stage.input('a', {
        kind: 'foreign',
        hello: { ...hello, known: [], clusterId: '!', fresh: true, settings } as never,
      })
      return stage
    }
    const other = meets(defaultTiming.soloMs + 1)
    expect(other.state('a').role.kind).toBe('leader')
    expect(other.notes.find(({ event }) => event === 'clusters-met')?.text).toMatch(
      /timing.soloMs 2001, here 2000/,
    )
    expect(meets(defaultTiming.soloMs).events.map(({ effect }) => effect?.kind)).toContain('set-aside')
  })
})

describe('minCopies and operators', () => {
  it('nobody is sent away when fewer copies than asked for would be left', () => {
    const stage = clusterOf('a', 'b')
    for (const name of ['a', 'b']) Object.assign(stage.state(name).config, { minCopies: 2 })
    stage.input('a', { kind: 'operate', id: 1, operation: { op: 'evict', memberId: 'b' } })
    stage.advance(1_000)
    const told = stage.events.find(({ effect }) => effect?.kind === 'operated')?.effect
    expect(told).toMatchObject({ status: 'refused', text: expect.stringContaining('minCopies') as string })
    expect(voters(stage.state('a'))).toEqual(['a', 'b'])
  })

  it('who takes the seat comes before the one that is sent away goes', () => {
    const stage = clusterOf('a', 'b', 'c', 'd')
    for (const name of ['a', 'b', 'c', 'd']) Object.assign(stage.state(name).config, { minCopies: 3 })
    expect(voters(stage.state('a'))).toHaveLength(3)
    const before = stage.state('a').lastIndex
    stage.input('a', { kind: 'operate', id: 1, operation: { op: 'evict', memberId: 'c' } })
    stage.advance(1_500)
    const sets = stage
      .disk('a')
      .entries.filter(({ index, kind }) => index > before && kind === EntryKind.voters)
    expect(sets.map((entry) => votersOf(entry).voters.join(''))).toEqual(['abcd', 'abd'])
  })
})

describe('operators and a pair', () => {
  it('the other one can be evicted, there or gone', () => {
    for (const gone of [false, true]) {
      const stage = clusterOf('a', 'b')
      if (gone) stage.crash('b')
      stage.input('a', { kind: 'operate', id: 1, operation: { op: 'evict', memberId: 'b' } })
      stage.advance(6_000)
      const told = stage.events.find(({ effect }) => effect?.kind === 'operated')?.effect
      expect(told).toMatchObject({ status: 'done' })
      expect(voters(stage.state('a'))).toEqual(['a'])
      stage.propose('a', 'x')
      expect(stage.state('a').commitIndex).toBe(stage.state('a').lastIndex)
    }
  })

  it('the server of two can be evicted: the other one does it', () => {
    const stage = clusterOf('a', 'b')
    stage.input('b', { kind: 'operate', id: 1, operation: { op: 'evict', memberId: 'a' } })
    stage.advance(6_000)
    expect(voters(stage.state('b'))).toEqual(['b'])
    expect([...stage.state('b').view.keys()]).toEqual(['b'])
  })
})

describe('a branch that was left behind the end of the one that goes on', () => {
  it('gives way without breaking the leader that it meets', () => {
    const stage = clusterOf('a', 'b', 'c')
    const { founding, lastIndex, hard } = stage.state('a')
    const branch = founding?.branchId ?? ''
    stage.hold('a', 'c')
    const chain = [
      { id: branch, index: 1, held: 1, of: 1 },
      { id: 'z', index: lastIndex + 10, held: 1, of: 3 },
    ]
    const claim = {
      chain,
      lastIndex: lastIndex + 12,
      commitIndex: lastIndex + 12,
      held: 1,
      of: 1,
      leads: true,
    }
    stage.input('a', {
      kind: 'message',
      from: 'c',
      incarnation: 1,
      message: { t: 'concede', branch: 'z', term: hard.term, claim },
      entries: [],
    })
    expect(stage.state('a').role.kind).toBe('leader')
    expect(stage.held.get('a>c')?.map(({ message }) => message.t)).toContain('conceded')
  })
})

describe('a pair with a witness and a learner', () => {
  it('what the follower says of the witness is not taken back by what a learner says', () => {
    const stage = clusterOf('a', 'b')
    const role = stage.state('a').role
    if (role.kind !== 'leader') throw new Error('a leads')
    const answer = (from: string, spent: boolean): void =>
      stage.step('a', {
        kind: 'message',
        from,
        incarnation: 1,
        message: {
          t: 'appended',
          branch: stage.state('a').founding?.branchId ?? null,
          term: stage.state('a').hard.term,
          round: 0,
          sent: [0, 0],
          match: 0,
          promiseMs: 0,
          ...(spent ? { spent: true as const } : {}),
        },
        entries: [],
      })
    const [progress] = role.progress.values()
    if (progress) role.progress.set('learner', { ...progress })
    answer('b', true)
    answer('learner', false)
    expect(role.spent).toBe(true)
    answer('b', false)
    expect(role.spent).toBe(false)
  })
})
