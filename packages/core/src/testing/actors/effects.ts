import { type Behavior, behaviorOf, definitionOf, isReply } from '../../actor/index.js'
import type { Effect, Effects } from './effect-types.js'
import { recordingContext } from './recording-context.js'
import { endRecording, makeStandIn, startRecording } from './stand-in.js'
import { ActorTestError } from './words.js'

export interface EffectsOptions {
  /** The state that the handler meets. Default: a fresh one. */
  readonly state?: unknown
  /** `ctx.at`. Default 0. */
  readonly at?: number
  /** The path of the actor. Default `actor`. */
  readonly path?: string
  /** Calls an `internal` handler, as a timer, a watch or a piped promise would. */
  readonly internal?: boolean
}

type Name<P> = Extract<keyof P, string>
type MessageIn<F> = F extends (...message: infer M) => unknown ? M[0] : never
type ReplyTo<F> = F extends (...message: never) => infer R ? R : never

/** The handler, its message when it has one, and then options. `'*'` is the handler of `receive`. */
type Call<P, K extends Name<P>> = P[K] extends () => unknown
  ? [handler: K, message?: undefined, options?: EffectsOptions]
  : [handler: K, message: MessageIn<P[K]>, options?: EffectsOptions]
type InternalCall = [handler: string, message: unknown, options: EffectsOptions & { readonly internal: true }]

/**
 * What one message does, without a system: the handler is called once, and everything it does to its context and
 * to stand-ins (`standIn`) comes back as data. Nothing is started, stopped or sent.
 *
 * @example
 * const lamp = actor({
 *   state: (): 'on' | 'off' => 'off',
 *   on: { press: (s, _m, ctx) => (ctx.timers.once('off', 5_000, 'dark'), 'on' as const) },
 *   internal: { dark: () => 'off' as const },
 * })
 * const { state, effects } = effectsOf(lamp, 'press')
 * return state === 'on' && effects.length === 1
 */
export function effectsOf<P, K extends Name<P>>(
  behavior: Behavior<P>,
  ...call: Call<P, K>
): Effects<ReplyTo<P[K]>>
export function effectsOf<P>(behavior: Behavior<P>, ...call: InternalCall): Effects<never>
export function effectsOf(
  behavior: Behavior<unknown>,
  handler: string,
  message?: unknown,
  options: EffectsOptions = {},
): Effects<unknown> {
  const trial = new Trial(behavior, handler, options)
  const outcome = trial.run(message)
  if (!(outcome instanceof Promise)) return outcome
  outcome.catch(() => {})
  throw new ActorTestError(`${handler} returned a promise: use await effectsOfAsync(...)`)
}

/** The same for a handler that returns a promise; its asks of stand-ins get their `answers`. One at a time. */
export function effectsOfAsync<P, K extends Name<P>>(
  behavior: Behavior<P>,
  ...call: Call<P, K>
): Promise<Effects<ReplyTo<P[K]>>>
export function effectsOfAsync<P>(behavior: Behavior<P>, ...call: InternalCall): Promise<Effects<never>>
export async function effectsOfAsync(
  behavior: Behavior<unknown>,
  handler: string,
  message?: unknown,
  options: EffectsOptions = {},
): Promise<Effects<unknown>> {
  return new Trial(behavior, handler, options).run(message)
}

/** The first state, and what `state()` did to make it: timers it set, children it spawned. */
export function effectsOfStart(
  behavior: Behavior<unknown>,
  { path = 'actor', at = 0 }: Pick<EffectsOptions, 'path' | 'at'> = {},
): Effects<never> {
  const definition = behavior[definitionOf]
  const effects: Effect[] = []
  record(effects)
  try {
    const state = definition.state(recordingContext(definition, makeStandIn(path), at, effects))
    return { ...silent, state, effects }
  } catch (error) {
    return { ...silent, state: undefined, effects, failure: { error } }
  } finally {
    endRecording()
  }
}

function firstState(behavior: Behavior<unknown>, path: string, at: number): unknown {
  const { state, failure } = effectsOfStart(behavior, { path, at })
  if (failure !== null) throw failure.error
  return state
}

function record(effects: Effect[]): void {
  if (!startRecording(effects))
    throw new ActorTestError('another handler is recorded now: await its effectsOfAsync first')
}

class Trial {
  readonly #state: unknown
  readonly #effects: Effect[] = []
  readonly #call: (message: unknown) => unknown

  constructor(behavior: Behavior<unknown>, name: string, options: EffectsOptions) {
    const definition = behavior[definitionOf]
    const { path = 'actor', at = 0, internal = false } = options
    const handlers = internal ? (definition.internal ?? {}) : definition.on
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
    if (handler === undefined)
      throw new ActorTestError(`there is no handler ${name}; there is ${Object.keys(handlers).join(', ')}`)
    this.#state = 'state' in options ? options.state : firstState(behavior, path, at)
    const ctx = recordingContext(definition, makeStandIn(path), at, this.#effects)
    this.#call = (message) => handler(this.#state, message, ctx)
  }

  run(message: unknown): Effects<unknown> | Promise<Effects<unknown>> {
    record(this.#effects)
    let outcome: unknown
    try {
      outcome = this.#call(message)
    } catch (error) {
      endRecording()
      return this.#failed(error)
    }
    if (!(outcome instanceof Promise)) {
      endRecording()
      return this.#ended(outcome)
    }
    return outcome
      .then(
        (value: unknown) => this.#ended(value),
        (error: unknown) => this.#failed(error),
      )
      .finally(endRecording)
  }

  #ended(outcome: unknown): Effects<unknown> {
    const effects = this.#effects
    const next = behaviorOf(outcome)
    if (next !== undefined)
      return { ...silent, state: this.#state, effects: [...effects, { do: 'become', behavior: next }] }
    if (isReply(outcome))
      return { state: outcome.state, replied: true, reply: outcome.value, effects, failure: null }
    return { ...silent, state: outcome, effects }
  }

  #failed(error: unknown): Effects<unknown> {
    return { ...silent, state: this.#state, effects: this.#effects, failure: { error } }
  }
}

const silent = { replied: false, reply: undefined, failure: null } as const
