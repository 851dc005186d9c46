import type { Log } from '../host/index.js'
import { type ActorTimers, type Behavior, type Ctx } from './behavior.js'
import { belongingsOf } from './belongings.js'
import type { ActorCell } from './cell.js'
import { pipe } from './notice.js'
import { type ActorRef, type AnyRef } from './ref.js'
import { stopChild } from './stop.js'

/** The context of one actor. Its functions may be taken out of it; they are made on the way, to keep actors small. */
export class ActorContext implements Ctx {
  readonly #cell: ActorCell

  constructor(cell: ActorCell) {
    this.#cell = cell
  }

  get self(): AnyRef {
    return this.#cell.ref
  }

  get me(): Ctx['me'] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return <P>() => this.#cell.ref as ActorRef<P>
  }

  get log(): Log {
    const { path, surroundings } = this.#cell
    return {
      write: (level, event, text, data) =>
        surroundings.host.log.write(level, event, text, { ...data, actor: path }),
    }
  }

  get at(): number {
    return this.#cell.atMs
  }

  get spawn(): Ctx['spawn'] {
    return (behavior, name) => typedRef(behavior, this.#cell.spawn(behavior, name))
  }

  get children(): readonly AnyRef[] {
    return Array.from(this.#cell.family?.values() ?? [], (child) => child.ref)
  }

  get stop(): Ctx['stop'] {
    return (child) => stopChild(this.#cell, child)
  }

  get watch(): Ctx['watch'] {
    return (ref, to) => belongingsOf(this.#cell).watches.add(ref, to)
  }

  get unwatch(): Ctx['unwatch'] {
    return (ref) => belongingsOf(this.#cell).watches.remove(ref)
  }

  get timers(): ActorTimers {
    return belongingsOf(this.#cell).timers
  }

  get receiveTimeout(): Ctx['receiveTimeout'] {
    return (afterMs, to, message) => belongingsOf(this.#cell).receiveTimeout(afterMs, to, message)
  }

  get stash(): Ctx['stash'] {
    return () => belongingsOf(this.#cell).stashOf().add(this.#cell.mailbox)
  }

  get unstash(): Ctx['unstash'] {
    return () => this.#cell.belongings?.stash?.release(this.#cell.mailbox)
  }

  get pipe(): Ctx['pipe'] {
    return (promise, to) => pipe(this.#cell, promise, to)
  }
}

/** The one place where a ref gets its protocol: that of the behavior with which its cell was made. */
export function typedRef<P>(_behavior: Behavior<P>, cell: ActorCell): ActorRef<P> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return cell.ref as ActorRef<P>
}
