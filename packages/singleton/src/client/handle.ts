import { distinctUntilChanged, map } from 'rxjs'
import { checkPosition } from '../event-stream.js'
import type { ReadOptions, RoleHandle } from '../role-handle.js'
import { proxy } from '../role/index.js'
import type { AnyRole, CallOutcome, EventsOptions, Role, Submit } from '../role/index.js'
import type { Answer, NoAnswer } from './asked.js'
import type { ClientCore } from './core.js'
import { READ_MS } from './limits.js'
import { clientEvents, clientStates } from './streams.js'
import { serverViewOf, told } from './told.js'
import { stateHere } from './watch.js'

/** The typed face of a role, as on a member. */
export function clientHandle<S, E, C>(core: ClientCore, role: Role<S, E, C>): RoleHandle<S, C, E> {
  const any = known(core, role)
  const state$ = clientStates<S>(core, any)
  const extras = {
    state$,
    status$: told(core, () => ({ ...serverViewOf(core), failure: core.watches.failure(role.name) })),
    select: <T>(fn: (state: S) => T, equal: (a: T, b: T) => boolean = Object.is) =>
      state$.pipe(map(fn), distinctUntilChanged(equal)),
    events$: (options?: EventsOptions) => {
      if (options?.after !== undefined && options.after !== 'now') checkPosition(role.name, options.after)
      return clientEvents<S, E>(core, any, options)
    },
  }
  const commands = proxy<S, E, C>(any as Role<S, E, C> & AnyRole, submitTo(core))
  return Object.freeze(Object.assign({}, commands, extras)) as unknown as RoleHandle<S, C, E>
}

export function clientRead<S, E, C>(
  core: ClientCore,
  role: Role<S, E, C>,
  { consistency = 'linearizable', deadlineMs = READ_MS, maxStaleMs }: ReadOptions = {},
): Promise<S> {
  const any = known(core, role)
  if (maxStaleMs !== undefined && !(consistency === 'local' && maxStaleMs >= 0))
    throw new TypeError("maxStaleMs is a number of milliseconds, 0 or more, with consistency: 'local'.")
  const question = { t: 'read', role: role.name, consistency, maxStaleMs: maxStaleMs ?? null } as const
  return new Promise((resolve, reject) => {
    core.asked.ask(question, deadlineMs, (answer) => {
      const state = stateIn(any, answer)
      if (state.ok) resolve(state.value as S)
      else reject(state.error)
    })
  })
}

function stateIn(
  role: AnyRole,
  answer: Answer | NoAnswer,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Error } {
  if (answer.t !== 'readable') {
    return { ok: false, error: new Error(answer.t === 'not' ? answer.text : 'No state came.') }
  }
  try {
    return { ok: true, value: stateHere(role, answer.state, answer.version ?? 1) }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error : new Error(String(error)) }
  }
}

function known(core: ClientCore, role: { readonly name: string }): AnyRole {
  const { roles } = core.settings
  if (roles.some(({ name }) => name === role.name)) return role as AnyRole
  const names = roles.map(({ name }) => name).join(', ')
  throw new TypeError(
    `The role '${role.name}' is not among those this client was made with: ${names || 'none'}.`,
  )
}

function submitTo(core: ClientCore): Submit {
  return ({ signal, user, ...request }) => {
    if (user !== undefined)
      throw new TypeError(
        `${request.role}.${request.command}: a client speaks for the user that its token names; the option 'user' is for members.`,
      )
    return new Promise((resolve) => {
      let isOver = false
      let cancel: (() => void) | null = null
      const done = (outcome: CallOutcome): void => {
        isOver = true
        // A signal may live as long as the program.
        if (cancel !== null) signal?.removeEventListener('abort', cancel)
        resolve(outcome)
      }
      cancel = core.call(request, done, signal?.aborted)
      // It may have ended inside of it.
      if (!isOver) signal?.addEventListener('abort', cancel, { once: true })
    })
  }
}
