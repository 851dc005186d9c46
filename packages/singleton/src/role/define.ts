import type { Decision, Make } from '@tanist/core'
import { checkVersions } from './check-versions.js'
import { checkParts } from './check-parts.js'
import { isRecord } from './record.js'
import type { Ctx, Role, RoleDefinition, RoleEffects } from './types.js'
import { checkLimits } from './sizes.js'
import type { AnySteps, EventVersions, Evolution } from './versions.js'

type None = Readonly<Record<string, never>>
type EventFunction<S> = (state: NoInfer<S>, payload: never) => NoInfer<S>
type CommandFunction<S, E> = (state: NoInfer<S>, input: never, on: Make<S, E>, ctx: Ctx) => Decision

/**
 * Defines a role: an event-sourced state machine of which every peer holds a replica and the server of the
 * group decides the commands. Throws a `TypeError` with a sentence that names the place when the definition
 * is not one.
 *
 * @example
 * const counter = role('counter', {
 *   state: () => ({ n: 0 }),
 *   events: { added: (s, e: { by: number }) => ({ n: s.n + e.by }) },
 *   commands: {
 *     add: (s, c: { by: number }, on) =>
 *       c.by > 0 ? persist(on.added(c)).reply((next) => next.n) : refuse({ code: 'not-positive' }),
 *   },
 * })
 */
export function role<
  S,
  E extends Record<string, EventFunction<S>>,
  C extends Record<string, CommandFunction<S, E>>,
  const V extends EventVersions = None,
  U extends Readonly<Record<string, AnySteps>> = None,
  const W extends number = 1,
  X extends AnySteps = None,
>(
  name: string,
  definition: RoleDefinition<
    S,
    E & { [K in keyof E]: EventFunction<S> },
    C & { [K in keyof C]: CommandFunction<S, E> }
  > &
    RoleEffects<S, E, C> &
    Evolution<NoInfer<S>, E, V, U, W, X>,
): Role<S, E, C> {
  check(name, definition)
  const { events, commands } = definition
  const given = Object.fromEntries(Object.entries(definition).filter(([, value]) => value !== undefined))
  return Object.freeze({
    ...given,
    name,
    events: Object.freeze({ ...events }),
    commands: Object.freeze({ ...commands }),
  }) as unknown as Role<S, E, C>
}

const KEYS: readonly string[] = [
  'state',
  'events',
  'commands',
  'versions',
  'upcast',
  'downcast',
  'stateVersion',
  'upcastState',
  'renamed',
  'formerly',
  'reactions',
  'due',
  'schemas',
  'open',
  'readable',
  'limits',
  'onServe',
  'onYield',
  'reconcile',
]
const ROLE_NAME = /^[a-z][a-z0-9-]{0,63}$/
const MEMBER_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
/**
 * `then` would make a proxy look like a promise; `select` is what `peer.role(x)` offers besides the commands; the others
 * mean something to every object.
 */
const TAKEN_NAMES: readonly string[] = [
  'then',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'toJSON',
  'select',
]

function check(name: unknown, definition: unknown): void {
  if (typeof name !== 'string' || !ROLE_NAME.test(name)) {
    throw new TypeError(
      `role(${JSON.stringify(name)}): a role name is 1 to 64 characters a-z, 0-9 and -, beginning with a letter.`,
    )
  }
  const place = `role('${name}')`
  if (!isRecord(definition)) {
    throw new TypeError(`${place}: the definition must be an object with state, events and commands.`)
  }
  const unknown = Object.keys(definition).filter((key) => !KEYS.includes(key))
  if (unknown.length > 0) {
    throw new TypeError(`${place}: unknown ${unknown.join(', ')}; a definition has ${KEYS.join(', ')}.`)
  }
  if (typeof definition['state'] !== 'function') {
    throw new TypeError(`${place}: 'state' must be a function that returns the first state.`)
  }
  checkFunctions(place, 'events', definition['events'])
  checkFunctions(place, 'commands', definition['commands'])
  if (definition['limits'] !== undefined) checkLimits(place, definition['limits'])
  for (const hook of ['onServe', 'onYield', 'reconcile']) {
    if (definition[hook] !== undefined && typeof definition[hook] !== 'function') {
      throw new TypeError(`${place}: '${hook}' must be a function.`)
    }
  }
  checkVersions(name, definition)
  checkParts(place, definition)
}

function checkFunctions(place: string, part: string, functions: unknown): void {
  if (!isRecord(functions)) throw new TypeError(`${place}: '${part}' must be an object of functions.`)
  for (const [name, value] of Object.entries(functions)) {
    if (typeof value !== 'function') {
      throw new TypeError(`${place}: ${part}.${name} must be a function.`)
    }
    if (!MEMBER_NAME.test(name) || TAKEN_NAMES.includes(name)) {
      throw new TypeError(
        `${place}: ${part}.${name} cannot be used as a name; take letters, digits and _, and none of ${TAKEN_NAMES.join(', ')}.`,
      )
    }
  }
}
