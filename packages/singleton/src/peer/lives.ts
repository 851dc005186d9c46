import type { AboutChange, ActorSystem, MemberId } from '@tanist/core'
import type { CallOutcome, RoleHost } from '../role/index.js'
import type { CallRequest } from './caller.js'
import type { Operation } from '../succession/index.js'
import type { PeerCore, PeerEvent } from './core.js'
import type { MemberEnd } from './member-facts.js'
import type { PeerMetrics } from './metrics.js'
import type { OperateOutcome } from './operate.js'
import type { ReadOutcome } from './reads.js'
import type { PeerStatus } from './status.js'

interface Watcher {
  readonly role: string
  readonly listener: (state: unknown) => void
  /** Ends the observation of the present identity. */
  end: () => void
}

/**
 * One peer through all its identities: to those who use it, a peer that had to set entries aside is still the same
 * one. What is asked for between two identities waits for the next.
 */
export class Lives {
  /** It has stopped, and no identity follows. */
  over = false
  onCore: ((core: PeerCore | null) => void) | null = null
  /** The further ports, which stay through all identities. */
  layers: () => PeerStatus['layers'] = () => []
  #now: PeerCore
  #waiting: (() => void)[] | null = null
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  readonly #watchers = new Set<Watcher>()

  constructor(first: PeerCore) {
    this.#now = first
    this.#follow(first)
  }

  /** The next identity has begun. */
  goOn(core: PeerCore): void {
    this.#now = core
    this.#follow(core)
    for (const watcher of this.#watchers) {
      watcher.end = core.roles.observe(watcher.role, watcher.listener)
      watcher.listener(core.roles.state(watcher.role))
    }
    const waiting = this.#waiting ?? []
    this.#waiting = null
    for (const run of waiting) run()
    this.onCore?.(core)
    this.#tell({ kind: 'status' })
  }

  get joined(): boolean {
    return this.#now.joined
  }

  get core(): PeerCore {
    return this.#now
  }

  get actors(): ActorSystem {
    return this.#now.actors
  }

  get roles(): RoleHost {
    return this.#now.roles
  }

  status(): PeerStatus {
    return { ...this.#now.status(), layers: this.layers() }
  }

  /** What of the status is no part of an identity has changed. */
  touch(): void {
    this.#tell({ kind: 'status' })
  }

  announce(change: AboutChange): void {
    this.#now.announce(change)
  }

  endOf(memberId: MemberId): MemberEnd | null {
    return this.#now.endOf(memberId)
  }

  /** The event `reborn` is told as a note. */
  observe(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  watchRole(role: string, listener: (state: unknown) => void): () => void {
    const watcher: Watcher = {
      role,
      listener: (state) => void (this.#watchers.has(watcher) && listener(state)),
      end: () => {},
    }
    this.#watchers.add(watcher)
    watcher.end = this.#now.roles.observe(role, watcher.listener)
    return () => {
      this.#watchers.delete(watcher)
      watcher.end()
    }
  }

  call(request: CallRequest, done: (outcome: CallOutcome) => void): () => void {
    let cancelled = false
    let cancel = (): void => void (cancelled = true)
    this.#soon(() => {
      const end = this.#now.call(request, (outcome) => {
        // Nothing of it was done, and the next identity can do it.
        const again = outcome.status === 'unavailable' && outcome.executed === 'no' && this.#waiting !== null
        if (again && !cancelled) this.#soon(() => (cancel = this.#now.call(request, done)))
        else done(outcome)
      })
      if (cancelled) end()
      else cancel = end
    })
    return () => {
      cancelled = true
      cancel()
    }
  }

  read(
    role: string,
    deadlineMs: number,
    done: (outcome: ReadOutcome) => void,
    maxStaleMs: number | null = null,
  ): void {
    const ended = (outcome: ReadOutcome): void => {
      if (outcome.status === 'ok' || this.#waiting === null) return done(outcome)
      this.#soon(() => this.#now.read(role, deadlineMs, done, maxStaleMs))
    }
    this.#soon(() => this.#now.read(role, deadlineMs, ended, maxStaleMs))
  }

  restartSingleton(name: string, done: (outcome: OperateOutcome) => void): void {
    this.#soon(() => this.#now.restartSingleton(name, done))
  }

  settleReactions(
    role: string,
    key: string,
    end: 'retry' | 'dropped',
    done: (outcome: OperateOutcome) => void,
  ): void {
    this.#soon(() => this.#now.settleReactions(role, key, end, done))
  }

  forgetRole(name: string, done: (outcome: OperateOutcome) => void): void {
    this.#soon(() => this.#now.forgetRole(name, done))
  }

  transfer(to: MemberId | null, done: (ok: boolean, text: string) => void): void {
    this.#soon(() => this.#now.transfer(to, done))
  }

  operate(operation: Operation, done: (outcome: OperateOutcome) => void): void {
    this.#soon(() => this.#now.operate(operation, done))
  }

  continueHere(why: string, done: (ok: boolean, text: string) => void): void {
    this.#soon(() => this.#now.continueHere(why, done))
  }

  metrics(): PeerMetrics {
    return this.#now.metrics()
  }

  backup(): ReturnType<PeerCore['backup']> {
    return this.#now.backup()
  }

  leave(limitMs: number, done: () => void): void {
    this.#soon(() => this.#now.leave(limitMs, done))
  }

  stop(done: () => void): void {
    this.#soon(() => this.#now.stop(done))
  }

  #soon(run: () => void): void {
    if (this.#waiting) this.#waiting.push(run)
    else run()
  }

  #follow(core: PeerCore): void {
    core.observe((event) => {
      if (event.kind === 'setting-aside') {
        this.#waiting = []
        this.onCore?.(null)
      } else if (event.kind !== 'reborn') {
        // The end is the end for those who wait, too: a stopped peer answers them.
        if (event.kind === 'stopped') {
          this.over = true
          this.#release()
        }
        this.#tell(event)
      } else {
        const { text, file } = event
        this.#tell({ kind: 'note', event: 'reborn', text, data: { file } })
      }
    })
  }

  #release(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = null
    for (const run of waiting) run()
  }

  #tell(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
