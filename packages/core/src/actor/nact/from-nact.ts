import { type Behavior, type Ctx, definitionOf, reply } from '../behavior.js'
import { worldOf } from '../context.js'
import type { MailboxOptions } from '../mailbox.js'
import type { RestartLimit, Supervision } from '../supervision.js'
import type { Timer } from '../../host/index.js'
import { nactLogger } from './log.js'
import { FromNact, houseOf, type NactProtocol, withNactRefs } from './nact-ref.js'
import { Inbox, nobody, Room, type RoomContext } from './room.js'

/** The context of nact, and ours beside it. */
export type NactContext = RoomContext & {
  /** The context of the actor that it is now: timers, watches, children that are supervised. */
  readonly actor: Ctx
}

/** An actor function of nact; `this` is the context, too. */
export type NactFunction<S, M> = (state: S, message: M, ctx: NactContext) => S | Promise<S>

/** What nact's `spawn` takes, but for `onCrash`; and what actors of ours take. */
export interface FromNactOptions<S> {
  readonly initialState?: S
  /** Runs at the start and after each restart. Better than `initialState`, which a restart takes as the function left it. */
  readonly initialStateFunc?: (ctx: NactContext) => S | Promise<S>
  readonly afterStop?: (state: S, ctx: NactContext) => void | Promise<void>
  /** Stops the actor when no message has come for so long. */
  readonly shutdownAfter?: number
  readonly restarts?: RestartLimit
  readonly supervision?: Supervision
  readonly mailbox?: MailboxOptions
  /** How long an answer to a `query` is waited for. Default 60,000 ms; the ask has its own deadline besides. */
  readonly answerWithinMs?: number
}

const IDLE = '$idle'
const FAILED = '$failed'
const BEGUN = '$begun'

/**
 * An actor function that was written for nact as an actor of ours, unchanged: supervised, watched, with a bounded
 * mailbox, and reached from other peers by `ref.tell.dispatch(message)` and `await ref.ask.query(message)`, from nact
 * by `nactRef(ref)`.
 *
 * - It runs in an actor of nact, one message a turn of the loop, so its context is nact's own: `self`, `name`, `path`,
 *   `children`, `sender`, and children spawned by `spawn(ctx.self, ...)`. `ctx.log` writes to our log; `ctx.parent` is a
 *   system of nact of its own; `ctx.actor` is our context.
 * - What it throws is a failure of the actor, answered by our supervision instead of `onCrash`. A restart begins with
 *   fresh state and stops the children spawned by nact. These are nact's and not supervised; their own children nact
 *   does not stop. Spawn with `ctx.actor.spawn(fromNact(...), name)` what is to be supervised.
 * - Refs of ours in a message or one of its fields become refs that nact's `dispatch` understands.
 * - It runs on nact's own turns and so does not belong into a simulated world, whose time stands still meanwhile.
 *
 * @example
 * const counter = fromNact((state: number, msg: { by: number } | 'get', ctx) => {
 *   if (msg === 'get') dispatch(ctx.sender, state)
 *   return msg === 'get' ? state : state + msg.by
 * }, { initialState: 0 })
 * const ref = system.spawn(counter, 'counter')
 * ref.tell.dispatch({ by: 2 })
 * await ref.ask.query('get') // 2
 */
export function fromNact<S, M, R = unknown>(
  run: NactFunction<S, M>,
  options: FromNactOptions<S> = {},
): Behavior<NactProtocol<M, R>> {
  const { restarts, supervision, mailbox } = options
  const general = { run: run as NactFunction<unknown, unknown>, options: options as FromNactOptions<unknown> }
  return {
    [definitionOf]: {
      state: (ctx) => new Guest(general, ctx),
      on: {
        dispatch: (state, message, ctx) => guest(state).dispatch(message, ctx),
        query: (state, message, ctx) => guest(state).query(message, ctx),
      },
      internal: {
        [BEGUN]: (state) => state,
        [FAILED]: (_state, error) => {
          throw error
        },
        [IDLE]: (state, _message, ctx) => {
          ctx.stop()
          return state
        },
      },
      preRestart: (state) => guest(state).clear(),
      postStop: (state, ctx) => guest(state).end(ctx),
      ...(restarts === undefined ? {} : { restarts }),
      ...(supervision === undefined ? {} : { supervision }),
      ...(mailbox === undefined ? {} : { mailbox }),
    },
  }
}

function guest(state: unknown): Guest {
  return state as Guest
}

interface General {
  readonly run: NactFunction<unknown, unknown>
  readonly options: FromNactOptions<unknown>
}

/** One life of the actor in its room; the room outlives restarts, so that nact's refs to it stay good. */
class Guest {
  readonly #of: General
  readonly #room: Room
  #state: unknown

  constructor(of: General, ctx: Ctx) {
    this.#of = of
    this.#state = of.options.initialState
    this.#room = roomFor(ctx)
    const { initialStateFunc, shutdownAfter } = of.options
    if (shutdownAfter !== undefined) ctx.receiveTimeout(shutdownAfter, IDLE)
    if (initialStateFunc === undefined) return
    const begun = this.#room.enter(async (inside) => {
      this.#state = await initialStateFunc(this.#context(inside, undefined, ctx))
    })
    ctx.pipe(begun, { done: BEGUN, failed: FAILED })
  }

  async dispatch(message: unknown, ctx: Ctx): Promise<this> {
    const { content, sender } =
      message instanceof FromNact
        ? { content: message.message, sender: message.sender }
        : { content: message, sender: undefined }
    await this.#handle(content, sender, ctx)
    return this
  }

  async query(message: unknown, ctx: Ctx): Promise<unknown> {
    const answer = new Answer(ctx, this.#of.options.answerWithinMs ?? 60_000)
    try {
      await this.#handle(message, answer.sender, ctx)
    } catch (error) {
      answer.close()
      throw error
    }
    return reply(this, answer.value)
  }

  clear(): Promise<void> {
    return this.#room.clear()
  }

  async end(ctx: Ctx): Promise<void> {
    const { afterStop } = this.#of.options
    try {
      if (afterStop !== undefined)
        await this.#room.enter((inside) => afterStop(this.#state, this.#context(inside, undefined, ctx)))
      await this.#room.clear()
    } finally {
      this.#room.close()
    }
  }

  async #handle(message: unknown, sender: unknown, ctx: Ctx): Promise<void> {
    await this.#room.enter(async (inside) => {
      const context = this.#context(inside, sender, ctx)
      this.#state = await this.#of.run.call(context, this.#state, withNactRefs(message), context)
    })
  }

  #context(inside: RoomContext, sender: unknown, actor: Ctx): NactContext {
    return { ...inside, sender: sender ?? nobody(), log: nactLogger(actor.log), actor }
  }
}

function roomFor(ctx: Ctx): Room {
  const { self } = ctx
  const me = ctx.me<NactProtocol<unknown>>()
  const name = self.path.slice(self.path.lastIndexOf('/') + 1)
  return houseOf(
    self,
    () => new Room(name, (message, sender) => void me.tell.dispatch(new FromNact(message, sender))),
  )
}

/** The `ctx.sender` of a query: the first thing that is dispatched to it is the answer. */
class Answer {
  readonly value: Promise<unknown>
  readonly #inbox: Inbox
  readonly #deadline: Timer

  constructor(ctx: Ctx, withinMs: number) {
    let resolve!: (value: unknown) => void
    let reject!: (error: unknown) => void
    this.value = new Promise((yes, no) => {
      resolve = yes
      reject = no
    })
    this.#inbox = new Inbox((message) => {
      this.#deadline.cancel()
      resolve(message)
    })
    this.#deadline = worldOf(ctx).host.timers.set(withinMs, () => {
      this.#inbox.close()
      reject(new Error(`nothing was dispatched to ctx.sender within ${withinMs} ms`))
    })
  }

  get sender(): unknown {
    return this.#inbox.ref
  }

  close(): void {
    this.#deadline.cancel()
    this.#inbox.close()
  }
}
