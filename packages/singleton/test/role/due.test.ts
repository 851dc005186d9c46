import { describe, expect, it } from 'vitest'
import { createRoleHost, fromEncoded, persist, role, toEncoded } from '../../src/role/index.js'
import type { DueItem } from '../../src/role/index.js'
import { dueKey } from '../../src/role/due-items.js'
import { alarms, ask, bytesOf, commandOf, dueCall, Leader, replayed, restored } from './side-roles.js'
import type { Alarm } from './side-roles.js'

function withAlarms(...list: readonly Alarm[]): Leader {
  const leader = new Leader()
  for (const one of list) leader.do(ask('alarms', 'add', one))
  return leader
}

const goes: Alarm = { id: 'g', at: 10, how: 'goes' }
const stays: Alarm = { id: 's', at: 10, how: 'stays' }
const refuses: Alarm = { id: 'r', at: 5, how: 'refuses' }

const idsOf = (items: readonly DueItem[]): string[] =>
  items.map(({ input }) => (fromEncoded(input) as Alarm).id)

const rung = (leader: Leader): readonly string[] =>
  (leader.host.state('alarms') as { rung: readonly string[] }).rung

describe('due commands', () => {
  it('are derived from the committed state, by time, and kept while it is the same', () => {
    const leader = withAlarms(goes, { ...goes, id: 'later', at: 20 }, refuses)
    const list = leader.host.due('alarms')
    expect(idsOf(list)).toEqual(['r', 'g', 'later'])
    expect(list[1]).toMatchObject({ role: 'alarms', command: 'ring', at: 10, input: toEncoded(goes) })
    leader.decide(ask('alarms', 'remove', { id: 'g' }))
    expect(leader.host.due('alarms')).toBe(list)
    leader.commit()
    expect(idsOf(leader.host.due('alarms'))).toEqual(['r', 'later'])
    expect(leader.host.due('notes')).toEqual([])
    expect(leader.host.due('nobody')).toEqual([])
  })

  it('run once, by the state alone: a late duplicate finds nothing to do', () => {
    const leader = withAlarms(goes)
    const [item] = leader.host.due('alarms')
    const request = dueCall(item!)
    expect(leader.decide(request)).toMatchObject({ kind: 'append', outcome: { status: 'ok' } })
    expect(leader.decide(request)).toEqual({ kind: 'expired' })
    leader.commit()
    expect(leader.decide(request)).toEqual({ kind: 'expired' })
    expect(rung(leader)).toEqual(['g'])
    expect(commandOf(leader.journal[1]!.payload)).toMatchObject({ session: request.session, seq: 1 })
    expect(leader.host.pending('alarms').at(-1)?.payload).toEqual({ id: 'g', stays: false, by: 'alarms' })
    // In no table: neither the sessions nor what has run grow by it.
    expect(leader.host.snapshot()).toMatchObject({ sessions: { sessions: [{}] }, outbox: [{ ran: [] }] })
  })

  it('whose item is still derived are remembered until it is not: then it may come again', () => {
    for (const one of [stays, refuses]) {
      const leader = withAlarms(one)
      const request = dueCall(leader.host.due('alarms')[0]!)
      expect(leader.decide(request).kind).toBe('append')
      expect(leader.decide(request)).toEqual({ kind: 'expired' })
      leader.commit()
      expect(commandOf(leader.journal[1]!.payload).ran).toBe(true)
      expect(leader.host.due('alarms')).toEqual([])
      for (const next of [replayed(leader.journal), restored(bytesOf(leader.host))]) {
        next.beginReign()
        expect(next.due('alarms')).toEqual([])
        expect(next.decide(request, { ...leader.at, term: 2 })).toEqual({ kind: 'expired' })
        expect(next.digest()).toBe(leader.host.digest())
      }
      // Its going and its coming back, before any of it is committed.
      leader.decide(ask('alarms', 'remove', { id: one.id }))
      expect(leader.decide(request)).toEqual({ kind: 'expired' })
      leader.decide(ask('alarms', 'add', one))
      leader.commit()
      expect(commandOf(leader.journal[2]!.payload).forget).toEqual([request.session.slice('!alarms:'.length)])
      expect(idsOf(leader.host.due('alarms'))).toEqual([one.id])
      expect(leader.do(request).kind).toBe('append')
      expect(leader.host.due('alarms')).toEqual([])
      expect(replayed(leader.journal).snapshot()).toEqual(leader.host.snapshot())
    }
  })

  it('are not decided any more once the state that is not committed yet has lost them', () => {
    const leader = withAlarms(goes)
    const request = dueCall(leader.host.due('alarms')[0]!)
    leader.decide(ask('alarms', 'remove', { id: 'g' }))
    expect(leader.decide(request)).toEqual({ kind: 'expired' })
    leader.host.endReign()
    leader.tail.splice(0)
    leader.host.beginReign()
    expect(leader.decide(request).kind).toBe('append')
  })

  it('that ran and wait for their commit are known, also when others that ran before them are committed', () => {
    const leader = withAlarms(stays, refuses)
    const requests = leader.host.due('alarms').map(dueCall)
    for (const request of requests) expect(leader.decide(request).kind).toBe('append')
    leader.commit(1)
    for (const request of requests) expect(leader.decide(request)).toEqual({ kind: 'expired' })
    leader.commit()
    for (const request of requests) expect(leader.decide(request)).toEqual({ kind: 'expired' })
  })

  it('that throw are refused, leave nothing behind, and stay due', () => {
    const leader = withAlarms({ ...goes, how: 'throws' })
    const request = dueCall(leader.host.due('alarms')[0]!)
    for (let i = 0; i < 2; i++)
      expect(leader.do(request)).toMatchObject({ kind: 'failed', refusal: { reason: 'threw' } })
    expect(leader.journal).toHaveLength(1)
    expect(leader.host.due('alarms')).toHaveLength(1)
  })

  it('are one when time, command and input are the same, in whatever order the fields stand', () => {
    const twins = role('alarms', {
      state: () => 0,
      events: { rang: (s) => s + 1 },
      commands: {
        ring: (_s, _c: { a: number; b: number } | undefined, on) => persist(on.rang()),
        other: (_s, _c: { a: number; b: number }, on) => persist(on.rang()),
      },
      due: (s, run) =>
        s > 0
          ? []
          : [
              run.ring(1, { a: 1, b: 2 }),
              run.ring(1, { b: 2, a: 1 }),
              run.ring(1, { a: 2, b: 1 }),
              run.other(1, { a: 1, b: 2 }),
              run.ring(2, { a: 1, b: 2 }),
              run.ring(1),
              run.ring(1, undefined),
            ],
    })
    const leader = new Leader([twins])
    const list = leader.host.due('alarms')
    expect(list).toHaveLength(5)
    expect(new Set(list.map(({ key }) => key)).size).toBe(5)
    expect(dueKey('ring', 1, toEncoded({ b: 2, a: 1 }))).toBe(list[0]!.key)
    expect(leader.do(dueCall(list.at(-1)!)).kind).toBe('append')
    expect(leader.do(dueCall(list[0]!))).toEqual({ kind: 'expired' })
  })

  it('are asked for only as they were derived', () => {
    const leader = withAlarms(goes)
    const item = leader.host.due('alarms')[0]!
    const request = dueCall(item)
    const wrong = [
      { ...request, seq: 2 },
      { ...request, command: 'remove' },
      { ...request, input: toEncoded({ ...goes, id: 'other' }) },
      { ...request, role: 'notes' },
      { ...request, session: request.session.slice(0, -1) },
      { ...request, caller: { level: 'stray' as const } },
    ]
    for (const one of wrong)
      expect(leader.decide(one)).toMatchObject({ kind: 'failed', refusal: { reason: 'bad-id' } })
    const never = { ...goes, id: 'never' }
    const key = dueKey('ring', 10, toEncoded(never))
    const unknown = { ...ask('alarms', 'ring', never, `!alarms:${key}`) }
    expect(leader.decide(unknown)).toEqual({ kind: 'expired' })
    expect(leader.decide(request).kind).toBe('append')
  })
})

describe('a due that fails', () => {
  it('yields nothing, says so once, and hinders no command; what has run does not run again by that', () => {
    const told: string[] = []
    const host = createRoleHost([alarms], { log: { write: (_level, _event, text) => told.push(text) } })
    const leader = new Leader()
    leader.host = host
    host.beginReign()
    leader.do(ask('alarms', 'add', stays))
    const request = dueCall(host.due('alarms')[0]!)
    leader.do(request)
    expect(host.dueFailure('alarms')).toBeUndefined()
    leader.do(ask('alarms', 'break', { broken: true }))
    leader.do(ask('alarms', 'add', goes))
    leader.do(ask('alarms', 'remove', { id: 's' }))
    expect(host.due('alarms')).toEqual([])
    expect(host.dueFailure('alarms')).toBe("due of the role 'alarms' failed: out of order")
    expect(leader.decide(request)).toEqual({ kind: 'expired' })
    expect(host.failure('alarms')).toBeUndefined()
    leader.do(ask('alarms', 'break', { broken: false }))
    expect(host.dueFailure('alarms')).toBeUndefined()
    expect(idsOf(host.due('alarms'))).toEqual(['g'])
    expect(told).toEqual(["due of the role 'alarms' failed: out of order"])
    leader.do(ask('alarms', 'add', stays))
    expect(leader.do(request).kind).toBe('append')
  })

  it.each([
    ['a time that is none', (_s: unknown, run: never) => [(run as Run)['ring']!(Number.NaN)]],
    ['a time that never comes', (_s: unknown, run: never) => [(run as Run)['ring']!(Infinity)]],
    ['no list', () => undefined],
    ['what run did not make', () => [{ command: 'ring', at: 1, input: undefined }]],
    ['an unknown command', (_s: unknown, run: never) => [(run as Run)['rign']!(1)]],
    ['an input that cannot be kept', (_s: unknown, run: never) => [(run as Run)['ring']!(1, () => 1)]],
    [
      'no end',
      function* (_s: unknown, run: never) {
        for (;;) yield (run as Run)['ring']!(1)
      },
    ],
  ])('%s', (_what, due) => {
    const host = createRoleHost([{ ...alarms, due } as unknown as typeof alarms])
    expect(host.due('alarms')).toEqual([])
    expect(host.dueFailure('alarms')).toMatch(/^due of the role 'alarms' failed: ./)
    host.beginReign()
    expect(host.decide(ask('alarms', 'add', goes), { index: 1, term: 1, atMs: 1, branch: 'b' }).kind).toBe(
      'append',
    )
  })
})

type Run = Readonly<Record<string, (at: number, input?: unknown) => unknown>>
