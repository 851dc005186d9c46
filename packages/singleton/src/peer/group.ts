import type { Entry, Hello, Host, Journal, JournalError, MemberId, Register } from '@tanist/core'
import { branch, createSuccession, EntryKind, leaseHolds, stepSuccession } from '../succession/index.js'
import type { Succession, SuccessionEffect, SuccessionInput } from '../succession/index.js'
import type { Identity } from './identity.js'
import type { CheckedSettings } from './settings.js'
import type { KeyedTimers } from './timers.js'
import type { Turns } from './turns.js'
import type { WireMessage } from './wire.js'

/** What the group tells its peer, after the step in which it happened. */
export type GroupEvent = Exclude<
  SuccessionEffect,
  { kind: 'send' | 'timer' | 'persist' | 'append' | 'truncate' | 'readable' | 'unreadable' }
>

export interface GroupParts {
  readonly host: Host
  readonly settings: CheckedSettings
  readonly self: Hello
  readonly identity: Register<Identity>
  readonly journal: Journal
  readonly turns: Turns
  readonly timers: KeyedTimers
  readonly send: (to: MemberId, message: WireMessage) => void
  readonly event: (event: GroupEvent) => void
  /** A write failed: nothing can be promised any more. */
  readonly failed: (error: JournalError) => void
}

/** The shell around the succession machine of one group: carries its effects to disk, links and timers. */
export class Group {
  readonly state: Succession
  readonly #parts: GroupParts
  readonly #confirms = new Map<number, (index: number | null) => void>()
  #lastConfirm = 0
  #stopped = false

  constructor(parts: GroupParts) {
    this.#parts = parts
    const { host, settings, self, identity, journal } = parts
    const hard = { term: identity.value?.term ?? 0, votedFor: identity.value?.votedFor ?? null }
    const { app, mode, expect, timing } = settings
    this.state = createSuccession({ self, app, mode, expect, timing, hard, log: journal }, host.clock.now())
  }

  step(input: SuccessionInput): void {
    if (this.#stopped) return
    const { clock, random } = this.#parts.host
    for (const effect of stepSuccession(this.state, input, clock.now(), random)) this.#run(effect)
    this.#parts.turns.drain()
  }

  stop(): void {
    this.#stopped = true
    for (const done of this.#confirms.values()) done(null)
    this.#confirms.clear()
  }

  /** What was proposed since the last `flush`, for example by calls that were held until this peer serves. */
  get unflushed(): boolean {
    const { role, tail, tailEmitted } = this.state
    return role.kind === 'leader' && tail.length > 0 && !tailEmitted && !this.#stopped
  }

  /** Asks the voters whether this peer still serves; `done` gets what was committed when it was asked. */
  confirm(done: (index: number | null) => void): void {
    if (this.#stopped) return done(null)
    this.#lastConfirm += 1
    this.#confirms.set(this.#lastConfirm, done)
    this.step({ kind: 'read', id: this.#lastConfirm })
  }

  /** Where the next proposal will stand; null while this peer may not decide anything. */
  nextPosition(): { term: number; index: number; branch: string } | null {
    const { role, hard, lastIndex } = this.state
    if (role.kind !== 'leader' || !role.serving || this.#stopped) return null
    return { term: hard.term, index: lastIndex + 1, branch: branch(this.state) ?? '' }
  }

  /** Whether the next input would find this peer still serving. */
  wouldServe(): boolean {
    const { role } = this.state
    if (role.kind !== 'leader' || !role.serving || this.#stopped) return false
    const { clock, random } = this.#parts.host
    return leaseHolds({ s: this.state, now: clock.now(), random, out: [] }, role)
  }

  /** Commands in the journal after `applied`: not committed yet. */
  commandsAfter(applied: number): Entry[] {
    const { journal } = this.#parts
    const found: Entry[] = []
    for (let from = applied + 1; from <= journal.lastIndex; ) {
      const read = journal.read(from, 1 << 20)
      found.push(...read)
      from += read.length
    }
    const unwritten = this.state.tail.filter((entry) => entry.index > journal.lastIndex)
    return [...found, ...unwritten].filter((entry) => entry.kind === EntryKind.command)
  }

  /** What goes to disk, links and timers is done at once, in order; the rest waits until the step is over. */
  #run(effect: SuccessionEffect): void {
    const { journal, identity, timers, turns } = this.#parts
    switch (effect.kind) {
      case 'send': {
        const { to, message, entries = [] } = effect
        return this.#parts.send(to, { channel: 's', body: message, entries })
      }
      case 'timer':
        return timers.set(`succession.${effect.key}`, effect.afterMs)
      case 'persist': {
        const { ticket, hard } = effect
        const done = this.#durable(() => this.step({ kind: 'persisted', ticket }))
        return identity.save(
          { ...(identity.value as Identity), term: hard.term, votedFor: hard.votedFor },
          done,
        )
      }
      case 'append': {
        const { ticket, entries } = effect
        return journal.append(
          entries,
          this.#durable(() => this.step({ kind: 'appended', ticket })),
        )
      }
      case 'truncate':
        return journal.truncateFrom(effect.from)
      case 'readable':
        return turns.upcall(() => this.#confirmed(effect.id, effect.index))
      case 'unreadable':
        return turns.upcall(() => this.#confirmed(effect.id, null))
      default:
        return turns.upcall(() => this.#parts.event(effect))
    }
  }

  #durable(then: () => void): (error?: JournalError) => void {
    return (error) => this.#parts.turns.enqueue(() => (error ? this.#parts.failed(error) : then()))
  }

  #confirmed(id: number, index: number | null): void {
    const done = this.#confirms.get(id)
    this.#confirms.delete(id)
    done?.(index)
  }
}
