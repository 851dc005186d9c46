import type { ClientCall, MemberMessage } from '../client/index.js'
import type { Lives } from '../peer/index.js'
import { isOpenTo } from '../role/index.js'
import type { AnyRole, CallOutcome, Failed } from '../role/index.js'
import type { Bucket } from './bucket.js'
import { isTooDeep, within } from './form.js'
import { callBytes, callsWaiting, strayInFlight, trustedInFlight } from './limits.js'
import { sessionOf } from './session.js'

/** What the calls of one link need of it. */
export interface CallsLink {
  readonly proved: 'trusted' | 'stray'
  readonly level: 'trusted' | 'stray'
  readonly user: string | null
  readonly roles: ReadonlyMap<string, AnyRole>
  lives(): Lives
  nowMs(): number
  wallMs(): number
  say(message: MemberMessage): void
  /** Calls wait, and can go on after a while. */
  throttled(): void
  /** Of all strays. */
  readonly total: Bucket | null
  /** Whether it may go on with this session, or begin it. */
  admits(session: string): boolean
  /** Of this link. */
  readonly rate: Bucket | null
}

interface Entry {
  readonly call: ClientCall
  readonly bytes: number
  readonly dueMs: number
  /** The newest send that the client told. */
  attempt: number
  cancel: (() => void) | null
}

/** The calls of one client on their way to the server: each is answered once, or the link is gone. */
export class DeskCalls {
  readonly #link: CallsLink
  readonly #running = new Map<string, Entry>()
  readonly #waiting = new Map<string, Entry>()
  #bytes = 0
  #over = false

  constructor(link: CallsLink) {
    this.#link = link
  }

  get inFlight(): number {
    return this.#running.size + this.#waiting.size
  }

  take(call: ClientCall, bytes: number): void {
    const key = keyOf(call)
    const known = this.#running.get(key) ?? this.#waiting.get(key)
    if (known !== undefined) {
      known.attempt = call.attempt
      return
    }
    const fault = this.#faultOf(call)
    if (fault !== null) return this.#link.say(fault)
    const dueMs = this.#link.nowMs() + within(call.deadlineMs)
    const entry: Entry = { call, bytes, dueMs, attempt: call.attempt, cancel: null }
    if (this.#waiting.size >= callsWaiting || this.#bytes + bytes > callBytes)
      return this.#busy(call, `${this.inFlight} calls of this client are under way, and no more may wait.`)
    if (!this.#link.admits(call.session))
      return this.#busy(call, 'callers without the secret begin too many sessions there.')
    if (this.#link.total?.take(this.#link.nowMs()) === false)
      return this.#busy(call, 'clients without the secret ask for too much at once.')
    this.#bytes += bytes
    this.#waiting.set(key, entry)
    this.next()
  }

  /** Begins what waits, as far as there is room. */
  next(): void {
    const most = this.#link.proved === 'trusted' ? trustedInFlight : strayInFlight
    for (const [key, entry] of this.#waiting) {
      if (this.#over || this.#running.size >= most) return
      const nowMs = this.#link.nowMs()
      if (entry.dueMs <= nowMs && entry.call.deadlineMs > 0) {
        this.#waiting.delete(key)
        this.#bytes -= entry.bytes
        this.#unavailable(entry.call, 'The call waited too long at the member for others of its client.')
      } else if (this.#link.rate?.take(nowMs) === false) return this.#link.throttled()
      else {
        this.#waiting.delete(key)
        this.#begin(key, entry)
      }
    }
  }

  cancel(id: { readonly session: string; readonly seq: number }): void {
    const key = keyOf(id)
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return this.#running.get(key)?.cancel?.()
    this.#waiting.delete(key)
    this.#bytes -= waiting.bytes
    this.#unavailable(id, 'The caller cancelled the call.')
  }

  /** The link is gone: what was not sent never will be, and nobody is told of the rest. */
  end(): void {
    this.#over = true
    const running = [...this.#running.values()]
    this.#running.clear()
    this.#waiting.clear()
    this.#bytes = 0
    for (const { cancel } of running) cancel?.()
  }

  #begin(key: string, entry: Entry): void {
    const { role, command, input, session, seq, floor, traceparent } = entry.call
    const { proved, level, user } = this.#link
    this.#running.set(key, entry)
    const cancel = this.#link.lives().call(
      {
        id: { session: sessionOf(proved, session), seq },
        relayed: { floor },
        level,
        role,
        command,
        input: input ?? null,
        deadlineMs: Math.max(0, entry.dueMs - this.#link.nowMs()),
        ...(user !== null && { user }),
        ...(traceparent !== undefined && { traceparent }),
      },
      (outcome) => this.#ended(key, entry, outcome),
    )
    if (this.#running.get(key) === entry) entry.cancel = cancel
    else if (this.#over) cancel()
  }

  #ended(key: string, entry: Entry, outcome: CallOutcome): void {
    if (this.#running.get(key) !== entry) return
    this.#running.delete(key)
    this.#bytes -= entry.bytes
    this.#link.say(answerTo(entry.call, entry.attempt, outcome))
    this.next()
  }

  /** What no server needs to be asked about. */
  #faultOf(call: ClientCall): MemberMessage | null {
    const { role, command } = call
    const { level, roles } = this.#link
    const place = `${role}.${command}`
    const known = roles.get(role)
    const isOpen = level === 'trusted' || (known !== undefined && isOpenTo({ level }, known, command))
    if (!isOpen) return failed(call, 'not-open', `${place} is not open to callers without the secret.`)
    if (!isTooDeep(call.input)) return null
    return failed(call, 'invalid', `The input of ${place} is nested too deeply.`)
  }

  #busy(call: ClientCall, why: string): void {
    this.#unavailable(call, `busy: ${why}`)
  }

  #unavailable({ session, seq }: { readonly session: string; readonly seq: number }, reason: string): void {
    const since = this.#link.wallMs()
    this.#link.say({ t: 'unavailable', session, seq, executed: 'no', reason, since })
  }
}

function answerTo({ session, seq }: ClientCall, attempt: number, outcome: CallOutcome): MemberMessage {
  const { answer } = outcome
  if (answer !== undefined)
    return answer.t === 'expired' ? { ...answer, session, seq, attempt } : { ...answer, session, seq }
  if (outcome.status === 'unavailable') {
    const { executed, reason, since } = outcome
    return { t: 'unavailable', session, seq, executed, reason, since }
  }
  const { term, index, ...of } = outcome
  return { t: 'result', session, seq, term, index, outcome: of }
}

function failed({ session, seq }: ClientCall, reason: Failed['reason'], text: string): MemberMessage {
  const refusal: Failed = { code: 'failed', reason, reference: 'member', text }
  return { t: 'failed', session, seq, term: 0, index: 0, refusal }
}

function keyOf({ session, seq }: { readonly session: string; readonly seq: number }): string {
  return `${session}:${seq}`
}
