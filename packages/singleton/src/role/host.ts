import type { Log } from '@tanist/core'
import { invariant } from '@tanist/core'
import { eventMakers } from './define.js'
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
import { evolveBy, Replica, unreadable } from './replica.js'
import type { Hosted, States } from './replica.js'
import { runCommand } from './run.js'
import { positionOf, SessionTable } from './sessions.js'
import { SessionsAhead } from './speculation.js'
import type { Waiting } from './speculation.js'
import { ImageCapture, ImageTaker } from './state-image.js'
import type { AnyRole } from './types.js'

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

/** The leader's view ahead of the commits. */
interface Speculation extends States {
  readonly sessions: SessionsAhead
  /** In the order of their indices. */
  readonly waiting: Waiting[]
  /** The committed states have gone their own way: to be taken over as soon as nothing waits. */
  stale: boolean
}

class Host implements RoleHost {
  readonly #roles = new Map<string, Hosted>()
  readonly #observers = new Map<string, Set<(state: unknown) => void>>()
  readonly #changed = new Set<string>()
  readonly #log: Log | undefined
  readonly #expiry: Expiry
  #committed: Replica
  #speculative: Speculation | null = null
  /** Index of the last entry that was applied. */
  #applied = 0
  #refused = 0
  #capture: StateCapture | null = null

  constructor(roles: readonly AnyRole[], { log, sessionMs, sessionsMax }: RoleHostOptions) {
    this.#log = log
    for (const role of roles) {
      if (this.#roles.has(role.name)) throw new TypeError(`Two roles are called '${role.name}'.`)
      this.#roles.set(role.name, { role, on: eventMakers(role) })
    }
    this.#committed = new Replica(this.#roles, log)
    this.#expiry = new Expiry(sessionMs ?? SESSION_IDLE_MS, sessionsMax ?? SESSIONS_MAX)
  }

  apply(record: CommandRecord): Applied | undefined {
    const speculative = this.#speculative
    const decided = speculative?.waiting.shift()
    if (decided !== undefined && decided.index !== record.index)
      invariant(false, `entry ${record.index} is not what the leader decided`)
    this.#applied = record.index
    const applied =
      decided?.taken != null &&
      isSame(decided, record) &&
      !this.#committed.failures.has(decided.taken.answer.role)
        ? this.#advance(decided.taken, record)
        : this.#applyRead(record)
    if (speculative !== null && decided !== undefined) settle(speculative, decided)
    if (
      speculative !== null &&
      (decided === undefined || speculative.stale) &&
      speculative.waiting.length === 0
    )
      this.#speculate()
    return applied
  }

  /** Takes over what was worked out when the leader decided this entry. */
  #advance({ entry, answer, next }: NonNullable<Waiting['taken']>, record: CommandRecord): Applied {
    const { role, command, session, seq, floor, atMs, outcome } = entry
    this.#committed.sessions.record(session, seq, floor, atMs, answer)
    const changed = this.#committed.advance(role, next)
    if (changed) this.#changed.add(role)
    return { role, command, session, seq, outcome, index: record.index, term: record.term, changed }
  }

  #applyRead(record: CommandRecord): Applied | undefined {
    if (this.#speculative !== null) this.#speculative.stale = true
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
    return { role, command, session, seq, outcome, index, term, changed }
  }

  beginReign(tail: readonly CommandRecord[] = []): void {
    this.#expiry.reign()
    const speculative = this.#speculate()
    for (const record of tail) speculative.waiting.push(this.#readAhead(speculative, record))
  }

  #speculate(): Speculation {
    const { states, failures, sessions } = this.#committed
    this.#speculative = {
      states: new Map(states),
      failures: new Map(failures),
      sessions: new SessionsAhead(sessions),
      waiting: [],
      stale: false,
    }
    return this.#speculative
  }

  #readAhead(speculative: Speculation, record: CommandRecord): Waiting {
    const { index, term, payload } = record
    const unread: Waiting = { index, term, payload, taken: null, expire: [] }
    let entry: CommandEntry | ExpiryEntry
    try {
      entry = decodeRoleEntry(payload)
    } catch (error) {
      for (const role of this.#roles.keys()) setOnce(speculative.failures, role, unreadable(record, error))
      return unread
    }
    if ('expire' in entry) {
      speculative.sessions.expire(entry.expire)
      return { ...unread, expire: entry.expire }
    }
    const { role, command, session, seq, floor, outcome } = entry
    const answer = { role, command, term, index, outcome }
    speculative.sessions.record(session, seq, floor, answer)
    const failure = speculative.failures.get(role) ?? evolveBy(this.#roles, speculative, entry, record)
    if (failure === null) return { ...unread, taken: { entry, answer, next: speculative.states.get(role) } }
    setOnce(speculative.failures, role, failure)
    return { ...unread, settles: entry }
  }

  endReign(): void {
    this.#speculative = null
  }

  expire(at: DecideAt): Uint8Array | null {
    const speculative = this.#inReign(at)
    const names = this.#expiry.due(this.#committed.sessions, at.atMs, (name) =>
      speculative.sessions.waits(name),
    )
    if (names.length === 0) return null
    speculative.sessions.expire(names)
    const payload = encodeExpiry(names)
    speculative.waiting.push({ index: at.index, term: at.term, payload, taken: null, expire: names })
    return payload
  }

  #inReign(at: DecideAt): Speculation {
    const speculative = this.#speculative
    invariant(speculative !== null, 'decide outside a reign')
    if (at.index <= (speculative.waiting.at(-1)?.index ?? 0))
      invariant(false, `index ${at.index} was decided before`)
    return speculative
  }

  decide(request: CommandRequest, at: DecideAt): Decided {
    const speculative = this.#inReign(at)
    const { role: name, command, session, seq, floor } = request
    if (session === '' || !Number.isSafeInteger(seq) || seq < 1) {
      return this.#refuse(request, at, 'The command has no valid id.')
    }
    const known = speculative.sessions.find(session, seq)
    if (known === 'expired') return { kind: 'expired' }
    if (known === 'unknown') return { kind: 'expired', renewAt: this.#applied }
    if (known !== undefined) {
      if (known.role !== name || known.command !== command) {
        const text = `The id ${session}:${seq} belongs to another command, ${known.role}.${known.command}.`
        return this.#refuse(request, at, text)
      }
      return { kind: 'known', term: known.term, index: known.index, outcome: known.outcome }
    }
    const hosted = this.#roles.get(name)
    if (hosted === undefined) {
      const text = `The server does not know the role '${name}'; it may run another version of the application.`
      return this.#refuse(request, at, text)
    }
    const failure = speculative.failures.get(name)
    if (failure !== undefined) return this.#refuse(request, at, failure)
    if (this.#isCrowded(speculative, session)) return this.#refuse(request, at, CROWDED)

    let ids = 0
    const id = (): string => `${at.branch}-${at.index}-${++ids}`
    const ctx = Object.freeze({ at: at.atMs, id, caller: request.caller })
    const run = runCommand(hosted.role, command, hosted.on, speculative.states.get(name), request.input, ctx)
    if (run.kind === 'failed') return this.#refuse(request, at, run.text, run.cause)
    // A refusal is journalled too: later the state may be another, and a late duplicate must hear the same.
    const { outcome } = run
    const entry = { role: name, command, session, seq, floor, atMs: at.atMs, outcome }
    const payload = encodeEntry(entry, run.events)
    if (payload.length > MAX_ENTRY_BYTES) {
      const text = `${name}.${command} made a journal entry of ${payload.length} bytes; ${MAX_ENTRY_BYTES} are allowed.`
      return this.#refuse(request, at, text, new RangeError(text))
    }
    speculative.states.set(name, run.next)
    const answer = { role: name, command, term: at.term, index: at.index, outcome }
    speculative.sessions.record(session, seq, floor, answer)
    const taken = { entry, answer, next: run.next }
    speculative.waiting.push({ index: at.index, term: at.term, payload, taken, expire: NONE })
    return { kind: 'append', payload, outcome }
  }

  #isCrowded({ sessions }: Speculation, session: string): boolean {
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
    return found === undefined ? 'no' : found === 'expired' ? 'expired' : 'yes'
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
    this.#capture = new ImageCapture(image, !replica.missesRoles, () => replica.sessions.release())
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
        this.#speculative = null
        for (const role of this.#roles.keys()) this.#changed.add(role)
        return digest
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

  #refuse(request: CommandRequest, at: DecideAt, text: string, cause?: unknown): Decided {
    const reference = `${at.term}.${at.index}.${++this.#refused}`
    const { role, command, session, seq } = request
    const data = { reference, role, command, session, seq, ...(cause === undefined ? {} : { error: cause }) }
    this.#log?.write(cause === undefined ? 'debug' : 'error', 'command-failed', text, data)
    return { kind: 'failed', refusal: { code: 'failed', reference, text } }
  }
}

const NONE: readonly string[] = []

const CROWDED = `The server remembers ${CLOSED_MAX} clients that are gone and takes no new ones of that kind: number the commands of one client instead of naming each, or let its name end in '^' and the position of the peer.`

function isSame(decided: Waiting, { term, payload }: CommandRecord): boolean {
  if (decided.term !== term) return false
  if (decided.payload === payload) return true
  if (decided.payload.length !== payload.length) return false
  for (let i = 0; i < payload.length; i++) if (payload[i] !== decided.payload[i]) return false
  return true
}

function settle({ sessions }: Speculation, { taken, settles, expire }: Waiting): void {
  const entry = taken?.entry ?? settles
  if (entry !== undefined) sessions.settle(entry.session, entry.seq)
  if (expire.length > 0) sessions.settleExpiry(expire)
}

function setOnce(failures: Map<string, string>, role: string, text: string): void {
  if (!failures.has(role)) failures.set(role, text)
}
