import { distinctUntilChanged, map, Observable } from 'rxjs'
import { eventStream } from './event-stream.js'
import type { EventStreams, Lives, ReadOutcome, ServerInfo, Waiting } from './peer/index.js'
import type { MemberId } from '@tanist/core'
import { proxy } from './role/index.js'
import type { AnyRole, EventsOptions, EventStream, Proxy, Role, Submit } from './role/index.js'

/** Who serves, and who would be next. */
export interface ServerView {
  readonly server: ServerInfo | null
  readonly successor: { readonly id: MemberId; readonly name: string } | null
  readonly term: number
  /** While nobody serves: what is being waited for. */
  readonly waitingFor: string | null
  readonly waiting: Waiting | null
}

/** What one role offers on every member: its commands, and what changes over time. */
export type RoleHandle<S, C, E = AnyEvents> = Proxy<C> & {
  /** This member's replica: the present state at once, then every change. May lag behind the server. */
  readonly state$: Observable<S>
  /** Who serves the role; `failure` says why this replica does not follow it any more. */
  readonly status$: Observable<ServerView & { readonly failure: string | null }>
  /**
   * What `fn` makes of the state: at once, and then only when it is another value.
   *
   * @example
   * peer.role(stock).select((state) => Object.keys(state).length).subscribe((n) => console.log(n))
   */
  select<T>(fn: (state: S) => T, equal?: (a: T, b: T) => boolean): Observable<T>
  /**
   * The role's events as they are committed, from a position on; none is lost and none comes twice. A `state` takes
   * the place of what cannot be given: a reader replaces by it whatever it has made of the events. Fails when this
   * build cannot read an event, ends when the peer has stopped.
   *
   * @example
   * let kept: EventPosition = { index: 0 } // from the last run, beside what was made of the events
   * for await (const item of peer.role(stock).events$({ after: kept })) {
   *   if (item.kind === 'state') console.log('Begin anew with', item.state)
   *   else console.log(item.type, item.payload)
   *   kept = item.position
   * }
   */
  events$(options?: EventsOptions): EventStream<S, E>
}

/** Of a role whose events do not matter. */
type AnyEvents = Readonly<Record<string, (state: never, payload: unknown) => unknown>>

export interface ReadOptions {
  readonly consistency?: 'linearizable' | 'local'
  /**
   * Of a `local` read: how old the state may be, in milliseconds by this member's clocks. The server is asked again only
   * when its last word is older; reads at the same time share one question. Default: no bound, and no question.
   */
  readonly maxStaleMs?: number
  readonly deadlineMs?: number
}

interface HandleParts {
  readonly core: Lives
  readonly roles: readonly AnyRole[]
  readonly streams: EventStreams
  readonly server$: Observable<ServerView>
  readonly submit: Submit
}

export function handleOf<S, E, C>(
  { core, roles, streams, server$, submit }: HandleParts,
  role: Role<S, E, C>,
): RoleHandle<S, C, E> {
  known(roles, role)
  const failure = (): string | null => core.roles.failure(role.name) ?? null
  const any = role as Role<S, E, C> & AnyRole
  const state$ = stateOf<S>(core, role)
  const extras = {
    state$,
    status$: server$.pipe(map((view) => ({ ...view, failure: failure() }))),
    select: <T>(fn: (state: S) => T, equal: (a: T, b: T) => boolean = Object.is) =>
      state$.pipe(map(fn), distinctUntilChanged(equal)),
    events$: (options?: EventsOptions) => eventStream<S, E>(streams, any, options),
  }
  // `role(...)` made it, so it is one of AnyRole; no command can have the name of an extra.
  const commands = proxy<S, E, C>(any, submit)
  return Object.freeze(Object.assign({}, commands, extras)) as RoleHandle<S, C, E>
}

function stateOf<S>(core: Lives, role: { readonly name: string; readonly state: () => S }): Observable<S> {
  return new Observable<S>((subscriber) => {
    // The role host evolves states with this role's own functions, so its state is an S.
    const emit = (state: unknown): void => subscriber.next(state as S)
    emit(core.roles.state(role.name))
    return core.watchRole(role.name, emit)
  })
}

export async function readState<S>(
  core: Lives,
  roles: readonly AnyRole[],
  role: { readonly name: string; readonly state: () => S },
  { consistency = 'linearizable', deadlineMs = 10_000, maxStaleMs }: ReadOptions,
): Promise<S> {
  known(roles, role)
  if (maxStaleMs !== undefined && !(consistency === 'local' && maxStaleMs >= 0))
    throw new TypeError("maxStaleMs is a number of milliseconds, 0 or more, with consistency: 'local'.")
  if (consistency === 'local' && maxStaleMs === undefined) return core.roles.state(role.name) as S
  return new Promise<S>((resolve, reject) => {
    const done = (outcome: ReadOutcome): void => {
      // At once, before anything else may go on.
      if (outcome.status === 'ok') return resolve(core.roles.state(role.name) as S)
      const why = core.roles.failure(role.name)
      reject(new Error(why ?? `No server confirmed the read: ${outcome.reason}`))
    }
    core.read(role.name, deadlineMs, done, maxStaleMs ?? null)
  })
}

function known(roles: readonly AnyRole[], role: { readonly name: string }): void {
  if (roles.some((one) => one.name === role.name)) return
  const names = roles.map((one) => one.name).join(', ')
  throw new TypeError(`The role '${role.name}' is not among those this peer joined with: ${names || 'none'}.`)
}
