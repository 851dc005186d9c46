import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRoleHost, persist, role } from '../../src/role/index.js'
import type { AnyRole, CommandRecord, RoleHost, StateCapture } from '../../src/role/index.js'
import { Server, ledger, other, request } from './ledger.js'

/** A role whose state is of all kinds, and large soon. */
const store = role('store', {
  state: () => ({ map: new Map<string, unknown>(), list: [] as readonly unknown[], text: '' }),
  events: {
    put: (s, e: { key: string; value: unknown }) => ({ ...s, map: new Map(s.map).set(e.key, e.value) }),
    grow: (s, e: { text: string }) => ({ ...s, list: [...s.list, e.text], text: s.text + e.text }),
  },
  commands: {
    put: (_s, c: { key: string; value: unknown }, on) => persist(on.put(c)).reply((next) => next.map.size),
    grow: (_s, c: { text: string }, on) => persist(on.grow(c)),
  },
})
const roles: readonly AnyRole[] = [ledger, other, store]

function drain(capture: StateCapture): Buffer {
  const slices: Uint8Array[] = []
  for (let slice = capture.next(); slice !== null; slice = capture.next()) slices.push(slice)
  return Buffer.concat(slices)
}

function restored(bytes: Uint8Array, into: RoleHost = createRoleHost(roles), size = 7_001): RoleHost {
  const restore = into.restore()
  for (let at = 0; at < bytes.length; at += size) restore.write(bytes.subarray(at, at + size))
  restore.finish()
  return into
}

const commands = fc.array(
  fc.record({
    session: fc.constantFrom('a^0', 'b^3', 'c', 'd'),
    what: fc.oneof(
      fc.record({ kind: fc.constant('add' as const), n: fc.integer({ min: -3, max: 5 }) }),
      fc.record({
        kind: fc.constant('put' as const),
        key: fc.string({ maxLength: 2 }),
        value: fc.anything({ withDate: true, withBigInt: true, maxDepth: 2, withNullPrototype: false }),
      }),
      fc.record({
        kind: fc.constant('grow' as const),
        text: fc.string({ minLength: 1, maxLength: 3 }),
        times: fc.constantFrom(1, 9_000),
      }),
      fc.constant({ kind: 'expire' as const }),
    ),
    floor: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 40 },
)
type Commands = typeof commands extends fc.Arbitrary<infer T> ? T : never

/** The journal of a leader that was asked for all of it. */
function journalOf(list: Commands): CommandRecord[] {
  const server = new Server(roles, [])
  const journal: CommandRecord[] = []
  list.forEach(({ session, what, floor }, i) => {
    const seq = i + 1
    if (what.kind === 'expire') server.expire([session])
    else if (what.kind === 'add')
      server.decide(request(session, seq, 'add', { tag: `${seq}`, n: what.n }, floor))
    else {
      const input =
        what.kind === 'put' ? { key: what.key, value: what.value } : { text: what.text.repeat(what.times) }
      try {
        server.decide({ ...request(session, seq, what.kind, input, floor), role: 'store' })
      } catch {
        // Some of what is generated cannot be sent.
      }
    }
    journal.push(...server.commit())
  })
  return journal
}

describe('a captured state', () => {
  it('is that of its moment whatever is applied meanwhile, the same on every replica, and goes on like a replay', () => {
    fc.assert(
      fc.property(
        commands,
        fc.nat(40),
        fc.nat(40),
        fc.integer({ min: 1, max: 50_000 }),
        fc.nat(10),
        (list, first, second, size, lag) => {
          const journal = journalOf(list)
          const at = Math.min(first, journal.length)
          const [leader, follower, late] = [
            createRoleHost(roles),
            createRoleHost(roles),
            createRoleHost(roles),
          ]
          for (const record of journal.slice(0, at)) for (const host of [leader, follower]) host.apply(record)
          const moment = leader.snapshot()
          const digest = leader.digest()
          const capture = leader.capture()
          const slices: Uint8Array[] = []
          journal.slice(at).forEach((record, i) => {
            leader.apply(record)
            const slice = i < lag ? null : capture.next()
            if (slice !== null) slices.push(slice)
          })
          const bytes = Buffer.concat([...slices, drain(capture)])
          expect(capture.digest).toBe(digest)
          // While a later one was under way, and on a replica that has restored an earlier one.
          const between = Math.min(second, at)
          for (const record of journal.slice(0, between)) late.apply(record)
          restored(drain(late.capture()), late, size)
          for (const record of journal.slice(between, at)) late.apply(record)
          for (const host of [follower, late]) expect(drain(host.capture()).equals(bytes)).toBe(true)
          const back = restored(bytes, undefined, size)
          expect(back.snapshot()).toEqual(moment)
          expect(back.digest()).toBe(digest)
          for (const record of journal.slice(at)) back.apply(record)
          expect(back.snapshot()).toEqual(leader.snapshot())
          expect(back.digest()).toBe(leader.digest())
          expect(drain(back.capture()).equals(drain(leader.capture()))).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)

  it('differs in its hash when a state, an outcome or a floor differs', () => {
    const base = new Server()
    base.decide(request('a', 1, 'add', { tag: 'x', n: 1 }))
    base.decide(request('a', 2, 'add', { tag: 'y', n: 1 }))
    base.commit()
    const digests = [base.host.digest()]
    for (const [session, seq, command, input, floor] of [
      ['a', 3, 'add', { tag: 'z', n: 1 }, 0],
      ['a', 3, 'add', { tag: 'z', n: 2 }, 0],
      ['a', 4, 'add', { tag: 'z', n: 1 }, 0],
      ['a', 3, 'add', { tag: 'z', n: 1 }, 1],
      ['b', 3, 'add', { tag: 'z', n: 1 }, 0],
      ['a', 3, 'add', { tag: 'z', n: -9 }, 0],
      ['a', 3, 'nothing', undefined, 0],
    ] as const) {
      const next = restored(drain(base.host.capture()), createRoleHost([ledger, other]))
      const server = new Server([ledger, other], [], next)
      server.decide(request(session, seq, command, input, floor))
      server.commit()
      digests.push(next.digest())
    }
    expect(new Set(digests).size).toBe(digests.length)
  })

  it('ends when another one begins, and costs nothing afterwards', () => {
    const server = new Server()
    server.decide(request('a', 1, 'add', { tag: 'x', n: 1 }))
    server.commit()
    const first = server.host.capture()
    const second = server.host.capture()
    expect(first.next()).toBeNull()
    expect(first.digest).toBeNull()
    expect(drain(second).length).toBeGreaterThan(100)
    second.release()
    expect(second.next()).toBeNull()
  })

  it('replaces what was there at once, ends a reign and tells the observers; bad bytes change nothing', () => {
    const author = new Server()
    author.decide(request('a', 1, 'add', { tag: 'x', n: 7 }))
    author.commit()
    const bytes = drain(author.host.capture())
    const host = createRoleHost([ledger, other])
    const seen: unknown[] = []
    host.observe('ledger', (state) => seen.push(state))
    host.beginReign()
    const before = host.snapshot()
    const bad = host.restore()
    expect(() => {
      bad.write(bytes.subarray(0, 100))
      bad.finish()
    }).toThrow(TypeError)
    expect(() => host.restore().write(bytes.toReversed())).toThrow(TypeError)
    expect(host.snapshot()).toEqual(before)
    const restore = host.restore()
    restore.write(bytes)
    expect(host.snapshot()).toEqual(before)
    expect(restore.finish()).toBe(author.host.digest())
    expect(host.snapshot()).toEqual(author.host.snapshot())
    expect(() =>
      host.decide(request('a', 1, 'nothing'), { index: 2, term: 1, atMs: 0, branch: 'b' }),
    ).toThrow(/reign/)
    host.flush()
    expect(seen).toEqual([{ tags: ['x'], sum: 7 }])
    expect(Object.isFrozen(seen[0])).toBe(true)
  })
})

describe('roles that differ between builds', () => {
  const author = new Server()
  author.decide(request('a', 1, 'add', { tag: 'x', n: 1 }))
  author.decide({ ...request('a', 2, 'set', { to: 5 }), role: 'other' })
  author.commit()
  const bytes = drain(author.host.capture())

  it('a role that the snapshot does not have begins with its first state', () => {
    const host = restored(bytes)
    expect(host.state('store')).toMatchObject({ text: '' })
    expect(host.failure('store')).toBeUndefined()
    expect(host.digest()).toBe(author.host.digest())
  })

  it('a role that the build does not know fails, and its state is kept for a build that does', () => {
    const host = restored(bytes, createRoleHost([other]))
    expect(host.failure('ledger')).toMatch(/'ledger' is in the snapshot, but this build does not know it/)
    expect(host.state('other')).toBe(5)
    const capture = host.capture()
    expect(capture.comparable).toBe(true)
    expect(drain(capture).equals(bytes)).toBe(true)
  })

  it('entries that a build could not take are kept in its snapshots, and taken by a newer one', () => {
    author.decide(request('a', 3, 'add', { tag: 'y', n: 2 }))
    author.decide(request('a', 4, 'add', { tag: 'z', n: 3 }))
    const more = author.commit()
    const broken = role('ledger', {
      state: () => ({ tags: [] as string[], sum: 0 }),
      events: {
        added: (s, e: { tag: string; n: number }) => {
          if (e.tag === 'y') throw new Error('a bug')
          return { tags: [...s.tags, e.tag], sum: s.sum + e.n }
        },
      },
      commands: {},
    })
    const before = role('ledger', {
      state: () => ({ tags: [] as string[], sum: 0 }),
      events: { noted: (s, e: { tag: string; n: number }) => ({ ...s, last: e }) },
      commands: {},
    })
    for (const build of [[other], [before, other], [broken, other]]) {
      const host = restored(bytes, createRoleHost(build))
      // Journals and links give buffers, which they may use again.
      const lent = more.map((record) => ({ ...record, payload: Buffer.from(record.payload) }))
      for (const record of lent) host.apply(record)
      for (const { payload } of lent) payload.fill(0)
      expect(host.failure('ledger')).toBeDefined()
      const capture = host.capture()
      const again = restored(drain(capture), createRoleHost(build))
      expect(again.failure('ledger')).toBeDefined()
      // A replica with a bug has diverged; one that only lacks the role, or the event, has not.
      expect(capture.comparable).toBe(build[0] === broken)
      expect(capture.digest).not.toBe(author.host.digest())
      const fixed = createRoleHost([ledger, other])
      const restore = fixed.restore()
      restore.write(drain(again.capture()))
      // What this comes to is not what others had at that position.
      expect(restore.finish()).toBeNull()
      expect(fixed.failure('ledger')).toBeUndefined()
      expect(fixed.snapshot()).toEqual(author.host.snapshot())
      expect(fixed.digest()).toBe(author.host.digest())
    }
  })
})
