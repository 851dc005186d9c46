import { AskError } from './errors.js'
import type { AnyRef, Target, Watcher } from './ref.js'
import type { DeadLetter } from './reports.js'

/** Where a ref leads that has no actor (any more): asks fail, tells are dead letters, watchers hear at once. */
export class DeadEnd implements Target {
  readonly handlers: null = null
  readonly load = 0
  readonly #path: string
  readonly #dead: (letter: DeadLetter) => void
  readonly #why: 'stopped' | 'lost'
  #ref: AnyRef | undefined

  constructor(path: string, why: 'stopped' | 'lost', dead: (letter: DeadLetter) => void) {
    this.#path = path
    this.#why = why
    this.#dead = dead
  }

  /** The ref that watchers are told about. */
  bind(ref: AnyRef): AnyRef {
    this.#ref = ref
    return ref
  }

  tell(handler: string, message: unknown): boolean {
    this.#dead({ path: this.#path, handler, message, reason: 'stopped' })
    return false
  }

  ask(handler: string, message: unknown): Promise<unknown> {
    this.tell(handler, message)
    const text = this.#why === 'lost' ? 'this system is not connected to its peer' : 'the actor is stopped'
    return Promise.reject(new AskError('stopped', `${handler} of ${this.#path}: ${text}`))
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  watch(watcher: Watcher): void {
    if (this.#ref !== undefined) watcher.terminated(this.#ref, this.#why)
  }

  unwatch(): void {}
}
