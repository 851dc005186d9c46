import { type Observable, Subject } from 'rxjs'
import { Deadlines } from './ask.js'
import type { Behavior } from './behavior.js'
import { ActorCell } from './cell.js'
import { typedRef } from './context.js'
import { SpawnError } from './errors.js'
import { Exposed } from './exposed.js'
import { Family } from './family.js'
import { actorLimits } from './limits.js'
import { Places } from './places.js'
import { Desk, type Receptionist } from './receptionist.js'
import { type ActorRef, type AnyRef, type StopOptions, type Target, targetOf } from './ref.js'
import type { Remote } from './remote.js'
import { type ActorFailure, type DeadLetter, LogLimit, logDeadLetter, logFailure } from './reports.js'
import { Router, type RouterOptions, type Routees } from './router.js'
import { SlowHandlers } from './slow.js'
import { lateStop } from './stop.js'
import type { ActorHost, Surroundings } from './surroundings.js'
import { Temporaries } from './temporary.js'

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
  /** Everything thrown by actors, and handlers that do not return; also logged, at most 50 lines in 10 s. */
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
  /** Who offers what, on all peers. */
  readonly receptionist: Receptionist
  /**
   * A ref that sends each message on to one of several: fixed ones, those of an observable, or those who offer a
   * service. Ends with `stop`, and leaves the others alone.
   */
  router<P>(routees: Routees<P>, options?: RouterOptions): ActorRef<P>
  /**
   * Gives a target that is no actor an address here, so that its ref works on other peers as well. `path` begins
   * with `~`. The target is stopped with the system; whoever exposed it takes it back by `conceal`.
   */
  expose(path: string, target: Target): AnyRef
  conceal(path: string): void
  /** Lets refs of other nodes lead to them. Once. */
  connect(remote: Remote): void
  /**
   * A ref of the node `*`, which works at every peer: wherever it comes to, it leads to what that peer has placed
   * under this path.
   */
  place(path: string, target: Target): AnyRef
  /** Reports a message that a target outside of this system could not deliver: to the stream and the log. */
  deadLetter(letter: DeadLetter): void
  /**
   * Stops everything and completes the streams. The engine must run until this resolves. After `deadlineMs` it
   * rejects with a `StopError` that names who does not end; the streams complete all the same.
   */
  shutdown(options?: StopOptions): Promise<void>
}

export interface ActorSystemOptions {
  readonly host: ActorHost
  readonly name: string
  /** The folder on `host.disk` in which durable actors keep theirs. */
  readonly data?: string
  /** The peer that the system belongs to, `MEMBER.INCARNATION`; empty (default): none. */
  readonly node?: string
  /** Default 5,000. */
  readonly askTimeoutMs?: number
  /** An asynchronous handler that does not return for so long is reported. Default 10,000. */
  readonly handlerLimitMs?: number
}

/** Makes an empty system; several may share one engine. */
export function actorSystem(options: ActorSystemOptions): ActorSystem {
  const { name } = options
  const tree = new Tree(options)
  return {
    name,
    node: tree.surroundings.node,
    failures$: tree.failures$.asObservable(),
    deadLetters$: tree.deadLetters$.asObservable(),
    spawn: (behavior, child) => tree.spawn(behavior, child),
    stop: (ref, stopOptions) => ref[targetOf].stop(stopOptions),
    local: (path, uid) => tree.places.local(path, uid),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    resolve: <P>(text: string) => tree.places.resolve(text) as ActorRef<P>,
    place: (path, target) => tree.places.place(path, target),
    receptionist: tree.desk,
    router: (routees, routerOptions) => tree.router(routees, routerOptions),
    expose: (path, target) => tree.exposed.add(path, target),
    conceal: (path) => tree.exposed.delete(path),
    connect: (remote) => {
      tree.places.connect(remote)
      remote.attach?.(tree.desk)
    },
    deadLetter: (letter) => tree.dead(letter),
    shutdown: (stopOptions) => tree.shutdown(stopOptions),
  }
}

class Tree {
  readonly path: string
  readonly surroundings: Surroundings
  readonly places: Places
  readonly failures$ = new Subject<ActorFailure>()
  readonly deadLetters$ = new Subject<DeadLetter>()
  readonly desk: Desk = new Desk()
  readonly exposed: Exposed
  readonly #family: Family
  #childless: (() => void) | undefined
  #closed: Promise<void> | undefined
  /** Dead letters to nobody. */
  #lost = 0
  #routers = 0

  constructor(options: ActorSystemOptions) {
    const { host, name } = options
    this.path = name
    const { engine, timers } = host
    const node = options.node ?? ''
    const askTimeoutMs = options.askTimeoutMs ?? actorLimits.askTimeoutMs
    const deadlines = new Deadlines(engine, timers, `${name}/$asks`)
    let lastUid = 0
    const nextUid = (): number => ++lastUid
    const dead = (letter: DeadLetter): void => this.dead(letter)
    const temporaries = new Temporaries({ node, path: name, askTimeoutMs, deadlines, nextUid, dead })
    const handlerLimitMs = options.handlerLimitMs ?? actorLimits.handlerLimitMs
    const slow = new SlowHandlers(timers, handlerLimitMs, (path, during) =>
      this.#stuck(path, during, handlerLimitMs),
    )
    const common = {
      host,
      data: options.data,
      node,
      askTimeoutMs,
      nextUid,
      deadlines,
      slow,
      asker: temporaries,
    }
    this.surroundings = { ...common, ...this.#reports(host) }
    this.#family = new Family(this, undefined)
    this.exposed = new Exposed(node, nextUid, temporaries)
    this.places = new Places({
      node,
      name,
      family: this.#family,
      temporaries,
      exposed: this.exposed,
      dead,
    })
  }

  dead(letter: DeadLetter): void {
    this.surroundings.dead(letter, ++this.#lost)
  }

  router<P>(routees: Routees<P>, options: RouterOptions = {}): ActorRef<P> {
    const { desk, exposed } = this
    const { timers } = this.surroundings.host
    const ports = { timers, receptionist: desk, exposed, dead: (letter: DeadLetter) => this.dead(letter) }
    const { ref } = new Router(ports, `~router-${++this.#routers}`, routees, options)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it understands what its routees do
    return ref as ActorRef<P>
  }

  spawn<P>(behavior: Behavior<P>, name: string): ActorRef<P> {
    if (this.#closed !== undefined)
      throw new SpawnError(
        'stopped',
        `The system ${this.path} is shut down: it can have no new actor "${name}"`,
      )
    const create = (plan: ActorCell['plan']): ActorCell =>
      new ActorCell(this.surroundings, this.#family, name, plan)
    return typedRef(behavior, this.#family.add(behavior, name, create))
  }

  shutdown(options: StopOptions = {}): Promise<void> {
    return (this.#closed ??= this.#close(options))
  }

  /** Nothing is above: its supervision is the usual one, which does not escalate. */
  escalated(): void {}

  childless(): void {
    this.#childless?.()
  }

  async #close({ drain = false, deadlineMs }: StopOptions): Promise<void> {
    const { slow, deadlines, host } = this.surroundings
    try {
      await new Promise<void>((resolve, reject) => {
        const deadline =
          deadlineMs === undefined
            ? undefined
            : host.timers.set(deadlineMs, () => reject(lateStop(this.#family, this.path, deadlineMs)))
        this.#childless = () => {
          deadline?.cancel()
          resolve()
        }
        this.#family.stopAll({ drain })
      })
    } finally {
      await this.exposed.stopAll()
      this.desk.close()
      slow.close()
      deadlines.close()
      this.failures$.complete()
      this.deadLetters$.complete()
    }
  }

  #stuck(path: string, during: string, limitMs: number): void {
    const error = new Error(`${during} of ${path} has not returned for ${limitMs} ms`)
    this.surroundings.failed({ kind: 'stuck', path, during, error, action: 'none' })
  }

  #reports({ log, clock }: ActorHost): Pick<Surroundings, 'failed' | 'dead'> {
    const failureLog = new LogLimit(log, clock, 'actor-failed')
    const letterLog = new LogLimit(log, clock, 'dead-letter')
    return {
      failed: (failure) => {
        logFailure(failureLog, failure)
        this.failures$.next(failure)
      },
      dead: (letter, count) => {
        logDeadLetter(letterLog, letter, count)
        this.deadLetters$.next(letter)
      },
    }
  }
}
