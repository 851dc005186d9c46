import { NumberMap } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import type { CommandId } from './messages.js'
import { MAX_IN_FLIGHT, MAX_QUEUED, SESSION_RENEW_MS, SESSION_WINDOW } from './limits.js'

export interface CallLimits {
  readonly window: number
  readonly inFlight: number
  readonly queued: number
}

/** One call that has not ended. */
export interface Pending {
  readonly callId: number
  id: CommandId
  readonly call: {
    readonly role: string
    readonly command: string
    readonly input: Encoded
    readonly level?: 'trusted' | 'stray'
    readonly user?: string
    readonly traceparent?: string
    readonly relayed?: { readonly floor: number }
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
  /** The newest send, and to whom. */
  attempt: number
  sentTo: string | null
  /** The sends that were not answered by "not executed". */
  readonly unanswered: number[]
  /** A server to which it was sent was lost, and had said nothing about it. */
  suspect: boolean
  /** The send that was last answered in some way. */
  heard: number
  /** A `retry` answered the newest send. */
  repeat: boolean
  reason: string | null
  ended: boolean
  /** It was refused because its session had expired, and waits to be sent in a new one. */
  renewed: boolean
}

/**
 * The calls under way: by call, by id, and in the order of sending; and the floor of the own session. Every
 * own seq up to the floor is answered, was never sent, or was given up for want of room in the window.
 *
 * The own session has the newest committed index in its name that was known when it began: see `SessionTable`. A
 * new one begins when the old one was long not in use, or has expired.
 */
export class CallBook {
  readonly #caller: string
  #session = ''
  #position = -1
  readonly #limits: CallLimits
  readonly #calls = new NumberMap<Pending>()
  /** By session and seq. */
  readonly #byId = new Map<string, NumberMap<readonly Pending[]>>()
  /** Calls with an id given do not wait behind the window of the own session. */
  readonly #waitingGiven = new Queue()
  readonly #waitingOwn = new Queue()
  /** Before those. */
  readonly #waitingRenewed = new Queue()
  /** Own seqs above the floor that are under way, or were sent and given up by the caller. */
  readonly #open = new NumberMap<true>()
  #lastSeq = 0
  #floor = 0
  #inFlight = 0
  /** Of those with own ids: in the own session and in earlier ones. */
  #sentOwn = 0
  #sentEarlier = 0
  #committed = 0
  #usedWallMs = 0

  constructor(caller: string, limits: Partial<CallLimits> = {}) {
    this.#caller = caller
    this.#limits = { window: SESSION_WINDOW, inFlight: MAX_IN_FLIGHT, queued: MAX_QUEUED, ...limits }
    this.#begin(0)
  }

  /** What a call with an own id says of its session: up to where everything is answered. */
  floorOf({ session }: CommandId): number {
    return session === this.#session ? this.#floor : 0
  }

  /** This index is committed. */
  learn(committed: number): void {
    if (committed > this.#committed) this.#committed = committed
  }

  /** Before anything is sent: this index is committed, and the own session has it in its name. */
  startAt(committed: number): void {
    this.learn(committed)
    if (committed > this.#position && this.#inFlight === 0) this.#begin(committed)
  }

  get(callId: number): Pending | undefined {
    return this.#calls.get(callId)
  }

  /** In call order. Calls may end while the list is walked. */
  all(): Iterable<Pending> {
    return this.#calls.ascending().map(([, pending]) => pending)
  }

  byId({ session, seq }: CommandId): readonly Pending[] {
    return this.#byId.get(session)?.get(seq) ?? NONE
  }

  open(
    call: Pending['call'] & { readonly callId: number; readonly id?: CommandId },
    calledWallMs: number,
    deadlineMs: number,
  ): Pending {
    const { callId, id: given, role, command, input, level, user, traceparent, relayed } = call
    if (given === undefined) this.#refresh(calledWallMs)
    const id = given ?? { session: this.#session, seq: ++this.#lastSeq }
    const pending: Pending = {
      callId,
      id,
      call:
        level === undefined && user === undefined && traceparent === undefined && relayed === undefined
          ? { role, command, input }
          : {
              role,
              command,
              input,
              ...(level !== undefined && { level }),
              ...(user !== undefined && { user }),
              ...(traceparent !== undefined && { traceparent }),
              ...(relayed !== undefined && { relayed }),
            },
      calledWallMs,
      deadlineMs,
      drawn: given === undefined,
      alone: given === undefined,
      sentMs: null,
      sentTo: null,
      attempt: 0,
      unanswered: [],
      suspect: false,
      heard: 0,
      repeat: false,
      reason: null,
      ended: false,
      renewed: false,
    }
    this.#calls.set(callId, pending)
    for (const other of this.#list(pending)) other.alone = false
    if (id.session === this.#session && id.seq > this.#floor && id.seq <= this.#lastSeq)
      this.#open.set(id.seq, true)
    ;(pending.drawn ? this.#waitingOwn : this.#waitingGiven).add(pending)
    return pending
  }

  /** Why a call that was just opened must not be sent; null when it may. */
  fault({ id, call }: Pending): string | null {
    const waiting = this.#waitingOwn.size + this.#waitingGiven.size + this.#waitingRenewed.size
    if (waiting > this.#limits.queued) {
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
    const queue = this.#waitingRenewed.peek() === undefined ? this.#waitingOwn : this.#waitingRenewed
    // Those of an earlier session that are under way come first: they may have to be sent again in this one.
    if (queue === this.#waitingOwn && this.#sentEarlier > 0) return undefined
    const next = queue.peek()
    if (next === undefined) return undefined
    if (next.id.session !== this.#session && next.alone) this.#draw(next)
    if (!this.#makeRoom(next.id.seq)) return undefined
    this.#inFlight++
    if (next.id.session === this.#session) this.#sentOwn++
    else this.#sentEarlier++
    return queue.take()
  }

  /**
   * The server did not execute the last send of this call, because its session is not known any more: the call waits
   * for a new one. False when an earlier send may have been executed, or somebody else knows the id.
   */
  renew(pending: Pending, position: number): boolean {
    if (!pending.drawn || !pending.alone || pending.unanswered.length > 0 || pending.sentMs === null)
      return false
    if (pending.id.session === this.#session) {
      if (position <= this.#position) return false
      this.#begin(position)
    }
    this.#landed(pending)
    pending.sentMs = null
    pending.renewed = true
    this.#draw(pending)
    this.#waitingRenewed.add(pending)
    return true
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
    this.#unlist(pending)
    if (pending.sentMs !== null) this.#landed(pending)
    else if (pending.renewed) this.#waitingRenewed.drop()
    else (pending.drawn ? this.#waitingOwn : this.#waitingGiven).drop()
  }

  /** A call that was sent is not under way any more. */
  #landed({ id, drawn }: Pending): void {
    this.#inFlight--
    if (!drawn) return
    if (id.session === this.#session) this.#sentOwn--
    else this.#sentEarlier--
  }

  #list(pending: Pending): readonly Pending[] {
    const { session, seq } = pending.id
    const sharing = this.byId(pending.id)
    let bySeq = this.#byId.get(session)
    if (bySeq === undefined) this.#byId.set(session, (bySeq = new NumberMap()))
    bySeq.set(seq, sharing.length === 0 ? [pending] : [...sharing, pending])
    return sharing
  }

  #unlist(pending: Pending): void {
    const { session, seq } = pending.id
    const bySeq = this.#byId.get(session)
    const listed = bySeq?.get(seq)
    if (bySeq === undefined || listed === undefined) return
    if (listed.length > 1)
      bySeq.set(
        seq,
        listed.filter((other) => other !== pending),
      )
    else if (listed[0] === pending) bySeq.delete(seq)
    // The own session's goes when it ends: it is emptied at every pause.
    if (bySeq.size === 0 && session !== this.#session) this.#byId.delete(session)
  }

  /** Gives a call that was never executed the next id of the own session. */
  #draw(pending: Pending): void {
    this.#unlist(pending)
    pending.id = { session: this.#session, seq: ++this.#lastSeq }
    this.#open.set(pending.id.seq, true)
    this.#list(pending)
  }

  /** Begins a new session where that costs nothing: nothing of the old one is open. */
  #refresh(wallMs: number): void {
    const idle = this.#lastSeq === 0 || wallMs - this.#usedWallMs >= SESSION_RENEW_MS
    if (idle && this.#open.size === 0 && this.#committed > this.#position) this.#begin(this.#committed)
    this.#usedWallMs = wallMs
  }

  #begin(position: number): void {
    if (this.#byId.get(this.#session)?.size === 0) this.#byId.delete(this.#session)
    this.#position = position
    this.#session = `${this.#caller}^${position}`
    this.#lastSeq = 0
    this.#floor = 0
    this.#open.clear()
    this.#sentEarlier += this.#sentOwn
    this.#sentOwn = 0
  }

  #close(seq: number): void {
    this.#open.delete(seq)
    while (this.#floor < this.#lastSeq && !this.#open.has(this.#floor + 1)) this.#floor++
  }

  /** Lets go of the oldest given-up calls until `seq` is inside the window. */
  #makeRoom(seq: number): boolean {
    while (seq > this.#floor + this.#limits.window) {
      const oldest = { session: this.#session, seq: this.#floor + 1 }
      if (this.byId(oldest).length > 0) return false
      this.#close(oldest.seq)
    }
    return true
  }
}

const NONE: readonly Pending[] = []

/** `SESSION:SEQ`, as applications see it. */
export function idText({ session, seq }: CommandId): string {
  return `${session}:${seq}`
}

/** First in, first out; what ended meanwhile is skipped. */
class Queue {
  /** A slot is emptied at once: what left the queue must not be kept by it. */
  #items: (Pending | undefined)[] = []
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
    while (this.#items[this.#head]?.ended === true) this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) this.#items.length = this.#head = 0
    else if (this.#head > 1_000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return this.#items[this.#head]
  }

  take(): Pending | undefined {
    const first = this.peek()
    if (first === undefined) return undefined
    this.#items[this.#head++] = undefined
    this.#size--
    return first
  }
}
