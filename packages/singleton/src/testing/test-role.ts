import type { AnyRole, Due, DueRun, Failed, Make, Role } from '../role/index.js'
import type { ArgsWith, CommandName, EventOf, RefusalOf, ReplyOf } from './role-parts.js'
import { Trial } from './trial.js'
import type { TrialEvent, TrialOptions, TrialOutcome } from './trial.js'
import { differences, show } from './value-text.js'

/** What a command gets as its context, where the default will not do. */
export type WhenOptions = TrialOptions

/** Events by the role's own makers, or as plain data. */
export type Events<S, E> = ((on: Make<S, E>) => Iterable<EventOf<S, E>>) | Iterable<EventOf<S, E>>

/** A sentence of a role's test did not come true. Carries both values, so that test runners show them. */
export class RoleTestError extends Error {
  readonly expected: unknown
  readonly actual: unknown
  constructor(text: string, expected: unknown, actual: unknown) {
    super(text)
    this.name = 'RoleTestError'
    this.expected = expected
    this.actual = actual
  }
}

export interface RoleTest<S, E, C> {
  /** The state now. */
  readonly state: S
  /** Adds events that happened before; without any, the test begins with the first state. */
  given(events?: Events<S, E>): RoleTest<S, E, C>
  /** Runs a command as the server would. It runs twice, as a check that it depends on nothing else. */
  when<K extends CommandName<C>>(command: K, ...args: ArgsWith<C, K, WhenOptions>): RoleTestThen<S, E, C, K>
}

export interface RoleTestThen<S, E, C, K extends CommandName<C>> extends RoleTest<S, E, C> {
  /** Exactly these events, in this order; `[]` when it was accepted and changed nothing. */
  thenPersisted(events: Events<S, E>): RoleTestThen<S, E, C, K>
  /** Accepted, and answered with this value. */
  thenReplied(value: ReplyOf<C, K>): RoleTestThen<S, E, C, K>
  /** Refused with this value, and without an event. */
  thenRefused(refusal: RefusalOf<C, K>): RoleTestThen<S, E, C, K>
  /** Not run at all: its schema refused the input (`invalid`), or strays may not call it (`not-open`). */
  thenFailed(reason: 'invalid' | 'not-open', text?: RegExp): RoleTestThen<S, E, C, K>
  /** Exactly this is due by the state now, in this order: `(run) => [run.expire(1_000, { id })]`. */
  thenDue(items: (run: DueRun<C>) => Iterable<Due>): RoleTestThen<S, E, C, K>
  /** This is the state now; or a function that looks at it and throws, or returns false, when it is wrong. */
  thenState(state: S | ((state: S) => unknown)): RoleTestThen<S, E, C, K>
}

/**
 * A test of a role without a cluster, on the code that decides and applies on a server. On the way it checks
 * what must hold of every role: events, replies and refusals survive the journal; commands and event functions
 * do the same when they are run twice and leave what they are given alone; a replica with the same journal has
 * the same state. Throws with a sentence and the places where two values differ.
 *
 * @example
 * testRole(stock)
 *   .given((on) => [on.delivered({ sku: 'a', n: 2 })])
 *   .when('take', { sku: 'a', n: 3 })
 *   .thenRefused({ code: 'short', have: 2 })
 */
export function testRole<S, E, C>(role: Role<S, E, C>): RoleTest<S, E, C> {
  return new Chain<S, E>(role as Role<S, E, C> & AnyRole)
}

class Chain<S, E> {
  readonly #role: AnyRole
  readonly #trial: Trial
  readonly #on: Make<S, E>
  readonly #run: Readonly<Record<string, (at: number, input?: unknown) => Due>>
  #given = 0
  #asked = ''
  #outcome: TrialOutcome | null = null

  constructor(role: AnyRole) {
    this.#role = role
    this.#trial = new Trial(role)
    const makers = Object.keys(role.events).map((type) => [
      type,
      (payload: unknown): TrialEvent => ({ type, payload }),
    ])
    this.#on = Object.fromEntries(makers) as Make<S, E>
    this.#run = Object.fromEntries(
      Object.keys(role.commands).map((command) => [command, (at, input) => ({ command, at, input })]),
    )
  }

  get state(): S {
    return this.#trial.state as S
  }

  given(events: Events<S, E> = []): this {
    const list = this.#list(events)
    if (list.length > 0) this.#trial.given(list)
    this.#given += list.length
    return this
  }

  when(command: string, input?: unknown, options: WhenOptions = {}): this {
    if (!Object.hasOwn(this.#role.commands, command)) {
      const names = Object.keys(this.#role.commands).join(', ')
      throw new TypeError(`The role '${this.#role.name}' has no command '${command}'; it has ${names}.`)
    }
    this.#asked = `${this.#role.name}.${command}(${input === undefined ? '' : show(input)})`
    this.#outcome = this.#trial.run(command, input, options)
    this.#trial.checkReplay()
    return this
  }

  thenPersisted(events: Events<S, E>): this {
    const expected = this.#list(events)
    const outcome = this.#ended()
    const actual = outcome.kind === 'persisted' ? outcome.events : null
    const wish = expected.length === 0 ? 'no event' : eventsText(expected)
    this.#compare(`was to persist ${wish}`, expected, actual)
    return this
  }

  thenReplied(value: unknown): this {
    const outcome = this.#ended()
    const accepted = outcome.kind === 'persisted'
    this.#compare(`was to be answered with ${show(value)}`, value, accepted ? outcome.reply : null, accepted)
    return this
  }

  thenRefused(refusal: unknown): this {
    const outcome = this.#ended()
    const refused = outcome.kind === 'refused'
    this.#compare(
      `was to be refused with ${show(refusal)}`,
      refusal,
      refused ? outcome.refusal : null,
      refused,
    )
    return this
  }

  thenFailed(reason: Failed['reason'], text: RegExp = /./): this {
    const outcome = this.#ended()
    const failed = outcome.kind === 'failed' ? outcome.refusal : null
    this.#compare(`was not to be run (${reason})`, reason, failed?.reason ?? null)
    if (failed !== null && !text.test(failed.text))
      throw new RoleTestError(
        `${this.#asked} failed with other words than ${String(text)}: ${failed.text}`,
        String(text),
        failed.text,
      )
    return this
  }

  thenDue(items: (run: never) => Iterable<Due>): this {
    this.#ended()
    const { due } = this.#role
    const actual = due === undefined ? [] : [...due(this.#trial.state as never, this.#run as never)]
    const expected = [...items(this.#run as never)]
    this.#compare(`was to leave due ${show(expected)}`, expected, actual)
    return this
  }

  thenState(state: unknown): this {
    const actual = this.#trial.state
    this.#ended()
    if (typeof state !== 'function') {
      this.#compare(`was to leave the state ${show(state)}`, state, actual)
      return this
    }
    const look = state as (state: unknown) => unknown
    if (look(actual) === false)
      throw new RoleTestError(
        `${this.#asked} left a state that is not as it was to be: ${show(actual)}.`,
        true,
        false,
      )
    return this
  }

  #ended(): TrialOutcome {
    if (this.#outcome === null) throw new TypeError('There is nothing to compare before a .when(...).')
    return this.#outcome
  }

  #compare(wish: string, expected: unknown, actual: unknown, comparable: boolean = actual !== null): void {
    const told = comparable ? differences(expected, actual) : []
    if (comparable && told.length === 0) return
    const after = this.#given === 0 ? '' : ` after ${this.#given} given event${this.#given === 1 ? '' : 's'}`
    const lines = [
      `${this.#asked}${after} ${wish}`,
      `  but it ${outcomeText(this.#ended())}`,
      ...told.map((line) => `  ${line}`),
      `  The state is ${show(this.#trial.state)}.`,
    ]
    throw new RoleTestError(lines.join('\n'), expected, actual)
  }

  #list(events: Events<S, E>): TrialEvent[] {
    return [...(typeof events === 'function' ? events(this.#on) : events)] as TrialEvent[]
  }
}

const eventsText = (events: readonly TrialEvent[]): string =>
  events.map(({ type, payload }) => (payload === undefined ? type : `${type} ${show(payload)}`)).join(', ')

function outcomeText(outcome: TrialOutcome): string {
  if (outcome.kind === 'failed') return `was not run (${outcome.refusal.reason}): ${outcome.refusal.text}`
  if (outcome.kind === 'refused') return `was refused with ${show(outcome.refusal)}`
  const events =
    outcome.events.length === 0 ? 'persisted no event' : `persisted ${eventsText(outcome.events)}`
  return `${events} and was answered with ${show(outcome.reply)}`
}
