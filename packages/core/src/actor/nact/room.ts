import { type ActorContext, dispatch, Nobody, type Ref, spawn, start, stop } from 'nact'

/** What nact gives a function besides what its types say. */
export type RoomContext = ActorContext<unknown, Ref<unknown>> & { readonly sender: unknown }

/**
 * An actor of nact in which code written for nact runs with a context of nact's own: refs, children and `spawn` are
 * the real ones. What others dispatch to it goes out by `deliver`; what runs in it comes by `enter`.
 *
 * Only nact's public functions are used, so what nact keeps to itself stays out of reach: the children of its
 * children, and that nobody hears of a message to an actor that is gone.
 */
export class Room {
  readonly ref: Ref<unknown>
  readonly #system: Ref<unknown>
  #closed = false

  /** Of `name`, what nact does not take in a name becomes `_`. */
  constructor(name: string, deliver: (message: unknown, sender: unknown) => void) {
    this.#system = start()
    const handle = (_state: unknown, message: unknown, ctx: ActorContext<unknown, Ref<unknown>>): unknown => {
      const context = ctx as RoomContext
      if (message instanceof Visit) return message.run(context)
      deliver(message, isNobody(context.sender) ? undefined : context.sender)
      return undefined
    }
    this.ref = spawn(this.#system, handle, name.replaceAll(/[^a-z0-9-$_.+!*'(),]/gi, '_'), {
      // A net: neither `run` nor `deliver` throws.
      onCrash: (_message, error, ctx) => {
        console.error('tanist: a room of nact threw', error)
        return ctx.resume
      },
    })
  }

  /** Runs `use` in the room, after what came before. Rejects with what it throws. */
  enter<T>(use: (ctx: RoomContext) => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      dispatch(
        this.ref,
        new Visit(async (ctx) => {
          try {
            resolve(await use(ctx))
          } catch (error) {
            reject(error)
          }
        }),
      )
    })
  }

  /** Stops the children that were spawned here by nact's `spawn`. */
  clear(): Promise<void> {
    return this.enter(({ children }) => {
      for (const child of children.values()) stop(child)
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    stop(this.ref)
    stop(this.#system)
  }
}

let answers: Ref<unknown> | undefined
let lastAnswer = 0

/** A ref of nact for one message. Names instead of nact's own temporary refs, whose 32 random bits can meet. */
export class Inbox {
  readonly ref: Ref<unknown>
  #closed = false

  constructor(deliver: (message: unknown) => void) {
    answers ??= start()
    const handle = (_state: unknown, message: unknown): void => {
      this.close()
      deliver(message)
    }
    this.ref = spawn(answers, handle, `answer-${++lastAnswer}`)
  }

  close(): void {
    if (!this.#closed) stop(this.ref)
    this.#closed = true
  }
}

class Visit {
  readonly run: (ctx: RoomContext) => Promise<void>
  constructor(run: (ctx: RoomContext) => Promise<void>) {
    this.run = run
  }
}

/** The sender of what nobody sent. */
export function nobody(): unknown {
  return new Nobody()
}

/** Sends to a ref of nact; to something else never. */
export function dispatchTo(ref: unknown, message: unknown): void {
  if (isNactRef(ref)) dispatch(ref, message)
}

function isNobody(value: unknown): boolean {
  return typeof value !== 'object' || value === null || !('type' in value) || value.type === 'nobody'
}

function isNactRef(value: unknown): value is Ref<unknown> {
  return typeof value === 'object' && value !== null && 'system' in value
}
