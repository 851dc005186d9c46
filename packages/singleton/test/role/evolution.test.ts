import { encodeText } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRoleHost, persist, readsOf, role, toEncoded } from '../../src/role/index.js'
import type { AnyRole, CommandRecord, Decided, Reader, RoleHost } from '../../src/role/index.js'
import { decodeRoleEntry } from '../../src/role/entry.js'
import { four, one, releases, three, two } from './aged.js'

/** A journal that builds take turns in writing; each reads all of it. */
class Journal {
  readonly records: CommandRecord[] = []
  /** As the server of this build, `seen` by voters of others. */
  ask(
    host: RoleHost,
    name: string,
    command: string,
    input: unknown,
    readers: readonly Reader[] = [],
  ): Decided {
    const index = this.records.length + 1
    const decided = host.decide(
      {
        session: 's',
        seq: index,
        floor: 0,
        role: name,
        command,
        input: toEncoded(input),
        caller: { level: 'member' },
      },
      { index, term: 1, atMs: 1, branch: 'b', readers },
    )
    if (decided.kind === 'append') this.records.push({ index, term: 1, payload: decided.payload })
    return decided
  }

  last(): unknown {
    const entry = decodeRoleEntry(this.records.at(-1)!.payload)
    return 'events' in entry
      ? [entry.role, ...entry.events.map(({ type, version, payload }) => [type, version ?? 1, payload])]
      : entry
  }

  server(of: AnyRole): RoleHost {
    const host = this.replica(of)
    host.beginReign()
    return host
  }

  replica(of: AnyRole): RoleHost {
    const host = createRoleHost([of])
    for (const record of this.records) host.apply(record)
    return host
  }
}

function drain(host: RoleHost): Buffer {
  const capture = host.capture()
  const pieces: Uint8Array[] = []
  for (let next = capture.next(); next !== null; next = capture.next()) pieces.push(next)
  return Buffer.concat(pieces)
}

function restored(
  bytes: Uint8Array,
  of: AnyRole,
): { readonly host: RoleHost; readonly digest: string | null } {
  const host = createRoleHost([of])
  const restore = host.restore()
  restore.write(bytes)
  return { host, digest: restore.finish() }
}

const reader = (name: string, ...roles: AnyRole[]): Reader => ({ name, reads: readsOf(roles) })
const last = (host: RoleHost, name: string): unknown => host.state(name)

describe('events of older versions', () => {
  it('are brought up step by step, under today’s names, also those of the role', () => {
    const journal = new Journal()
    const first = journal.server(one)
    journal.ask(first, 'basket', 'reserve', { id: 'a', cents: 1 })
    journal.ask(first, 'basket', 'settle', { id: 'a' })
    journal.ask(journal.server(two), 'basket', 'reserve', { id: 'b', cents: 2 })
    expect(journal.last()).toEqual(['basket', ['reserved', 2, { id: 'b', cents: 2, currency: 'EUR' }]])
    journal.ask(journal.server(four), 'orders', 'reserve', { id: 'c', cents: 3 })
    expect(journal.last()).toEqual([
      'orders',
      ['reserved', 3, { id: 'c', price: { cents: 3, currency: 'EUR' } }],
    ])
    expect(last(journal.replica(four), 'orders')).toEqual({
      open: { b: { price: { cents: 2, currency: 'EUR' } }, c: { price: { cents: 3, currency: 'EUR' } } },
      settled: 1,
    })
  })

  it('that are newer than the build fail the role loudly and are kept for one that knows them', () => {
    const journal = new Journal()
    journal.ask(journal.server(one), 'basket', 'reserve', { id: 'a', cents: 1 })
    journal.ask(journal.server(two), 'basket', 'reserve', { id: 'b', cents: 2 })
    const old = journal.replica(one)
    expect(old.failure('basket')).toBe(
      "The role 'basket' cannot take the journal entry at index 2, term 1: the event 'reserved' is of version 2, and this build of the role 'basket' knows it up to 1",
    )
    expect(old.state('basket')).toEqual({ open: { a: 1 }, settled: 0 })
    const capture = old.capture()
    expect(capture.comparable).toBe(false)
    const { host, digest } = restored(drain(old), two)
    expect(digest).toBeNull()
    expect(host.failure('basket')).toBeUndefined()
    expect(host.snapshot()).toEqual(journal.replica(two).snapshot())
  })

  it('whose step fails say event, version, step and position, and fail no other role', () => {
    const events = { added: (s: number, e: number) => s + e }
    const plain = role('sum', {
      state: () => 0,
      events,
      commands: { add: (_s, c: number, on) => persist(on.added(c)) },
    })
    const broken = role('sum', {
      state: () => 0,
      events,
      commands: {},
      versions: { added: 3 },
      upcast: {
        added: {
          1: (old: number) => old,
          2: (): number => {
            throw new Error('no idea')
          },
        },
      },
    })
    const journal = new Journal()
    journal.ask(journal.server(plain), 'sum', 'add', 1)
    const host = createRoleHost([broken, one])
    host.apply(journal.records[0]!)
    expect(host.failure('sum')).toBe(
      "The role 'sum' cannot take the journal entry at index 1, term 1: the event 'added' of version 1, as version 2 cannot be brought up to 3: no idea",
    )
    expect(host.failure('basket')).toBeUndefined()
  })

  it('may be changed by their steps: nobody else sees it', () => {
    const sum = (more: object): AnyRole =>
      role('sum', {
        state: () => [] as number[],
        events: { added: (s, e: { n: number }) => [...s, e.n] },
        commands: { add: (_s, c: { n: number }, on) => persist(on.added(c)) },
        ...more,
      })
    const journal = new Journal()
    journal.ask(journal.server(sum({})), 'sum', 'add', { n: 1 })
    const changing = (old: { n: number }): { n: number } => {
      old.n += 1
      return old
    }
    const replica = journal.replica(sum({ versions: { added: 2 }, upcast: { added: { 1: changing } } }))
    expect(replica.failure('sum')).toBeUndefined()
    expect(replica.state('sum')).toEqual([2])
  })

  it.each([1, 0, '2', 1.5])('are refused as unreadable with the version %j', (version) => {
    const entry = {
      role: 'basket',
      command: 'x',
      session: 's',
      seq: 1,
      floor: 0,
      at: 1,
      outcome: { status: 'ok', value: 1 },
    }
    const payload = encodeText(JSON.stringify({ ...entry, events: [['settled', { v: {} }, version]] }))
    expect(() => decodeRoleEntry(payload)).toThrow(/an event whose version is none/)
  })
})

describe('a new version is written only when all voters know it', () => {
  const told = (decided: Decided): string =>
    decided.kind === 'failed' ? `${decided.refusal.reason}: ${decided.refusal.text}` : decided.kind

  it('before that the event is brought down, and the server holds what all others will read', () => {
    const journal = new Journal()
    const server = journal.server(four)
    expect(told(journal.ask(server, 'orders', 'reserve', { id: 'a', cents: 1 }, [reader('ann', one)]))).toBe(
      'append',
    )
    expect(journal.last()).toEqual(['basket', ['reserved', 1, { order: 'a', cents: 1 }]])
    journal.ask(server, 'orders', 'reserve', { id: 'b', cents: 2 }, [
      reader('ann', two),
      reader('bob', three),
    ])
    expect(journal.last()).toEqual(['basket', ['reserved', 2, { id: 'b', cents: 2, currency: 'EUR' }]])
    journal.ask(server, 'orders', 'settle', { id: 'a' }, [reader('ann', two)])
    expect(journal.last()).toEqual(['basket', ['settled', 1, { order: 'a' }]])
    journal.ask(server, 'orders', 'reserve', { id: 'c', cents: 3 }, [reader('bob', three)])
    expect(journal.last()).toEqual(['orders', ['reserved', 2, { id: 'c', cents: 3, currency: 'EUR' }]])
    for (const record of journal.records) server.apply(record)
    expect(server.snapshot()).toEqual(journal.replica(four).snapshot())
    // What was written when only newer builds voted stops an older one, which does not know the new name.
    expect(journal.replica(two).failure('basket')).toBe(
      "The role 'basket' is called 'orders' in the journal entry at index 4, term 1: a newer build wrote it.",
    )
  })

  it('a lossy way down is lossy for the server, too', () => {
    const by = role('sum', {
      state: () => '',
      events: { added: (_s, e: { by: string }) => e.by },
      commands: { add: (_s, c: { by: string }, on) => persist(on.added(c)).reply((s) => s) },
      versions: { added: 2 },
      upcast: { added: { 1: (_old: unknown) => ({ by: '?' }) } },
      downcast: { added: { 2: () => ({}) } },
    })
    const before = role('sum', { state: () => '', events: { added: () => 'x' }, commands: {} })
    const journal = new Journal()
    const server = journal.server(by)
    const decided = journal.ask(server, 'sum', 'add', { by: 'ann' }, [reader('ann', before)])
    expect(decided).toMatchObject({ outcome: { status: 'ok', value: { v: '?' } } })
    for (const record of journal.records) server.apply(record)
    expect(server.state('sum')).toBe(journal.replica(by).state('sum'))
  })

  it('without a way down the command is refused, with the peers that must be upgraded', () => {
    const journal = new Journal()
    const server = journal.server(three)
    const readers = [reader('ann', two), reader('bob', three), reader('cy', one)]
    expect(told(journal.ask(server, 'orders', 'settle', { id: 'a' }, readers))).toBe(
      "not-yet: orders.settle cannot be done yet: the builds of ann and cy cannot read version 2 of the event 'paid'. It can once these peers run a newer build.",
    )
    expect(journal.records).toEqual([])
    // Others go on, and this one can as soon as everybody knows it.
    expect(told(journal.ask(server, 'orders', 'reserve', { id: 'a', cents: 1 }, readers))).toBe('append')
    expect(told(journal.ask(server, 'orders', 'settle', { id: 'a' }, [reader('ann', four)]))).toBe('append')
  })

  it('an event that is new altogether waits as well', () => {
    const plain = role('sum', { state: () => 0, events: { added: (s) => s + 1 }, commands: {} })
    const more = role('sum', {
      state: () => 0,
      events: { added: (s) => s + 1, doubled: (s) => s * 2 },
      commands: { double: (_s, _c: void, on) => persist(on.doubled()) },
    })
    const journal = new Journal()
    const decided = journal.ask(journal.server(more), 'sum', 'double', undefined, [reader('ann', plain)])
    expect(told(decided)).toMatch(/^not-yet: .* the builds of ann cannot read the event 'doubled'/)
  })

  it('who has no such role hinders nobody', () => {
    const journal = new Journal()
    const other = role('other', { state: () => 0, events: {}, commands: {} })
    const readers = [reader('caller'), reader('ann', other)]
    expect(told(journal.ask(journal.server(three), 'orders', 'settle', { id: 'a' }, readers))).toBe('append')
    expect(journal.last()).toEqual(['orders', ['paid', 2, { id: 'a', by: 'card' }]])
  })

  it('whatever builds serve, whoever votes: each voter can read each entry, and all come to the same', () => {
    const build = fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const)
    const step = fc.record({
      server: build,
      voters: fc.array(build, { maxLength: 3 }),
      command: fc.constantFrom('reserve', 'settle'),
      id: fc.constantFrom('a', 'b', 'c'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const journal = new Journal()
        const wrote: { readonly record: CommandRecord; readonly voters: readonly (1 | 2 | 3 | 4)[] }[] = []
        for (const { server, voters, command, id } of steps) {
          const host = journal.server(releases[server])
          // An older build than one that has written something new cannot serve: that is told elsewhere.
          if (host.failure(releases[server].name) !== undefined) continue
          const readers = voters
            .filter((one) => one !== server)
            .map((one) => reader(`v${one}`, releases[one]))
          const decided = journal.ask(host, releases[server].name, command, { id, cents: 5 }, readers)
          if (decided.kind === 'failed') {
            expect(decided.refusal.reason).toBe('not-yet')
            expect(server).toBe(3)
          } else if (decided.kind === 'append') {
            wrote.push({ record: journal.records.at(-1)!, voters: [server, ...voters] })
          }
        }
        for (const { record, voters } of wrote) {
          for (const voter of voters) {
            const host = createRoleHost([releases[voter]])
            host.apply(record)
            expect(host.failure(releases[voter].name)).toBeUndefined()
          }
        }
        const newest = journal.replica(four)
        expect(newest.failure('orders')).toBeUndefined()
        const cut = Math.floor(journal.records.length / 2)
        for (const before of [one, two, three, four]) {
          const half = createRoleHost([before])
          for (const record of journal.records.slice(0, cut)) half.apply(record)
          const { host } = restored(drain(half), four)
          for (const record of journal.records.slice(cut)) host.apply(record)
          expect(host.failure('orders')).toBeUndefined()
          expect(host.snapshot()).toEqual(newest.snapshot())
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('callers and commands by former names', () => {
  it('are served, and have one identity', () => {
    const journal = new Journal()
    const server = journal.server(three)
    const request = {
      session: 'c',
      seq: 1,
      floor: 0,
      command: 'reserve',
      input: toEncoded({ id: 'a', cents: 1 }),
      caller: { level: 'member' as const },
    }
    const at = { index: 1, term: 1, atMs: 1, branch: 'b' }
    const first = server.decide({ ...request, role: 'basket' }, at)
    expect(first.kind).toBe('append')
    expect(server.decide({ ...request, role: 'orders' }, { ...at, index: 2 })).toMatchObject({
      kind: 'known',
      index: 1,
    })
    if (first.kind === 'append') server.apply({ index: 1, term: 1, payload: first.payload })
    expect(server.state('orders')).toMatchObject({ open: { a: { cents: 1 } } })
    expect(server.decide({ ...request, role: 'basket' }, { ...at, index: 2 })).toMatchObject({
      kind: 'known',
    })
    expect(journal.records).toEqual([])
  })
})

describe('states of other versions', () => {
  const journal = new Journal()
  const server = journal.server(one)
  journal.ask(server, 'basket', 'reserve', { id: 'a', cents: 1 })
  journal.ask(server, 'basket', 'reserve', { id: 'b', cents: 2 })
  journal.ask(server, 'basket', 'settle', { id: 'a' })
  const images = {
    1: drain(journal.replica(one)),
    2: drain(journal.replica(two)),
    4: drain(journal.replica(four)),
  }

  it.each([1, 2] as const)('an image of release %i is brought up, also under the former name', (from) => {
    const { host, digest } = restored(images[from], four)
    expect(host.failure('orders')).toBeUndefined()
    expect(host.snapshot()).toEqual(journal.replica(four).snapshot())
    expect(host.state('orders')).toEqual({
      open: { b: { price: { cents: 2, currency: 'EUR' } } },
      settled: 1,
    })
    // What it was written from says nothing to builds of today.
    expect(digest).toBeNull()
    expect(host.digest()).toBe(journal.replica(four).digest())
  })

  it('of one build are compared, of two never', () => {
    const digestOf = (host: RoleHost): string | null => {
      drain(host)
      const capture = host.capture()
      while (capture.next() !== null);
      return capture.digest
    }
    const [, shapeTwo] = digestOf(journal.replica(two))?.split('@') ?? []
    const [, shapeFour] = digestOf(journal.replica(four))?.split('@') ?? []
    expect(digestOf(journal.replica(one))).toMatch(/^[0-9a-f]+$/)
    expect(shapeTwo).toBeDefined()
    expect(shapeFour).toBeDefined()
    expect(shapeTwo).not.toBe(shapeFour)
    expect(restored(images[4], four).digest).toBe(digestOf(journal.replica(four)))
    expect(restored(images[1], one).digest).toBe(digestOf(journal.replica(one)))
  })

  it('a newer one than the build knows fails the role here, and is written on as it was', () => {
    journal.ask(journal.server(two), 'basket', 'reserve', { id: 'c', cents: 3 })
    const more = journal.records.at(-1)!
    const { host } = restored(images[2], one)
    expect(host.failure('basket')).toBe(
      "The state of the role 'basket' in the snapshot is of version 2; this build knows it up to 1.",
    )
    expect(host.capture().comparable).toBe(false)
    host.apply(more)
    const again = restored(drain(restored(drain(host), one).host), two)
    expect(again.host.failure('basket')).toBeUndefined()
    expect(again.host.snapshot()).toEqual(journal.replica(two).snapshot())
  })

  it('one that goes by a newer name fails the role of the former name, and both meet again', () => {
    const { host } = restored(images[4], two)
    expect(host.failure('basket')).toMatch(
      /'basket' is called 'orders' in the snapshot: a newer build wrote it/,
    )
    const more = new Journal()
    more.records.push(...journal.records.slice(0, 3))
    more.ask(more.server(two), 'basket', 'settle', { id: 'b' })
    host.apply(more.records.at(-1)!)
    const back = restored(drain(host), four).host
    expect(back.failure('orders')).toBeUndefined()
    expect(back.state('orders')).toEqual({ open: {}, settled: 2 })
  })

  it('a step that throws fails the role, and the state waits for a better one', () => {
    const bad = role('basket', {
      state: () => ({ n: 0 }),
      events: {},
      commands: {},
      stateVersion: 2,
      upcastState: {
        1: (): { n: number } => {
          throw new Error('no idea')
        },
      },
    })
    const { host } = restored(images[1], bad)
    expect(host.failure('basket')).toMatch(
      /'basket' cannot take the snapshot: its state of version 1 cannot be brought up to 2: no idea/,
    )
    expect(restored(drain(host), one).host.snapshot()).toEqual(restored(images[1], one).host.snapshot())
  })
})

describe('a role that was taken out of the code', () => {
  const other = role('other', {
    state: () => 0,
    events: { set: (_s, e: number) => e },
    commands: { set: (_s, c: number, on) => persist(on.set(c)) },
  })

  function without(): { readonly journal: Journal; readonly host: RoleHost } {
    const journal = new Journal()
    journal.ask(journal.server(one), 'basket', 'reserve', { id: 'a', cents: 1 })
    const { host } = restored(drain(journal.replica(one)), other)
    journal.ask(journal.server(one), 'basket', 'reserve', { id: 'b', cents: 2 })
    host.apply(journal.records.at(-1)!)
    return { journal, host }
  }

  it('keeps its state and what came later for ever', () => {
    const { journal, host } = without()
    let bytes = drain(host)
    for (let i = 0; i < 3; i++) bytes = drain(restored(bytes, other).host)
    expect(restored(bytes, one).host.snapshot()).toEqual(journal.replica(one).snapshot())
  })

  it('is forgotten on every replica when told so, and begins anew if it ever comes back', () => {
    const { journal, host } = without()
    const late = restored(drain(host), other).host
    host.beginReign()
    const payload = host.drop('basket', { index: 3, term: 1, atMs: 1, branch: 'b' })!
    journal.records.push({ index: 3, term: 1, payload })
    expect(journal.ask(host, 'other', 'set', 3).kind).toBe('append')
    for (const record of journal.records.slice(2)) for (const one of [host, late]) one.apply(record)
    expect(drain(host).toString()).not.toContain('cents')
    expect(host.failure('basket')).toBeUndefined()
    expect(host.state('other')).toBe(3)
    expect(host.digest()).toBe(late.digest())
    expect(host.digest()).toBe(journal.replica(other).digest())
    host.endReign()
    host.beginReign()
    expect(host.drop('basket', { index: 5, term: 1, atMs: 1, branch: 'b' })).toBeNull()
    expect(journal.replica(one).state('basket')).toEqual({ open: {}, settled: 0 })
    expect(restored(drain(host), one).host.state('basket')).toEqual({ open: {}, settled: 0 })
  })
})
