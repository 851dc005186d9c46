import type { Log } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromEncoded } from '@tanist/core'
import { createRoleHost, persist, role } from '../../src/role/index.js'
import type { CommandRecord, Decided } from '../../src/role/index.js'
import { SESSION_WINDOW } from '../../src/role/limits.js'
import { Server, ledger, ledgerOf, other, request } from './ledger.js'

function value(decided: Decided): unknown {
  if (decided.kind !== 'append' && decided.kind !== 'known') return decided.kind
  return decided.outcome.status === 'ok'
    ? fromEncoded(decided.outcome.value)
    : { refused: fromEncoded(decided.outcome.refusal) }
}

const steps = fc.array(
  fc.record({
    session: fc.constantFrom('a:1', 'b:1', 'c'),
    seq: fc.integer({ min: 1, max: 12 }),
    n: fc.integer({ min: -3, max: 5 }),
    floor: fc.integer({ min: 0, max: 4 }),
    commit: fc.integer({ min: 0, max: 3 }),
    reign: fc.constantFrom('same', 'same', 'same', 'lost', 'kept'),
  }),
  { maxLength: 60 },
)

describe('a role host', () => {
  it('decides ahead of the commits, and every replica comes to the same state', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const server = new Server()
        const follower = createRoleHost([ledger, other])
        const journal: CommandRecord[] = []
        const outcomes = new Map<string, unknown>()
        let term = 1
        const commit = (count?: number): void => {
          for (const record of server.commit(count)) {
            journal.push(record)
            const applied = follower.apply(record)
            if (applied === undefined || 'settled' in applied) throw new Error('no command')
            // The first outcome that became committed is the only one that an id ever has.
            const key = `${applied.session}:${applied.seq}`
            expect(outcomes.has(key)).toBe(false)
            outcomes.set(key, applied.outcome)
          }
        }
        for (const { session, seq, n, floor, commit: count, reign } of list) {
          const decided = server.decide(
            request(session, seq, 'add', { tag: `${session}:${seq}`, n }, floor),
            term,
          )
          const committed = decided.kind === 'known' && decided.index <= journal.length
          const first = outcomes.get(`${session}:${seq}`)
          expect(committed ? decided.outcome : first).toEqual(first)
          commit(count)
          expect(server.host.digest()).toBe(follower.digest())
          if (reign === 'same') continue
          server.host.endReign()
          term++
          if (reign === 'lost') server.tail.length = 0
          server.host.beginReign(server.tail)
        }
        commit()
        const state = ledgerOf(follower)
        expect(new Set(state.tags).size).toBe(state.tags.length)
        expect(state.sum).toBeGreaterThanOrEqual(0)
        const replayed = createRoleHost([ledger, other])
        for (const record of journal) replayed.apply(record)
        expect(replayed.snapshot()).toEqual(server.host.snapshot())
      }),
      { numRuns: 300 },
    )
  })

  it('answers a duplicate with the first outcome, before and after the commit and after a take-over', () => {
    const server = new Server()
    expect(value(server.decide(request('a', 1, 'add', { tag: 'x', n: 2 })))).toEqual({ sum: 2 })
    expect(value(server.decide(request('a', 2, 'add', { tag: 'y', n: -9 })))).toEqual({
      refused: { code: 'short', have: 2 },
    })
    expect(server.decide(request('a', 1, 'add', { tag: 'x', n: 2 }))).toMatchObject({
      kind: 'known',
      index: 1,
    })
    server.decide(request('a', 3, 'add', { tag: 'z', n: 50 }))
    const next = new Server([ledger, other], server.commit())
    const late = next.decide(request('a', 2, 'add', { tag: 'y', n: -9 }))
    expect(late).toMatchObject({ kind: 'known', index: 2, term: 1 })
    expect(value(late)).toEqual({ refused: { code: 'short', have: 2 } })
    expect(next.host.state('ledger')).toEqual({ tags: ['x', 'z'], sum: 52 })
  })

  it('throws speculative state away with the reign, and keeps what a tail says at the next', () => {
    const server = new Server()
    server.decide(request('a', 1, 'add', { tag: 'x', n: 2 }))
    server.host.endReign()
    server.host.beginReign(server.tail)
    expect(server.decide(request('a', 1, 'add', { tag: 'x', n: 2 }))).toMatchObject({
      kind: 'known',
      index: 1,
    })
    server.host.endReign()
    server.tail.length = 0
    server.host.beginReign()
    expect(value(server.decide(request('a', 9, 'add', { tag: 'y', n: 1 })))).toEqual({ sum: 1 })
    expect(value(server.decide(request('a', 1, 'add', { tag: 'x', n: 2 })))).toEqual({ sum: 3 })
  })

  it('applies what is committed, also where it decided something else', () => {
    const [server, successor] = [new Server(), new Server()]
    server.decide(request('a', 1, 'add', { tag: 'x', n: 2 }), 1)
    server.decide(request('a', 2, 'add', { tag: 'y', n: 1 }), 1)
    successor.decide(request('a', 1, 'add', { tag: 'x', n: 3 }), 2)
    const replica = createRoleHost([ledger, other])
    for (const record of [successor.tail[0]!, server.tail[1]!]) {
      server.host.apply(record)
      replica.apply(record)
    }
    expect(server.host.snapshot()).toEqual(replica.snapshot())
    expect(server.host.state('ledger')).toEqual({ tags: ['x', 'y'], sum: 4 })
    expect(
      server.host.decide(request('a', 1, 'add'), { index: 3, term: 2, atMs: 0, branch: 'b' }),
    ).toMatchObject({ kind: 'known', term: 2 })
  })

  it('never runs an id below the floor, and runs ids out of order above it', () => {
    const server = new Server()
    server.decide(request('a', 7, 'add', { tag: '7', n: 1 }, 4))
    expect(server.decide(request('a', 4, 'add', { tag: '4', n: 1 }))).toEqual({ kind: 'expired' })
    expect(value(server.decide(request('a', 6, 'add', { tag: '6', n: 1 })))).toEqual({ sum: 2 })
    expect(value(server.decide(request('a', 5, 'add', { tag: '5', n: 1 })))).toEqual({ sum: 3 })
    server.commit()
    expect(server.decide(request('a', 3, 'add', { tag: '3', n: 1 }))).toEqual({ kind: 'expired' })
    expect(server.decide(request('a', 5, 'add', { tag: '5', n: 1 })).kind).toBe('known')
  })

  it('keeps a bounded number of outcomes a session, and expires what it forgot', () => {
    const server = new Server()
    for (let seq = 1; seq <= SESSION_WINDOW + 10; seq++) server.decide(request('a', seq, 'nothing'))
    for (const committed of [false, true]) {
      if (committed) server.commit()
      expect(server.decide(request('a', 10, 'nothing')).kind).toBe('expired')
      expect(server.decide(request('a', 11, 'nothing')).kind).toBe('known')
    }
    expect(server.decide(request('b', 10, 'nothing')).kind).toBe('append')
  })

  it('refuses an id that belongs to another command', () => {
    const server = new Server()
    server.decide(request('a', 1, 'nothing'))
    expect(server.decide(request('a', 1, 'add', { tag: 'x', n: 1 }))).toMatchObject({
      kind: 'failed',
      refusal: { text: expect.stringContaining('ledger.nothing') },
    })
  })

  it('gives commands the time and unique ids of their position', () => {
    const server = new Server()
    server.decide(request('a', 1, 'twice', { tag: 't' }))
    server.decide(request('a', 2, 'twice', { tag: 't' }))
    server.commit()
    expect(server.host.state('ledger')).toEqual({
      tags: ['b-1-1', 'b-1-2/t', 'b-2-1', 'b-2-2/t'],
      sum: 1_001 + 1_002 + 2,
    })
  })

  it('tells observers once a batch, and only of changes', () => {
    const server = new Server()
    const seen: unknown[] = []
    const end = server.host.observe('ledger', (state) => seen.push(state))
    server.decide(request('a', 1, 'add', { tag: 'x', n: 1 }))
    server.decide(request('a', 2, 'add', { tag: 'y', n: 1 }))
    server.host.flush()
    expect(seen).toEqual([])
    server.commit()
    server.host.flush()
    server.decide(request('a', 3, 'nothing'))
    server.commit()
    server.host.flush()
    expect(seen).toEqual([{ tags: ['x', 'y'], sum: 2 }])
    end()
    server.decide(request('a', 4, 'add', { tag: 'z', n: 1 }))
    server.commit()
    server.host.flush()
    expect(seen).toHaveLength(1)
  })
})

describe('poison', () => {
  it.each(['throws', 'poison', 'forget', 'change', 'unreadable', 'silent', 'huge', 'unheard', 'constructor'])(
    'a command that cannot be decided (%s) is refused with a reference and leaves no trace',
    (command) => {
      const lines: Parameters<Log['write']>[] = []
      const host = createRoleHost([ledger], { log: { write: (...line) => lines.push(line) } })
      host.beginReign()
      const at = { index: 1, term: 3, atMs: 0, branch: 'b' }
      const decided = host.decide(request('a', 1, command), at)
      expect(decided).toMatchObject({ kind: 'failed', refusal: { code: 'failed', reference: '3.1.1' } })
      expect(JSON.stringify(decided)).not.toContain('secret detail')
      expect(lines).toHaveLength(1)
      expect(lines[0]?.[3]).toMatchObject({ reference: '3.1.1', session: 'a', seq: 1 })
      // The same index, id and state are still free.
      const next = host.decide(request('a', 1, 'add', { tag: 'x', n: 1 }), at)
      expect(value(next)).toEqual({ sum: 1 })
    },
  )

  it('a function that changes its state in place fails at any time, and one that reuses its events does no harm', () => {
    const server = new Server()
    server.decide(request('a', 1, 'add', { tag: 'x', n: 1 }))
    expect(server.decide(request('a', 2, 'change')).kind).toBe('failed')
    const scratches = [3, 4].map((seq) => server.decide(request('a', seq, 'scratch')).kind)
    expect(scratches).toEqual(['append', 'append'])
    const [, first] = server.commit()
    expect(new TextDecoder().decode(first?.payload)).toContain('"n":1')
    expect(server.host.state('ledger')).toEqual({ tags: ['x'], sum: 1, last: { tag: 'scratch', n: 2 } })
  })

  it('values that JSON alone does not carry arrive whole, also when a message is repeated in one process', () => {
    const rich = role('ledger', {
      state: () => new Map<string, Date>(),
      events: { set: (s, e: { at: Date }) => new Map(s).set(`${s.size}`, e.at) },
      commands: {
        set: (_s, c: { at: Date; of: bigint }, on) => persist(on.set({ at: c.at })).reply((next) => next),
      },
    })
    const server = new Server([rich])
    const asked = request('a', 1, 'set', { at: new Date(5), of: 7n })
    const expected = new Map([['0', new Date(5)]])
    expect(value(server.decide(asked))).toEqual(expected)
    server.host.endReign()
    server.tail.length = 0
    server.host.beginReign()
    expect(value(server.decide(asked))).toEqual(expected)
    const again = server.decide(asked)
    expect([value(again), value(again)]).toEqual([expected, expected])
    server.commit()
    expect(server.host.state('ledger')).toEqual(expected)
  })

  it('an input that cannot be read, a role that is unknown and an id that is none are refused', () => {
    const { host } = new Server()
    const at = { index: 1, term: 1, atMs: 0, branch: 'b' }
    expect(host.decide({ ...request('a', 1, 'add'), input: 'x' }, at).kind).toBe('failed')
    expect(host.decide({ ...request('a', 1, 'add'), role: 'none' }, at).kind).toBe('failed')
    expect(host.decide(request('a', 0, 'nothing'), at).kind).toBe('failed')
    expect(host.decide(request('', 1, 'nothing'), at).kind).toBe('failed')
  })

  it('an entry that a role cannot take stops that role alone, and its outcome is still known', () => {
    const older = role('ledger', { state: () => 0, events: {}, commands: { add: () => persist() } })
    const author = new Server()
    author.decide(request('a', 1, 'add', { tag: 'x', n: 1 }))
    author.decide({ ...request('a', 2, 'set', { to: 5 }), role: 'other' })
    const journal = author.commit()
    for (const roles of [[older, other], [other]]) {
      const server = new Server(roles, journal)
      expect(server.host.failure('ledger')).toMatch(/'ledger' .*index 1, term 1/)
      expect(server.host.state('other')).toBe(5)
      expect(server.host.failure('other')).toBeUndefined()
      expect(server.decide(request('a', 1, 'add')).kind).toBe('known')
      expect(server.decide(request('a', 3, 'add')).kind).toBe('failed')
      expect(server.decide({ ...request('a', 4, 'set', { to: 6 }), role: 'other' }).kind).toBe('append')
    }
  })

  it('an entry that cannot be read at all stops every role, and does not throw', () => {
    const host = createRoleHost([ledger, other])
    for (const text of ['', '{}', '[1]', '{"outcome":{"status":"ok"}}', 'null']) {
      expect(host.apply({ index: 1, term: 1, payload: new TextEncoder().encode(text) })).toBeUndefined()
    }
    expect(host.failure('ledger')).toMatch(/index 1, term 1, cannot be read/)
    expect(host.failure('other')).toMatch(/cannot be read/)
  })

  it('two roles of one name are refused', () => {
    expect(() => createRoleHost([ledger, ledger])).toThrow(/Two roles are called 'ledger'/)
  })
})
