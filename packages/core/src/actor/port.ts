import { type AnyHandler, type Definition, RECEIVE } from './behavior.js'
import { actorLimits } from './limits.js'

/** What an entry of a mailbox is: a message, an open question that holds its message, or a notice of the layer. */
export type PortKind = 'tell' | 'ask' | 'notice'

/** A kind of message of one plan, looked up once where it is sent instead of at every message. */
export class Port {
  readonly kind: PortKind
  readonly name: string
  /** The handler in `plan`; undefined when it has none of that name. */
  readonly run: AnyHandler | undefined
  readonly plan: Plan | undefined

  constructor(kind: PortKind, name: string, run: AnyHandler | undefined, plan: Plan | undefined) {
    this.kind = kind
    this.name = name
    this.run = run
    this.plan = plan
  }
}

/** All notices share it: each names its handler itself. */
export const noticePort: Port = new Port('notice', '', undefined, undefined)

/** A definition prepared for running; one for all actors that were spawned from it. */
export class Plan {
  readonly definition: Definition
  /** Of the protocol, in the order of the definition. */
  readonly names: readonly string[]
  readonly capacity: number
  readonly dropsOldest: boolean
  readonly stashCapacity: number
  readonly #tells: ReadonlyMap<string, Port>
  readonly #asks: ReadonlyMap<string, Port>
  readonly #internal: ReadonlyMap<string, AnyHandler>

  constructor(definition: Definition) {
    this.definition = definition
    this.names = Object.keys(definition.on)
    this.capacity = limit('mailbox.capacity', definition.mailbox?.capacity, actorLimits.mailboxCapacity)
    this.dropsOldest = definition.mailbox?.overflow === 'drop-oldest'
    this.stashCapacity = limit('stash', definition.stash, actorLimits.stashCapacity)
    // Maps: a name from elsewhere may be `constructor` or `__proto__`.
    const handlers = Object.entries(definition.on)
    this.#tells = new Map(handlers.map(([name, run]) => [name, new Port('tell', name, run, this)]))
    this.#asks = new Map(handlers.map(([name, run]) => [name, new Port('ask', name, run, this)]))
    this.#internal = new Map(Object.entries(definition.internal ?? {}))
  }

  /** Of a name that a ref sends; never reaches `internal`. */
  port(kind: 'tell' | 'ask', name: string): Port {
    const known = (kind === 'tell' ? this.#tells : this.#asks).get(name)
    return known ?? new Port(kind, name, undefined, undefined)
  }

  handler(name: string): AnyHandler | undefined {
    return this.#tells.get(name)?.run
  }

  /** What timers, watches and pipes may name. */
  ownHandler(name: string): AnyHandler | undefined {
    return this.#internal.get(name) ?? this.handler(name)
  }

  /** Throws a `TypeError` that names the handlers there are. */
  checkOwn(name: string, path: string): void {
    if (this.ownHandler(name) !== undefined) return
    const names = new Set([...this.#internal.keys(), ...this.names])
    names.delete(RECEIVE)
    const known = names.size === 0 ? 'it has none' : `it has ${[...names].join(', ')}`
    throw new TypeError(`${path} has no handler "${name}": ${known}`)
  }
}

const plans = new WeakMap<Definition, Plan>()

export function planOf(definition: Definition): Plan {
  let plan = plans.get(definition)
  if (plan === undefined) plans.set(definition, (plan = new Plan(definition)))
  return plan
}

function limit(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (value >= 0 && (Number.isInteger(value) || value === Infinity)) return value
  throw new RangeError(`${name} is ${value}: give a whole number of messages, 0 or more`)
}
