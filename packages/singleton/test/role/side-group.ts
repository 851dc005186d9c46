import { expect } from 'vitest'
import { createRoleHost } from '../../src/role/index.js'
import type {
  AnyRole,
  CommandRecord,
  CommandRequest,
  DueItem,
  PendingReaction,
  RoleHost,
  Settlement,
} from '../../src/role/index.js'
import { bytesOf, replayed, restored, sideRoles } from './side-roles.js'

interface Replica {
  host: RoleHost
  applied: number
}

/**
 * Replicas of one journal without a network: one of them leads, its tail may be lost with it, in whole or from some
 * entry on.
 */
export class Group {
  readonly journal: CommandRecord[] = []
  tail: CommandRecord[] = []
  readonly replicas: Replica[]
  leader = 0
  term = 1
  /** Everything that anybody has ever seen, for late duplicates. */
  readonly reactions: PendingReaction[] = []
  readonly items: DueItem[] = []
  readonly requests: CommandRequest[] = []

  constructor(count: number) {
    this.replicas = Array.from({ length: count }, () => ({ host: createRoleHost(sideRoles), applied: 0 }))
    this.host.beginReign()
  }

  get host(): RoleHost {
    return this.replicas[this.leader]!.host
  }

  decide(request: CommandRequest): void {
    const index = this.journal.length + this.tail.length + 1
    const at = { index, term: this.term, atMs: 1_000 + index, branch: 'b' }
    const decided = this.host.decide(request, at)
    this.requests.push(request)
    if (decided.kind === 'append') this.tail.push({ index, term: this.term, payload: decided.payload })
    if (decided.kind === 'known') {
      const record = this.journal[decided.index - 1] ?? this.tail[decided.index - this.journal.length - 1]
      expect(record?.term).toBe(decided.term)
      expect(JSON.parse(Buffer.from(record!.payload).toString())).toMatchObject({
        session: request.session,
        seq: request.seq,
        outcome: JSON.parse(JSON.stringify(decided.outcome)),
      })
    }
  }

  settle(settlements: readonly Settlement[]): void {
    const index = this.journal.length + this.tail.length + 1
    const payload = this.host.settle(settlements, {
      index,
      term: this.term,
      atMs: 1_000 + index,
      branch: 'b',
    })
    if (payload !== null) this.tail.push({ index, term: this.term, payload })
  }

  commit(count: number): void {
    this.journal.push(...this.tail.splice(0, count))
    this.follow(this.leader, Infinity)
  }

  /** A replica applies what is committed, some of it. */
  follow(which: number, count: number): void {
    const replica = this.replicas[which % this.replicas.length]!
    const leads = replica.host === this.host
    for (const record of this.journal.slice(replica.applied, replica.applied + count)) {
      const before = new Set(leads ? this.host.pending('notes').map(({ key }) => key) : [])
      const applied = replica.host.apply(record)
      replica.applied = record.index
      if (!leads || applied === undefined) continue
      this.reactions.push(...(applied.reactions ?? []))
      // What is told is what is there.
      const after = this.host
        .pending('notes')
        .filter(({ key, parked }) => !before.has(key) && parked === null)
      const told = applied.reactions?.filter(({ role }) => role === 'notes') ?? []
      if (!('settled' in applied)) expect(told).toEqual(after)
      this.items.push(...this.host.due('alarms'))
    }
  }

  /** The leader is gone; the next one has everything committed, and `kept` entries of what was not. */
  fall(next: number, kept: number): void {
    this.host.endReign()
    this.tail.splice(kept)
    this.leader = next % this.replicas.length
    this.term++
    this.follow(this.leader, Infinity)
    this.host.beginReign(this.tail)
  }

  /** A replica loses its memory and reads all of the journal again, or a snapshot of another and what follows. */
  restart(which: number, from: number | null): void {
    const at = which % this.replicas.length
    if (at === this.leader) return
    const replica = this.replicas[at]!
    const source = from === null ? undefined : this.replicas[from % this.replicas.length]!
    if (source !== undefined && source !== replica) {
      replica.host = restored(bytesOf(source.host))
      replica.applied = source.applied
    } else {
      replica.host = replayed(this.journal.slice(0, replica.applied))
    }
  }

  /** Everything is committed and everybody has it; then all must be alike. */
  close(): void {
    this.commit(Infinity)
    for (let i = 0; i < this.replicas.length; i++) this.follow(i, Infinity)
    const hosts = this.replicas.map(({ host }) => host)
    const middle = Math.floor(this.journal.length / 2)
    const behindSnapshot = restored(bytesOf(replayed(this.journal.slice(0, middle))))
    for (const record of this.journal.slice(middle)) behindSnapshot.apply(record)
    const [first, ...others] = [
      replayed(this.journal),
      behindSnapshot,
      restored(bytesOf(this.host)),
      ...hosts,
    ]
    for (const host of others) {
      expect(host.snapshot()).toEqual(first!.snapshot())
      expect(host.digest()).toBe(first!.digest())
      expect(bytesOf(host).equals(bytesOf(first!))).toBe(true)
      for (const { name } of sideRoles) {
        expect(host.pending(name)).toEqual(first!.pending(name))
        expect(host.due(name).map(({ key }) => key)).toEqual(first!.due(name).map(({ key }) => key))
      }
    }
  }

  /** A build without some of the roles or events keeps what it cannot take, and the same outbox. */
  closeWith(build: readonly AnyRole[]): void {
    const older = replayed(this.journal, build)
    const full = replayed(this.journal)
    expect(older.snapshot()).toMatchObject({ outbox: (full.snapshot() as { outbox: unknown }).outbox })
    expect(restored(bytesOf(older)).snapshot()).toEqual(full.snapshot())
  }
}
