import type { Log } from '../host/index.js'
import type { Behavior, Ctx } from './behavior.js'
import type { ActorCell } from './cell.js'
import type { ActorRef } from './ref.js'

/** The context of one actor; its functions may be taken out of it. */
export function makeContext(cell: ActorCell, log: Log, atMs: () => number): Ctx {
  const path = cell.ref.path
  return {
    self: cell.ref,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    me: <P>() => cell.ref as ActorRef<P>,
    log: {
      write: (level, event, text, data) => log.write(level, event, text, { ...data, actor: path }),
    },
    get at() {
      return atMs()
    },
    spawn: (behavior, name) => typedRef(behavior, cell.spawn(behavior, name)),
    stop: () => void cell.stop(),
    pipe: (promise, to) => cell.pipe(promise, to),
    // Contract only so far.
    ...({} as Pick<
      Ctx,
      'children' | 'watch' | 'unwatch' | 'timers' | 'receiveTimeout' | 'stash' | 'unstash'
    >),
  }
}

/** The one place where a ref gets its protocol: that of the behavior with which its cell was made. */
export function typedRef<P>(_behavior: Behavior<P>, cell: ActorCell): ActorRef<P> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return cell.ref as ActorRef<P>
}
