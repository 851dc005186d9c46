import { type Observable, Subject } from 'rxjs'
import type { Host } from '../host/index.js'
import { type Behavior, definitionOf } from './behavior.js'
import { ActorCell, type Surroundings } from './cell.js'
import { typedRef } from './context.js'
import { SpawnError } from './errors.js'
import { Family } from './family.js'
import { actorLimits } from './limits.js'
import { DeadEnd } from './dead-end.js'
import {
  type ActorRef,
  type AnyRef,
  makeRef,
  parseRefText,
  type StopOptions,
  type Target,
  targetOf,
} from './ref.js'
import type { Remote } from './remote.js'
import { type ActorFailure, type DeadLetter, logDeadLetter, logFailure } from './reports.js'

/**
 * A tree of actors.
 *
 * - Messages of one sender to one actor arrive in order; each is handled once, or is a dead letter.
 * - Stopping goes from the leaves up: the children of an actor stop one after another, the youngest first, each
 *   after its own children; then its `postStop` runs, exactly once and after its last handler.
 */
export interface ActorSystem {
  readonly name: string
  /** The peer that the system belongs to, `MEMBER.INCARNATION`; empty: none. */
  readonly node: string
  /** Everything thrown by actors; also logged. */
  readonly failures$: Observable<ActorFailure>
  /** Every message that no handler got; also logged, thinned out. */
  readonly deadLetters$: Observable<DeadLetter>
  /** Starts a top-level actor. Throws `SpawnError`, or what the behavior's `state()` throws. */
  spawn<P>(behavior: Behavior<P>, name: string): ActorRef<P>
  /** Resolves when the actor and all below it have stopped. Not to be awaited in a handler of that actor. */
  stop(ref: AnyRef, options?: StopOptions): Promise<void>
  /** The actor here that bears this path and uid now; uid 0: whoever bears the path. */
  local(path: string, uid: number): Target | undefined
  /**
   * The ref that a text of `refText` names, with the protocol that the caller knows. It never throws for an actor
   * that is gone: that ref leads to dead letters. A text of another form is a `TypeError`.
   */
  resolve<P>(text: string): ActorRef<P>
  /** Lets refs of other nodes lead to them. Once. */
  connect(remote: Remote): void
  /**
   * Makes refs of the node `*` and this path lead to `ref` here: one that stands for a thing that every peer has.
   */
  place(ref: AnyRef): void
  /** Reports a message that a target outside of this system could not deliver: to the stream and the log. */
  deadLetter(letter: DeadLetter): void
  /** Stops everything and completes the streams. The engine must run until this resolves. */
  shutdown(): Promise<void>
}

export interface ActorSystemOptions {
  readonly host: Pick<Host, 'engine' | 'clock' | 'timers' | 'log' | 'random'>
  readonly name: string
  /** The peer that the system belongs to, `MEMBER.INCARNATION`; empty (default): none. */
  readonly node?: string
  /** Default 5,000. */
  readonly askTimeoutMs?: number
}

/** Makes an empty system; several may share one engine. */
export function actorSystem(options: ActorSystemOptions): ActorSystem {
  const { host, name } = options
  const failures$ = new Subject<ActorFailure>()
  const deadLetters$ = new Subject<DeadLetter>()
  const family = new Family<ActorCell>(name)
  const places = new Map<string, AnyRef>()
  let lastUid = 0
  let lost = 0
  let remote: Remote | undefined
  let closed: Promise<void> | undefined

  const surroundings: Surroundings = {
    host,
    askTimeoutMs: options.askTimeoutMs ?? actorLimits.askTimeoutMs,
    node: options.node ?? '',
    nextUid: () => ++lastUid,
    failed: (failure) => {
      logFailure(host.log, failure)
      failures$.next(failure)
    },
    dead: (letter, count) => {
      logDeadLetter(host.log, letter, count)
      deadLetters$.next(letter)
    },
  }

  async function close(): Promise<void> {
    await family.stopAll()
    failures$.complete()
    deadLetters$.complete()
  }

  function local(path: string, uid: number): Target | undefined {
    if (!path.startsWith(`${name}/`)) return undefined
    const [first = '', ...rest] = path.slice(name.length + 1).split('/')
    let cell = family.get(first)
    for (const part of rest) cell = cell?.child(part)
    return cell !== undefined && (uid === 0 || cell.ref.uid === uid) ? cell : undefined
  }

  function resolve<P>(text: string): ActorRef<P> {
    const place = parseRefText(text)
    if (place === null) throw new TypeError(`"${text}" is no ref: it has the form tanist:NODE/PATH#UID`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return find(place.node, place.path, place.uid) as ActorRef<P>
  }

  function find(node: string, path: string, uid: number): AnyRef {
    const placed = node === '*' ? places.get(path) : undefined
    if (placed !== undefined) return placed
    const own = node === surroundings.node
    const living = own ? local(path, uid) : undefined
    if (living instanceof ActorCell && uid !== 0) return living.ref
    const target = living ?? (own ? undefined : remote?.target(node, path, uid))
    if (target !== undefined) return makeRef(node, path, uid, target)
    const end = new DeadEnd(path, own ? 'stopped' : 'lost', (letter) => surroundings.dead(letter, ++lost))
    return end.bind(makeRef(node, path, uid, end))
  }

  return {
    name,
    node: surroundings.node,
    failures$: failures$.asObservable(),
    deadLetters$: deadLetters$.asObservable(),
    spawn(behavior, child) {
      if (closed !== undefined)
        throw new SpawnError(
          'stopped',
          `The system ${name} is shut down: it can have no new actor "${child}"`,
        )
      const create = (path: string, stopped: () => void): ActorCell =>
        new ActorCell(surroundings, path, behavior[definitionOf], stopped)
      return typedRef(behavior, family.add(child, create))
    },
    stop: (ref, stopOptions) => ref[targetOf].stop(stopOptions),
    local,
    resolve,
    connect(other) {
      if (remote !== undefined) throw new Error(`The system ${name} is connected already`)
      if (other.node !== surroundings.node)
        throw new Error(`The system ${name} belongs to "${surroundings.node}", not to "${other.node}"`)
      remote = other
    },
    place: (ref) => void places.set(ref.path, ref),
    deadLetter: (letter) => surroundings.dead(letter, ++lost),
    shutdown: () => (closed ??= close()),
  }
}
