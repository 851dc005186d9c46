import { StashError } from './errors.js'
import type { Entry, Mailbox } from './mailbox.js'
import type { Port } from './port.js'

/** Messages of one actor that were put aside, in the order of their stashing. */
export class Stash {
  readonly #capacity: number
  readonly #path: string
  #entries: Entry<Port>[] = []
  /** The message that is handled, when it was stashed. */
  #current: Entry<Port> | undefined

  constructor(capacity: number, path: string) {
    this.#capacity = capacity
    this.#path = path
  }

  add(mailbox: Mailbox<Port> | undefined): void {
    if (mailbox?.port === undefined)
      throw new StashError('nothing', `${this.#path} handles no message that it could stash`)
    if (this.#current !== undefined)
      throw new StashError('nothing', `${this.#path} has stashed this message already`)
    if (this.#entries.length >= this.#capacity)
      throw new StashError('full', `${this.#path} has stashed ${this.#capacity} messages, as many as it may`)
    this.#current = { port: mailbox.port, message: mailbox.message }
    this.#entries.push(this.#current)
  }

  /** Everything, also what is being handled, goes back in front of the mailbox. */
  release(mailbox: Mailbox<Port> | undefined): void {
    mailbox?.putFirst(this.#entries)
    this.#entries = []
  }

  /** For good. */
  takeAll(): readonly Entry<Port>[] {
    const entries = this.#entries
    this.#entries = []
    return entries
  }

  /** A handler has ended well: whether its message will be handled later. */
  settle(): boolean {
    const stashed = this.#current !== undefined
    this.#current = undefined
    return stashed
  }

  /** A handler has failed: its message is lost, wherever it was put. */
  takeBack(mailbox: Mailbox<Port> | undefined): void {
    const current = this.#current
    if (current === undefined) return
    this.#current = undefined
    this.#entries = this.#entries.filter((entry) => entry !== current)
    mailbox?.remove(current)
  }
}
