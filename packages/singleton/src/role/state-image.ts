import type { StateCapture } from './host-contract.js'
import { ImageReader, ImageWriter } from '@tanist/core'
import type { JournalledOutcome } from './messages.js'
import type { Quarantined } from './quarantine.js'
import { isRecord } from './record.js'
import type { RoleImage } from './replica.js'
import type { Answer, Session, SessionsImage } from './sessions.js'

/*
 * The image of a host is this list of values:
 *   { format }                            what follows
 *   { role, state, backlog }              by name
 *   { expiredTo }
 *   { quarantined, role, command, ... }   in the order of the journal
 *   { closed, floor }                     of clients without a position that have expired
 *   { session, opened, usedMs, floor }    in the order of the last use, each with its answers behind it:
 *   [seq, role, command, term, index, status, value]
 */
const FORMAT = 'tanist-state-1'

/** What a host is made of, as it was at one moment. */
export interface HostImage {
  readonly roles: readonly RoleImage[]
  readonly sessions: SessionsImage
  readonly quarantine: readonly Quarantined[]
}

function* valuesOf({ roles, sessions, quarantine }: HostImage): Generator<unknown, void> {
  yield { format: FORMAT }
  yield* roles
  yield { expiredTo: sessions.expiredTo }
  for (const { reference, ...about } of quarantine) yield { quarantined: reference, ...about }
  for (const [closed, floor] of sessions.closed) yield { closed, floor }
  for (const { name, opened, usedMs, floor, answers } of sessions.sessions) {
    yield { session: name, opened, usedMs, floor }
    for (const [seq, { role, command, term, index, outcome }] of answers) {
      const value = outcome.status === 'ok' ? outcome.value : outcome.refusal
      yield [seq, role, command, term, index, outcome.status, value]
    }
  }
}

/** Writes an image in slices; `released` is told when nothing more is read of it. */
export class ImageCapture implements StateCapture {
  readonly comparable: boolean
  readonly #writer: ImageWriter
  readonly #released: () => void
  #over = false

  constructor(image: HostImage, comparable: boolean, released: () => void) {
    this.#writer = new ImageWriter(valuesOf(image))
    this.comparable = comparable
    this.#released = released
  }

  get digest(): string | null {
    return this.#writer.digest
  }

  next(): Uint8Array | null {
    const bytes = this.#over ? null : this.#writer.next()
    if (bytes === null || this.#writer.digest !== null) this.release()
    return bytes
  }

  release(): void {
    if (this.#over) return
    this.#over = true
    this.#released()
  }
}

/** Collects what `ImageCapture` wrote. */
export class ImageTaker {
  readonly #reader: ImageReader
  readonly #roles: RoleImage[] = []
  readonly #closed = new Map<string, number>()
  readonly #sessions: Session[] = []
  readonly #quarantine: Quarantined[] = []
  #expiredTo = 0
  #begun = false

  constructor() {
    this.#reader = new ImageReader((value) => this.#take(value))
  }

  write(bytes: Uint8Array): void {
    this.#reader.write(bytes)
  }

  finish(): { readonly image: HostImage; readonly digest: string } {
    const { digest } = this.#reader
    if (digest === null) throw new TypeError('The bytes of a state end too early.')
    const sessions = { expiredTo: this.#expiredTo, closed: this.#closed, sessions: this.#sessions }
    return { image: { roles: this.#roles, sessions, quarantine: this.#quarantine }, digest }
  }

  #take(value: unknown): void {
    if (Array.isArray(value) && this.#begun) return this.#answer(value)
    if (!isRecord(value)) throw unexpected()
    if (value['format'] === FORMAT) this.#begun = true
    else if (!this.#begun) throw new TypeError(`The bytes are no state of the format '${FORMAT}'.`)
    else if ('quarantined' in value) this.#quarantine.push(quarantined(value))
    else if ('role' in value) this.#roles.push(roleImage(value))
    else if ('session' in value) this.#sessions.push(sessionOf(value))
    else if ('closed' in value) this.#closed.set(text(value['closed']), count(value['floor']))
    else this.#expiredTo = count(value['expiredTo'])
  }

  #answer(fields: readonly unknown[]): void {
    const session = this.#sessions.at(-1)
    const [seq, role, command, term, index, status, value] = fields
    if (session === undefined || fields.length !== 7) throw unexpected()
    const last = count(seq)
    session.ascending &&= last > session.last
    session.last = last
    const answer: Answer = {
      role: text(role),
      command: text(command),
      term: count(term),
      index: count(index),
      outcome: outcomeOf(status, value),
    }
    session.answers.set(last, answer)
  }
}

function outcomeOf(status: unknown, value: unknown): JournalledOutcome {
  if (status === 'ok') return { status, value }
  if (status === 'refused') return { status, refusal: value }
  throw unexpected()
}

function quarantined(fields: Readonly<Record<string, unknown>>): Quarantined {
  return {
    reference: text(fields['quarantined']),
    role: text(fields['role']),
    command: text(fields['command']),
    digest: text(fields['digest']),
    session: text(fields['session']),
    seq: count(fields['seq']),
    term: count(fields['term']),
    index: count(fields['index']),
    atMs: count(fields['atMs']),
  }
}

function sessionOf(fields: Readonly<Record<string, unknown>>): Session {
  return {
    name: text(fields['session']),
    opened: count(fields['opened']),
    usedMs: count(fields['usedMs']),
    floor: count(fields['floor']),
    answers: new Map(),
    ascending: true,
    last: 0,
    epoch: 0,
  }
}

function roleImage(fields: Readonly<Record<string, unknown>>): RoleImage {
  const { role, state, backlog } = fields
  const image = { role: text(role), ...('state' in fields ? { state } : {}) }
  if (backlog === undefined) return image
  if (!Array.isArray(backlog)) throw unexpected()
  const records = backlog.map((record: unknown) => {
    if (!isRecord(record) || !(record['payload'] instanceof Uint8Array)) throw unexpected()
    return { index: count(record['index']), term: count(record['term']), payload: record['payload'] }
  })
  return { ...image, backlog: records }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw unexpected()
  return value
}

function count(value: unknown): number {
  if (typeof value !== 'number') throw unexpected()
  return value
}

function unexpected(): TypeError {
  return new TypeError('The bytes of a state hold something else than they should.')
}
