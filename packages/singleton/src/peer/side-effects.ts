import type { Host, MemberId } from '@tanist/core'
import { parseReserved } from '../role/index.js'
import type { Applied, PendingReaction, RoleHost, Settled } from '../role/index.js'
import type { FencingToken } from '../succession/index.js'
import { DueCommands } from './due-commands.js'
import type { OperateOutcome } from './operate.js'
import { OwnEntries } from './own-entries.js'
import type { OwnEntriesPorts } from './own-entries.js'
import { ReactionWishes } from './reaction-wishes.js'
import type { ReactionWish, ReactionWishAnswer, WishPorts } from './reaction-wishes.js'
import { Reactions } from './reactions.js'
import type { ReactionPorts } from './reactions.js'

export interface SideEffectPorts
  extends ReactionPorts, Omit<OwnEntriesPorts, 'now'>, Omit<WishPorts, 'timers'> {
  readonly host: Pick<Host, 'clock' | 'timers' | 'log' | 'random'>
}

/** What a role has under way besides commands. */
export interface RoleWork {
  readonly name: string
  /** Reactions that have not ended, without those that are parked. */
  readonly pending: number
  /** Reactions that wait for an operator. */
  readonly parked: number
  /** Due commands that wait for their time; null where nobody decides them: the role has none, or this is not the server. */
  readonly due: number | null
  /** What fails, in a sentence; null while all is well. Of what is tried again only the server knows. */
  readonly failing: string | null
}

/** A reaction that has not ended, as operators see it. */
export interface ReactionView {
  readonly key: string
  readonly event: string
  readonly payload: unknown
  /** Failed ones: of a parked reaction, or in this reign if this peer is the server. */
  readonly attempts: number
  /** Why it is parked; null while it is tried. */
  readonly parked: string | null
  /** Why the last attempt failed, or why it waits; null when nothing is known of that here. */
  readonly failure: string | null
  /** When its event was decided, or when it was parked: milliseconds since 1970. */
  readonly since: number
}

/** Looks again so often while there is work that may not be done now: a hand-over under way, a lease that lapses. */
const LOOK_MS = 50

/** What a server does by itself: reactions and due commands, and what operators say about them. */
export class SideEffects {
  readonly #roles: RoleHost
  readonly #ports: SideEffectPorts
  readonly #reactions: Reactions
  readonly #due: DueCommands
  readonly #wishes: ReactionWishes

  constructor(roles: RoleHost, ports: SideEffectPorts) {
    const { host } = ports
    const own = new OwnEntries(roles, { ...ports, now: () => host.clock.now() })
    this.#roles = roles
    this.#ports = ports
    this.#reactions = new Reactions(roles, own, ports)
    this.#due = new DueCommands(roles, own, ports)
    this.#wishes = new ReactionWishes(roles, own, { ...ports, timers: host.timers })
  }

  begin(token: FencingToken): void {
    this.#reactions.begin(token)
    this.#due.begin()
    this.#goOn()
  }

  /** `done` is called once the reactions have ended, or after the time limit. */
  end(done: () => void): void {
    this.#due.end()
    this.#wishes.endReign()
    this.#reactions.end(done)
  }

  /** An entry was applied here, whoever serves. */
  applied(applied: Applied | Settled): void {
    if ('settled' in applied) {
      this.#reactions.settled(applied.settled)
      this.#wishes.committed(applied.index)
      if (applied.settled.some(({ end }) => end !== 'done')) this.#ports.changed()
    } else {
      const { session, changed, role } = applied
      const reserved = session.startsWith('!') ? parseReserved(session) : null
      if (reserved !== null && reserved !== 'malformed') this.#due.applied(reserved.role, reserved.key)
      if (changed) this.#due.changedState(role)
    }
    if (applied.reactions !== undefined) this.#reactions.added(applied.reactions)
  }

  /** The end of a turn, before what it proposed is sent. */
  turn(): void {
    this.#due.turn()
    this.#reactions.turn()
    if (!this.#reactions.hasWork && !this.#due.hasWork) return
    const may = this.#ports.serves() && this.#ports.next() !== null && this.#ports.holds()
    if (may) this.#goOn()
    else this.#ports.timers.set('effects', LOOK_MS)
  }

  /** What is left is for the next turn: others get theirs. */
  #goOn(): void {
    this.#ports.enqueue(() => {})
  }

  /** `effects` only needs the turn that follows. */
  onTimer(key: string): void {
    if (key === 'reactions') this.#reactions.onTimer()
    else if (key === 'due') this.#due.onTimer()
  }

  status(): RoleWork[] {
    const pending = this.#roles.pendingRoles()
    const mine = this.#ports.roles.filter(({ reactions, due }) => reactions !== undefined || due !== undefined)
    const names = [...new Set([...mine.map(({ name }) => name), ...pending])]
    return names.map((name) => {
      const all = pending.includes(name) ? this.#roles.pending(name) : []
      const parked = all.filter((one) => one.parked !== null).length
      const failing = this.#failing(name, all, parked)
      return { name, pending: all.length - parked, parked, due: this.#due.of(name)?.waiting ?? null, failing }
    })
  }

  #failing(name: string, all: readonly PendingReaction[], parked: number): string | null {
    const due = this.#due.of(name)
    // Where nobody decides them they are not derived.
    const derived = due === null ? undefined : this.#roles.dueFailure(name)
    if (derived !== undefined) return derived
    const [command] = due?.failing ?? []
    if (command !== undefined)
      return `The due command ${name}.${command.item.command} fails: ${command.text}`
    for (const [key, { attempts, text }] of this.#reactions.failing(name))
      return `The reaction ${key} of '${name}' has failed, attempt ${attempts}: ${text}`
    const last = parked === 0 ? null : all.findLast((one) => one.parked !== null)?.parked
    if (last) return `The role has ${parked} parked; the last one because: ${last.text}`
    const unknown = all.find((one) => !this.#reactions.isKnown(one))
    return unknown === undefined ? null : waits(unknown)
  }

  /** Of a role that is unknown here, too. */
  reactions(role: string): ReactionView[] {
    const failing = this.#reactions.failing(role)
    return this.#roles.pending(role).map((one) => {
      const { key, type, payload, parked, atMs } = one
      const failed = failing.get(key)
      return {
        key,
        event: type,
        payload,
        attempts: parked?.attempts ?? failed?.attempts ?? 0,
        parked: parked?.text ?? null,
        failure: parked?.text ?? failed?.text ?? (this.#reactions.isKnown(one) ? null : waits(one)),
        since: parked?.atMs ?? atMs,
      }
    })
  }

  wish(role: string, key: string, end: 'retry' | 'dropped', done: (outcome: OperateOutcome) => void): void {
    this.#wishes.ask(role, key, end, done)
  }

  message(from: MemberId, body: ReactionWish | ReactionWishAnswer): void {
    if (body.t === 'reaction') this.#wishes.asked(from, body)
    else this.#wishes.answered(body)
  }

  stop(): void {
    this.#wishes.stop()
  }
}

function waits({ key, role, type, unreadable }: PendingReaction): string {
  return (
    unreadable ?? `The reaction ${key} of '${role}' waits for a build that reacts to ${type}: this one does not.`
  )
}
