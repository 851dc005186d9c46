import type { Host, MemberId, Timer } from '@tanist/core'
import type { Leader } from '../succession/index.js'
import type { Builds } from './builds.js'
import type { OperateOutcome } from './operate.js'

/** What an operator wishes of the server, from the peer at which it was asked. */
export interface ForgetMessage {
  readonly t: 'forget'
  readonly id: number
  readonly role: string
}

export interface ForgotMessage {
  readonly t: 'forgot'
  readonly id: number
  readonly status: 'done' | 'refused' | 'elsewhere'
  readonly text: string
}

export interface ForgettingPorts {
  readonly timers: Host['timers']
  readonly self: MemberId
  readonly leader: () => Leader | null
  readonly send: (to: MemberId, message: ForgetMessage | ForgotMessage) => void
  readonly builds: Builds
  readonly voters: () => readonly MemberId[]
  readonly nameOf: (memberId: MemberId) => string
  /** Journals it, as the server. */
  readonly drop: (role: string, done: (end: 'committed' | 'nothing' | 'lost') => void) => void
}

/** An operator waits so long for the end. */
const FORGET_MS = 10_000
/** Asked again: a leader that dies or hands over leaves it to the next. */
const AGAIN_MS = 1_000

interface Wish {
  readonly role: string
  readonly done: (outcome: OperateOutcome) => void
  readonly timer: Timer
}

/** Roles that no build has any more are forgotten by the server, which is asked until it has said so. */
export class Forgetting {
  readonly #ports: ForgettingPorts
  readonly #wishes = new Map<number, Wish>()
  #last = 0
  #again: Timer | null = null

  constructor(ports: ForgettingPorts) {
    this.#ports = ports
  }

  ask(role: string, done: (outcome: OperateOutcome) => void): void {
    this.#last += 1
    const id = this.#last
    const text = 'No server confirmed it in time: it may still be done. Ask again.'
    const timer = this.#ports.timers.set(FORGET_MS, () => this.#end(id, { status: 'unknown', text }))
    this.#wishes.set(id, { role, done, timer })
    this.#send()
  }

  message(from: MemberId, message: ForgetMessage | ForgotMessage): void {
    const { id } = message
    if (message.t === 'forgot') {
      const { status, text } = message
      if (status !== 'elsewhere') this.#end(id, { status, text })
      return
    }
    this.#serve(message.role, (status, text) => this.#ports.send(from, { t: 'forgot', id, status, text }))
  }

  stop(): void {
    for (const id of this.#wishes.keys())
      this.#end(id, { status: 'unknown', text: 'This peer stopped before it was told of the end.' })
    this.#again?.cancel()
    this.#again = null
  }

  /** Asking twice does no harm. */
  #send(): void {
    const leader = this.#ports.leader()
    if (leader !== null)
      for (const [id, { role }] of this.#wishes) this.#ports.send(leader.memberId, { t: 'forget', id, role })
    this.#again?.cancel()
    this.#again = this.#wishes.size === 0 ? null : this.#ports.timers.set(AGAIN_MS, () => this.#send())
  }

  #serve(role: string, done: (status: ForgotMessage['status'], text: string) => void): void {
    const no = this.#refusal(role)
    if (no !== null) return done('refused', no)
    this.#ports.drop(role, (end) => {
      if (end === 'lost') done('elsewhere', '')
      else if (end === 'committed') done('done', `The role '${role}' is forgotten on every peer.`)
      else done('done', `There is nothing of a role '${role}'.`)
    })
  }

  #refusal(role: string): string | null {
    const { builds, voters, nameOf, self } = this.#ports
    if (Object.hasOwn(builds.message.roles, role))
      return `The build of ${nameOf(self)} has the role '${role}': forget it once no build has it any more.`
    const others = voters().filter((id) => id !== self)
    const { having, silent } = builds.holders(role, others)
    if (having.length > 0)
      return `The role '${role}' is in the build of ${having.map(nameOf).join(', ')}: forget it once no build has it any more.`
    if (silent.length === 0) return null
    return `Nobody knows whether ${silent.map(nameOf).join(', ')} still has the role '${role}': start it, or evict it, first.`
  }

  #end(id: number, outcome: OperateOutcome): void {
    const wish = this.#wishes.get(id)
    this.#wishes.delete(id)
    wish?.timer.cancel()
    wish?.done(outcome)
  }
}
