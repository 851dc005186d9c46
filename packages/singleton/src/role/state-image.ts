import type { Parked, StateCapture } from './host-contract.js'
import { ImageReader, ImageWriter, NumberMap } from '@tanist/core'
import type { JournalledOutcome } from './messages.js'
import type { CallAnswer, OutboxImage, OutboxItem } from './outbox.js'
import type { Quarantined } from './quarantine.js'
import { isRecord } from './record.js'
import type { RoleImage } from './replica.js'
import { answersInOrder } from './sessions.js'
import type { Answer, Session, SessionsImage } from './sessions.js'

/*
 * The image of a host is this list of values:
 *   { format, shape }                     what follows; where a build's states have a shape of their own, which
 *   { role, state, stateVersion, formerly, backlog }   by name
 *   { expiredTo }
 *   { quarantined, role, command, ... }   in the order of the journal
 *   { closed, floor }                     of clients without a position that have expired
 *   { session, opened, usedMs, floor }    in the order of the last use, each with its answers behind it:
 *   [seq, role, command, term, index, status, value]
 *   { outbox, key, term, at, event, parked, answers }   by the name of the role, in the order of the journal
 *   { outbox, ran }                       keys of due commands, behind them
 */
const FORMAT = 'tanist-state-1'

/** What a host is made of, as it was at one moment. */
export interface HostImage {
  readonly roles: readonly RoleImage[]
  readonly sessions: SessionsImage
  readonly outbox: readonly OutboxImage[]
  readonly quarantine: readonly Quarantined[]
  /** See `shapeOf`. */
  readonly shape: string
}

function* valuesOf(
  { roles, sessions, outbox, quarantine, shape }: HostImage,
  writtenRole: (role: string) => void,
): Generator<unknown, void> {
  yield shape === '' ? { format: FORMAT } : { format: FORMAT, shape }
  for (const role of roles) {
    yield role
    writtenRole(role.role)
  }
  yield { expiredTo: sessions.expiredTo }
  for (const { reference, ...about } of quarantine) yield { quarantined: reference, ...about }
  for (const [closed, floor] of sessions.closed) yield { closed, floor }
  for (const one of sessions.sessions) {
    const { name, opened, usedMs, floor } = one
    yield { session: name, opened, usedMs, floor }
    for (const [seq, answer] of answersInOrder(one)) yield rowOf(seq, answer)
  }
  for (const { role, items, ran } of outbox) {
    for (const { key, term, atMs, event, parked, answers } of items)
      yield {
        outbox: role,
        key,
        term,
        at: atMs,
        event,
        ...(parked === null ? {} : { parked }),
        ...(answers.length === 0 ? {} : { answers: answers.map((answer) => rowOf(answer.seq, answer)) }),
      }
    if (ran.length > 0) yield { outbox: role, ran }
  }
}

function rowOf(seq: number, { role, command, term, index, outcome }: Answer): readonly unknown[] {
  const value = outcome.status === 'ok' ? outcome.value : outcome.refusal
  return [seq, role, command, term, index, outcome.status, value]
}

/** Writes an image in slices; `released` is told when nothing more is read of it. */
export class ImageCapture implements StateCapture {
  readonly comparable: boolean
  readonly #writer: ImageWriter
  readonly #shape: string
  readonly #released: () => void
  #over = false

  /** `sized` is told about how many bytes each role took. */
  constructor(
    image: HostImage,
    comparable: boolean,
    released: () => void,
    sized?: (role: string, bytes: number) => void,
  ) {
    let begin = 0
    this.#writer = new ImageWriter(
      valuesOf(image, (role) => {
        const { written } = this.#writer
        sized?.(role, written - begin)
        begin = written
      }),
    )
    this.#shape = image.shape
    this.comparable = comparable
    this.#released = released
  }

  get digest(): string | null {
    return digestOf(this.#writer.digest, this.#shape)
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

/** Digests of states of two shapes say nothing to each other: what stands behind `@` is the shape. */
function digestOf(hash: string | null, shape: string): string | null {
  return hash === null || shape === '' ? hash : `${hash}@${shape}`
}

/** Collects what `ImageCapture` wrote. */
export class ImageTaker {
  readonly #reader: ImageReader
  readonly #roles: RoleImage[] = []
  readonly #sizes = new Map<string, number>()
  readonly #closed = new Map<string, number>()
  readonly #sessions: Session[] = []
  readonly #outbox: { role: string; items: OutboxItem[]; ran: string[] }[] = []
  readonly #quarantine: Quarantined[] = []
  #expiredTo = 0
  #shape = ''
  #begun = false

  constructor() {
    this.#reader = new ImageReader((value, bytes) => this.#take(value, bytes))
  }

  write(bytes: Uint8Array): void {
    this.#reader.write(bytes)
  }

  finish(): {
    readonly image: HostImage
    readonly digest: string
    readonly sizes: ReadonlyMap<string, number>
  } {
    const digest = digestOf(this.#reader.digest, this.#shape)
    if (digest === null) throw new TypeError('The bytes of a state end too early.')
    const sessions = { expiredTo: this.#expiredTo, closed: this.#closed, sessions: this.#sessions }
    const [roles, outbox, quarantine] = [this.#roles, this.#outbox, this.#quarantine]
    const image = { roles, sessions, outbox, quarantine, shape: this.#shape }
    return { image, digest, sizes: this.#sizes }
  }

  #take(value: unknown, bytes: number): void {
    if (Array.isArray(value) && this.#begun) return this.#answer(value)
    if (!isRecord(value)) throw unexpected()
    if (value['format'] === FORMAT) {
      this.#begun = true
      this.#shape = 'shape' in value ? text(value['shape']) : ''
    } else if (!this.#begun) throw new TypeError(`The bytes are no state of the format '${FORMAT}'.`)
    else if ('outbox' in value) this.#outboxPart(value)
    else if ('quarantined' in value) this.#quarantine.push(quarantined(value))
    else if ('role' in value) {
      const image = roleImage(value)
      this.#roles.push(image)
      this.#sizes.set(image.role, bytes)
    } else if ('session' in value) this.#sessions.push(sessionOf(value))
    else if ('closed' in value) this.#closed.set(text(value['closed']), count(value['floor']))
    else this.#expiredTo = count(value['expiredTo'])
  }

  #answer(fields: readonly unknown[]): void {
    const session = this.#sessions.at(-1)
    if (session === undefined) throw unexpected()
    const { seq, ...answer } = answerOf(fields)
    session.answers.set(seq, answer)
  }

  #outboxPart(fields: Readonly<Record<string, unknown>>): void {
    const role = text(fields['outbox'])
    let part = this.#outbox.at(-1)
    if (part?.role !== role) this.#outbox.push((part = { role, items: [], ran: [] }))
    if ('ran' in fields) part.ran.push(...list(fields['ran']).map(text))
    else part.items.push(itemOf(role, fields))
  }
}

function answerOf(fields: readonly unknown[]): CallAnswer {
  const [seq, role, command, term, index, status, value] = fields
  if (fields.length !== 7) throw unexpected()
  return {
    seq: count(seq),
    role: text(role),
    command: text(command),
    term: count(term),
    index: count(index),
    outcome: outcomeOf(status, value),
  }
}

function itemOf(role: string, fields: Readonly<Record<string, unknown>>): OutboxItem {
  const { event, parked, answers } = fields
  const key = text(fields['key'])
  const place = /^(\d{1,15})\.(\d{1,15})$/.exec(key)
  if (place === null || !isRecord(event)) throw unexpected()
  return {
    role,
    key,
    index: Number(place[1]),
    n: Number(place[2]),
    term: count(fields['term']),
    atMs: count(fields['at']),
    event: {
      type: text(event['type']),
      payload: event['payload'],
      ...('version' in event ? { version: count(event['version']) } : {}),
    },
    answers: answers === undefined ? [] : list(answers).map((row) => answerOf(list(row))),
    parked: parked === undefined ? null : parkedOf(parked),
  }
}

function parkedOf(fields: unknown): Parked {
  if (!isRecord(fields)) throw unexpected()
  return { attempts: count(fields['attempts']), text: text(fields['text']), atMs: count(fields['atMs']) }
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw unexpected()
  return value
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
    answers: new NumberMap(),
    epoch: 0,
  }
}

function roleImage(fields: Readonly<Record<string, unknown>>): RoleImage {
  const { role, state, stateVersion, formerly, backlog } = fields
  const image = {
    role: text(role),
    ...('state' in fields ? { state } : {}),
    ...(stateVersion === undefined ? {} : { stateVersion: count(stateVersion) }),
    ...(formerly === undefined ? {} : { formerly: texts(formerly) }),
  }
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

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw unexpected()
  return value.map(text)
}

function count(value: unknown): number {
  if (typeof value !== 'number') throw unexpected()
  return value
}

function unexpected(): TypeError {
  return new TypeError('The bytes of a state hold something else than they should.')
}
