import { ImageWriter, toEncodedCopy } from '@tanist/core'
import type { Encoded, Log } from '@tanist/core'
import type { Due } from './due.js'
import type { DueItem } from './host-contract.js'
import { DUE_MAX } from './limits.js'
import { isRecord } from './record.js'
import { sentence } from './run.js'
import type { AnyRole } from './types.js'

/**
 * The key of a due command, `AT.HASH`: the same whenever command, time and input are, in whatever order the input's
 * fields were set.
 */
export function dueKey(command: string, at: number, input: Encoded): string {
  const writer = new ImageWriter([command, input].values())
  while (writer.next() !== null);
  return `${at}.${writer.digest}`
}

function timeOf(key: string): number {
  return Number(key.slice(0, key.lastIndexOf('.')))
}

/** What `run.x(...)` in a `due` makes. */
class MadeDue implements Due {
  readonly role: string
  readonly command: string
  readonly at: number
  readonly input: unknown
  #encoded: unknown
  #key: string | undefined

  constructor(role: string, command: string, at: number, input: unknown) {
    this.role = role
    this.command = command
    this.at = at
    this.input = input
  }

  /** Throws when the input cannot be encoded. */
  get encoded(): Encoded {
    return (this.#encoded ??= toEncodedCopy(this.input))
  }

  get key(): string {
    return (this.#key ??= dueKey(this.command, this.at, this.encoded))
  }
}

/** What a `due` made of one state. */
export interface Derived {
  readonly made: readonly MadeDue[]
  /** A sentence; then `made` is empty. */
  readonly failure: string | null
}

const NONE: Derived = { made: [], failure: null }

type DueFunction = (state: unknown, run: unknown) => Iterable<unknown>

function derive(of: AnyRole, run: unknown, state: unknown): Derived {
  try {
    const made: MadeDue[] = []
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the role was checked with its own state
    for (const one of (of.due as DueFunction)(state, run)) {
      if (!(one instanceof MadeDue) || one.role !== of.name)
        throw new TypeError(`item ${made.length} was not made by its 'run'`)
      if (typeof one.at !== 'number' || !Number.isFinite(one.at))
        throw new TypeError(`item ${made.length}, ${one.command}, has no time but ${String(one.at)}`)
      if (made.length >= DUE_MAX) throw new RangeError(`it gives more than ${DUE_MAX} items`)
      made.push(one)
    }
    return { made, failure: null }
  } catch (error) {
    return { made: [], failure: failureOf(of, error) }
  }
}

/** The due commands of one view of the states. What was derived from a state is remembered while it is asked for. */
export class DueBook {
  readonly #log: Log | undefined
  readonly #runs = new Map<AnyRole, unknown>()
  readonly #last = new Map<string, { readonly state: unknown; readonly derived: Derived }>()
  readonly #lists = new Map<string, List>()
  /** The last failure of each role that was logged. */
  readonly #logged: Map<string, string>

  /** `beside`: another book that logs for this one as well. */
  constructor(log: Log | undefined, beside?: DueBook) {
    this.#log = log
    this.#logged = beside === undefined ? new Map() : beside.#logged
  }

  derive(of: AnyRole, state: unknown): Derived {
    if (of.due === undefined) return NONE
    const last = this.#last.get(of.name)
    if (last !== undefined && Object.is(last.state, state)) return last.derived
    let run = this.#runs.get(of)
    if (run === undefined) this.#runs.set(of, (run = runOf(of)))
    const derived = derive(of, run, state)
    this.#last.set(of.name, { state, derived })
    if (derived.failure !== null) this.#note(of.name, derived.failure)
    return derived
  }

  /**
   * Whether the item with this key and input is among them; null when nobody can tell because `due` fails.
   */
  has(of: AnyRole, state: unknown, key: string, like: { readonly input: unknown }): boolean | null {
    const { made, failure } = this.derive(of, state)
    if (failure !== null) return null
    const at = timeOf(key)
    try {
      return made.some((one) => one.at === at && !differ(one.input, like.input) && one.key === key)
    } catch (error) {
      this.#note(of.name, failureOf(of, error))
      return null
    }
  }

  /** Which of these keys are not among them; none when `due` fails. */
  missing(of: AnyRole, state: unknown, keys: ReadonlySet<string>): string[] {
    const { made, failure } = this.derive(of, state)
    if (failure !== null) return []
    const times = new Set([...keys].map(timeOf))
    const there = new Set<string>()
    try {
      for (const one of made) if (times.has(one.at)) there.add(one.key)
    } catch (error) {
      this.#note(of.name, failureOf(of, error))
      return []
    }
    return [...keys].filter((key) => !there.has(key))
  }

  /** By time and each once, without those that `ran`; of equal times in the order in which they were given. */
  list(of: AnyRole, state: unknown, ran: ReadonlySet<string>, ranVersion: number): List {
    const derived = this.derive(of, state)
    const last = this.#lists.get(of.name)
    if (last?.derived === derived && last.ranVersion === ranVersion) return last
    const list = { derived, ranVersion, ...listed(of, derived, ran) }
    if (list.failure !== null) this.#note(of.name, list.failure)
    this.#lists.set(of.name, list)
    return list
  }

  #note(role: string, text: string): void {
    if (this.#logged.get(role) === text) return
    this.#logged.set(role, text)
    this.#log?.write('error', 'due-failed', text, { role })
  }
}

interface List {
  readonly items: readonly DueItem[]
  readonly failure: string | null
  readonly derived: Derived
  readonly ranVersion: number
}

function listed(
  of: AnyRole,
  { made, failure }: Derived,
  ran: ReadonlySet<string>,
): Pick<List, 'items' | 'failure'> {
  if (failure !== null) return { items: [], failure }
  const times = new Set([...ran].map(timeOf))
  const items: MadeDue[] = []
  const seen = new Set<string>()
  try {
    const sorted = made.toSorted((a, b) => a.at - b.at)
    sorted.forEach((one, i) => {
      // So that what cannot be encoded is found here.
      void one.encoded
      // Keys are dear: only where there may be an equal one.
      if (times.has(one.at) && ran.has(one.key)) return
      if (sorted[i - 1]?.at === one.at || sorted[i + 1]?.at === one.at) {
        if (seen.has(one.key)) return
        seen.add(one.key)
      }
      items.push(one)
    })
  } catch (error) {
    return { items: [], failure: failureOf(of, error) }
  }
  return { items: items.map((one) => new Item(one)), failure: null }
}

class Item implements DueItem {
  readonly #made: MadeDue

  constructor(made: MadeDue) {
    this.#made = made
  }

  get role(): string {
    return this.#made.role
  }

  get command(): string {
    return this.#made.command
  }

  get at(): number {
    return this.#made.at
  }

  get input(): Encoded {
    return this.#made.encoded
  }

  get key(): string {
    return this.#made.key
  }
}

function runOf(of: AnyRole): unknown {
  const run: Record<string, unknown> = {}
  for (const command of Object.keys(of.commands))
    run[command] = (at: number, input?: unknown) => new MadeDue(of.name, command, at, input)
  return Object.freeze(run)
}

/** Certainly not the same, at a glance. */
function differ(a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) return isPlain(a) && isPlain(b) && !Object.is(a, b)
  for (const key of Object.keys(a)) {
    const [mine, other] = [a[key], b[key]]
    if (isPlain(mine) && isPlain(other) && !Object.is(mine, other)) return true
  }
  return false
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function failureOf(of: AnyRole, error: unknown): string {
  return `due of the role '${of.name}' failed: ${sentence(error)}`
}
