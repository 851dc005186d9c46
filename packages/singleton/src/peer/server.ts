import { NumberMap } from '@tanist/core'
import type { Entry, MemberId, Now } from '@tanist/core'
import { FairQueue, FairWindow, parseReserved } from '../role/index.js'
import type {
  AnswerMessage,
  Applied,
  CallMessage,
  CommandRecord,
  Decided,
  DecideAt,
  NextMessage,
  NextServer,
  Reader,
  ResultMessage,
  RoleHost,
  Settled,
} from '../role/index.js'
import { EntryKind } from '../succession/index.js'
import type { Deciding } from './deciding.js'
import type { DecidedAs, Meters } from './meters.js'
import type { Span, Tracing } from './telemetry.js'
import type { ReadAnswer } from './wire.js'

/** Calls that wait for the beginning of a reign, at most. */
const HELD_MAX = 10_000

/** Calls that wait for their turn, at most: some callers with all the calls that they may have under way. */
const QUEUED_MAX = 65_536

/** What the server side needs of its peer. */
export interface ServerPorts {
  readonly now: () => Now
  readonly self: MemberId
  /** On every member, for each entry that the roles took. */
  readonly applied: (applied: Applied | Settled) => void
  readonly send: (to: MemberId, message: AnswerMessage | NextMessage | ReadAnswer) => void
  /** Position of the next proposal. */
  readonly next: () => Position | null
  readonly propose: (payload: Uint8Array) => void
  /** Voters whose builds are not this one. */
  readonly readers?: () => readonly Reader[]
  /** Of calls that may have killed a server: see `Deciding`. */
  readonly alone: Pick<Deciding, 'isWarned' | 'isSuspect' | 'isPoison' | 'begin' | 'settle'>
  /** Asks the voters whether this peer still leads; then `index` is what was committed at the time of asking. */
  readonly confirm: (done: (index: number | null) => void) => void
  readonly meters?: Meters
  readonly tracing?: Tracing | null
}

interface Position {
  readonly term: number
  readonly index: number
  readonly branch: string
}

interface Asked {
  readonly from: MemberId
  readonly call: CallMessage
  /** Further sends of the same call. */
  readonly again: CallMessage[]
}

interface Waiter {
  readonly to: MemberId
  readonly call: CallMessage
  /** Of the call that it was decided for. */
  readonly decided?: { readonly atMs: number; readonly span: Span | null }
}

/**
 * The server role on this peer: decides commands on speculative state, journals them, and answers in order
 * once they are committed. A reign begins with deciding: the first commands go to the disks with the entry that
 * begins it, and whatever needs proof that this peer leads is held until it serves (rule 12). While this peer leads
 * but may not decide (a lease lapsed, a hand-over), calls are held; when it stops leading, everyone is told to ask
 * the next server. A hand-over tells them who that is before it leads, and it holds what comes until then. With many
 * entries on their way to the disks, calls wait and take turns by role and caller.
 */
export class Server {
  readonly #ports: ServerPorts
  readonly #roles: RoleHost
  readonly #waiters = new NumberMap<Waiter[]>()
  #held: Pick<Asked, 'from' | 'call'>[] = []
  readonly #queue = new FairQueue<Asked>()
  readonly #window = new FairWindow()
  /** What was appended for this peer itself, by index. */
  readonly #orders = new Map<number, { readonly term: number; readonly done: (committed: boolean) => void }>()
  #state: 'away' | 'stands' | 'leads' | 'decides' | 'serves' = 'away'
  /** Who has called since this peer leads. */
  readonly #callers = new Set<MemberId>()
  /** It stands at this peer's wish. */
  #next: NextServer | null = null
  /** Position of the last entry that was applied. */
  #committed = 0

  constructor(roles: RoleHost, ports: ServerPorts) {
    this.#roles = roles
    this.#ports = ports
  }

  get serves(): boolean {
    return this.#state === 'serves'
  }

  /** `tail`, when this peer may decide already: what is in the journal and not committed yet. */
  lead(tail: readonly CommandRecord[] | null): void {
    if (this.#state !== 'away' && this.#state !== 'stands') return
    this.#state = 'leads'
    if (tail !== null) this.#begin('decides', tail)
  }

  /** The server hands over to this peer, and sends its callers here. */
  stand(): void {
    if (this.#state === 'away') this.#state = 'stands'
  }

  /** Everything is with the successor, which stands now: who calls is sent there. */
  handOver(next: NextServer): void {
    if (this.#state !== 'leads') return
    this.#next = next
    for (const id of this.#callers) this.#ports.send(id, { t: 'next', ...next })
    const held = this.#held
    this.#held = []
    for (const { from, call } of held) this.#retry(from, call, false, 'it hands over')
  }

  /** The roles have been restored: everything up to here is committed. */
  restored(index: number): void {
    this.#committed = index
  }

  /** `tail`: what is in the journal and not committed yet. */
  serve(tail: () => readonly CommandRecord[]): void {
    if (this.#state === 'decides') this.#release('serves')
    else this.#begin('serves', tail())
  }

  #begin(state: 'decides' | 'serves', tail: readonly CommandRecord[]): void {
    this.#roles.beginReign(tail)
    this.#release(state)
  }

  #release(state: 'decides' | 'serves'): void {
    this.#state = state
    this.#next = null
    const held = this.#held
    this.#held = []
    for (const { from, call } of held) this.call(from, call)
  }

  /** Still the leader, but not entitled to decide anything now. */
  suspend(): void {
    if (this.#state !== 'serves' && this.#state !== 'decides') return
    this.#state = 'leads'
    // Behind what is held already: that came first, or has its answer.
    for (const { from, call, again } of this.#queue.drain())
      for (const one of [call, ...again]) this.#held.push({ from, call: one })
    this.#window.forget()
    this.#roles.endReign()
  }

  /** No longer the leader: what was appended may or may not be committed by the next one. */
  resign(): void {
    this.suspend()
    this.#state = 'away'
    this.#next = null
    this.#callers.clear()
    const held = this.#held
    this.#held = []
    for (const { from, call } of held) this.#retry(from, call, false, 'another peer leads now')
    const orders = [...this.#orders.values()]
    this.#orders.clear()
    for (const { done } of orders) done(false)
    const waiting = this.#waiters.ascending().flatMap(([, waiters]) => waiters)
    this.#waiters.clear()
    for (const { to, call, decided } of waiting) {
      decided?.span?.end({ 'tanist.outcome': 'unknown' }, true)
      this.#retry(to, call, true, 'another peer leads now')
    }
  }

  call(from: MemberId, call: CallMessage): void {
    if (this.#state === 'away') return this.#retry(from, call, false, 'not the server')
    if (this.#next !== null) return this.#sendOn(from, call, this.#next)
    this.#callers.add(from)
    if (this.#isForeign(from, call)) return this.#retry(from, call, false, 'only the server runs reactions')
    // A note that stands has to be on the disks before the next server takes that risk. Without one there is none to lose.
    const { alone, now } = this.#ports
    if (this.#state === 'decides' && alone.isWarned && alone.isSuspect(call, now())) this.suspend()
    const waits = this.#state === 'leads' || this.#state === 'stands'
    const next = waits ? null : this.#ports.next()
    if (this.#queue.size > 0 || (next !== null && this.#isFull(next))) this.#enqueue(from, call)
    else if (next === null) this.#hold(from, call)
    else this.#decideNext(from, call, next)
  }

  #sendOn(from: MemberId, call: CallMessage, next: NextServer): void {
    if (!this.#callers.has(from)) this.#ports.send(from, { t: 'next', ...next })
    this.#callers.add(from)
    this.#retry(from, call, false, 'it hands over')
  }

  #isFull({ index }: Position): boolean {
    return index - this.#committed > this.#window.size
  }

  #enqueue(from: MemberId, call: CallMessage): void {
    if (this.#queue.size >= QUEUED_MAX) return this.#retry(from, call, false, 'too many calls wait here')
    const { role, session, seq } = call
    // Who waits long asks again: that is nothing new to do.
    this.#queue.push(role, from, `${from} ${session}:${seq}`, { from, call, again: [] })?.again.push(call)
  }

  /** Decides what waits for its turn, as far as there is room. */
  #takeTurns(): void {
    while (this.#queue.size > 0 && (this.#state === 'serves' || this.#state === 'decides')) {
      const next = this.#ports.next()
      if (next === null || this.#isFull(next)) return
      const { from, call } = this.#queue.shift()!
      this.#decideNext(from, call, next)
    }
  }

  #decideNext(from: MemberId, call: CallMessage, next: Position): void {
    const now = this.#ports.now()
    const position = this.#afterExpiry(next, now)
    if (position === null) this.#hold(from, call)
    else this.#decide(from, call, position, now)
  }

  /** A reaction that a deposed server still runs: the present one runs it itself. */
  #isForeign(from: MemberId, { session }: CallMessage): boolean {
    return from !== this.#ports.self && parseReserved(session) !== null
  }

  #hold(from: MemberId, call: CallMessage): void {
    if (this.#held.length >= HELD_MAX) return this.#retry(from, call, false, 'too many calls wait here')
    this.#held.push({ from, call })
  }

  /** Where the next command goes: behind the sessions that expire first, if any. */
  #afterExpiry(position: Position, { wallMs }: Now): Position | null {
    const { term, index, branch } = position
    const payload = this.#roles.expire({ term, index, branch, atMs: wallMs })
    if (payload === null) return position
    this.#ports.propose(payload)
    return this.#ports.next()
  }

  #decide(from: MemberId, call: CallMessage, { term, index, branch }: Position, now: Now): void {
    const { session, seq, floor, attempt, role, command, input, user } = call
    const level = call.level ?? ('member' as const)
    const caller = user === undefined ? { level, memberId: from } : { level, memberId: from, user }
    const { alone, tracing } = this.#ports
    // What has an outcome is not decided again.
    const suspect = alone.isSuspect(call, now) && this.#roles.knows(session, seq) === 'no'
    const poison = suspect && alone.isPoison(call, term)
    if (suspect && !poison) alone.begin(call, from, term)
    else alone.settle()
    const request = { session, seq, floor, role, command, input, caller, poison }
    const readers = this.#ports.readers?.() ?? NONE
    const span = tracing?.decide(role, command, term, call.traceparent)
    const decided = this.#roles.decide(request, { index, term, branch, atMs: now.wallMs, readers })
    span?.end({ 'tanist.index': index, 'tanist.outcome': outcomeOf(decided) }, decided.kind === 'failed')
    if (decided.kind !== 'append' && this.#state === 'decides') {
      // An answer that no commit stands behind waits until this peer serves. What failed is decided anew then, so that
      // nothing that came after it may go first.
      this.#hold(from, call)
      if (decided.kind === 'failed') this.suspend()
      return
    }
    this.#ports.meters?.decided(role, outcomeOf(decided))
    switch (decided.kind) {
      case 'append':
        this.#wait(index, from, call, {
          atMs: now.monotonicMs,
          span: tracing?.commit(role, command, { term, index }, call.traceparent) ?? null,
        })
        this.#window.decided(index, now.monotonicMs)
        return this.#ports.propose(decided.payload)
      case 'known': {
        const { outcome } = decided
        const result: ResultMessage = {
          t: 'result',
          session,
          seq,
          term: decided.term,
          index: decided.index,
          outcome,
        }
        if (decided.index > this.#committed) return this.#wait(decided.index, from, call)
        return this.#afterConfirm(from, call, result)
      }
      case 'expired':
        return this.#afterConfirm(from, call, {
          t: 'expired',
          session,
          seq,
          attempt,
          ...(decided.renewAt === undefined ? {} : { renewAt: decided.renewAt }),
        })
      case 'failed':
        return this.#afterConfirm(from, call, {
          t: 'failed',
          session,
          seq,
          term,
          index,
          refusal: decided.refusal,
        })
    }
  }

  /**
   * Journals what `make` gives for the next position, if anything. `lost`: this peer does not serve, or stopped
   * leading before it was committed.
   */
  order(
    make: (at: DecideAt) => Uint8Array | null,
    done: (end: 'committed' | 'nothing' | 'lost') => void,
  ): void {
    const next = this.serves ? this.#ports.next() : null
    const position = next === null ? null : this.#afterExpiry(next, this.#ports.now())
    if (position === null) return done('lost')
    const { index, term, branch } = position
    const payload = make({ term, index, branch, atMs: this.#ports.now().wallMs })
    if (payload === null) return done('nothing')
    this.#orders.set(index, { term, done: (committed) => done(committed ? 'committed' : 'lost') })
    this.#ports.propose(payload)
  }

  #wait(index: number, to: MemberId, call: CallMessage, decided?: Waiter['decided']): void {
    const waiters = this.#waiters.get(index)
    const waiter = decided === undefined ? { to, call } : { to, call, decided }
    if (waiters) waiters.push(waiter)
    else this.#waiters.set(index, [waiter])
  }

  /** By role: calls that are held, and commands that wait for their commit. */
  queues(): Map<string, { held: number; committing: number }> {
    const queues = new Map<string, { held: number; committing: number }>()
    const of = (role: string): { held: number; committing: number } => {
      const queue = queues.get(role) ?? { held: 0, committing: 0 }
      queues.set(role, queue)
      return queue
    }
    for (const { call } of this.#held) of(call.role).held += 1
    for (const [role, count] of this.#queue.sizes()) of(role).held += count
    for (const [, [first]] of this.#waiters.ascending()) if (first) of(first.call.role).committing += 1
    return queues
  }

  /** Answers that no commit stands behind are given like reads: only by a server that still leads. */
  #afterConfirm(to: MemberId, call: CallMessage, message: AnswerMessage): void {
    this.#ports.confirm((index) => {
      if (index === null) this.#retry(to, call, false, 'not the server')
      else this.#ports.send(to, message)
    })
  }

  #retry(to: MemberId, { session, seq, attempt }: CallMessage, appended: boolean, reason: string): void {
    this.#ports.send(to, { t: 'retry', session, seq, attempt, appended, reason })
  }

  read(from: MemberId, id: number): void {
    this.#ports.confirm((index) => {
      const answer: ReadAnswer =
        index === null ? { t: 'unreadable', id, why: 'not the server' } : { t: 'readable', id, index }
      this.#ports.send(from, answer)
    })
  }

  /** Applies committed entries on every member, and answers those who wait for them here. */
  committed(entries: readonly Entry[]): void {
    const { meters } = this.#ports
    let nowMs: number | null = null
    for (const entry of entries) {
      this.#committed = entry.index
      if (entry.kind !== EntryKind.command) continue
      const applied = this.#roles.apply(entry)
      if (applied !== undefined) {
        this.#ports.applied(applied)
        if ('session' in applied) meters?.applied(applied.role, applied.events, entry.payload.length)
      }
      this.#ordered(entry)
      const waiters = this.#waiters.get(entry.index)
      if (!waiters) continue
      nowMs ??= this.#ports.now().monotonicMs
      this.#waiters.delete(entry.index)
      for (const { to, call, decided } of waiters) {
        const { session, seq } = call
        const { index, term } = entry
        const same =
          applied !== undefined && 'session' in applied && applied.session === session && applied.seq === seq
        if (decided) {
          if (same) meters?.committed(call.role, nowMs - decided.atMs)
          decided.span?.end({ 'tanist.outcome': same ? applied.outcome.status : 'unknown' }, !same)
        }
        if (same) this.#ports.send(to, { t: 'result', session, seq, term, index, outcome: applied.outcome })
        else this.#retry(to, call, true, 'the journal went another way')
      }
    }
    this.#window.committed(this.#committed, this.#ports.now().monotonicMs, this.#queue.size > 0)
    if (this.#queue.size > 0) this.#takeTurns()
  }

  #ordered({ index, term }: Entry): void {
    const order = this.#orders.get(index)
    this.#orders.delete(index)
    order?.done(order.term === term)
  }
}

function outcomeOf(decided: Decided): DecidedAs {
  if (decided.kind === 'append') return decided.outcome.status
  return decided.kind === 'known' ? 'repeated' : decided.kind
}

const NONE: readonly Reader[] = []
