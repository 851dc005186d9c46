import type { Log } from '@tanist/core'
import { invariant } from '@tanist/core'
import { eventMakers } from './define.js'
import { digestOf } from './digest.js'
import { decodeEntry, encodeEntry } from './entry.js'
import type { CommandEntry } from './entry.js'
import { deepFreeze } from './freeze.js'
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
import { MAX_ENTRY_BYTES } from './limits.js'
import { evolve, runCommand, sentence } from './run.js'
import { SessionTable } from './sessions.js'
import type { AnyRole } from './types.js'

export interface RoleHostOptions {
  readonly log?: Log
}

/** A host at the start of the journal. Throws a `TypeError` when two roles have one name. */
export function createRoleHost(roles: readonly AnyRole[], options: RoleHostOptions = {}): RoleHost {
  return new Host(roles, options.log)
}

interface Replica {
  readonly states: Map<string, unknown>
  /** Why a role is no longer served, by name. */
  readonly failures: Map<string, string>
  readonly sessions: SessionTable
}

/** The leader's view ahead of the commits: `waiting` are the indices that it contains and `committed` does not. */
interface Speculation extends Replica {
  readonly waiting: number[]
}

class Host implements RoleHost {
  readonly #roles = new Map<string, { readonly role: AnyRole; readonly on: unknown }>()
  readonly #committed: Replica = {
    states: new Map(),
    failures: new Map(),
    sessions: new SessionTable(),
  }
  readonly #observers = new Map<string, Set<(state: unknown) => void>>()
  readonly #changed = new Set<string>()
  readonly #log: Log | undefined
  #speculative: Speculation | null = null
  #refused = 0

  constructor(roles: readonly AnyRole[], log: Log | undefined) {
    this.#log = log
    for (const role of roles) {
      if (this.#roles.has(role.name)) throw new TypeError(`Two roles are called '${role.name}'.`)
      this.#roles.set(role.name, { role, on: eventMakers(role) })
      try {
        this.#committed.states.set(role.name, deepFreeze(role.state()))
      } catch (error) {
        this.#fail(
          this.#committed,
          role.name,
          `The role '${role.name}' has no first state: ${sentence(error)}`,
        )
      }
    }
  }

  apply(record: CommandRecord): Applied | undefined {
    const speculative = this.#speculative
    if (speculative !== null && speculative.waiting.length > 0) {
      invariant(
        speculative.waiting.shift() === record.index,
        `entry ${record.index} is not what the leader decided`,
      )
    }
    const entry = this.#read(this.#committed, record)
    const changed = entry !== undefined && this.#take(this.#committed, entry, record)
    if (speculative !== null && speculative.waiting.length === 0) this.beginReign()
    if (entry === undefined) return undefined
    if (changed) this.#changed.add(entry.role)
    const { role, command, session, seq, outcome } = entry
    return { role, command, session, seq, outcome, index: record.index, term: record.term, changed }
  }

  beginReign(tail: readonly CommandRecord[] = []): void {
    const speculative: Speculation = {
      states: new Map(this.#committed.states),
      failures: new Map(this.#committed.failures),
      sessions: new SessionTable(this.#committed.sessions),
      waiting: [],
    }
    for (const record of tail) {
      const entry = this.#read(speculative, record)
      if (entry !== undefined) this.#take(speculative, entry, record)
      speculative.waiting.push(record.index)
    }
    this.#speculative = speculative
  }

  endReign(): void {
    this.#speculative = null
  }

  decide(request: CommandRequest, at: DecideAt): Decided {
    const speculative = this.#speculative
    invariant(speculative !== null, 'decide outside a reign')
    invariant(at.index > (speculative.waiting.at(-1) ?? 0), `index ${at.index} was decided before`)
    const { role: name, command, session, seq, floor } = request
    if (session === '' || !Number.isSafeInteger(seq) || seq < 1) {
      return this.#refuse(request, at, 'The command has no valid id.')
    }
    const known = speculative.sessions.find(session, seq)
    if (known === 'expired') return { kind: 'expired' }
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

    let ids = 0
    const id = (): string => `${at.branch}-${at.index}-${++ids}`
    const ctx = Object.freeze({ at: at.atMs, id, caller: request.caller })
    const run = runCommand(hosted.role, command, hosted.on, speculative.states.get(name), request.input, ctx)
    if (run.kind === 'failed') return this.#refuse(request, at, run.text, run.cause)
    // A refusal is journalled too: later the state may be another, and a late duplicate must hear the same.
    const { outcome } = run
    const payload = encodeEntry(
      { role: name, command, session, seq, floor, atMs: at.atMs, outcome },
      run.events,
    )
    if (payload.length > MAX_ENTRY_BYTES) {
      const text = `${name}.${command} made a journal entry of ${payload.length} bytes; ${MAX_ENTRY_BYTES} are allowed.`
      return this.#refuse(request, at, text, new RangeError(text))
    }
    speculative.states.set(name, run.next)
    const answer = { role: name, command, term: at.term, index: at.index, outcome }
    speculative.sessions.record(session, seq, floor, answer)
    speculative.waiting.push(at.index)
    return { kind: 'append', payload, outcome }
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
    throw new Error('not built yet')
  }

  restore(): StateRestore {
    throw new Error('not built yet')
  }

  snapshot(): unknown {
    return {
      states: Object.fromEntries(this.#committed.states),
      failures: Object.fromEntries(this.#committed.failures),
      sessions: this.#committed.sessions.snapshot(),
    }
  }

  digest(): string {
    return digestOf(this.snapshot())
  }

  #read(replica: Replica, { index, term, payload }: CommandRecord): CommandEntry | undefined {
    try {
      return decodeEntry(payload)
    } catch (error) {
      const text = `The journal entry at index ${index}, term ${term}, cannot be read: ${sentence(error)}`
      for (const role of this.#roles.keys()) this.#fail(replica, role, text)
      return undefined
    }
  }

  /** Evolves a replica by one entry and records its outcome, whatever becomes of the role. */
  #take(replica: Replica, entry: CommandEntry, { index, term }: CommandRecord): boolean {
    const { role, command, session, seq, floor, outcome } = entry
    replica.sessions.record(session, seq, floor, { role, command, term, index, outcome })
    if (replica.failures.has(role)) return false
    const hosted = this.#roles.get(role)
    const position = `at index ${index}, term ${term}`
    if (hosted === undefined) {
      this.#fail(
        replica,
        role,
        `The role '${role}' is used by the journal entry ${position}, but this build does not know it.`,
      )
      return false
    }
    const before = replica.states.get(role)
    try {
      const after = evolve(hosted.role, before, entry.events)
      replica.states.set(role, after)
      return !Object.is(before, after)
    } catch (error) {
      this.#fail(
        replica,
        role,
        `The role '${role}' cannot take the journal entry ${position}: ${sentence(error)}`,
      )
      return false
    }
  }

  #fail(replica: Replica, role: string, text: string): void {
    if (replica.failures.has(role)) return
    replica.failures.set(role, text)
    if (replica === this.#committed) this.#log?.write('error', 'role-failed', text, { role })
  }

  #refuse(request: CommandRequest, at: DecideAt, text: string, cause?: unknown): Decided {
    const reference = `${at.term}.${at.index}.${++this.#refused}`
    const { role, command, session, seq } = request
    const data = { reference, role, command, session, seq, ...(cause === undefined ? {} : { error: cause }) }
    this.#log?.write(cause === undefined ? 'debug' : 'error', 'command-failed', text, data)
    return { kind: 'failed', refusal: { code: 'failed', reference, text } }
  }
}
