import { decodeJson, encodeJson, invariant } from '@tanist/core'
import { createRoleHost, parseCommandId } from '../role/index.js'
import type { AnyRole, Caller, CommandId, CommandRecord, Ctx, Failed, RoleHost } from '../role/index.js'
import { differences, show, showShort } from './value-text.js'
import { RoleFault, watchedRole } from './watched-role.js'

export interface TrialEvent {
  readonly type: string
  readonly payload: unknown
}

/** What a command gets as its context, where the default will not do. */
export interface TrialOptions {
  /** `ctx.at`: milliseconds since 1970. Default: a fixed day in 2026. */
  readonly at?: number
  readonly caller?: Partial<Caller>
  /** What `ctx.id()` returns, in order. Default: ids like those of the server. */
  readonly ids?: readonly string[]
  /** `CLIENT:SEQ`: the command's own identity; the same once more is a retry, and gets the first outcome. */
  readonly id?: string
}

export type TrialOutcome =
  | { readonly kind: 'persisted'; readonly events: readonly TrialEvent[]; readonly reply: unknown }
  | { readonly kind: 'refused'; readonly refusal: unknown }
  /** The server would not run it: its input is not valid, or it is not open to such a caller. */
  | { readonly kind: 'failed'; readonly refusal: Failed }

const DEFAULT_AT = 1_790_000_000_000
const GIVEN = '(given)'
const SESSION = '(trial)'

/**
 * A role on the production role host: commands are decided, encoded, journalled and applied as on a server, and
 * a second replica gets the same journal. Throws a `RoleFault` for what no command and no event may do.
 */
export class Trial {
  readonly #role: AnyRole
  readonly #host: RoleHost
  readonly #journal: CommandRecord[] = []
  #replica: RoleHost
  #ids: readonly string[] | null = null
  #given: readonly TrialEvent[] = []
  #decided: readonly TrialEvent[] = []
  #cause: unknown = null
  #lastSeq = 0

  constructor(role: AnyRole) {
    this.#role = role
    const watched = watchedRole(role, (ctx) => this.#context(ctx))
    const commands = {
      ...watched.commands,
      [GIVEN]: () => ({ kind: 'accept', events: this.#given, answer: null }),
    }
    this.#host = createRoleHost(
      [noting({ ...watched, commands } as AnyRole, (events) => (this.#decided = events))],
      {
        log: { write: (_level, _event, _text, data) => (this.#cause = data?.['error'] ?? null) },
      },
    )
    this.#replica = createRoleHost([role])
    const failure = this.#host.failure(role.name)
    if (failure !== undefined) throw new RoleFault(failure)
    const told = differences(this.#host.state(role.name), this.#replica.state(role.name))
    if (told.length > 0)
      throw new RoleFault(`The first state of '${role.name}' is another one each time: ${told.join('; ')}.`)
    this.#host.beginReign()
  }

  get state(): unknown {
    return this.#host.state(this.#role.name)
  }

  /** Journals events that happened before. */
  given(events: readonly TrialEvent[]): void {
    this.#given = events
    this.#decide(GIVEN, undefined, {})
  }

  run(command: string, input: unknown, options: TrialOptions = {}): TrialOutcome {
    return this.#decide(command, input, options)
  }

  /** Throws when a replica that starts from nothing comes to another state with the same journal. */
  checkReplay(): void {
    const fresh = createRoleHost([this.#role])
    for (const record of this.#journal) fresh.apply(record)
    this.#compare(fresh, 'A peer that starts anew and replays the journal')
    this.#replica = fresh
  }

  #decide(command: string, input: unknown, options: TrialOptions): TrialOutcome {
    const { at = DEFAULT_AT, caller = {}, ids = null } = options
    const index = this.#journal.length + 1
    this.#ids = ids
    this.#decided = []
    this.#cause = null
    const decided = this.#host.decide(
      {
        ...this.#identity(options.id),
        floor: 0,
        role: this.#role.name,
        command,
        input: JSON.parse(JSON.stringify(encodeJson(input))),
        caller: { level: 'member', ...caller },
      },
      { index, term: 1, atMs: at, branch: 'trial' },
    )
    invariant(decided.kind !== 'expired', 'a trial keeps every outcome')
    const { refusal } = decided.kind === 'failed' ? decided : { refusal: null }
    if (refusal?.reason === 'invalid' || refusal?.reason === 'not-open') return { kind: 'failed', refusal }
    if (decided.kind === 'failed') throw this.#fault(command, input, decided.refusal.text)
    if (decided.kind === 'append') this.#append({ index, term: 1, payload: decided.payload })
    const { outcome } = decided
    return outcome.status === 'refused'
      ? { kind: 'refused', refusal: decoded(outcome.refusal) }
      : {
          kind: 'persisted',
          events: decided.kind === 'known' ? [] : this.#decided,
          reply: decoded(outcome.value),
        }
  }

  #append(record: CommandRecord): void {
    this.#journal.push(record)
    this.#host.apply(record)
    this.#replica.apply(record)
    const failure = this.#host.failure(this.#role.name) ?? this.#replica.failure(this.#role.name)
    if (failure !== undefined) throw new RoleFault(failure)
    this.#compare(this.#replica, 'Another peer with the same journal')
  }

  #compare(other: RoleHost, who: string): void {
    const told = differences(this.state, other.state(this.#role.name))
    if (told.length === 0) return
    throw new RoleFault(
      `${who} comes to another state of '${this.#role.name}': ${told.join('; ')}. Event functions may use nothing but the state and the event.`,
    )
  }

  #fault(command: string, input: unknown, text: string): RoleFault {
    const cause = this.#cause
    if (cause instanceof RoleFault) return cause
    if (command === GIVEN)
      return new RoleFault(
        `The given events cannot be taken: ${cause === null ? text : errorText(cause)}.`,
        cause,
      )
    const place = `${this.#role.name}.${command}(${input === undefined ? '' : showShort(input)})`
    return new RoleFault(cause === null ? text : `${place} failed: ${errorText(cause)}`, cause)
  }

  #identity(id: string | undefined): CommandId {
    if (id === undefined) return { session: SESSION, seq: ++this.#lastSeq }
    const parsed = parseCommandId(id)
    if (parsed === undefined)
      throw new TypeError(`The id ${show(id)} is not of the form 'CLIENT:SEQ', with SEQ counting from 1.`)
    return parsed
  }

  #context(ctx: Ctx): Ctx {
    const ids = this.#ids
    let used = 0
    // A command runs twice on purpose; both runs must get the same ids.
    if (ids === null) return { ...ctx, id: () => `trial-${this.#journal.length + 1}-${++used}` }
    const id = (): string => {
      const next = ids[used++]
      if (next === undefined)
        throw new RoleFault(`The command asks for ${used} ids; the test has given ${ids.length}.`)
      return next
    }
    return { ...ctx, id }
  }
}

/** Tells `note` the events of every decision, as the command made them. */
function noting(role: AnyRole, note: (events: readonly TrialEvent[]) => void): AnyRole {
  type Run = (...args: readonly unknown[]) => unknown
  const commands = Object.entries(role.commands).map(([name, run]) => [
    name,
    (...args: readonly unknown[]) => {
      const decision = (run as unknown as Run)(...args)
      if (typeof decision === 'object' && decision !== null && 'events' in decision)
        note((decision.events as TrialEvent[]).map(({ type, payload }) => ({ type, payload })))
      return decision
    },
  ])
  return { ...role, commands: Object.fromEntries(commands) }
}

const errorText = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : show(error)

const decoded = (encoded: unknown): unknown =>
  encoded === null ? undefined : decodeJson(JSON.parse(JSON.stringify(encoded)))
