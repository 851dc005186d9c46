import { JournalError } from '@tanist/core'
import type { Entry, Hello, Host, Journal, LastPosition, MemberId, Register, Snapshots } from '@tanist/core'
import type { RoleHost } from '../role/index.js'
import {
  branch,
  createSuccession,
  EntryKind,
  leaseHolds,
  mayDecide,
  stepSuccession,
  wantsSnapshot,
} from '../succession/index.js'
import type { SnapshotMeta, Succession, SuccessionEffect, SuccessionInput } from '../succession/index.js'
import type { Identity } from './identity.js'
import type { CheckedSettings } from './settings.js'
import { SnapshotKeeper } from './snapshots.js'
import type { KeyedTimers } from './timers.js'
import type { Turns } from './turns.js'
import type { WireMessage } from './wire.js'

/** What the group tells its peer, after the step in which it happened. */
export type GroupEvent = Exclude<
  SuccessionEffect,
  {
    kind:
      | 'send'
      | 'timer'
      | 'persist'
      | 'reserve'
      | 'append'
      | 'truncate'
      | 'readable'
      | 'unreadable'
      | 'reset'
      | 'drop'
      | 'forget'
      | 'capture'
      | 'receive'
      | 'install'
  }
>

/** The newest whole snapshot, which the roles were restored from before anything else. */
export interface Base {
  readonly meta: SnapshotMeta
  readonly digest: string | null
}

export interface GroupParts {
  readonly host: Host
  readonly settings: CheckedSettings
  readonly self: Hello
  readonly identity: Register<Identity>
  readonly journal: Journal
  readonly snapshots: Snapshots
  readonly base: Base | null
  readonly roles: RoleHost
  /** The roles hold a fetched state of this position now. */
  readonly restored: (meta: SnapshotMeta) => void
  readonly turns: Turns
  readonly timers: KeyedTimers
  readonly send: (to: MemberId, message: Extract<WireMessage, { readonly channel: 's' }>) => void
  readonly event: (event: GroupEvent) => void
  /** A write failed: nothing can be promised any more. */
  readonly failed: (error: JournalError) => void
}

/** The shell around the succession machine of one group: carries its effects to disk, links and timers. */
export class Group {
  readonly state: Succession
  readonly #parts: GroupParts
  readonly #keeper: SnapshotKeeper
  readonly #confirms = new Map<number, (index: number | null) => void>()
  /** By the machine's own names of its timers: a text that is put together anew is dear to look up. */
  readonly #timerKeys = new Map<string, string>()
  #lastConfirm = 0
  #stopped = false

  constructor(parts: GroupParts) {
    this.#parts = parts
    const { host, settings, self, identity, journal, snapshots, base } = parts
    const hard = { term: identity.value?.term ?? 0, votedFor: identity.value?.votedFor ?? null }
    const { app, mode, expect, timing, minCopies, ranking, rejoin } = settings
    const awaits = identity.value?.lost ?? null
    const { waits, gaveUp } = identity.value ?? {}
    const mayFound = waits !== true
    const agreed = { app, mode, expect, timing, minCopies, ranking, snapshotLimits: settings.snapshots }
    const start = base && { base: base.meta, ...(base.digest !== null && { baseDigest: base.digest }) }
    const view = SnapshotKeeper.view(snapshots, host.log)
    const config = {
      ...agreed,
      self,
      mayFound,
      hard,
      log: journal,
      snapshots: view,
      rejoin,
      awaits,
      ...(gaveUp !== undefined && { gaveUp }),
      ...start,
    }
    this.state = createSuccession(config, host.clock.now())
    this.#keeper = new SnapshotKeeper({
      ...parts,
      step: (input) => this.step(input),
      wants: (id) => wantsSnapshot(this.state, id),
    })
  }

  step(input: SuccessionInput): void {
    if (this.#stopped) return
    const { clock, random } = this.#parts.host
    for (const effect of stepSuccession(this.state, input, clock.now(), random)) this.#run(effect)
    this.#parts.turns.drain()
  }

  stop(): void {
    this.#stopped = true
    this.#keeper.stop()
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
    if (role.kind !== 'leader' || this.#stopped || !(role.serving || mayDecide(this.state, role))) return null
    return { term: hard.term, index: lastIndex + 1, branch: branch(this.state) ?? '' }
  }

  /** The branch in which an entry was journalled. */
  branchAt(index: number): string {
    const { forks, founding } = this.state
    const fork = forks.findLast((one) => one.index <= index)
    return fork?.record.branchId ?? founding?.branchId ?? ''
  }

  /** Rule 10: a last word says where the journal ends. */
  lastPosition(): LastPosition {
    const { hard, durableIndex } = this.state
    return { branch: branch(this.state), term: hard.term, index: durableIndex }
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
    const { journal, identity, snapshots, timers, turns } = this.#parts
    switch (effect.kind) {
      case 'send': {
        const { to, message, entries = [] } = effect
        return this.#parts.send(to, { channel: 's', body: message, entries })
      }
      case 'timer':
        return timers.set(this.#timerKey(effect.key), effect.afterMs)
      case 'persist': {
        const { ticket, hard } = effect
        const done = this.#durable(() => this.step({ kind: 'persisted', ticket }))
        return identity.save({ ...this.#known(), term: hard.term, votedFor: hard.votedFor }, done)
      }
      case 'reserve': {
        const { term, votedFor } = effect.hard
        const done = this.#durable(() => this.step({ kind: 'reserved', hard: effect.hard }))
        return identity.save({ ...this.#known(), term, votedFor }, done)
      }
      case 'append': {
        const { ticket, entries } = effect
        return journal.append(entries, (error) =>
          turns.enqueueCalm(() => {
            if (error) return this.#parts.failed(error)
            this.#rememberCluster()
            this.step({ kind: 'appended', ticket })
          }),
        )
      }
      case 'truncate':
        return journal.truncateFrom(effect.from)
      case 'reset':
        return journal.reset(effect.index, effect.term)
      case 'drop':
        return journal.dropPrefix(effect.below)
      case 'forget':
        return this.#stored(() => snapshots.remove(effect.id.index))
      case 'receive':
        return this.#stored(() => snapshots.receive(effect.id, effect.offset, effect.bytes))
      // After what was committed before it has been applied.
      case 'capture':
        return turns.upcall(() => this.#keeper.capture(effect.meta))
      case 'install':
        return turns.upcall(() => this.#keeper.install(effect.id))
      case 'diverged':
        turns.upcall(() => this.#keeper.abort())
        return turns.upcall(() => this.#parts.event(effect))
      case 'readable':
        return turns.upcall(() => this.#confirmed(effect.id, effect.index))
      case 'unreadable':
        return turns.upcall(() => this.#confirmed(effect.id, null))
      // A leader waits for a follower's disk, and nobody for what its roles make of the entries.
      case 'committed':
        if (this.state.role.kind === 'follower') return turns.patientUpcall(() => this.#parts.event(effect))
        return turns.upcall(() => this.#parts.event(effect))
      default:
        return turns.upcall(() => this.#parts.event(effect))
    }
  }

  #timerKey(key: string): string {
    let known = this.#timerKeys.get(key)
    if (known === undefined) this.#timerKeys.set(key, (known = `succession.${key}`))
    return known
  }

  /** For the next start, which tells by it whether the journal lost something. */
  remember(what: Partial<Identity>, done?: () => void): void {
    const failed = this.#durable(() => {})
    this.#parts.identity.save({ ...this.#known(), ...what }, done ?? failed)
  }

  #known(): Identity {
    const { journal, identity } = this.#parts
    const last = identity.value as Identity
    return {
      ...last,
      committed: Math.max(last.committed ?? 0, Math.min(this.state.commitIndex, journal.durableIndex)),
    }
  }

  /** Not before the journal is on the disk: a founder that crashed too early would wait for itself. */
  #rememberCluster(): void {
    const clusterId = this.state.founding?.clusterId
    if (clusterId !== undefined && this.#parts.identity.value?.clusterId !== clusterId)
      this.remember({ clusterId })
  }

  #stored(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof JournalError)) throw error
      this.#parts.turns.enqueue(() => this.#parts.failed(error))
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
