import type { Host, Timer } from '@tanist/core'
import { AGAIN_MS } from './limits.js'
import type { ClientMessage, MemberMessage, RefusalCode } from './messages.js'

export type Answer = Extract<MemberMessage, { readonly t: 'readable' | 'manifest' }>
/** It was not answered in time. */
export interface NoAnswer {
  readonly t: 'not'
  readonly text: string
}

type AnswerOrNot = Answer | Extract<MemberMessage, { readonly t: 'unreadable' }>

/** What is asked, but for its number and what is left of its time. */
export type Question =
  | {
      readonly t: 'read'
      readonly role: string
      readonly consistency: 'linearizable' | 'local'
      readonly maxStaleMs: number | null
    }
  | { readonly t: 'manifest' }

interface Row {
  readonly question: Question
  readonly byMs: number
  readonly done: (answer: Answer | NoAnswer) => void
  readonly deadline: Timer
  again: Timer | null
  text: string
}

/** Questions that change nothing: asked again on the next link, and where a member could not answer now, until their time is over. */
export class Asked {
  readonly #host: Host
  readonly #say: (message: ClientMessage) => void
  readonly #rows = new Map<number, Row>()
  #isUp = false
  #numbers = 0
  #stopped: string | null = null

  constructor(host: Host, say: (message: ClientMessage) => void) {
    this.#host = host
    this.#say = say
  }

  ask(question: Question, deadlineMs: number, done: Row['done']): void {
    if (this.#stopped !== null) return done({ t: 'not', text: this.#stopped })
    this.#numbers += 1
    const n = this.#numbers
    const deadline = this.#host.timers.set(deadlineMs, () => this.#end(n, null))
    const byMs = this.#nowMs() + deadlineMs
    this.#rows.set(n, { question, byMs, done, deadline, again: null, text: 'There is no link to a member.' })
    this.#send(n)
  }

  take(answer: AnswerOrNot): void {
    const row = this.#rows.get(answer.n)
    if (row === undefined) return
    if (answer.t !== 'unreadable') return this.#end(answer.n, answer)
    row.text = answer.text
    if (!mayPass(answer.code)) return this.#end(answer.n, null)
    row.again?.cancel()
    row.again = this.#host.timers.set(AGAIN_MS, () => this.#send(answer.n))
  }

  up(): void {
    this.#isUp = true
    for (const n of this.#rows.keys()) this.#send(n)
  }

  down(): void {
    this.#isUp = false
  }

  stop(text: string): void {
    this.#stopped = text
    for (const [n, row] of this.#rows) {
      row.text = text
      this.#end(n, null)
    }
  }

  #send(n: number): void {
    const row = this.#rows.get(n)
    if (row === undefined || !this.#isUp) return
    row.text = 'The member that this client is linked to has not answered.'
    const { question, byMs } = row
    if (question.t === 'manifest') this.#say({ t: 'manifest', n })
    else this.#say({ ...question, n, deadlineMs: Math.max(1, Math.ceil(byMs - this.#nowMs())) })
  }

  #end(n: number, answer: Answer | null): void {
    const row = this.#rows.get(n)
    if (row === undefined) return
    this.#rows.delete(n)
    row.deadline.cancel()
    row.again?.cancel()
    row.done(answer ?? { t: 'not', text: row.text })
  }

  #nowMs(): number {
    return this.#host.clock.now().monotonicMs
  }
}

function mayPass(code: RefusalCode): boolean {
  return code === 'unavailable' || code === 'starting' || code === 'stopping' || code === 'limit'
}
