import { NumberMap } from '@tanist/core'
import type { JournalledOutcome } from './messages.js'
import { SESSION_TOUCH_MS, SESSION_WINDOW } from './limits.js'

/** The first outcome of a command, and where it was decided. */
export interface Answer {
  readonly role: string
  readonly command: string
  readonly term: number
  readonly index: number
  readonly outcome: JournalledOutcome
}

/** The outcomes of one caller that may still be asked for. */
export interface Session {
  readonly name: string
  /** Index of the command that opened it. */
  readonly opened: number
  /** About when it was last used, by the clocks of the leaders. */
  usedMs: number
  /** What is at or below it is never run again. */
  floor: number
  readonly answers: NumberMap<Answer>
  /** Counts captures: an older session than the last one is copied before it is changed. */
  readonly epoch: number
}

/** The answers of a session above its floor. */
export interface Window {
  floor: number
  readonly answers: NumberMap<Answer>
}

/** A table as it is at one moment. */
export interface SessionsImage {
  readonly expiredTo: number
  /** In the order of their last use. */
  readonly sessions: readonly Session[]
  readonly closed: ReadonlyMap<string, number>
}

/**
 * The outcomes of every session, by sequence number: a function of the journal, hence alike on every replica.
 *
 * - Every seq that was executed is either in the table or not above its session's floor: what is neither has never
 *   run, and what is at or below the floor is never run again.
 * - A session ends by a journalled decision (`expire`), and what is no longer known is never taken for new:
 *   the name of a *positioned* session ends in `^N`, where N is a committed index that its caller knew before its
 *   first command. So it was opened behind N; and as the table remembers the newest opening among all that have
 *   expired (`expiredTo`), an unknown session with N at or behind that has never been there. Any other is refused,
 *   and its caller begins a new session. Nothing is kept of a positioned session that has expired.
 * - Of an expired session without a position the name and its highest seq are kept: what is above was never run.
 */
export class SessionTable {
  /** In the order of their last use. */
  #sessions = new Map<string, Session>()
  /** Names of those of strays, in the order of their last use. */
  readonly #strays = new Set<string>()
  #closed = new Map<string, number>()
  #closedStrays = 0
  /** What was closed while a capture reads `#closed`. */
  #closedAside: Map<string, number> | null = null
  #expiredTo = 0
  #epoch = 0
  #captured = false

  /** With `image`: what was captured elsewhere; not to be used by anybody else from now on. */
  constructor(image?: SessionsImage) {
    if (image === undefined) return
    for (const session of image.sessions) this.#put(session)
    this.#closed = new Map(image.closed)
    for (const name of this.#closed.keys()) if (isStraySession(name)) this.#closedStrays++
    this.#expiredTo = image.expiredTo
  }

  get size(): number {
    return this.#sessions.size
  }

  get strays(): number {
    return this.#strays.size
  }

  /** Sessions of which nothing but their highest seq is known. */
  get closedSize(): number {
    return this.#closed.size
  }

  get closedStrays(): number {
    return this.#closedStrays
  }

  get expiredTo(): number {
    return this.#expiredTo
  }

  /** `expired`: at or below the floor. `unknown`: nobody can tell whether it ever ran. Undefined: it never did. */
  find(session: string, seq: number): Answer | 'expired' | 'unknown' | undefined {
    const found = this.#sessions.get(session)
    if (found !== undefined) return found.answers.get(seq) ?? (seq <= found.floor ? 'expired' : undefined)
    const position = positionOf(session)
    if (position === null) return seq <= this.#closedAt(session) ? 'expired' : undefined
    return position < this.#expiredTo ? 'unknown' : undefined
  }

  get(session: string): Session | undefined {
    return this.#sessions.get(session)
  }

  /** The highest seq of a session that may have been executed. */
  top(session: string): number {
    const found = this.#sessions.get(session)
    return found === undefined ? this.#closedAt(session) : highest(found)
  }

  record(session: string, seq: number, floor: number, atMs: number, answer: Answer): void {
    const found = this.#touched(session, atMs, answer.index)
    // At or below the floor it could never be asked for again.
    if (seq > found.floor) {
      found.answers.set(seq, answer)
    }
    raiseFloor(found, Math.min(floor, seq - 1))
    if (found.answers.size > SESSION_WINDOW) raiseFloor(found, lowest(found))
  }

  expire(names: readonly string[]): void {
    for (const name of names) {
      const session = this.#sessions.get(name)
      if (session === undefined) continue
      this.#sessions.delete(name)
      this.#strays.delete(name)
      const position = positionOf(name)
      // Opened behind its position; unless that was learnt in a branch that is gone.
      if (position !== null) this.#expiredTo = Math.max(this.#expiredTo, session.opened, position + 1)
      else this.#close(name, highest(session))
    }
  }

  /** Sessions from the longest unused on. */
  oldest(): Iterable<Session> {
    return this.#sessions.values()
  }

  /** Names of sessions of strays from the longest unused on. */
  oldestStrays(): Iterable<string> {
    return this.#strays
  }

  /** What the table holds now; it stays so until `release`. Costs a copy of the list of sessions, not of their answers. */
  capture(): SessionsImage {
    this.release()
    this.#epoch++
    this.#captured = true
    this.#closedAside = new Map()
    return { expiredTo: this.#expiredTo, sessions: [...this.#sessions.values()], closed: this.#closed }
  }

  /** As it is, for somebody who looks at it at once. */
  image(): SessionsImage {
    const closed = new Map([...this.#closed, ...(this.#closedAside ?? [])])
    return { expiredTo: this.#expiredTo, sessions: [...this.#sessions.values()], closed }
  }

  release(): void {
    this.#captured = false
    for (const [name, floor] of this.#closedAside ?? []) this.#closed.set(name, floor)
    this.#closedAside = null
  }

  /** Plain data, sessions and seqs in ascending order. */
  snapshot(): unknown {
    return {
      expiredTo: this.#expiredTo,
      closed: [...this.#closed, ...(this.#closedAside ?? [])].toSorted(byKey),
      sessions: [...this.#sessions].toSorted(byKey).map(([session, { opened, usedMs, floor, answers }]) => ({
        session,
        opened,
        usedMs,
        floor,
        answers: answers.ascending().map(([seq, answer]) => ({ seq, ...answer })),
      })),
    }
  }

  #closedAt(session: string): number {
    return this.#closedAside?.get(session) ?? this.#closed.get(session) ?? 0
  }

  #close(name: string, seq: number): void {
    const isNew = !this.#closed.has(name) && this.#closedAside?.has(name) !== true
    if (isNew && isStraySession(name)) this.#closedStrays++
    ;(this.#closedAside ?? this.#closed).set(name, seq)
  }

  #put(session: Session): void {
    this.#sessions.set(session.name, session)
    if (isStraySession(session.name)) this.#strays.add(session.name)
  }

  /** The session to be changed: a new one, or one that no capture reads. */
  #touched(name: string, atMs: number, index: number): Session {
    let session = this.#sessions.get(name)
    if (session === undefined) {
      session = {
        name,
        opened: index,
        usedMs: atMs,
        floor: positionOf(name) === null ? this.#closedAt(name) : 0,
        answers: new NumberMap(),
        epoch: this.#epoch,
      }
      this.#put(session)
      return session
    }
    if (this.#captured && session.epoch !== this.#epoch) {
      session = { ...session, answers: session.answers.copy(), epoch: this.#epoch }
      this.#sessions.set(name, session)
    }
    // Leaders' clocks differ, so time may also go back.
    if (Math.abs(atMs - session.usedMs) >= SESSION_TOUCH_MS) {
      session.usedMs = atMs
      this.#sessions.delete(name)
      this.#strays.delete(name)
      this.#put(session)
    }
    return session
  }
}

const STRAY_PREFIX = 's/'

/** What the gateway calls the session of a stray, who holds no secret. */
export function strayPrefixed(name: string): string {
  return `${STRAY_PREFIX}${name}`
}

export function isStraySession(session: string): boolean {
  return session.startsWith(STRAY_PREFIX)
}

/** The position in the name of a session; null when it has none. */
export function positionOf(session: string): number | null {
  const mark = session.lastIndexOf('^')
  if (mark < 0) return null
  const digits = session.slice(mark + 1)
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null
}

/** Forgets the answers up to there. */
export function raiseFloor(session: Window, floor: number): void {
  if (floor <= session.floor) return
  const { answers } = session
  if (floor - session.floor <= answers.size) {
    for (let seq = session.floor + 1; seq <= floor; seq++) answers.delete(seq)
  } else {
    for (const seq of answers.keys()) if (seq <= floor) answers.delete(seq)
  }
  session.floor = floor
}

/** Of the answers. */
export function lowest({ answers, floor }: Readonly<Window>): number {
  // Nearly always the next one.
  for (let seq = floor + 1; seq <= floor + answers.size; seq++) if (answers.has(seq)) return seq
  return Math.min(...answers.keys())
}

/** In the order of the journal. */
export function answersInOrder({ answers }: Session): [number, Answer][] {
  return answers.ascending().toSorted(([, a], [, b]) => a.index - b.index)
}

function highest({ floor, answers }: Session): number {
  let high = floor
  for (const seq of answers.keys()) if (seq > high) high = seq
  return high
}

function byKey<K extends string | number>([a]: readonly [K, unknown], [b]: readonly [K, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
