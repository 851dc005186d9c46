import { describe, expect, it } from 'vitest'
import { createRoleHost, persist, role, toEncoded } from '../../src/role/index.js'
import type { AnyRole, CommandRecord, CommandRequest, Decided, RoleHost } from '../../src/role/index.js'

/** A basket, which a newer build calls orders, and whose event has another form there. */
const basket = role('basket', {
  state: () => ({ n: 0 }),
  events: { placed: (s, _e: { id: string }) => ({ n: s.n + 1 }) },
  commands: { place: (_s, c: { id: string }, on) => persist(on.placed(c)) },
  reactions: { placed: () => {} },
})

const orders = role('orders', {
  state: () => ({ n: 0 }),
  events: { ordered: (s, _e: { order: string }) => ({ n: s.n + 1 }) },
  commands: { place: (_s, c: { id: string }, on) => persist(on.ordered({ order: c.id })) },
  formerly: ['basket'],
  renamed: { placed: 'ordered' },
  versions: { ordered: 2 },
  upcast: { ordered: { 1: (old: { id: string }) => ({ order: old.id }) } },
  reactions: { ordered: () => {} },
})

class Journal {
  readonly records: CommandRecord[] = []

  host(of: AnyRole): RoleHost {
    const host = createRoleHost([of])
    for (const record of this.records) host.apply(record)
    return host
  }

  at(): { index: number; term: number; atMs: number; branch: string } {
    return { index: this.records.length + 1, term: 1, atMs: 5, branch: 'b' }
  }

  keep(host: RoleHost, payload: Uint8Array): void {
    const { index, term } = this.at()
    this.records.push({ index, term, payload })
    host.apply(this.records.at(-1)!)
  }

  ask(host: RoleHost, request: Partial<CommandRequest> & { readonly role: string }): Decided {
    const asked: CommandRequest = {
      session: 's',
      seq: this.records.length + 1,
      floor: 0,
      command: 'place',
      input: toEncoded({ id: 'o1' }),
      caller: { level: 'member' },
      ...request,
    }
    const decided = host.decide(asked, this.at())
    if (decided.kind === 'append') this.keep(host, decided.payload)
    return decided
  }
}

function restored(from: RoleHost, of: AnyRole): RoleHost {
  const to = createRoleHost([of])
  const [capture, restore] = [from.capture(), to.restore()]
  for (let piece = capture.next(); piece !== null; piece = capture.next()) restore.write(piece)
  restore.finish()
  return to
}

function placedOnce(): Journal {
  const journal = new Journal()
  const old = journal.host(basket)
  old.beginReign()
  expect(journal.ask(old, { role: 'basket' }).kind).toBe('append')
  return journal
}

describe('a reaction that waits while its role gets another name and its event another form', () => {
  it.each([
    ['read from the journal', (journal: Journal) => journal.host(orders)],
    ['read from a snapshot', (journal: Journal) => restored(journal.host(basket), orders)],
  ])('is %s as this build knows it', (_how, open) => {
    const journal = placedOnce()
    const host = open(journal)
    expect(host.pending('orders')).toMatchObject([
      { role: 'orders', key: '1.0', type: 'ordered', payload: { order: 'o1' } },
    ])
    expect(host.pending('basket')).toEqual([])
  })

  it('is settled on replicas of both builds by one entry', () => {
    const journal = placedOnce()
    const [server, follower] = [journal.host(orders), journal.host(basket)]
    server.beginReign()
    const payload = server.settle([{ role: 'orders', key: '1.0', end: 'done' }], journal.at())
    journal.keep(server, payload!)
    follower.apply(journal.records.at(-1)!)
    expect(server.pendingRoles()).toEqual([])
    expect(follower.pendingRoles()).toEqual([])
  })

  it('makes its calls once under either name', () => {
    const journal = placedOnce()
    const old = journal.host(basket)
    old.beginReign()
    const call = { session: '~basket:1.0', seq: 1, role: 'basket' }
    expect(journal.ask(old, call).kind).toBe('append')
    const server = journal.host(orders)
    server.beginReign()
    expect(journal.ask(server, { ...call, session: '~orders:1.0', role: 'orders' }).kind).toBe('known')
    expect(server.state('orders')).toEqual({ n: 2 })
  })
})

describe('a role that is forgotten', () => {
  it('takes its reactions with it', () => {
    const journal = placedOnce()
    const other = role('other', { state: () => 0, events: {}, commands: {} })
    const server = journal.host(other)
    server.beginReign()
    expect(server.pendingRoles()).toEqual(['basket'])
    journal.keep(server, server.drop('basket', journal.at())!)
    expect(server.pendingRoles()).toEqual([])
  })
})

describe('a command that was quarantined', () => {
  it('stays so when its role gets another name', () => {
    const journal = new Journal()
    const old = journal.host(basket)
    old.beginReign()
    journal.ask(old, { role: 'basket', poison: true })
    const server = journal.host(orders)
    server.beginReign()
    const again = journal.ask(server, { role: 'orders', session: 't' })
    expect(again).toMatchObject({ kind: 'failed', refusal: { reason: 'quarantined' } })
    const different = journal.ask(server, { role: 'orders', session: 't', input: toEncoded({ id: 'o2' }) })
    expect(different.kind).toBe('append')
  })

  it('of a due item has had its run', () => {
    const timed = role('timed', {
      state: () => ({ n: 0 }),
      events: { rung: (s) => ({ n: s.n + 1 }) },
      commands: { ring: (_s, _none, on) => persist(on.rung()) },
      due: (s, run) => (s.n === 0 ? [run.ring(1)] : []),
    })
    const journal = new Journal()
    const server = journal.host(timed)
    server.beginReign()
    const [item] = server.due('timed')
    const call = {
      role: 'timed',
      command: 'ring',
      session: `!timed:${item!.key}`,
      seq: 1,
      input: item!.input,
    }
    journal.ask(server, { ...call, poison: true })
    expect(server.due('timed')).toEqual([])
    expect(journal.ask(server, call).kind).toBe('expired')
    expect(server.state('timed')).toEqual({ n: 0 })
  })
})
