import type { JournalledOutcome } from './messages.js'
import { SESSION_WINDOW } from './limits.js'

/** The first outcome of a command, and where it was decided. */
export interface Answer {
  readonly role: string
  readonly command: string
  readonly term: number
  readonly index: number
  readonly outcome: JournalledOutcome
}

/**
 * The outcomes of every session, by sequence number. Every seq that was executed is either in the table or
 * not above its session's floor: so what is neither has never run, and what is at or below the floor is never
 * run again. Changed by journalled data only, in journal order; hence alike on every replica.
 */
export class SessionTable {
  readonly #sessions = new Map<string, Session>()
  readonly #base: SessionTable | null

  /** With `base`: a speculative copy that takes over a session of `base` when it first records into it. */
  constructor(base: SessionTable | null = null) {
    this.#base = base
  }

  find(session: string, seq: number): Answer | 'expired' | undefined {
    const found = this.#get(session)
    if (found === undefined) return undefined
    return found.answers.get(seq) ?? (seq <= found.floor ? 'expired' : undefined)
  }

  record(session: string, seq: number, floor: number, answer: Answer): void {
    let found = this.#sessions.get(session)
    if (found === undefined) {
      const below = this.#get(session)
      found =
        below === undefined ? { floor: 0, answers: new Map() } : { ...below, answers: new Map(below.answers) }
      this.#sessions.set(session, found)
    }
    // At or below the floor it could never be asked for again.
    if (seq > found.floor) found.answers.set(seq, answer)
    raiseFloor(found, Math.min(floor, seq - 1))
    if (found.answers.size > SESSION_WINDOW) raiseFloor(found, lowest(found.answers))
  }

  /** Plain data, sessions and seqs in ascending order. */
  snapshot(): unknown {
    return [...this.#sessions].toSorted(byKey).map(([session, { floor, answers }]) => ({
      session,
      floor,
      answers: [...answers].toSorted(byKey).map(([seq, answer]) => ({ seq, ...answer })),
    }))
  }

  #get(session: string): Session | undefined {
    return this.#sessions.get(session) ?? (this.#base === null ? undefined : this.#base.#get(session))
  }
}

interface Session {
  floor: number
  readonly answers: Map<number, Answer>
}

function raiseFloor(session: Session, floor: number): void {
  if (floor <= session.floor) return
  if (floor - session.floor <= session.answers.size) {
    for (let seq = session.floor + 1; seq <= floor; seq++) session.answers.delete(seq)
  } else {
    for (const seq of session.answers.keys()) if (seq <= floor) session.answers.delete(seq)
  }
  session.floor = floor
}

function lowest(answers: ReadonlyMap<number, unknown>): number {
  let low = Infinity
  for (const seq of answers.keys()) if (seq < low) low = seq
  return low
}

function byKey<K extends string | number>([a]: [K, unknown], [b]: [K, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
