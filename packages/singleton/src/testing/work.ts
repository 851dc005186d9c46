import type { AnyRole, Role } from '../role/index.js'
import type { Operation } from './history/index.js'

/** Reproducible choices for clients: everything random in a workload comes from here. */
export interface Dice {
  /** At least 0, less than 1. */
  next(): number
  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number
  pick<T>(list: readonly T[]): T
  chance(share: number): boolean
}

/** A client about to ask, and what it can see. */
export interface Client {
  /** `c0`, `c1`, ... */
  readonly name: string
  /** Counts its commands from 1. */
  readonly seq: number
  readonly nowMs: number
  /** The peer that it is connected to now; null when none runs. */
  readonly node: string | null
  /** Its last operation; null before the first. */
  readonly last: Operation | null
  /** The replica at that peer as it is now: it may lag behind. Undefined when no peer runs. */
  state<S, E, C>(role: Role<S, E, C>): S | undefined
}

/** What a client asks next. `command: null` reads the whole state, linearizably. */
export interface Ask {
  readonly role: string
  readonly command: string | null
  readonly input: unknown
  /** Default: the client's own next id. */
  readonly id?: string
}

/** One part of a workload: what may be asked of one role. */
export interface RoleWork {
  readonly role: AnyRole
  /** How often it is this part's turn, among several. */
  readonly weight: number
  draw(dice: Dice, client: Client): Ask
}

export interface WorkloadSpec {
  readonly work: RoleWork | readonly RoleWork[]
  /** Default 3. */
  readonly clients?: number
  /** Clients wait up to so long between two commands. Default 100. */
  readonly pauseMs?: number
  /** A peer that has not answered for so long says `unavailable`. Default 2,000. */
  readonly deadlineMs?: number
  /**
   * What clients do about `unavailable`: ask again with the same id until there is an outcome (default), ask
   * again as if it were a new command (which may be executed twice), or take it as the end.
   */
  readonly retries?: 'same id' | 'new id' | 'none'
  /** Share of commands whose client goes away at once and never asks again. Default 0. */
  readonly vanish?: number
  /** Share of answered commands that are asked once more later, at another peer: S7 compares. Default 0.05. */
  readonly echo?: number
  /** What a client asks next because of how its last command ended; null: whatever `work` draws. */
  readonly follow?: (operation: Operation, client: Client, dice: Dice) => Ask | null
}

type InputOf<F> = F extends (state: never, input: infer I, ...rest: never) => unknown
  ? unknown extends I
    ? void
    : I
  : void

/** For each command that clients give, how they make its input; a plain value is always the same. */
export type Inputs<C> = {
  readonly [K in keyof C & string]?: (dice: Dice, client: Client) => InputOf<C[K]>
}

export interface WorkOptions<K extends string> {
  /** How often each command is drawn, compared with the others. Default 1 each. */
  readonly weights?: Partial<Readonly<Record<K, number>>>
  /** Share of reads among what is asked. Default 0.2. */
  readonly reads?: number
  /** How often it is this role's turn, when there are several. Default 1. */
  readonly weight?: number
}

/**
 * What clients ask of one role.
 *
 * @example
 * const shopping = work(stock, {
 *   take: (dice) => ({ sku: dice.pick(['a', 'b']), n: dice.int(1, 3) }),
 *   deliver: (dice) => ({ sku: dice.pick(['a', 'b']), n: 10 }),
 * }, { weights: { take: 3 }, reads: 0.1 })
 */
export function work<S, E, C>(
  role: Role<S, E, C>,
  inputs: Inputs<C>,
  options: WorkOptions<keyof C & string> = {},
): RoleWork {
  const { weights = {}, reads = 0.2, weight = 1 } = options
  // `role(...)` made it, so it is one of AnyRole.
  const any = role as Role<S, E, C> & AnyRole
  const makers = inputs as Readonly<Record<string, ((dice: Dice, client: Client) => unknown) | undefined>>
  const commands = checkedCommands(any, makers)
  const weightOf = (command: string): number =>
    (weights as Readonly<Record<string, number | undefined>>)[command] ?? 1
  const total = commands.reduce((sum, command) => sum + weightOf(command), 0)
  return {
    role: any,
    weight,
    draw: (dice, client) => {
      if (total === 0 || dice.chance(reads)) return { role: role.name, command: null, input: undefined }
      let left = dice.next() * total
      const command = commands.find((one) => (left -= weightOf(one)) < 0) ?? commands[0] ?? ''
      return { role: role.name, command, input: makers[command]?.(dice, client) }
    },
  }
}

/** One command of a client, typed: for `follow` and for parts of your own. */
export function ask<S, E, C, K extends keyof C & string>(
  role: Role<S, E, C>,
  command: K,
  input: InputOf<C[K]>,
  id?: string,
): Ask {
  return { role: role.name, command, input, ...(id === undefined ? {} : { id }) }
}

function checkedCommands(role: AnyRole, makers: Readonly<Record<string, unknown>>): string[] {
  const known = Object.keys(role.commands)
  for (const [command, make] of Object.entries(makers)) {
    if (!known.includes(command)) {
      throw new TypeError(
        `The workload names ${role.name}.${command}, which is no command of the role; it has ${known.join(', ')}.`,
      )
    }
    if (typeof make !== 'function')
      throw new TypeError(`The workload's ${role.name}.${command} must be a function that makes its input.`)
  }
  return Object.keys(makers)
}

export function diceOf(random: { next(): number }): Dice {
  const int = (least: number, most: number): number => least + Math.floor(random.next() * (most - least + 1))
  return {
    next: () => random.next(),
    int,
    pick: (list) => {
      const found = list[int(0, list.length - 1)]
      if (found === undefined && list.length === 0) throw new TypeError('pick from an empty list')
      return found as (typeof list)[number]
    },
    chance: (share) => random.next() < share,
  }
}
