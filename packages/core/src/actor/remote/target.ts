import type { StopOptions, Target, Watcher } from '../ref.js'
import type { Place } from './messages.js'
import type { RemoteActors } from './shell.js'

/** An actor of another peer. */
export class RemoteTarget implements Target {
  readonly handlers: null = null
  readonly #remote: RemoteActors
  readonly #node: string
  readonly #at: Place
  #open = 0

  constructor(remote: RemoteActors, node: string, path: string, uid: number) {
    this.#remote = remote
    this.#node = node
    this.#at = [path, uid]
  }

  /** Asks under way by this ref. */
  get load(): number {
    return this.#open
  }

  tell(handler: string, message: unknown): boolean {
    return this.#remote.tell(this.#node, this.#at, handler, message)
  }

  async ask(handler: string, message: unknown, timeoutMs?: number): Promise<unknown> {
    this.#open++
    try {
      return await this.#remote.ask(this.#node, this.#at, handler, message, timeoutMs)
    } finally {
      this.#open--
    }
  }

  async stop(options?: StopOptions): Promise<void> {
    await this.#remote.stopActor(this.#node, this.#at, options)
  }

  watch(watcher: Watcher): void {
    this.#remote.watch(this.#node, this.#at, watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#remote.step({ kind: 'unwatch', node: this.#node, at: this.#at, watcher })
  }
}
