import type { Entry, MemberId, Now } from '@tanist/core'
import { parseReserved } from '../role/index.js'
import type {
  AnswerMessage,
  Applied,
  CallMessage,
  CommandRecord,
  ResultMessage,
  RoleHost,
  Settled,
} from '../role/index.js'
import { EntryKind } from '../succession/index.js'
import type { ReadAnswer } from './wire.js'

/** Calls that wait for the beginning of a reign, at most. */
const HELD_MAX = 10_000

/** What the server side needs of its peer. */
export interface ServerPorts {
  readonly now: () => Now
  readonly self: MemberId
  /** On every member, for each entry that the roles took. */
  readonly applied: (applied: Applied | Settled) => void
  readonly send: (to: MemberId, message: AnswerMessage | ReadAnswer) => void
  /** Position of the next proposal. */
  readonly next: () => Position | null
  readonly propose: (payload: Uint8Array) => void
  /** Asks the voters whether this peer still leads; then `index` is what was committed at the time of asking. */
  readonly confirm: (done: (index: number | null) => void) => void
}

interface Position {
  readonly term: number
  readonly index: number
  readonly branch: string
}

interface Waiter {
  readonly to: MemberId
  readonly call: CallMessage
}

/**
 * The server role on this peer: decides commands on speculative state, journals them, and answers in order
 * once they are committed. A reign begins with deciding: the first commands go to the disks with the entry that
 * begins it, and whatever needs proof that this peer leads is held until it serves (rule 12). While this peer leads
 * but may not decide (a lease lapsed, a hand-over), calls are held; when it stops leading, everyone is told to ask
 * the next server.
 */
export class Server {
  readonly #ports: ServerPorts
  readonly #roles: RoleHost
  readonly #waiters = new Map<number, Waiter[]>()
  #held: { readonly from: MemberId; readonly call: CallMessage }[] = []
  #state: 'away' | 'leads' | 'decides' | 'serves' = 'away'
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
    if (this.#state !== 'away') return
    this.#state = 'leads'
    if (tail !== null) this.#begin('decides', tail)
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
    const held = this.#held
    this.#held = []
    for (const { from, call } of held) this.call(from, call)
  }

  /** Still the leader, but not entitled to decide anything now. */
  suspend(): void {
    if (this.#state !== 'serves' && this.#state !== 'decides') return
    this.#state = 'leads'
    this.#roles.endReign()
  }

  /** No longer the leader: what was appended may or may not be committed by the next one. */
  resign(): void {
    this.suspend()
    this.#state = 'away'
    const held = this.#held
    this.#held = []
    for (const { from, call } of held) this.#retry(from, call, false, 'another peer leads now')
    const waiting = [...this.#waiters.values()].flat()
    this.#waiters.clear()
    for (const { to, call } of waiting) this.#retry(to, call, true, 'another peer leads now')
  }

  call(from: MemberId, call: CallMessage): void {
    if (this.#state === 'away') return this.#retry(from, call, false, 'not the server')
    if (this.#isForeign(from, call)) return this.#retry(from, call, false, 'only the server runs reactions')
    const next = this.#ports.next()
    const position = this.#state === 'leads' || next === null ? null : this.#afterExpiry(next)
    if (position === null) this.#hold(from, call)
    else this.#decide(from, call, position)
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
  #afterExpiry(position: Position): Position | null {
    const payload = this.#roles.expire({ ...position, atMs: this.#ports.now().wallMs })
    if (payload === null) return position
    this.#ports.propose(payload)
    return this.#ports.next()
  }

  #decide(from: MemberId, call: CallMessage, { term, index, branch }: Position): void {
    const { session, seq, floor, attempt, role, command, input, user } = call
    const caller = { level: 'member' as const, memberId: from, ...(user === undefined ? {} : { user }) }
    const request = { session, seq, floor, role, command, input, caller }
    const decided = this.#roles.decide(request, { index, term, branch, atMs: this.#ports.now().wallMs })
    if (decided.kind !== 'append' && this.#state === 'decides') {
      // An answer that no commit stands behind waits until this peer serves. What failed is decided anew then, so that
      // nothing that came after it may go first.
      if (decided.kind === 'failed') this.suspend()
      return this.#hold(from, call)
    }
    switch (decided.kind) {
      case 'append':
        this.#wait(index, from, call)
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

  #wait(index: number, to: MemberId, call: CallMessage): void {
    const waiters = this.#waiters.get(index)
    if (waiters) waiters.push({ to, call })
    else this.#waiters.set(index, [{ to, call }])
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
    for (const entry of entries) {
      this.#committed = entry.index
      if (entry.kind !== EntryKind.command) continue
      const applied = this.#roles.apply(entry)
      if (applied !== undefined) this.#ports.applied(applied)
      const waiters = this.#waiters.get(entry.index)
      if (!waiters) continue
      this.#waiters.delete(entry.index)
      for (const { to, call } of waiters) {
        const { session, seq } = call
        const { index, term } = entry
        const same =
          applied !== undefined && 'session' in applied && applied.session === session && applied.seq === seq
        if (same) this.#ports.send(to, { t: 'result', session, seq, term, index, outcome: applied.outcome })
        else this.#retry(to, call, true, 'the journal went another way')
      }
    }
  }
}
