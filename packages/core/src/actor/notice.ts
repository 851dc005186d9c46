import type { ActorCell } from './cell.js'

/** What the layer itself puts into a mailbox: what timers, watches and pipes bring. */
export interface Notice {
  /** The handler that it is for. */
  readonly to: string
  readonly message: unknown
  /** Its turn has come. False: it no longer counts. */
  take(cell: ActorCell): boolean
  /** Its actor stopped before. */
  lost(cell: ActorCell): void
}

export function noticeOf(message: unknown): Notice {
  // Only `ActorCell.notify` puts something on the port of notices.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return message as Notice
}

/** Brings the outcome of a promise to the incarnation that asked for it. */
export function pipe(
  cell: ActorCell,
  promise: PromiseLike<unknown>,
  to: { readonly done: string; readonly failed: string },
): void {
  const { plan, incarnation } = cell
  plan.checkOwn(to.done, cell.path)
  plan.checkOwn(to.failed, cell.path)
  const bring = (handler: string, message: unknown): void => {
    const notice = new Piped(handler, message, incarnation)
    if (incarnation !== cell.incarnation || !cell.notify(notice)) notice.lost(cell)
  }
  promise.then(
    (value) => bring(to.done, value),
    (error: unknown) => bring(to.failed, error),
  )
}

class Piped implements Notice {
  readonly to: string
  readonly message: unknown
  readonly #incarnation: number

  constructor(to: string, message: unknown, incarnation: number) {
    this.to = to
    this.message = message
    this.#incarnation = incarnation
  }

  take(cell: ActorCell): boolean {
    if (cell.incarnation === this.#incarnation) return true
    this.lost(cell)
    return false
  }

  lost(cell: ActorCell): void {
    cell.loseMessage(this.to, this.message, 'stopped')
  }
}
