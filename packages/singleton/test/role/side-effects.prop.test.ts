import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRoleEntry } from '../../src/role/entry.js'
import type { CommandEntry } from '../../src/role/entry.js'
import type { CommandRecord } from '../../src/role/index.js'
import { Group } from './side-group.js'
import { alarms, ask, callOf, dueCall, notes } from './side-roles.js'
import type { Alarm } from './side-roles.js'

const small = fc.nat(3)
const alarm = fc.record({
  id: fc.constantFrom('a', 'b'),
  at: fc.constantFrom(10, 20),
  how: fc.constantFrom('goes' as const, 'stays' as const, 'refuses' as const, 'throws' as const),
})
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), alarm }) },
  fc.record({ do: fc.constant('remove' as const), id: fc.constantFrom('a', 'b') }),
  fc.record({ do: fc.constant('break' as const), broken: fc.boolean() }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('note' as const), times: small }) },
  // Of any that there ever was, the newest being 0.
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      of: fc.nat(6),
      seq: fc.integer({ min: 1, max: 3 }),
      what: fc.constantFrom('note', 'refuse', 'fail', 'add'),
    }),
  },
  // A run of a reaction: its n-th call is the same in each.
  { weight: 5, arbitrary: fc.record({ do: fc.constant('run' as const), of: fc.nat(2), calls: small }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('due' as const), of: fc.nat(6) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('all due' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('back' as const), id: fc.constantFrom('a', 'b') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('again' as const), of: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      list: fc.array(
        fc.record({ of: fc.nat(6), end: fc.constantFrom('done', 'parked', 'retry', 'dropped') }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('commit' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  fc.record({ do: fc.constant('follow' as const), who: small, count: fc.nat(5) }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fall' as const), next: small, kept: fc.nat(4) }) },
  fc.record({ do: fc.constant('restart' as const), who: small, from: fc.option(small) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function run(steps: readonly Step[]): Group {
  const group = new Group(3)
  const at = <T>(list: readonly T[], of: number): T | undefined => list.at(-1 - of)
  for (const one of steps) {
    switch (one.do) {
      case 'add':
        group.decide(ask('alarms', 'add', one.alarm))
        break
      case 'remove':
        group.decide(ask('alarms', 'remove', { id: one.id }))
        break
      case 'break':
        group.decide(ask('alarms', 'break', { broken: one.broken }))
        break
      case 'note':
        group.decide(ask('notes', 'note', { tag: 'x', times: one.times }))
        break
      case 'call': {
        const of = at(group.reactions, one.of)
        if (of === undefined) break
        const input = one.what === 'add' ? { id: 'a', at: 10, how: 'stays' } : { tag: of.key }
        group.decide(callOf(of, one.seq, one.what === 'add' ? 'alarms' : 'notes', one.what, input))
        break
      }
      case 'run': {
        const of = at(group.reactions, one.of)
        for (let seq = 1; of !== undefined && seq <= one.calls; seq++)
          group.decide(callOf(of, seq, 'notes', seq === 2 ? 'refuse' : 'note', { tag: of.key }))
        break
      }
      case 'all due':
        for (const item of group.host.due('alarms')) group.decide(dueCall(item))
        break
      case 'back': {
        const { set } = group.host.state('alarms') as AlarmState
        const again = set.find(({ id }) => id === one.id)
        if (again === undefined) break
        group.decide(ask('alarms', 'remove', { id: one.id }))
        group.decide(ask('alarms', 'add', again))
        break
      }
      case 'due': {
        const item = at(group.items, one.of)
        if (item !== undefined) group.decide(dueCall(item))
        break
      }
      case 'again': {
        const request = at(group.requests, one.of)
        if (request !== undefined) group.decide(request)
        break
      }
      case 'settle':
        group.settle(
          one.list.flatMap(({ of, end }) => {
            const reaction = at(group.reactions, of)
            if (reaction === undefined) return []
            const { role, key } = reaction
            return [
              { role, key, end: end as 'done', ...(end === 'parked' ? { attempts: 3, text: 'no' } : {}) },
            ]
          }),
        )
        break
      case 'commit':
        group.commit(one.count)
        break
      case 'follow':
        group.follow(one.who, one.count)
        break
      case 'fall':
        group.fall(one.next, one.kept)
        break
      case 'restart':
        group.restart(one.who, one.from)
    }
  }
  return group
}

/** Runs due commands and settles reactions until there is nothing more to do. */
function finish(group: Group): void {
  group.commit(Infinity)
  for (let round = 0; round < 30; round++) {
    const items = group.host.due('alarms').filter(({ input }) => !JSON.stringify(input).includes('throws'))
    const pending = group.host.pendingRoles().flatMap((role) => group.host.pending(role))
    if (items.length === 0 && pending.length === 0) return
    for (const item of items) group.decide(dueCall(item))
    group.settle(pending.map(({ role, key }) => ({ role, key, end: 'done' })))
    group.commit(Infinity)
  }
  expect.unreachable('it goes on for ever')
}

interface AlarmState {
  readonly set: readonly Alarm[]
  readonly rung: readonly string[]
  readonly broken: boolean
}

/** What the alarms derive, by nothing but their rules: null when nobody can tell. */
const derivedFrom = (state: AlarmState): ReadonlySet<string> | null =>
  state.broken ? null : new Set(state.set.map(({ id, at, how }) => `${id} ${at} ${how}`))

type EventFunction = (state: unknown, payload: unknown) => unknown

/** Judges a journal by itself: what may run twice, and what must not run at all. */
function judge(journal: readonly CommandRecord[]): { readonly due: number; readonly calls: number } {
  let state = alarms.state() as AlarmState
  let ranNow = new Set<string>()
  const open = new Map<string, 'open' | 'parked'>()
  const calls = new Set<string>()
  let due = 0
  for (const { index, payload } of journal) {
    const entry = decodeRoleEntry(payload)
    if ('settle' in entry) {
      for (const { role, key, end } of entry.settle) {
        const id = `~${role}:${key}`
        const was = open.get(id)
        expect(was === 'open' || (was === 'parked' && end !== 'parked')).toBe(true)
        if (end === 'parked') open.set(id, 'parked')
        else if (end === 'retry') open.set(id, 'open')
        else open.delete(id)
      }
      continue
    }
    if (!('events' in entry)) continue
    const { role, session, seq, events } = entry
    if (session.startsWith('~')) {
      expect(open.has(session)).toBe(true)
      expect(calls.has(`${session}:${seq}`)).toBe(false)
      calls.add(`${session}:${seq}`)
    }
    const before = state
    if (role === 'alarms')
      for (const { type, payload: event } of events)
        state = (alarms.events as unknown as Record<string, EventFunction>)[type]!(state, event) as AlarmState
    const after = derivedFrom(state)
    if (session.startsWith('!')) {
      due++
      const item = itemOf(entry, before)
      expect(derivedFrom(before)?.has(item)).toBe(true)
      expect(ranNow.has(item)).toBe(false)
      ranNow.add(item)
    }
    if (after !== null) ranNow = new Set([...ranNow].filter((item) => after.has(item)))
    const reacting = events.flatMap(({ type }, n) => (['noted', 'rang', 'added'].includes(type) ? [n] : []))
    expect(entry.react ?? []).toEqual(reacting)
    for (const n of reacting) open.set(`~${role}:${index}.${n}`, 'open')
  }
  // What must run has run, and every reaction has an end.
  for (const item of derivedFrom(state) ?? [])
    if (!item.endsWith('throws')) expect(ranNow.has(item)).toBe(true)
  expect(open.size).toBe(0)
  return { due, calls: calls.size }
}

/** Which alarm a due command was for: the input is not in the entry, but nothing else has its time and its key. */
function itemOf(entry: CommandEntry, { set }: AlarmState): string {
  const found = set.filter(({ id, at, how }) => entry.session === `!alarms:${keyOf({ id, at, how })}`)
  expect(found).toHaveLength(1)
  const { id, at, how } = found[0]!
  return `${id} ${at} ${how}`
}

const keys = new Map<string, string>()

function keyOf(one: Alarm): string {
  const name = JSON.stringify(one)
  const known = keys.get(name)
  if (known !== undefined) return known
  const group = new Group(1)
  group.decide(ask('alarms', 'add', one))
  group.commit(1)
  const { key } = group.host.due('alarms')[0]!
  keys.set(name, key)
  return key
}

describe('whatever is repeated, lost, late, parked and restored', () => {
  it('each due command runs once in each appearance, each call of a reaction once, and all replicas are alike', () => {
    const seen = { due: 0, calls: 0 }
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
        const group = run(steps)
        group.close()
        group.decide(ask('alarms', 'break', { broken: false }))
        finish(group)
        const { due, calls } = judge(group.journal)
        group.close()
        group.closeWith([alarms])
        group.closeWith([{ ...notes, events: { plain: notes.events.plain } }])
        seen.due += due
        seen.calls += calls
      }),
      { numRuns: 80 },
    )
    expect(seen.due).toBeGreaterThan(50)
    expect(seen.calls).toBeGreaterThan(50)
  }, 60_000)
})
