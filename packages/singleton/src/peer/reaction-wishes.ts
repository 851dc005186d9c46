import type { Host, MemberId, Timer } from '@tanist/core'
import type { RoleHost, Settlement } from '../role/index.js'
import { SETTLE_MAX } from '../role/index.js'
import type { OperateOutcome } from './operate.js'
import type { OwnEntries } from './own-entries.js'

/** An operator's word about a parked reaction, or about all of a role. To whoever leads. */
export interface ReactionWish {
  readonly t: 'reaction'
  readonly id: number
  readonly role: string
  /** `INDEX.N`, or `all`. */
  readonly key: string
  readonly end: string
  /** It was sent before, and may have been fulfilled. */
  readonly again: boolean
}

export interface ReactionWishAnswer {
  readonly t: 'reacted'
  readonly id: number
  readonly ok: boolean
  readonly text: string
}

export interface WishPorts {
  readonly timers: Host['timers']
  readonly self: MemberId
  readonly send: (to: MemberId, message: ReactionWish | ReactionWishAnswer) => void
  /** Who leads as far as this peer knows. */
  readonly leader: () => MemberId | null
}

interface Wish {
  readonly message: Omit<ReactionWish, 'again'>
  again: boolean
  readonly done: (outcome: OperateOutcome) => void
  readonly timer: Timer
}

const WISH_MS = 10_000
const AGAIN_MS = 500
const NOT_SERVING = 'not the server'

/** What operators wished here, asked of whoever serves until it answers; and what others ask of this peer. */
export class ReactionWishes {
  readonly #roles: RoleHost
  readonly #own: OwnEntries
  readonly #ports: WishPorts
  readonly #wishes = new Map<number, Wish>()
  /** Those that wait for the commit of an entry of this reign, by its index. */
  readonly #waiters = new Map<number, { readonly to: MemberId; readonly id: number; readonly text: string }[]>()
  #last = 0
  #again: Timer | null = null

  constructor(roles: RoleHost, own: OwnEntries, ports: WishPorts) {
    this.#roles = roles
    this.#own = own
    this.#ports = ports
  }

  ask(role: string, key: string, end: 'retry' | 'dropped', done: (outcome: OperateOutcome) => void): void {
    this.#last += 1
    const id = this.#last
    const text = 'No server confirmed it in time: it may still be done. Look at the reactions, or ask again.'
    const timer = this.#ports.timers.set(WISH_MS, () => this.#end(id, 'unknown', text))
    this.#wishes.set(id, { message: { t: 'reaction', id, role, key, end }, again: false, done, timer })
    this.#send(id)
  }

  /** Here is whoever leads, perhaps. */
  asked(from: MemberId, { id, role, key, end, again }: ReactionWish): void {
    const answer = (ok: boolean, text: string): void =>
      this.#ports.send(from, { t: 'reacted', id, ok, text })
    if (!this.#own.mayPropose) return answer(false, NOT_SERVING)
    if (end !== 'retry' && end !== 'dropped') return answer(false, `This server does not know '${end}'.`)
    const all = this.#roles.pending(role)
    const parked = all.filter((one) => one.parked !== null && (key === 'all' || one.key === key))
    if (parked.length === 0) {
      const what = key === 'all' ? 'no parked reaction' : `no reaction ${key} that is parked`
      const is = all.some((one) => one.key === key)
      if (is && end === 'retry') return answer(true, `The reaction ${key} of '${role}' is not parked: it runs.`)
      return answer(again && !is, `The role '${role}' has ${what}${again ? ' any more' : ''}.`)
    }
    const what = parked.length === 1 ? `the reaction ${parked[0]?.key}` : `${parked.length} reactions`
    const text = end === 'retry' ? `'${role}': ${what} will run again.` : `'${role}': ${what} dropped.`
    const settlements = parked.map(({ key: one }): Settlement => ({ role, key: one, end }))
    const index = this.#settle(settlements)
    // It is under way since somebody asked before.
    if (index === null) return
    const waiters = this.#waiters.get(index) ?? []
    this.#waiters.set(index, [...waiters, { to: from, id, text }])
  }

  #settle(settlements: readonly Settlement[]): number | null {
    let last: number | null = null
    for (let from = 0; from < settlements.length; from += SETTLE_MAX) {
      const index = this.#own.settle(settlements.slice(from, from + SETTLE_MAX))
      if (typeof index === 'number') last = index
    }
    return last
  }

  /** This entry is committed. */
  committed(index: number): void {
    const waiters = this.#waiters.get(index)
    if (waiters === undefined) return
    this.#waiters.delete(index)
    for (const { to, id, text } of waiters) this.#ports.send(to, { t: 'reacted', id, ok: true, text })
  }

  /** Whoever waited asks again. */
  endReign(): void {
    this.#waiters.clear()
  }

  answered({ id, ok, text }: ReactionWishAnswer): void {
    if (ok || text !== NOT_SERVING) this.#end(id, ok ? 'done' : 'refused', text)
  }

  stop(): void {
    for (const id of this.#wishes.keys()) this.#end(id, 'unknown', 'This peer has stopped.')
    this.#again?.cancel()
    this.#again = null
  }

  #send(id: number): void {
    this.#again ??= this.#ports.timers.set(AGAIN_MS, () => {
      this.#again = null
      for (const open of this.#wishes.keys()) this.#send(open)
    })
    const wish = this.#wishes.get(id)
    const leader = this.#ports.leader()
    if (leader === null || wish === undefined) return
    this.#ports.send(leader, { ...wish.message, again: wish.again })
    wish.again = true
  }

  #end(id: number, status: OperateOutcome['status'], text: string): void {
    const wish = this.#wishes.get(id)
    this.#wishes.delete(id)
    wish?.timer.cancel()
    wish?.done({ status, text })
  }
}
