import type { Log } from '@tanist/core'
import { eventMakers, invariant } from '@tanist/core'
import { decodeRoleEntry, encodeEntry, encodeExpiry } from './entry.js'
import type { CommandEntry, ExpiryEntry } from './entry.js'
import { Expiry } from './expiry.js'
import type {
  Applied,
  CommandRecord,
  CommandRequest,
  DecideAt,
  Decided,
  RoleHost,
  StateCapture,
  StateRestore,
} from './host-contract.js'
import { CLOSED_MAX, MAX_ENTRY_BYTES, SESSIONS_MAX, SESSION_IDLE_MS } from './limits.js'
import { Replica } from './replica.js'
import type { Hosted } from './replica.js'
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
      this.#roles.set(role.name, { role, on: eventMakers(role.events) })
    }
    this.#committed = new Replica(this.#roles, log)
    this.#expiry = new Expiry(sessionMs ?? SESSION_IDLE_MS, sessionsMax ?? SESSIONS_MAX)
  }

  apply(record: CommandRecord): Applied | undefined {
    const ahead = this.#ahead
    const decided = ahead?.waiting.shift()
    if (decided !== undefined && decided.index !== record.index)
      invariant(false, `entry ${record.index} is not what the leader decided`)
    this.#applied = record.index
    const asDecided = ahead?.stale === false && decided !== undefined && isSame(decided, record)
    if (asDecided && decided.taken !== null) {
      const applied = this.#advance(decided.taken, record)
      ahead.settle(decided)
      return applied
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
  #advance({ entry, answer, next, events }: NonNullable<Waiting['taken']>, record: CommandRecord): Applied {
    const { role, command, session, seq, floor, atMs, outcome } = entry
    this.#committed.sessions.record(session, seq, floor, atMs, answer)
    const changed = this.#committed.advance(role, next)
    if (changed) this.#changed.add(role)
    return { role, command, session, seq, outcome, index: record.index, term: record.term, changed, events }
  }

  #applyRead(record: CommandRecord): Applied | undefined {
    let entry: CommandEntry | ExpiryEntry
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
    const { role, command, session, seq, floor, atMs, outcome } = entry
    const { index, term } = record
    this.#committed.sessions.record(session, seq, floor, atMs, { role, command, term, index, outcome })
    const changed = this.#committed.take(entry, record)
    if (changed) this.#changed.add(role)
    const events = entry.events.length
    return { role, command, session, seq, outcome, index, term, changed, events }
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
    ahead.waiting.push({ index: at.index, term: at.term, payload, taken: null, expire: names })
    return payload
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
    const { role: name, command, session, seq, floor } = request
    if (session === '' || !Number.isSafeInteger(seq) || seq < 1) {
      return this.#refuse('bad-id', request, at, 'The command has no valid id.')
    }
    const known = ahead.sessions.find(session, seq)
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
    if (this.#isCrowded(ahead, session)) return this.#refuse('crowded', request, at, CROWDED)

    let ids = 0
    const id = (): string => `${at.branch}-${at.index}-${++ids}`
    const ctx = Object.freeze({ at: at.atMs, id, caller: request.caller })
    const run = runCommand(hosted.role, command, hosted.on, ahead.states.get(name), request.input, ctx)
    if (run.kind === 'failed') return this.#refuse(run.reason, request, at, run.text, run.cause)
    // A refusal is journalled too: later the state may be another, and a late duplicate must hear the same.
    const { outcome } = run
    const entry = { role: name, command, session, seq, floor, atMs: at.atMs, outcome }
    const payload = encodeEntry(entry, run.events)
    if (payload.length > MAX_ENTRY_BYTES) {
      const text = `${name}.${command} made a journal entry of ${payload.length} bytes; ${MAX_ENTRY_BYTES} are allowed.`
      return this.#refuse('too-large', request, at, text, new RangeError(text))
    }
    ahead.states.set(name, run.next)
    const answer = { role: name, command, term: at.term, index: at.index, outcome }
    ahead.sessions.record(session, seq, floor, answer)
    const taken = { entry, answer, next: run.next, events: run.events.pairs.length }
    ahead.waiting.push({ index: at.index, term: at.term, payload, taken, expire: NONE })
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
    const found = this.#committed.sessions.find(session, seq)
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
    const image = { roles: replica.images(), sessions: replica.sessions.capture() }
    this.#capture = new ImageCapture(image, !replica.isOlder, () => replica.sessions.release())
    return this.#capture
  }

  restore(): StateRestore {
    const taker = new ImageTaker()
    return {
      write: (bytes) => taker.write(bytes),
      finish: () => {
        const { image, digest } = taker.finish()
        const replica = new Replica(this.#roles, this.#log, new SessionTable(image.sessions))
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
    }
  }

  digest(): string {
    const replica = this.#committed
    const capture = new ImageCapture(
      { roles: replica.images(), sessions: replica.sessions.image() },
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

const CROWDED = `The server remembers ${CLOSED_MAX} clients that are gone and takes no new ones of that kind: number the commands of one client instead of naming each, or let its name end in '^' and the position of the peer.`
