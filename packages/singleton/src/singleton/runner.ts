import { targetOf } from '@tanist/core'
import type { ActorSystem, AnyRef, Host, Timer } from '@tanist/core'
import type { FencingToken } from '../succession/index.js'
import type { AnySingleton } from './define.js'
import { singletonLimits } from './limits.js'

export interface RunnerEvents {
  started(name: string, ref: AnyRef): void
  /** By itself: its restart limit was reached, it could not be started, or it stopped itself. */
  ended(name: string, why: 'failed' | 'stopped', text: string): void
  /** After `stop`. */
  stopped(name: string): void
}

interface Running {
  readonly ref: AnyRef
  readonly abort: AbortController
  readonly failures: { unsubscribe(): void }
  /** Told to stop. */
  ending: boolean
}

/** The actors of singletons on the peer that serves. Each name runs at most once; the next after the end of the former. */
export class Runner {
  readonly #host: Pick<Host, 'timers' | 'log'>
  readonly #actors: () => ActorSystem
  readonly #holds: () => boolean
  readonly #events: RunnerEvents
  readonly #running = new Map<string, Running>()
  #waiting: (() => void)[] = []

  constructor(
    host: Pick<Host, 'timers' | 'log'>,
    actors: () => ActorSystem,
    holds: () => boolean,
    events: RunnerEvents,
  ) {
    this.#host = host
    this.#actors = actors
    this.#holds = holds
    this.#events = events
  }

  start(singleton: AnySingleton, token: FencingToken): void {
    const { name } = singleton
    const abort = new AbortController()
    const holds = (): boolean => !abort.signal.aborted && this.#holds()
    const actors = this.#actors()
    let last = ''
    const failures = actors.failures$.subscribe(({ path, action, error }) => {
      if (path === `${actors.name}/${actorName(name)}` && action === 'stop') last = String(error)
    })
    try {
      const behavior = singleton.behavior({ token, signal: abort.signal, holds })
      const ref = actors.spawn(behavior, actorName(name))
      this.#running.set(name, { ref, abort, failures, ending: false })
      this.#events.started(name, ref)
      ref[targetOf].watch({
        terminated: (_, why) => this.#ended(name, why === 'failed' || last !== '', last),
      })
    } catch (error) {
      failures.unsubscribe()
      abort.abort()
      this.#events.ended(name, 'failed', `it could not be started: ${String(error)}`)
    }
  }

  /** The signal first. `stopped` is told when the actor has ended, however long that takes. */
  stop(name: string): void {
    const running = this.#running.get(name)
    if (running === undefined) return this.#events.stopped(name)
    running.ending = true
    running.abort.abort()
    // Its end is told to the watcher.
    running.ref[targetOf].stop().catch((error: unknown) => {
      this.#host.log.write('error', 'singleton-stop-failed', `The end of '${name}': ${String(error)}`)
    })
  }

  /** Calls back once nothing that was told to stop runs here any more, or after the time limit. */
  whenEnded(done: () => void): void {
    let timer: Timer | null = null
    let over = false
    const finish = (): void => {
      if (over) return
      over = true
      timer?.cancel()
      done()
    }
    if (this.#ending.length === 0) return finish()
    this.#waiting.push(finish)
    timer = this.#host.timers.set(singletonLimits.stopMs, () => {
      const names = this.#ending
      const text = `The singleton ${names.map((name) => `'${name}'`).join(', ')} did not end within ${singletonLimits.stopMs} ms; the reign ends anyway, and another may be started elsewhere.`
      this.#host.log.write('error', 'singleton-overdue', text, { names })
      finish()
    })
  }

  get #ending(): string[] {
    return [...this.#running].flatMap(([name, { ending }]) => (ending ? [name] : []))
  }

  #ended(name: string, failed: boolean, text: string): void {
    const running = this.#running.get(name)
    if (running === undefined) return
    this.#running.delete(name)
    running.failures.unsubscribe()
    running.abort.abort()
    if (!running.ending) return this.#events.ended(name, failed ? 'failed' : 'stopped', text)
    this.#events.stopped(name)
    if (this.#ending.length > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const done of waiting) done()
  }
}

/** No other actor of the application is called so by accident. */
export function actorName(name: string): string {
  return `singleton:${name}`
}
