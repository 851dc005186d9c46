import { describe, expect, it } from 'vitest'
import { persist, role } from '../../src/role/index.js'
import type { PendingReaction } from '../../src/role/index.js'
import { decodeRoleEntry } from '../../src/role/entry.js'
import {
  Leader,
  ask,
  bytesOf,
  callOf,
  commandOf,
  notes,
  replayed,
  restored,
  sideRoles,
} from './side-roles.js'

const only = (list: readonly PendingReaction[]): PendingReaction => {
  expect(list).toHaveLength(1)
  return list[0]!
}

function withOne(): { leader: Leader; item: PendingReaction } {
  const leader = new Leader()
  leader.do(ask('notes', 'note', { tag: 'a' }))
  return { leader, item: only(leader.host.pending('notes')) }
}

describe('an event with a reaction', () => {
  it('is pending from its commit until it is settled, with what the journal says of it', () => {
    const leader = new Leader()
    leader.decide(ask('notes', 'note', { tag: 'a', times: 2 }))
    expect(leader.host.pending('notes')).toEqual([])
    const [applied] = leader.commit()
    const base = { role: 'notes', index: 1, term: 1, atMs: 1_001, type: 'noted', parked: null }
    const expected = [
      { ...base, key: '1.1', n: 1, payload: { tag: 'a', by: undefined } },
      { ...base, key: '1.2', n: 2, payload: { tag: 'a', by: undefined } },
    ]
    expect(leader.host.pending('notes')).toEqual(expected)
    expect(applied).toMatchObject({ role: 'notes', reactions: expected })
    expect(commandOf(leader.journal[0]!.payload).react).toEqual([1, 2])
    expect(leader.host.pendingRoles()).toEqual(['notes'])
    expect(leader.settle([{ role: 'notes', key: '1.1', end: 'done' }])).toBe(1)
    expect(leader.host.pending('notes')).toHaveLength(2)
    expect(leader.commit()).toEqual([
      { settled: [{ role: 'notes', key: '1.1', end: 'done' }], index: 2, term: 1 },
    ])
    expect(leader.host.pending('notes').map(({ key }) => key)).toEqual(['1.2'])
    leader.settle([{ role: 'notes', key: '1.2', end: 'done' }])
    leader.commit()
    expect(leader.host.pendingRoles()).toEqual([])
  })

  it('leaves the entries of roles without reactions as they were', () => {
    const leader = new Leader([{ ...notes, reactions: {} }])
    const [applied] = (leader.decide(ask('notes', 'note', { tag: 'a' })), leader.commit())
    expect(Object.keys(JSON.parse(Buffer.from(leader.journal[0]!.payload).toString()))).toEqual([
      'role',
      'command',
      'session',
      'seq',
      'floor',
      'at',
      'outcome',
      'events',
    ])
    expect(applied).not.toHaveProperty('reactions')
    expect(leader.host.pendingRoles()).toEqual([])
  })

  it('is settled once: what is settled, or waits to be, means nothing a second time', () => {
    const { leader, item } = withOne()
    const done = [{ role: 'notes', key: item.key, end: 'done' as const }]
    expect(leader.settle([...done, ...done])).toBe(1)
    expect(leader.settle(done)).toBe(0)
    leader.commit()
    expect(leader.settle(done)).toBe(0)
    expect(leader.settle([{ role: 'nobody', key: '1.1', end: 'done' }])).toBe(0)
  })

  it('that was parked stays so, keeps its answers, and is run again or dropped by an operator alone', () => {
    const { leader, item } = withOne()
    const { role: of, key } = item
    const call = leader.do(callOf(item, 1, 'notes', 'refuse'))
    expect(leader.settle([{ role: of, key, end: 'retry' }])).toBe(0)
    expect(leader.settle([{ role: of, key, end: 'dropped' }])).toBe(0)
    leader.settle([{ role: of, key, end: 'parked', attempts: 10, text: `x${'y'.repeat(9_999)}` }])
    leader.commit()
    const parked = only(leader.host.pending('notes')).parked
    expect(parked).toMatchObject({ attempts: 10, atMs: 1_003 })
    expect(parked?.text).toHaveLength(500)
    expect(leader.settle([{ role: of, key, end: 'parked', attempts: 1, text: '' }])).toBe(0)
    leader.settle([{ role: of, key, end: 'retry' }])
    expect(leader.commit()).toMatchObject([{ reactions: [{ key, parked: null }] }])
    expect(leader.decide(callOf(item, 1, 'notes', 'refuse'))).toMatchObject({
      kind: 'known',
      ...(call.kind === 'append' && { outcome: call.outcome }),
    })
    // Both in one entry: the second counts on the first.
    leader.settle([
      { role: of, key, end: 'parked', attempts: 1, text: 'again' },
      { role: of, key, end: 'dropped' },
    ])
    leader.commit()
    expect(leader.host.pendingRoles()).toEqual([])
  })

  it('is settled with many others, as many an entry as fit', () => {
    const leader = new Leader()
    leader.do(ask('notes', 'note', { tag: 'a', times: 600 }))
    const pending = leader.host.pending('notes')
    expect(pending).toHaveLength(600)
    const text = '\u0001'.repeat(900)
    const all = pending.map(({ role: of, key }) => ({
      role: of,
      key,
      end: 'parked' as const,
      attempts: 1,
      text,
    }))
    expect(leader.settle(all)).toBe(3)
    for (const { payload } of leader.tail) expect(payload.length).toBeLessThan(1_048_576)
    leader.commit()
    expect(leader.host.pending('notes').every(({ parked }) => parked !== null)).toBe(true)
    expect(replayed(leader.journal).digest()).toBe(leader.host.digest())
  })

  it('is kept by a build that does not know it, and told so', () => {
    const leader = new Leader()
    leader.do(ask('notes', 'note', { tag: 'a' }))
    leader.do(ask('alarms', 'add', { id: 'x', at: 1, how: 'goes' }))
    const before = role('notes', { ...bare, events: { plain: (s: { tags: string[] }) => s } })
    for (const build of [[before], []]) {
      const older = replayed(leader.journal, build)
      expect(older.pendingRoles()).toEqual(['alarms', 'notes'])
      expect(only(older.pending('notes'))).toMatchObject({ type: 'noted', payload: { tag: 'a' } })
      expect(only(older.pending('notes')).unreadable).toMatch(
        /does not know the (event 'noted'|role 'notes')/,
      )
      expect(older.snapshot()).toHaveProperty('outbox', outboxOf(leader))
      const capture = older.capture()
      expect(capture.comparable).toBe(false)
      expect(restored(bytesOf(older)).digest()).toBe(leader.host.digest())
    }
  })
})

const bare = { state: () => ({ tags: [] as string[] }), commands: { none: () => persist() } }
const outboxOf = (leader: Leader): unknown => (leader.host.snapshot() as { outbox: unknown }).outbox

describe('a call that a reaction makes', () => {
  it('runs once, whatever is repeated, also while the first one waits, and says who calls', () => {
    const { leader, item } = withOne()
    const request = callOf(item, 1, 'notes', 'note', { tag: 'b' })
    const first = leader.decide(request)
    expect(first.kind).toBe('append')
    const outcome = first.kind === 'append' ? first.outcome : null
    expect(leader.decide(request)).toEqual({ kind: 'known', term: 1, index: 2, outcome })
    leader.commit()
    expect(leader.decide(request)).toEqual({ kind: 'known', term: 1, index: 2, outcome })
    expect(leader.host.knows(request.session, 1)).toBe('yes')
    expect(leader.host.knows(request.session, 2)).toBe('no')
    expect(leader.host.state('notes')).toEqual({ tags: ['a', 'b'] })
    expect(leader.host.pending('notes').at(-1)).toMatchObject({ key: '2.1', payload: { by: 'notes' } })
    // Another order of calls in another run is a mistake of the program, and told.
    expect(leader.decide(callOf(item, 1, 'notes', 'refuse'))).toMatchObject({
      kind: 'failed',
      refusal: { reason: 'bad-id' },
    })
  })

  it('takes no place in the table of sessions', () => {
    const { leader, item } = withOne()
    const before = (leader.host.snapshot() as { sessions: unknown }).sessions
    leader.do(callOf(item, 1, 'notes', 'note', { tag: 'b' }))
    expect(leader.host.snapshot()).toMatchObject({ sessions: before })
  })

  it('never runs once the reaction is settled, from the decision on', () => {
    const { leader, item } = withOne()
    leader.do(callOf(item, 1, 'notes', 'note', { tag: 'b' }))
    leader.settle([{ role: 'notes', key: item.key, end: 'done' }])
    for (const seq of [1, 2])
      expect(leader.decide(callOf(item, seq, 'notes', 'note', { tag: 'c' }))).toEqual({ kind: 'expired' })
    leader.commit()
    for (const seq of [1, 2]) {
      expect(leader.decide(callOf(item, seq, 'notes', 'note', { tag: 'c' }))).toEqual({ kind: 'expired' })
      expect(leader.host.knows(callOf(item, seq, 'notes', 'note').session, seq)).toBe('expired')
    }
    expect(leader.decide(callOf({ role: 'notes', key: '99.0' }, 1, 'notes', 'note'))).toEqual({
      kind: 'expired',
    })
  })

  it('is found again by the next leader, committed or not, and behind a snapshot', () => {
    const { leader, item } = withOne()
    const request = callOf(item, 1, 'notes', 'note', { tag: 'b' })
    leader.decide(request)
    const waiting = replayed(leader.journal)
    waiting.beginReign(leader.tail)
    expect(waiting.decide(request, { ...leader.at, term: 2 })).toMatchObject({
      kind: 'known',
      index: 2,
      term: 1,
    })
    const lost = replayed(leader.journal)
    lost.beginReign()
    expect(lost.decide(request, { ...leader.at, index: 2, term: 2 })).toMatchObject({ kind: 'append' })
    leader.commit()
    const later = restored(bytesOf(leader.host))
    later.beginReign()
    expect(later.decide(request, { ...leader.at, term: 2 })).toMatchObject({
      kind: 'known',
      index: 2,
      term: 1,
    })
    expect(later.snapshot()).toEqual(leader.host.snapshot())
  })

  it('is refused when it fails, and may be made again', () => {
    const { leader, item } = withOne()
    expect(leader.do(callOf(item, 1, 'notes', 'fail'))).toMatchObject({
      kind: 'failed',
      refusal: { reason: 'threw' },
    })
    expect(leader.do(callOf(item, 1, 'notes', 'note', { tag: 'b' })).kind).toBe('append')
  })

  it('has a limit: outcomes are kept until the end', () => {
    const { leader, item } = withOne()
    expect(leader.decide(callOf(item, 1_025, 'notes', 'refuse'))).toMatchObject({
      kind: 'failed',
      refusal: { reason: 'too-large', text: expect.stringMatching(/1\.1 .*'notes'.* 1024 calls/) },
    })
    expect(leader.decide(callOf(item, 1_024, 'notes', 'refuse')).kind).toBe('append')
  })

  it('cannot be made by those who are no members', () => {
    const { leader, item } = withOne()
    for (const caller of [{ level: 'stray' as const }, { level: 'trusted' as const }])
      expect(leader.decide({ ...callOf(item, 1, 'notes', 'note', { tag: 'b' }), caller })).toMatchObject({
        kind: 'failed',
        refusal: { reason: 'bad-id' },
      })
    for (const session of ['~', '~notes', '!', '!:', '~:1.1', '~notes:'])
      expect(leader.decide(ask('notes', 'refuse', undefined, session))).toMatchObject({
        kind: 'failed',
        refusal: { reason: 'bad-id' },
      })
  })
})

describe('the entries about reactions', () => {
  const base = { role: 'a', command: 'b', session: 's', seq: 1, floor: 0, at: 0, outcome: { status: 'ok' } }
  const bad: readonly unknown[] = [
    { ...base, events: [['x', null]], react: [1] },
    { ...base, events: [['x', null]], react: [0.5] },
    {
      ...base,
      events: [
        ['x', null],
        ['y', null],
      ],
      react: [1, 0],
    },
    { ...base, events: [['x', null]], react: [0, 0] },
    { ...base, events: [['x', null]], react: '0' },
    { ...base, events: [], ran: 1 },
    { ...base, events: [], forget: [1] },
    { ...base, events: [], forget: 'x' },
    { settle: [['a', '1.0', 'gone']], at: 0 },
    { settle: [['a', 1, 'done']], at: 0 },
    { settle: [['a', '1.0', 'parked', 1]], at: 0 },
    { settle: [{}], at: 0 },
    { settle: [] },
  ]
  it.each(bad.map((one) => [JSON.stringify(one), one]))('are read strictly: %s', (_text, one) => {
    const bytes = Buffer.from(JSON.stringify(one))
    expect(() => decodeRoleEntry(bytes)).toThrow(TypeError)
  })

  it('a bad place in a snapshot is refused', () => {
    const { leader } = withOne()
    const bytes = bytesOf(leader.host)
    const at = bytes.indexOf('"1.1"')
    expect(at).toBeGreaterThan(0)
    expect(() =>
      restored(Buffer.concat([bytes.subarray(0, at), Buffer.from('"1-1"'), bytes.subarray(at + 5)])),
    ).toThrow(TypeError)
    expect(restored(bytes, sideRoles).digest()).toBe(leader.host.digest())
  })
})
