import type { MemberId, Now } from '@tanist/core'
import { digestOf, SUSPECT_MS } from '../role/index.js'
import type { CallMessage, CommandId } from '../role/index.js'

/*
 * How a command that kills whoever decides it is found out. Who calls says of a repeated call when a server was lost
 * that had said nothing about it (`suspect: 'sent'`). The server decides a suspect alone: before, a note of it leaves to two
 * voters and to the caller, and the next thing that they hear of the server clears the note. A server that is lost
 * while its note stands was lost by deciding. The next server is told by everyone who holds such a note, with the vote
 * and again when it leads, and quarantines the command instead of deciding it. A call whose id the application gave may
 * have been sent by another caller, who died with the server: for a while after a loss it is a suspect as well. Nobody knows whether it was
 * under way when that server was lost; so it takes a second note that stands.
 */

/** Server to those who may serve next and the caller, as the last of a frame: what comes after it was sent by a server that survived it. */
export interface DecidingMessage extends CommandId {
  readonly t: 'deciding'
  readonly term: number
  /** Counts the notes of a term. */
  readonly n: number
  readonly role: string
  readonly command: string
  readonly digest: string
  /** It was under way when an earlier server was lost. */
  readonly repeated: boolean
}

/** It survived. */
export interface DecidedMessage {
  readonly t: 'decided'
  readonly term: number
  readonly n: number
}

/** To a new server: how the last note of an earlier term ended, as far as is known here. */
export interface StoodMessage extends Omit<DecidingMessage, 't'> {
  readonly t: 'stood'
  readonly stands: boolean
}

export type DecidingMessages = DecidingMessage | DecidedMessage | StoodMessage

export interface Speaker {
  readonly memberId: MemberId
  readonly incarnation: number
}

export interface DecidingPorts {
  readonly self: Speaker
  /** This process began with a journal: somebody served before. */
  readonly hadJournal: boolean
  /** Those who are likely to serve next come first. */
  readonly voters: () => readonly MemberId[]
  readonly send: (to: MemberId, message: DecidingMessages) => void
  /** What an earlier life of this peer kept, as read from its disk. */
  readonly kept: unknown
  /** A note stands and its server is lost: that shall outlive this process. */
  readonly keep: (notes: readonly KeptNote[]) => void
  /** Everything sent so far leaves now. */
  readonly flush: () => void
}

/** Voters that get a note, beside the caller: those that are likely to serve next. */
const HOLDERS = 2

/** Terms of which the last note is remembered. */
const TERMS_MAX = 8

export type KeptNote = Omit<StoodMessage, 't'>

interface Note extends Omit<StoodMessage, 't'> {
  /** The server that sent it; null when somebody else told of it. */
  readonly from: Speaker | null
  readonly sentTo: readonly MemberId[]
}

/** Notes of the own deciding, and what is remembered of those of others. */
export class Deciding {
  readonly #ports: DecidingPorts
  #notes: Note[] = []
  #n = 0
  /** The own note that stands. */
  #own: Note | null = null
  /** Somebody else's note stands that a word of its sender would clear. */
  #listens = false
  #toldTerm = 0
  /** How many notes that stand are on the disk. */
  #kept = 0
  #leader: MemberId | null = null
  /** A member has asked this one to stand: what follows is no loss. */
  #handedOver = false
  /** When the last server that was lost was followed by another. */
  #lossMs = -Infinity

  constructor(ports: DecidingPorts) {
    this.#ports = ports
    for (const note of Array.isArray(ports.kept) ? (ports.kept as readonly unknown[]) : [])
      if (isNote(note)) this.#keep({ ...note, from: null, sentTo: [] })
    this.#kept = this.#standing().length
  }

  /** Whether deciding it may have been the end of the server before. */
  isSuspect({ suspect }: CallMessage, { monotonicMs }: Now): boolean {
    return suspect === 'sent' || (suspect === 'given' && monotonicMs - this.#lossMs < SUSPECT_MS)
  }

  /** Whether two servers were lost with this command, and one of them at least by deciding it alone. */
  isPoison({ session, seq, role, command, input }: CallMessage, term: number): boolean {
    const standing = this.#notes.filter(
      (note) =>
        note.stands &&
        note.term < term &&
        note.session === session &&
        note.seq === seq &&
        note.digest === digestOf(role, command, input),
    )
    return standing.length > 1 || standing.some(({ repeated }) => repeated)
  }

  /** Before a suspect is decided: nothing else is until `settle`, or the next of these. */
  begin(call: CallMessage, caller: MemberId, term: number): void {
    const { self, voters, send, flush } = this.#ports
    const { session, seq, role, command, input } = call
    const digest = digestOf(role, command, input)
    const repeated = call.suspect === 'sent'
    const note = { term, n: ++this.#n, session, seq, role, command, digest, repeated }
    const others = voters().filter((id) => id !== self.memberId)
    const sentTo = new Set(others.slice(0, HOLDERS))
    if (caller !== self.memberId) sentTo.add(caller)
    // What waits would be taken for a word after the note. A note that stands is cleared by the next.
    for (const id of this.#own?.sentTo ?? []) if (!sentTo.has(id)) this.#clear(id)
    flush()
    for (const id of sentTo) send(id, { t: 'deciding', ...note })
    flush()
    this.#own = { ...note, stands: false, from: self, sentTo: [...sentTo] }
    // Whoever can tell of it has survived it.
    this.#keep(this.#own)
  }

  /**
   * It was decided. To be called before anything else is but the next suspect, and before what came of it is written.
   */
  settle(): void {
    if (this.#own === null) return
    for (const id of this.#own.sentTo) this.#clear(id)
    this.#own = null
    this.#ports.flush()
  }

  #clear(id: MemberId): void {
    if (this.#own !== null) this.#ports.send(id, { t: 'decided', term: this.#own.term, n: this.#own.n })
  }

  /** To be called first with everything that comes from another peer. */
  heard({ memberId, incarnation }: Speaker): void {
    if (!this.#listens) return
    this.#notes = this.#notes.map((note) => {
      const same = note.from?.memberId === memberId && note.from.incarnation === incarnation
      return same && note.stands ? { ...note, stands: false } : note
    })
    this.#listens = this.#notes.some(({ stands, from }) => stands && from !== null)
  }

  /** `decided` has been `heard` already. */
  message(from: Speaker, message: DecidingMessages): void {
    if (message.t === 'decided') return
    const { term, n, session, seq, role, command, digest, repeated } = message
    const note = { term, n, session, seq, role, command, digest, repeated, sentTo: [] }
    if (message.t === 'stood') return this.#keep({ ...note, stands: message.stands, from: null })
    this.#keep({ ...note, stands: true, from })
    this.#listens = true
  }

  /** A server was lost while its note stood, as far as is known here. Votes tell of it, see `votes`. */
  get isWarned(): boolean {
    return this.#notes.some(({ stands }) => stands)
  }

  /** This peer votes: whoever wins decides at once, and knows by then what a majority knows. */
  votes(candidate: MemberId, term: number): void {
    this.#tell(candidate, term)
  }

  #tell(to: MemberId, term: number): void {
    for (const note of this.#notes) if (note.term < term) this.#ports.send(to, { t: 'stood', ...bare(note) })
  }

  /** The leader asks this peer to stand in its place: it lives. */
  standing(): void {
    this.#handedOver = true
  }

  /** There is a new server: it is told what is known of those before it. */
  leaderIs(
    leader: { readonly memberId: MemberId; readonly term: number } | null,
    { monotonicMs }: Now,
  ): void {
    this.#remember()
    if (leader === null || leader.term <= this.#toldTerm) return
    const { memberId: self } = this.#ports.self
    // Who does not know how the last reign ended takes it for lost.
    const other = this.#leader === null ? this.#ports.hadJournal : this.#leader !== leader.memberId
    const lost = other && !(this.#handedOver && leader.memberId === self)
    this.#toldTerm = leader.term
    this.#leader = leader.memberId
    this.#handedOver = false
    if (lost) this.#lossMs = monotonicMs
    if (leader.memberId === self) return
    this.#tell(leader.memberId, leader.term)
  }

  #standing(): KeptNote[] {
    return this.#notes.filter(({ stands }) => stands).map(bare)
  }

  /** Rare: no disk is touched while all is well. */
  #remember(): void {
    const standing = this.#standing()
    if (standing.length === this.#kept) return
    this.#kept = standing.length
    this.#ports.keep(standing)
  }

  /** Of a term the newest note counts, and whoever knows that it was survived. */
  #keep(note: Note): void {
    const known = this.#notes.find(({ term }) => term === note.term)
    if (known !== undefined && known.n > note.n) return
    const stands = note.stands && (known === undefined || known.n < note.n || known.stands)
    const from = note.from ?? (known?.n === note.n ? known.from : null)
    const others = this.#notes.filter(({ term }) => term !== note.term)
    this.#notes = [...others, { ...note, stands, from }].toSorted((a, b) => a.term - b.term).slice(-TERMS_MAX)
  }
}

function isNote(value: unknown): value is KeptNote {
  if (typeof value !== 'object' || value === null) return false
  const { term, n, session, seq, role, command, digest, repeated, stands } = value as Partial<KeptNote>
  const counts = [term, n, seq].every((count) => Number.isSafeInteger(count))
  const texts = [session, role, command, digest].every((text) => typeof text === 'string')
  return counts && texts && typeof repeated === 'boolean' && stands === true
}

function bare({ term, n, session, seq, role, command, digest, repeated, stands }: Note): KeptNote {
  return { term, n, session, seq, role, command, digest, repeated, stands }
}
