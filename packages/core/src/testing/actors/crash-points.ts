import { type Behavior, type Definition, definitionOf } from '../../actor/index.js'

/** One call that throws. Plain data, so that it can be drawn, shrunk and kept. */
export interface CrashPoint {
  /** A handler, or one of `state()`, `preRestart()` and `postStop()`. */
  readonly in: string
  /** Which call of it, from 1; calls are counted over restarts, and over all actors of the wrapped behavior. */
  readonly call: number
  /** `before`: nothing of it has happened. `after`: all of it has, and its result is lost. */
  readonly when: 'before' | 'after'
}

/** Thrown by a crash point. `expectNoSurprises` takes it for none. */
export class InjectedCrash extends Error {
  readonly point: CrashPoint
  constructor(point: CrashPoint) {
    super(`a crash ${point.when} call ${point.call} of ${point.in}`)
    this.name = 'InjectedCrash'
    this.point = point
  }
}

/**
 * The same behavior, with calls that throw: for tests that no failure breaks what its supervision is to keep.
 * Draw the points with `crashPointsArbitrary` of `@tanist/core/testing/arbitraries`. An asynchronous handler that
 * crashes `after` does so when its promise has settled. What it becomes by `become` has no crash points.
 *
 * @example
 * const till = crashPoints(actor({ state: () => 0, on: { pay: (n, m: { cents: number }) => n + m.cents } }), [
 *   { in: 'pay', call: 2, when: 'after' },
 * ])
 */
export function crashPoints<P>(behavior: Behavior<P>, points: readonly CrashPoint[]): Behavior<P> {
  const definition = behavior[definitionOf]
  const known = crashPlaces(behavior)
  for (const point of points)
    if (!known.includes(point.in))
      throw new TypeError(`there is no "${point.in}" to crash in; there is ${known.join(', ')}`)
  const calls = new Map<string, number>()

  function crashing<A extends readonly unknown[], R>(
    name: string,
    run: (...args: A) => R,
  ): (...args: A) => R {
    return (...args) => {
      const call = (calls.get(name) ?? 0) + 1
      calls.set(name, call)
      const here = points.filter((point) => point.in === name && point.call === call)
      for (const point of here) if (point.when === 'before') throw new InjectedCrash(point)
      const outcome = run(...args)
      const [last] = here
      if (last === undefined) return outcome
      if (!isPromise(outcome)) throw new InjectedCrash(last)
      const crash = (): never => {
        throw new InjectedCrash(last)
      }
      // It never fulfils, so it gives whatever `run` promised.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return Promise.resolve(outcome).then(crash) as R
    }
  }

  const all = (handlers: Definition['on']): Definition['on'] =>
    Object.fromEntries(Object.entries(handlers).map(([name, run]) => [name, crashing(name, run)]))
  const { on, internal, state, preRestart, postStop, ...rest } = definition
  const crashingDefinition: Definition = {
    ...rest,
    state: crashing('state()', state),
    on: all(on),
    ...(internal && { internal: all(internal) }),
    ...(preRestart && { preRestart: crashing('preRestart()', preRestart) }),
    ...(postStop && { postStop: crashing('postStop()', postStop) }),
  }
  return { [definitionOf]: crashingDefinition }
}

/** Where a behavior can crash: its handlers, `state()`, and of `preRestart()` and `postStop()` what it has. */
export function crashPlaces(behavior: Behavior<unknown>): string[] {
  const { on, internal, preRestart, postStop } = behavior[definitionOf]
  const hooks = { preRestart, postStop }
  const own = Object.entries(hooks).flatMap(([name, hook]) => (hook === undefined ? [] : [`${name}()`]))
  return [...Object.keys(on), ...Object.keys(internal ?? {}), 'state()', ...own]
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
