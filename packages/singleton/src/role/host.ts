import type { Log } from '@tanist/core'
import { eventMakers, invariant } from '@tanist/core'
import { DueBook } from './due-items.js'
import { decodeRoleEntry, encodeEntry, encodeExpiry, encodeSettle } from './entry.js'
import type { RoleEntry } from './entry.js'
import { Expiry } from './expiry.js'
import type {
  Applied,
  CommandRecord,
  CommandRequest,
  DecideAt,
  Decided,
  DueItem,
  PendingReaction,
  RoleHost,
  Settled,
  Settlement,
  StateCapture,
  StateRestore,
} from './host-contract.js'
import {
  CLOSED_MAX,
  MAX_ENTRY_BYTES,
  PARKED_TEXT_MAX,
  SESSIONS_MAX,
  SESSION_IDLE_MS,
  SETTLE_MAX,
} from './limits.js'
import { changesOfCommand, changesOfSettling, NO_CHANGES, Outbox } from './outbox.js'
import type { OutboxChange } from './outbox.js'
import { pendingOf, reactingEvents, reactingOf } from './pending.js'
import { Replica } from './replica.js'
import type { Hosted } from './replica.js'
import { admit, aftermath, findReserved } from './reserved-calls.js'
import type { Admission } from './reserved-calls.js'
import { isReserved } from './reserved.js'
import { runCommand } from './run.js'
import { positionOf, SessionTable } from './sessions.js'
import { Ahead, isSame } from './speculation.js'
import type { Waiting } from './speculation.js'
import { ImageCapture, ImageTaker } from './state-image.js'
import type { AnyRole, FailReason } from './types.js'

export interface RoleHostOptions {
  readonly log?: Log
  /** As leader: sessions not used for so long expire. Default 24 hours. */
  readonly sessionMs?: number
  /** As leader: of more sessions the longest unused expire. Default 10,000. */
  readonly sessionsMax?: number
}

/** A host at the start of the journal. Throws a `TypeError` when two roles have one name. */
export function createRoleHost(roles: readonly AnyRole[], options: RoleHostOptions = {}): RoleHost {
  return new Host(roles, options)
}

class Host implements RoleHost {
  readonly #roles = new Map<string, Hosted>()
  readonly #observers = new Map<string, Set<(state: unknown) => void>>()
  readonly #changed = new Set<string>()
  readonly #log: Log | undefined
  readonly #expiry: Expiry
  /** Of the committed states, and of those ahead of them. */
  readonly #due: DueBook
  readonly #dueAhead: DueBook
  #committed: Replica
  #ahead: Ahead | null = null
  /** Index of the last entry that was applied. */
  #applied = 0
  #refused = 0
  #capture: StateCapture | null = null

  constructor(roles: readonly AnyRole[], { log, sessionMs, sessionsMax }: RoleHostOptions) {
    this.#log = log
    for (const role of roles) {
      if (this.#roles.has(role.name)) throw new TypeError(`Two roles are called '${role.name}'.`)
      const reacting = reactingEvents(role.reactions)
      this.#roles.set(role.name, { role, on: eventMakers(role.events), reacting })
    }
    this.#due = new DueBook(log)
    this.#dueAhead = new DueBook(log, this.#due)
    this.#committed = new Replica(this.#roles, log)
    this.#expiry = new Expiry(sessionMs ?? SESSION_IDLE_MS, sessionsMax ?? SESSIONS_MAX)
  }

  apply(record: CommandRecord): Applied | Settled | undefined {
    const ahead = this.#ahead
    const decided = ahead?.waiting.shift()
    if (decided !== undefined && decided.index !== record.index)
      invariant(false, `entry ${record.index} is not what the leader decided`)
    this.#applied = record.index
    const asDecided = ahead?.stale === false && decided !== undefined && isSame(decided, record)
    if (asDecided && decided.taken !== null) {
      const applied = this.#advance(decided.taken, decided.changes, record)
      ahead.settle(decided)
      return applied
    }
    if (asDecided && decided.settled !== undefined) {
      const settled = this.#settled(decided.settled, decided.changes, record)
      ahead.settle(decided)
      return settled
    }
    if (asDecided && decided.expire.length > 0) {
      this.#committed.sessions.expire(decided.expire)
      ahead.settle(decided)
      return undefined
    }
    const applied = this.#applyRead(record)
    if (ahead === null) return applied
    ahead.stale = true
    if (decided !== undefined) ahead.settle(decided)
    if (ahead.waiting.length === 0) this.#ahead = new Ahead(this.#roles, this.#committed)
    return applied
  }

  /** Takes over what was worked out when the leader decided this entry. */
  #advance(
    { entry, answer, next }: NonNullable<Waiting['taken']>,
    changes: readonly OutboxChange[],
    record: CommandRecord,
  ): Applied {
    const { role, command, session, seq, floor, atMs, outcome } = entry
    if (!isReserved(session)) this.#committed.sessions.record(session, seq, floor, atMs, answer)
    const changed = this.#committed.advance(role, next)
    if (changed) this.#changed.add(role)
    const { index, term } = record
    return { role, command, session, seq, outcome, index, term, changed, ...this.#change(changes, index) }
  }

  /** Changes the committed outbox; gives what is pending by that. */
  #change(changes: readonly OutboxChange[], index?: number): Pick<Applied, 'reactions'> {
    if (changes.length === 0) return NO_REACTIONS
    this.#committed.outbox.apply(changes)
    const reactions = changes.flatMap((change) =>
      // An item of another entry only got an answer.
      change.kind === 'item' &&
      change.item.parked === null &&
      change.item.index === (index ?? change.item.index)
        ? [pendingOf(this.#roles, change.item)]
        : [],
    )
    return reactions.length === 0 ? NO_REACTIONS : { reactions }
  }

  #settled(
    settlements: readonly Settlement[],
    changes: readonly OutboxChange[],
    { index, term }: CommandRecord,
  ): Settled {
    const settled = settlements.map(({ role, key, end }) => ({ role, key, end }))
    return { settled, index, term, ...this.#change(changes) }
  }

  #applyRead(record: CommandRecord): Applied | Settled | undefined {
    let entry: RoleEntry
    try {
      entry = decodeRoleEntry(record.payload)
    } catch (error) {
      this.#committed.failAll(record, error)
      return undefined
    }
    if ('expire' in entry) {
      this.#committed.sessions.expire(entry.expire)
      return undefined
    }
    const { outbox } = this.#committed
    if ('settle' in entry) {
      const { settled, changes } = changesOfSettling(outbox, entry)
      return this.#settled(settled, changes, record)
    }
    const { role, command, session, seq, floor, atMs, outcome } = entry
    const { index, term } = record
    if (!isReserved(session))
      this.#committed.sessions.record(session, seq, floor, atMs, { role, command, term, index, outcome })
    const changes = changesOfCommand(outbox, entry, entry.events, record)
    const changed = this.#committed.take(entry, record)
    if (changed) this.#changed.add(role)
    return { role, command, session, seq, outcome, index, term, changed, ...this.#change(changes, index) }
  }

  beginReign(tail: readonly CommandRecord[] = []): void {
    this.#expiry.reign()
    this.#ahead = new Ahead(this.#roles, this.#committed)
    for (const record of tail) this.#ahead.read(record)
  }

  endReign(): void {
    this.#ahead = null
  }

  expire(at: DecideAt): Uint8Array | null {
    const ahead = this.#inReign(at)
    const names = this.#expiry.due(this.#committed.sessions, at.atMs, (name) => ahead.sessions.waits(name))
    if (names.length === 0) return null
    ahead.sessions.expire(names)
    const payload = encodeExpiry(names)
    const { index, term } = at
    ahead.waiting.push({ index, term, payload, taken: null, expire: names, changes: NO_CHANGES })
    return payload
  }

  settle(settlements: readonly Settlement[], at: DecideAt): Uint8Array | null {
    const ahead = this.#inReign(at)
    const { index, term, atMs } = at
    const settle = settlements.map((one) =>
      one.text === undefined ? one : { ...one, text: one.text.slice(0, PARKED_TEXT_MAX) },
    )
    const { settled, changes } = changesOfSettling(ahead.outbox, { settle, atMs }, SETTLE_MAX)
    if (settled.length === 0) return null
    const payload = encodeSettle({ settle: settled, atMs })
    ahead.outbox.apply(changes, index)
    ahead.waiting.push({ index, term, payload, taken: null, expire: NONE, settled, changes })
    return payload
  }

  pending(role: string): readonly PendingReaction[] {
    return [...this.#committed.outbox.items(role)].map((item) => pendingOf(this.#roles, item))
  }

  pendingRoles(): readonly string[] {
    return this.#committed.outbox.roles()
  }

  due(role: string): readonly DueItem[] {
    return this.#dueList(role)?.items ?? []
  }

  dueFailure(role: string): string | undefined {
    return this.#dueList(role)?.failure ?? undefined
  }

  #dueList(role: string): ReturnType<DueBook['list']> | undefined {
    const hosted = this.#roles.get(role)
    if (hosted?.role.due === undefined || this.#committed.failures.has(role)) return undefined
    const { outbox, states } = this.#committed
    return this.#due.list(hosted.role, states.get(role), outbox.ran(role), outbox.ranVersion(role))
  }

  #inReign(at: DecideAt): Ahead {
    const ahead = this.#ahead
    invariant(ahead !== null, 'decide outside a reign')
    if (at.index <= (ahead.waiting.at(-1)?.index ?? 0))
      invariant(false, `index ${at.index} was decided before`)
    return ahead
  }

  decide(request: CommandRequest, at: DecideAt): Decided {
    const ahead = this.#inReign(at)
    const { role: name, command, session, seq } = request
    if (session === '' || !Number.isSafeInteger(seq) || seq < 1) {
      return this.#refuse('bad-id', request, at, 'The command has no valid id.')
    }
    const claim = admit(ahead.outbox, request)
    if (claim.kind === 'failed') return this.#refuse(claim.reason, request, at, claim.text)
    const known = claim.kind === 'own' ? ahead.sessions.find(session, seq) : claim.known
    if (known === 'expired') return { kind: 'expired' }
    if (known === 'unknown')
      return { kind: 'expired', renewAt: Math.max(this.#applied, this.#committed.sessions.expiredTo) }
    if (known !== undefined) {
      if (known.role !== name || known.command !== command) {
        const text = `The id ${session}:${seq} belongs to another command, ${known.role}.${known.command}.`
        return this.#refuse('bad-id', request, at, text)
      }
      return { kind: 'known', term: known.term, index: known.index, outcome: known.outcome }
    }
    const hosted = this.#roles.get(name)
    if (hosted === undefined) {
      const text = `The server does not know the role '${name}'; it may run another version of the application.`
      return this.#refuse('unknown', request, at, text)
    }
    const failure = ahead.failures.get(name)
    if (failure !== undefined) return this.#refuse('role-failed', request, at, failure)
    if (claim.kind === 'own' && this.#isCrowded(ahead, session))
      return this.#refuse('crowded', request, at, CROWDED)
    return this.#run(ahead, hosted, claim, request, at)
  }

  #run(ahead: Ahead, hosted: Hosted, claim: Admission, request: CommandRequest, at: DecideAt): Decided {
    const { role: name, command, session, seq, floor, input } = request
    const before = ahead.states.get(name)
    if (claim.kind === 'due') {
      if (this.#dueAhead.has(hosted.role, before, claim.key, claim) !== true) return { kind: 'expired' }
    }
    let ids = 0
    const id = (): string => `${at.branch}-${at.index}-${++ids}`
    const ctx = Object.freeze({ at: at.atMs, id, caller: claim.caller })
    const run = runCommand(hosted.role, command, hosted.on, before, input, ctx)
    if (run.kind === 'failed') return this.#refuse(run.reason, request, at, run.text, run.cause)
    // A refusal is journalled too: later the state may be another, and a late duplicate must hear the same.
    const { outcome } = run
    const react = reactingOf(hosted.reacting, run.events.decoded)
    const more = aftermath(this.#dueAhead, ahead.outbox, hosted.role, claim, before, run.next)
    const base = { role: name, command, session, seq, floor, atMs: at.atMs, outcome }
    const entry = { ...base, ...(react === undefined ? {} : { react }), ...more }
    const payload = encodeEntry(entry, run.events)
    if (payload.length > MAX_ENTRY_BYTES) {
      const text = `${name}.${command} made a journal entry of ${payload.length} bytes; ${MAX_ENTRY_BYTES} are allowed.`
      return this.#refuse('too-large', request, at, text, new RangeError(text))
    }
    ahead.states.set(name, run.next)
    const answer = { role: name, command, term: at.term, index: at.index, outcome }
    if (claim.kind === 'own') ahead.sessions.record(session, seq, floor, answer)
    const taken = { entry, answer, next: run.next }
    const changes = changesOfCommand(ahead.outbox, entry, run.events.decoded, at)
    ahead.outbox.apply(changes, at.index)
    ahead.waiting.push({ index: at.index, term: at.term, payload, taken, expire: NONE, changes })
    return { kind: 'append', payload, outcome }
  }

  #isCrowded({ sessions }: Ahead, session: string): boolean {
    const table = this.#committed.sessions
    return table.closedSize >= CLOSED_MAX && positionOf(session) === null && !sessions.has(session)
  }

  state(role: string): unknown {
    return this.#committed.states.get(role)
  }

  failure(role: string): string | undefined {
    return this.#committed.failures.get(role)
  }

  knows(session: string, seq: number): 'yes' | 'no' | 'expired' {
    const found = isReserved(session)
      ? findReserved(this.#committed.outbox, session, seq)
      : this.#committed.sessions.find(session, seq)
    return found === undefined ? 'no' : typeof found === 'string' ? 'expired' : 'yes'
  }

  observe(role: string, listener: (state: unknown) => void): () => void {
    const listeners = this.#observers.get(role) ?? new Set()
    this.#observers.set(role, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  flush(): void {
    const changed = [...this.#changed]
    this.#changed.clear()
    for (const role of changed) {
      for (const listener of this.#observers.get(role) ?? []) {
        try {
          listener(this.state(role))
        } catch (error) {
          this.#log?.write('error', 'observer-failed', `An observer of the role '${role}' failed.`, { error })
        }
      }
    }
  }

  capture(): StateCapture {
    this.#capture?.release()
    const replica = this.#committed
    const { sessions, outbox } = replica
    const image = { roles: replica.images(), sessions: sessions.capture(), outbox: outbox.capture() }
    this.#capture = new ImageCapture(image, !replica.isOlder, () => replica.sessions.release())
    return this.#capture
  }

  restore(): StateRestore {
    const taker = new ImageTaker()
    return {
      write: (bytes) => taker.write(bytes),
      finish: () => {
        const { image, digest } = taker.finish()
        const [sessions, outbox] = [new SessionTable(image.sessions), new Outbox(image.outbox)]
        const replica = new Replica(this.#roles, this.#log, sessions, outbox)
        for (const role of image.roles) replica.restore(role)
        this.#capture?.release()
        this.#capture = null
        this.#committed = replica
        this.#ahead = null
        for (const role of this.#roles.keys()) this.#changed.add(role)
        return image.roles.some(({ backlog }) => backlog !== undefined) ? null : digest
      },
    }
  }

  snapshot(): unknown {
    return {
      states: Object.fromEntries(this.#committed.states),
      failures: Object.fromEntries(this.#committed.failures),
      sessions: this.#committed.sessions.snapshot(),
      outbox: this.#committed.outbox.capture(),
    }
  }

  digest(): string {
    const replica = this.#committed
    const capture = new ImageCapture(
      { roles: replica.images(), sessions: replica.sessions.image(), outbox: replica.outbox.capture() },
      true,
      () => {},
    )
    while (capture.next() !== null);
    invariant(capture.digest !== null, 'an image without an end')
    return capture.digest
  }

  #refuse(reason: FailReason, request: CommandRequest, at: DecideAt, text: string, cause?: unknown): Decided {
    const reference = `${at.term}.${at.index}.${++this.#refused}`
    const { role, command, session, seq } = request
    const data = { reference, role, command, session, seq, ...(cause === undefined ? {} : { error: cause }) }
    this.#log?.write(cause === undefined ? 'debug' : 'error', 'command-failed', text, data)
    return { kind: 'failed', refusal: { code: 'failed', reason, reference, text } }
  }
}

const NONE: readonly string[] = []
const NO_REACTIONS: Pick<Applied, 'reactions'> = {}

const CROWDED = `The server remembers ${CLOSED_MAX} clients that are gone and takes no new ones of that kind: number the commands of one client instead of naming each, or let its name end in '^' and the position of the peer.`
