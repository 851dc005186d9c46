import type { Event } from './decision.js'

/** The parameter after the state: void when there is none (or none that was given a type). */
export type InputOf<F> = F extends (...args: infer A) => unknown
  ? A extends [unknown, ...infer R]
    ? R extends [infer P, ...unknown[]]
      ? [P] extends [never]
        ? void
        : P
      : R extends []
        ? void
        : R extends [(infer P)?, ...unknown[]]
          ? P | undefined
          : void
    : void
  : never

/** How that parameter is given: not at all, perhaps, or always. */
export type InputArgs<P> = [P] extends [void] ? [] : undefined extends P ? [payload?: P] : [payload: P]

/** Makers of events, by name: the `on` of a command. */
export type Make<S, E> = {
  readonly [K in keyof E & string]: (...args: InputArgs<InputOf<E[K]>>) => Event<S, K, InputOf<E[K]>>
}

/** The makers of these events, as commands get them. */
export function eventMakers(
  events: Readonly<Record<string, unknown>>,
): Readonly<Record<string, (payload: unknown) => unknown>> {
  const makers: Record<string, (payload: unknown) => unknown> = {}
  for (const type of Object.keys(events)) makers[type] = (payload) => ({ type, payload })
  return Object.freeze(makers)
}
