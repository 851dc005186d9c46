import {
  type ActorRef,
  type AnyRef,
  type Behavior,
  type Ctx,
  type Definition,
  SpawnError,
} from '../../actor/index.js'
import type { Effect } from './effect-types.js'
import { makeStandIn } from './stand-in.js'

/** A context that does nothing and notes everything. */
export function recordingContext(definition: Definition, self: AnyRef, at: number, effects: Effect[]): Ctx {
  const children: AnyRef[] = []
  const timers = new Set<string>()
  const note = (effect: Effect): void => void effects.push(effect)
  const checked = (to: string): string => {
    const names = [...Object.keys(definition.on), ...Object.keys(definition.internal ?? {})]
    if (!names.includes(to)) throw new TypeError(`there is no handler "${to}"; there is ${names.join(', ')}`)
    return to
  }
  const set = (what: 'once' | 'every') => (timer: string, ms: number, to: string, message?: unknown) => {
    note({ do: what, timer, ms, to: checked(to), message })
    timers.add(timer)
  }
  return {
    self,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    me: <P>() => self as ActorRef<P>,
    log: { write: (level, event, text) => note({ do: 'log', level, event, text }) },
    at,
    spawn: <P>(behavior: Behavior<P>, name: string) => {
      const path = `${self.path}/${name}`
      if (children.some((child) => child.path === path))
        throw new SpawnError('taken', `${path} exists: choose another name, or await its stop first`)
      const ref = makeStandIn(path)
      children.push(ref)
      note({ do: 'spawn', name, behavior, ref })
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return ref as ActorRef<P>
    },
    children,
    stop: (ref = self) => {
      if (ref !== self && !children.includes(ref))
        throw new TypeError(`${ref.path} is no child of ${self.path}: it stops itself and its children only`)
      note({ do: 'stop', ref })
    },
    watch: (ref, to) => note({ do: 'watch', ref, to: checked(to) }),
    unwatch: (ref) => note({ do: 'unwatch', ref }),
    timers: {
      once: set('once'),
      every: set('every'),
      cancel: (timer) => {
        timers.delete(timer)
        note({ do: 'cancel', timer })
      },
      has: (timer) => timers.has(timer),
    },
    receiveTimeout: (ms, to, message) => note({ do: 'receive-timeout', ms, to: checked(to), message }),
    stash: () => note({ do: 'stash' }),
    unstash: () => note({ do: 'unstash' }),
    pipe: (promise, { done, failed }) =>
      note({ do: 'pipe', promise, done: checked(done), failed: checked(failed) }),
  }
}
