import { createRoleHost, persist, refuse, role } from '../../src/role/index.js'
import type { AnyRole, CommandRecord, CommandRequest, Decided, RoleHost } from '../../src/role/index.js'
import { encodeExpiry } from '../../src/role/entry.js'
import { toEncoded } from '@tanist/core'

export interface Ledger {
  tags: string[]
  sum: number
  last?: { tag: string; n: number }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a program without types may do
const noState = undefined as unknown as Ledger
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
export const noText = (() => 'x') as unknown as string
/** What a careless command writes its events into. */
const scratch = { tag: 'scratch', n: 0 }

/** Remembers every tag that took effect, so that running twice shows. */
export const ledger = role('ledger', {
  state: (): Ledger => ({ tags: [], sum: 0 }),
  events: {
    added: (s, e: { tag: string; n: number }) => ({ ...s, tags: [...s.tags, e.tag], sum: s.sum + e.n }),
    broken: (_s, e: { always: boolean }) => {
      if (e.always) throw new Error('cannot be applied')
      return { tags: [], sum: 0 }
    },
    forgotten: () => noState,
    noted: (s, e: { tag: string; n: number }) => ({ ...s, last: e }),
    changing: (s) => {
      s.sum += 1
      return s
    },
  },
  commands: {
    add: (s, c: { tag: string; n: number }, on) =>
      s.sum + c.n < 0
        ? refuse({ code: 'short', have: s.sum })
        : persist(on.added(c)).reply((next) => ({ sum: next.sum })),
    twice: (_s, c: { tag: string }, on, ctx) =>
      persist(on.added({ tag: ctx.id(), n: ctx.at }), on.added({ tag: `${ctx.id()}/${c.tag}`, n: 1 })),
    scratch: (_s, _none, on) => {
      scratch.n += 1
      return persist(on.noted(scratch))
    },
    nothing: () => persist(),
    throws: () => {
      throw new Error('secret detail')
    },
    poison: (_s, _none, on) => persist(on.added({ tag: 'half', n: 1 }), on.broken({ always: true })),
    forget: (_s, _none, on) => persist(on.forgotten()),
    change: (_s, _none, on) => persist(on.changing()),
    unreadable: (_s, _none, on) => persist(on.added({ tag: noText, n: 1 })),
    silent: () => persist().reply(() => () => 1),
    huge: (_s, _none, on) => persist(on.added({ tag: 'x'.repeat(2_000_000), n: 1 })),
  },
})

export const other = role('other', {
  state: () => 0,
  events: { set: (_s, e: { to: number }) => e.to },
  commands: { set: (_s, c: { to: number }, on) => persist(on.set(c)) },
})

/** A host with the journal that it would have: `commit` applies what was decided. */
export class Server {
  readonly host: RoleHost
  #nowMs = 0
  readonly tail: CommandRecord[] = []
  applied: number
  constructor(
    roles: readonly AnyRole[] = [ledger, other],
    journal: readonly CommandRecord[] = [],
    host: RoleHost = createRoleHost(roles, { sessionsMax: 0 }),
  ) {
    this.host = host
    for (const record of journal) this.host.apply(record)
    this.applied = journal.length
    this.host.beginReign()
  }

  decide(asked: CommandRequest, term = 1): Decided {
    const index = this.applied + this.tail.length + 1
    const decided = this.host.decide(asked, { index, term, atMs: 1_000 + index, branch: 'b' })
    if (decided.kind === 'append') this.tail.push({ index, term, payload: decided.payload })
    return decided
  }

  /** As another leader would have decided. */
  expire(names: readonly string[]): void {
    this.host.endReign()
    const index = this.applied + this.tail.length + 1
    this.tail.push({ index, term: 1, payload: encodeExpiry(names) })
    this.host.beginReign(this.tail)
  }

  /** What a leader decides when there are too many sessions and none is waited for. */
  expireAll(): void {
    const at = {
      index: this.applied + this.tail.length + 1,
      term: 1,
      branch: 'b',
      atMs: (this.#nowMs += 10_000),
    }
    const payload = this.host.expire(at)
    if (payload !== null) this.tail.push({ index: at.index, term: 1, payload })
  }

  commit(count: number = this.tail.length): CommandRecord[] {
    const records = this.tail.splice(0, count)
    for (const record of records) this.host.apply(record)
    this.applied += records.length
    return records
  }
}

export function request(
  session: string,
  seq: number,
  command: string,
  input?: unknown,
  floor = 0,
): CommandRequest {
  return {
    session,
    seq,
    floor,
    role: 'ledger',
    command,
    input: toEncoded(input),
    caller: { level: 'member' },
  }
}

export function ledgerOf(host: RoleHost): Ledger {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the role's own state
  return host.state('ledger') as Ledger
}
