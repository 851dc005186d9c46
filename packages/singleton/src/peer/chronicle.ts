import type { MemberId, Now } from '@tanist/core'
import type { WaitCode, Waiting } from './waiting.js'

type Tell = (event: string, text: string, data: Record<string, unknown>) => void

/** Tells of reigns, take-overs and waits, with how long they took. */
export class Chronicle {
  readonly #tell: Tell
  #ledSince: number | null = null
  #servedSince: { readonly term: number; readonly atMs: number } | null = null
  /** When the former server was last heard of, until somebody serves. */
  #silentSince: number | null = null
  #wait: {
    readonly code: WaitCode
    readonly key: string
    readonly text: string
    readonly atMs: number
  } | null = null

  constructor(tell: Tell) {
    this.#tell = tell
  }

  /** Another member leads than before. `silentSinceMs`: when the last one was last heard. */
  takenOver(
    {
      from,
      to,
      term,
      silenceMs,
    }: {
      readonly from: MemberId
      readonly to: MemberId
      readonly term: number
      readonly silenceMs: number
    },
    nameOf: (id: MemberId) => string,
    silentSinceMs: number,
  ): void {
    this.#silentSince = silentSinceMs
    const text = `${nameOf(to)} takes over from ${nameOf(from)} in term ${term}, after ${silenceMs} ms of silence.`
    this.#tell('take-over', text, { from, to, term, silenceMs })
  }

  /** This peer leads, or does not any more. */
  leads(isSelf: boolean, { monotonicMs }: Now): void {
    if (!isSelf) this.#ledSince = null
    else this.#ledSince ??= monotonicMs
  }

  serves(token: { readonly term: number; readonly index: number }, { monotonicMs }: Now): void {
    const { term } = token
    const sinceMs = (from: number | null): number => (from === null ? 0 : Math.round(monotonicMs - from))
    const electedMs = sinceMs(this.#ledSince)
    const data = {
      ...token,
      electedMs,
      ...(this.#silentSince !== null && { awayMs: sinceMs(this.#silentSince) }),
    }
    this.#servedSince = { term, atMs: monotonicMs }
    this.#silentSince = null
    this.#tell('serving', `This peer is the server in term ${term}.`, data)
  }

  /** Stopped serving. `why`: what it waits for now; null when it leads no more. */
  yields(why: Waiting | null, { monotonicMs }: Now): void {
    const served = this.#servedSince
    if (served === null) return
    this.#servedSince = null
    const servedMs = Math.round(monotonicMs - served.atMs)
    const reason = why?.text ?? 'another peer leads now, or it has stopped'
    const text = `This peer served for ${servedMs} ms in term ${served.term}, and does not now: ${reason}`
    this.#tell('not-serving', text, { term: served.term, servedMs, code: why?.code ?? null })
  }

  waits(wait: Waiting | null, { monotonicMs }: Now): void {
    const key = wait === null ? '' : `${wait.code} ${wait.for.join(' ')}`
    if (key === (this.#wait?.key ?? '')) return
    const last = this.#wait
    if (last !== null && last.code !== wait?.code) {
      const ms = Math.round(monotonicMs - last.atMs)
      this.#tell('wait-ended', `Over after ${ms} ms: ${last.text}`, { code: last.code, ms })
    }
    if (wait !== null && last?.code !== wait.code)
      this.#tell('wait-begun', wait.text, { code: wait.code, for: wait.for })
    const atMs = last !== null && last.code === wait?.code ? last.atMs : monotonicMs
    this.#wait = wait && { code: wait.code, key, text: wait.text, atMs }
  }
}
