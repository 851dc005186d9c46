import type { Encoded } from './encoded.js'
import type { CommandId } from './messages.js'
import { MAX_IN_FLIGHT, MAX_QUEUED, SESSION_WINDOW } from './limits.js'

export interface CallLimits {
  readonly window: number
  readonly inFlight: number
  readonly queued: number
}

/** One call that has not ended. */
export interface Pending {
  readonly callId: number
  readonly id: CommandId
  readonly call: {
    readonly role: string
    readonly command: string
    readonly input: Encoded
    readonly user?: string
  }
  readonly calledWallMs: number
  /** Monotonic. */
  readonly deadlineMs: number
  /** The id was drawn for this call, not given with it. */
  readonly drawn: boolean
  /** Nobody else can have sent this id. */
  alone: boolean
  /** Monotonic; null until it was sent. */
  sentMs: number | null
  /** The newest send. */
  attempt: number
  /** The sends that were not answered by "not executed". */
  readonly unanswered: Set<number>
  /** A `retry` answered the newest send. */
  repeat: boolean
  reason: string | null
  ended: boolean
}

/**
 * The calls under way: by call, by id, and in the order of sending; and the floor of the own session. Every
 * own seq up to the floor is answered, was never sent, or was given up for want of room in the window.
 */
export class CallBook {
  readonly #session: string
  readonly #limits: CallLimits
  readonly #calls = new Map<number, Pending>()
  readonly #byId = new Map<string, Pending[]>()
  /** Calls with an id given do not wait behind the window of the own session. */
  readonly #waitingGiven = new Queue()
  readonly #waitingOwn = new Queue()
  /** Own seqs above the floor that are under way, or were sent and given up by the caller. */
  readonly #open = new Set<number>()
  #lastSeq = 0
  #floor = 0
  #inFlight = 0

  constructor(session: string, limits: Partial<CallLimits> = {}) {
    this.#session = session
    this.#limits = { window: SESSION_WINDOW, inFlight: MAX_IN_FLIGHT, queued: MAX_QUEUED, ...limits }
  }

  get floor(): number {
    return this.#floor
  }

  get(callId: number): Pending | undefined {
    return this.#calls.get(callId)
  }

  /** In call order. Calls may end while the list is walked. */
  all(): Iterable<Pending> {
    return this.#calls.values()
  }

  byId(id: CommandId): readonly Pending[] {
    return this.#byId.get(idText(id)) ?? []
  }

  open(
    call: Pending['call'] & { readonly callId: number; readonly id?: CommandId },
    calledWallMs: number,
    deadlineMs: number,
  ): Pending {
    const { callId, id: given, role, command, input, user } = call
    const id = given ?? { session: this.#session, seq: ++this.#lastSeq }
    const pending: Pending = {
      callId,
      id,
      call: { role, command, input, ...(user === undefined ? {} : { user }) },
      calledWallMs,
      deadlineMs,
      drawn: given === undefined,
      alone: given === undefined,
      sentMs: null,
      attempt: 0,
      unanswered: new Set(),
      repeat: false,
      reason: null,
      ended: false,
    }
    const sharing = this.#byId.get(idText(id)) ?? []
    this.#calls.set(callId, pending)
    this.#byId.set(idText(id), [...sharing, pending])
    for (const other of sharing) other.alone = false
    if (id.session === this.#session && id.seq > this.#floor && id.seq <= this.#lastSeq)
      this.#open.add(id.seq)
    ;(pending.drawn ? this.#waitingOwn : this.#waitingGiven).add(pending)
    return pending
  }

  /** Why a call that was just opened must not be sent; null when it may. */
  fault({ id, call }: Pending): string | null {
    if (this.#waitingOwn.size + this.#waitingGiven.size > this.#limits.queued) {
      return `busy: ${this.#limits.queued} calls of this peer are waiting to be sent.`
    }
    if (id.session === this.#session && id.seq > this.#lastSeq) {
      return `The id ${idText(id)} belongs to this peer's own session and has not been given to a call yet.`
    }
    const other = this.byId(id)[0]
    if (other !== undefined && (other.call.role !== call.role || other.call.command !== call.command)) {
      return `The id ${idText(id)} belongs to another command under way, ${other.call.role}.${other.call.command}.`
    }
    return null
  }

  /** The next call to be sent for the first time, now counted as in flight; undefined when there is none, or no room. */
  takeWaiting(): Pending | undefined {
    if (this.#inFlight >= this.#limits.inFlight) return undefined
    const given = this.#waitingGiven.take()
    if (given !== undefined) {
      this.#inFlight++
      return given
    }
    const next = this.#waitingOwn.peek()
    if (next === undefined || !this.#makeRoom(next.id.seq)) return undefined
    this.#inFlight++
    return this.#waitingOwn.take()
  }

  /** Ends every call with this id and returns them. */
  answered(id: CommandId): readonly Pending[] {
    const ended = this.byId(id)
    for (const pending of ended) this.#end(pending)
    if (id.session === this.#session) this.#close(id.seq)
    return ended
  }

  /** Ends a call without an answer. When it was sent its outcome may still be asked for. */
  abandon(pending: Pending): void {
    this.#end(pending)
    if (pending.alone && pending.sentMs === null) this.#close(pending.id.seq)
  }

  #end(pending: Pending): void {
    pending.ended = true
    this.#calls.delete(pending.callId)
    const rest = this.byId(pending.id).filter((other) => other !== pending)
    if (rest.length === 0) this.#byId.delete(idText(pending.id))
    else this.#byId.set(idText(pending.id), rest)
    if (pending.sentMs !== null) this.#inFlight--
    else (pending.drawn ? this.#waitingOwn : this.#waitingGiven).drop()
  }

  #close(seq: number): void {
    this.#open.delete(seq)
    while (this.#floor < this.#lastSeq && !this.#open.has(this.#floor + 1)) this.#floor++
  }

  /** Lets go of the oldest given-up calls until `seq` is inside the window. */
  #makeRoom(seq: number): boolean {
    while (seq > this.#floor + this.#limits.window) {
      const oldest = { session: this.#session, seq: this.#floor + 1 }
      if (this.#byId.has(idText(oldest))) return false
      this.#close(oldest.seq)
    }
    return true
  }
}

/** `SESSION:SEQ`, as applications see it. */
export function idText({ session, seq }: CommandId): string {
  return `${session}:${seq}`
}

/** First in, first out; what ended meanwhile is skipped. */
class Queue {
  #items: Pending[] = []
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  add(pending: Pending): void {
    this.#items.push(pending)
    this.#size++
  }

  /** One that is still inside has ended. */
  drop(): void {
    this.#size--
  }

  peek(): Pending | undefined {
    while (this.#items[this.#head]?.ended === true) this.#head++
    if (this.#head > 1_000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return this.#items[this.#head]
  }

  take(): Pending | undefined {
    const first = this.peek()
    if (first === undefined) return undefined
    this.#head++
    this.#size--
    return first
  }
}
