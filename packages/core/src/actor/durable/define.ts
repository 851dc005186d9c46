import { type Behavior, definitionOf } from '../behavior.js'
import { isRecord } from '../is-record.js'
import { behaviorDefinition } from './behavior.js'
import { durableLimits } from './limits.js'
import { checkId } from './names.js'
import type {
  AnyDurable,
  CommandFunction,
  DurableDefinition,
  DurableProtocol,
  EventFunction,
  QueryFunction,
} from './types.js'

/**
 * An event-sourced actor with a journal of its own on this machine, for state that belongs to one peer. Commands,
 * events, `persist` and `refuse` are those of roles. `name` is its identity on the disk: at most one actor of a name
 * runs at a time, and one that is spawned again recovers what its predecessors stored.
 *
 * - Its commands and queries are the protocol of its ref; commands are answered with
 *   `{ status: 'ok', value }` or `{ status: 'refused', refusal }`.
 * - All events of one command are stored or none. Nothing is answered before everything it rests on is durable, and
 *   commands that come while the disk syncs share the next sync.
 * - A command that throws, or whose events the codec cannot carry, changes nothing; its ask rejects with `failed` and
 *   the error as `cause`.
 * - Messages wait while it recovers. When the journal is damaged, cannot be taken or the disk fails, it stops:
 *   the `DurableError` is in `failures$`, and asks reject with it as `cause`.
 *
 * Throws a `TypeError` with a sentence that names the place when the definition is not one.
 *
 * @example
 * const account = (id: string) =>
 *   durable(`account/${id}`, {
 *     state: () => ({ cents: 0 }),
 *     events: { moved: (s, e: { by: number }) => ({ cents: s.cents + e.by }) },
 *     commands: {
 *       move: (s, c: { by: number }, on) =>
 *         s.cents + c.by < 0 ? refuse({ code: 'short' }) : persist(on.moved(c)).reply((next) => next.cents),
 *     },
 *     queries: { balance: (s) => s.cents },
 *   })
 * const alice = system.spawn(account('alice'), 'alice')
 * await alice.ask.move({ by: 500 }) // { status: 'ok', value: 500 }
 */
export function durable<
  S,
  E extends Record<string, EventFunction<S>>,
  C extends Record<string, CommandFunction<S, E>>,
  Q extends Record<string, QueryFunction<S>>,
>(
  name: string,
  definition: DurableDefinition<
    S,
    E & { [K in keyof E]: EventFunction<S> },
    C & { [K in keyof C]: CommandFunction<S, E> },
    Q & { [K in keyof Q]: QueryFunction<S> }
  >,
): Behavior<DurableProtocol<C, Q>> {
  check(name, definition)
  const { state, events, commands, queries, version, upcast, snapshot, folder } = definition
  const of = {
    id: name,
    state,
    events: Object.freeze({ ...events }),
    commands: Object.freeze({ ...commands }),
    queries: Object.freeze({ ...queries }),
    version: version ?? 1,
    upcast: upcast ?? null,
    snapshotEvery: snapshot?.every ?? durableLimits.snapshotEvery,
    snapshotBytes: snapshot?.bytes ?? durableLimits.snapshotBytes,
    segmentBytes: snapshot?.segmentBytes ?? durableLimits.segmentBytes,
    folder: folder ?? null,
  } as unknown as AnyDurable
  return { [definitionOf]: behaviorDefinition(of, definition) }
}

const KEYS: readonly string[] = [
  'state',
  'events',
  'commands',
  'queries',
  'version',
  'upcast',
  'snapshot',
  'folder',
  'restarts',
  'supervision',
  'mailbox',
]
const SNAPSHOT_KEYS: readonly string[] = ['every', 'bytes', 'segmentBytes']
const MEMBER_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
/** `then` would make a ref's `ask` look like a promise; the others mean something to every object. */
const TAKEN_NAMES: readonly string[] = ['then', 'constructor', 'prototype', 'toString', 'valueOf', 'toJSON']

function check(name: unknown, definition: unknown): void {
  checkId(name)
  const place = `durable('${name}')`
  if (!isRecord(definition))
    throw new TypeError(`${place}: the definition must be an object with state, events and commands.`)
  const unknown = Object.keys(definition).filter((key) => !KEYS.includes(key))
  if (unknown.length > 0)
    throw new TypeError(`${place}: unknown ${unknown.join(', ')}; a definition has ${KEYS.join(', ')}.`)
  const { state, events, commands, queries = {}, version = 1, upcast, snapshot, folder } = definition
  if (typeof state !== 'function')
    throw new TypeError(`${place}: 'state' must be a function that returns the first state.`)
  checkFunctions(place, { events, commands, queries })
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    throw new TypeError(`${place}: 'version' must be a whole number from 1 on.`)
  if (
    version > 1 &&
    !(isRecord(upcast) && typeof upcast['event'] === 'function' && typeof upcast['state'] === 'function')
  )
    throw new TypeError(
      `${place}: version ${version} needs 'upcast' with the functions 'event' and 'state', which bring up what older versions stored.`,
    )
  if (snapshot !== undefined) checkSnapshot(place, snapshot)
  if (folder !== undefined && (typeof folder !== 'string' || folder === ''))
    throw new TypeError(`${place}: 'folder' must be the path of a folder.`)
}

function checkFunctions(place: string, parts: Readonly<Record<string, unknown>>): void {
  for (const [part, functions] of Object.entries(parts)) {
    if (!isRecord(functions)) throw new TypeError(`${place}: '${part}' must be an object of functions.`)
    for (const [name, value] of Object.entries(functions)) {
      if (typeof value !== 'function') throw new TypeError(`${place}: ${part}.${name} must be a function.`)
      if (!MEMBER_NAME.test(name) || TAKEN_NAMES.includes(name))
        throw new TypeError(
          `${place}: ${part}.${name} cannot be used as a name; take letters, digits and _, and none of ${TAKEN_NAMES.join(', ')}.`,
        )
      if (part === 'queries' && Object.hasOwn(parts['commands'] as object, name))
        throw new TypeError(`${place}: '${name}' is a command and a query; one of them needs another name.`)
    }
  }
}

function checkSnapshot(place: string, snapshot: unknown): void {
  if (!isRecord(snapshot))
    throw new TypeError(`${place}: 'snapshot' must be an object with ${SNAPSHOT_KEYS.join(', ')}.`)
  for (const [name, value] of Object.entries(snapshot)) {
    if (!SNAPSHOT_KEYS.includes(name))
      throw new TypeError(`${place}: unknown snapshot.${name}; there are ${SNAPSHOT_KEYS.join(', ')}.`)
    if (value !== undefined && !(typeof value === 'number' && value >= 1))
      throw new TypeError(`${place}: snapshot.${name} must be a number from 1 on.`)
  }
}
