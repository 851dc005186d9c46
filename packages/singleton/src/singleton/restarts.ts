import type { Host, MemberId, Timer } from '@tanist/core'
import type { Leader } from '../succession/index.js'
import { singletonLimits } from './limits.js'
import type { SingletonMessage } from './messages.js'

export interface RestartPorts {
  readonly timers: Host['timers']
  readonly leader: () => Leader | null
  readonly isSelf: (memberId: MemberId) => boolean
  readonly here: (name: string) => { readonly ok: boolean; readonly text: string }
  readonly send: (to: MemberId, body: SingletonMessage) => void
}

/** As of every wish of an operator. */
export interface RestartOutcome {
  readonly status: 'done' | 'refused' | 'unknown'
  readonly text: string
}

interface Wish {
  readonly name: string
  readonly done: (outcome: RestartOutcome) => void
  readonly timer: Timer
}

/** What operators wished here: asked of whoever leads until one that serves answers. */
export class Restarts {
  readonly #ports: RestartPorts
  readonly #wishes = new Map<number, Wish>()
  #last = 0
  #again: Timer | null = null

  constructor(ports: RestartPorts) {
    this.#ports = ports
  }

  ask(name: string, done: (outcome: RestartOutcome) => void): void {
    this.#last += 1
    const id = this.#last
    const text = 'No server confirmed it in time: it may still be started. Look at the status, or ask again.'
    const timer = this.#ports.timers.set(singletonLimits.restartMs, () => this.#end(id, 'unknown', text))
    this.#wishes.set(id, { name, done, timer })
    this.#send(id)
  }

  leaderChanged(): void {
    for (const id of this.#wishes.keys()) this.#send(id)
  }

  answered(id: number, ok: boolean, text: string): void {
    if (ok || text !== 'not the server') this.#end(id, ok ? 'done' : 'refused', text)
  }

  stop(): void {
    for (const id of this.#wishes.keys()) this.#end(id, 'unknown', 'This peer has stopped.')
    this.#again?.cancel()
    this.#again = null
  }

  /** Asking twice does no harm. */
  #send(id: number): void {
    this.#again ??= this.#ports.timers.set(singletonLimits.againMs, () => {
      this.#again = null
      this.leaderChanged()
    })
    const leader = this.#ports.leader()
    const name = this.#wishes.get(id)?.name
    if (leader === null || name === undefined) return
    if (!this.#ports.isSelf(leader.memberId))
      return this.#ports.send(leader.memberId, { t: 'restart', id, name })
    const { ok, text } = this.#ports.here(name)
    this.answered(id, ok, text)
  }

  #end(id: number, status: RestartOutcome['status'], text: string): void {
    const wish = this.#wishes.get(id)
    this.#wishes.delete(id)
    wish?.timer.cancel()
    wish?.done({ status, text })
  }
}
