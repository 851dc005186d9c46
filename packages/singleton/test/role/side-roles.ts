import { toEncoded } from '@tanist/core'
import {
  createRoleHost,
  decodeEntry,
  dueSession,
  persist,
  reactionSession,
  refuse,
  role,
} from '../../src/role/index.js'
import type {
  AnyRole,
  Applied,
  CommandRecord,
  CommandRequest,
  DecideAt,
  Decided,
  DueItem,
  RoleHost,
  Settled,
  Settlement,
} from '../../src/role/index.js'

export interface Alarm {
  readonly id: string
  readonly at: number
  /** What its command does when its time has come. */
  readonly how: 'goes' | 'stays' | 'refuses' | 'throws'
}

/** Alarms that ring at their time: and then are gone, or stay, or refuse. */
export const alarms = role('alarms', {
  state: () => ({ set: [] as readonly Alarm[], rung: [] as readonly string[], broken: false }),
  events: {
    added: (s, e: Alarm) => ({ ...s, set: [...s.set.filter(({ id }) => id !== e.id), e] }),
    rang: (s, e: { id: string; stays: boolean; by: string | undefined }) => ({
      ...s,
      rung: [...s.rung, e.id],
      set: e.stays ? s.set : s.set.filter(({ id }) => id !== e.id),
    }),
    removed: (s, e: { id: string }) => ({ ...s, set: s.set.filter(({ id }) => id !== e.id) }),
    broke: (s, e: { broken: boolean }) => ({ ...s, broken: e.broken }),
  },
  commands: {
    add: (_s, c: Alarm, on) => persist(on.added(c)),
    remove: (_s, c: { id: string }, on) => persist(on.removed(c)),
    break: (_s, c: { broken: boolean }, on) => persist(on.broke(c)),
    ring: (_s, { id, how }: Alarm, on, ctx) => {
      if (how === 'throws') throw new Error('no')
      const event = on.rang({ id, stays: how === 'stays', by: ctx.caller.role })
      return how === 'refuses'
        ? refuse({ code: 'not-now' })
        : persist(event).reply((next) => next.rung.length)
    },
  },
  reactions: { rang: () => {}, added: { run: () => {} } },
  due: (s, run) => {
    if (s.broken) throw new Error('out of order')
    return s.set.map((one) => run.ring(one.at, one))
  },
})

/** Notes what was called; each call has a reaction of its own. */
export const notes = role('notes', {
  state: () => ({ tags: [] as readonly string[] }),
  events: {
    noted: (s, e: { tag: string; by: string | undefined }) => ({ tags: [...s.tags, e.tag] }),
    plain: (s, _e: { tag: string }) => s,
  },
  commands: {
    note: (_s, c: { tag: string; times?: number }, on, ctx) => {
      const noted = on.noted({ tag: c.tag, by: ctx.caller.role })
      return persist(on.plain(c), ...Array.from({ length: c.times ?? 1 }, () => noted)).reply(
        (next) => next.tags.length,
      )
    },
    refuse: () => refuse({ code: 'no' }),
    fail: () => {
      throw new Error('no')
    },
  },
  reactions: { noted: () => {} },
})

export const sideRoles: readonly AnyRole[] = [alarms, notes]

/** A leader with its journal: what was decided waits in `tail` until `commit`. */
export class Leader {
  host: RoleHost
  readonly journal: CommandRecord[] = []
  readonly tail: CommandRecord[] = []
  term = 1

  constructor(roles: readonly AnyRole[] = sideRoles) {
    this.host = createRoleHost(roles)
    this.host.beginReign()
  }

  get at(): DecideAt {
    const index = this.journal.length + this.tail.length + 1
    return { index, term: this.term, atMs: 1_000 + index, branch: 'b' }
  }

  decide(request: CommandRequest): Decided {
    const { at } = this
    const decided = this.host.decide(request, at)
    if (decided.kind === 'append')
      this.tail.push({ index: at.index, term: at.term, payload: decided.payload })
    return decided
  }

  settle(settlements: readonly Settlement[]): number {
    let entries = 0
    for (;;) {
      const { at } = this
      const payload = this.host.settle(settlements, at)
      if (payload === null) return entries
      this.tail.push({ index: at.index, term: at.term, payload })
      entries++
    }
  }

  commit(count: number = this.tail.length): (Applied | Settled | undefined)[] {
    const records = this.tail.splice(0, count)
    this.journal.push(...records)
    return records.map((record) => this.host.apply(record))
  }

  /** Calls and commits at once. */
  do(request: CommandRequest): Decided {
    const decided = this.decide(request)
    this.commit()
    return decided
  }
}

let last = 0

export function ask(role: string, command: string, input?: unknown, id?: string): CommandRequest {
  const session = id ?? `caller-${++last}`
  return { session, seq: 1, floor: 0, role, command, input: toEncoded(input), caller: { level: 'member' } }
}

/** A call of the reaction to the event `of`. */
export function callOf(
  of: { readonly role: string; readonly key: string },
  seq: number,
  role: string,
  command: string,
  input?: unknown,
): CommandRequest {
  return { ...ask(role, command, input, reactionSession(of.role, of.key)), seq }
}

export function dueCall({ role, key, command, input }: DueItem): CommandRequest {
  return {
    session: dueSession(role, key),
    seq: 1,
    floor: 0,
    role,
    command,
    input,
    caller: { level: 'role', role },
  }
}

export function bytesOf(host: RoleHost): Buffer {
  const capture = host.capture()
  const slices: Uint8Array[] = []
  for (let slice = capture.next(); slice !== null; slice = capture.next()) slices.push(slice)
  return Buffer.concat(slices)
}

export function restored(bytes: Uint8Array, roles: readonly AnyRole[] = sideRoles): RoleHost {
  const host = createRoleHost(roles)
  const restore = host.restore()
  restore.write(bytes)
  restore.finish()
  return host
}

export function replayed(journal: readonly CommandRecord[], roles: readonly AnyRole[] = sideRoles): RoleHost {
  const host = createRoleHost(roles)
  for (const record of journal) host.apply(record)
  return host
}

export const commandOf = decodeEntry
