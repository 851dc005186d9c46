import { type AnyHandler, type Ctx, type Definition, reply } from '../behavior.js'
import { worldOf } from '../context.js'
import type { MailboxOptions } from '../mailbox.js'
import type { RestartLimit, Supervision } from '../supervision.js'
import { DurableActor } from './durable-actor.js'
import { DurableError } from './errors.js'
import { folderName } from './names.js'
import { Store } from './store.js'
import type { AnyDurable } from './types.js'

interface Options {
  readonly restarts?: RestartLimit
  readonly supervision?: Supervision
  readonly mailbox?: MailboxOptions
}

/** Handlers that no command can have the name of: the disk failed, nothing is to be done. */
const BROKEN = '$broken'
const FINE = '$fine'

/** A durable actor as the layer runs it. */
export function behaviorDefinition(of: AnyDurable, options: Options): Definition {
  const on: Record<string, AnyHandler> = {}
  for (const name of Object.keys(of.commands)) on[name] = (life, m, ctx) => asLife(life).command(name, m, ctx)
  for (const name of Object.keys(of.queries)) on[name] = (life, m) => asLife(life).query(name, m)
  const { restarts = { max: 0, windowMs: 60_000 }, supervision, mailbox } = options
  return {
    state: (ctx) => new Life(of, ctx),
    on,
    internal: {
      [BROKEN]: (_life, error) => {
        throw error
      },
      [FINE]: (life) => life,
    },
    preRestart: (life) => asLife(life).close(),
    postStop: (life) => asLife(life).close(),
    restarts,
    ...(supervision === undefined ? {} : { supervision }),
    ...(mailbox === undefined ? {} : { mailbox }),
  }
}

function asLife(state: unknown): Life {
  return state as Life
}

/**
 * The actor from a start to its restart or stop. It recovers at once; the first message that comes meanwhile waits for
 * that, and so the rest of the mailbox does.
 */
class Life {
  readonly #of: AnyDurable
  readonly #recovering: Promise<DurableActor>
  #actor: DurableActor | undefined
  #closed = false

  constructor(of: AnyDurable, ctx: Ctx) {
    this.#of = of
    let reject!: (error: unknown) => void
    const broken = new Promise<never>((_, no) => (reject = no))
    // Whoever closed it knows already.
    const broke = (error: unknown): void => {
      if (!this.#closed) reject(error)
    }
    this.#recovering = this.#recover(ctx, broke)
    ctx.pipe(broken, { done: FINE, failed: BROKEN })
    this.#recovering.then((actor) => {
      this.#actor = actor
    }, broke)
  }

  command(name: string, input: unknown, ctx: Ctx): unknown {
    const { at } = ctx
    return this.#living((actor) => {
      const run = (): unknown => reply(this, actor.command(name, input, at))
      const room = actor.room()
      return room === undefined ? run() : room.then(run)
    })
  }

  query(name: string, input: unknown): unknown {
    return this.#living((actor) => reply(this, actor.query(name, input)))
  }

  /** Ends a recovery, or flushes; then the folder is free again. */
  async close(): Promise<void> {
    this.#closed = true
    const actor = await this.#recovering.catch(() => undefined)
    await actor?.close()
  }

  #living(use: (actor: DurableActor) => unknown): unknown {
    return this.#actor === undefined ? this.#recovering.then(use) : use(this.#actor)
  }

  async #recover(ctx: Ctx, broke: (error: unknown) => void): Promise<DurableActor> {
    const { host, data } = worldOf(ctx)
    const { id, folder } = this.#of
    const path = folder ?? (data === undefined ? undefined : `${data}/${folderName(id)}`)
    const { disk, timers, random } = host
    if (disk === undefined || path === undefined)
      throw new DurableError(
        'no-folder',
        `${id} has no place on a disk: give the actor system a host with a disk and the folder \`data\`.`,
      )
    const store = new Store(disk, path, this.#of, ctx.log)
    try {
      const world = { timers, random, log: ctx.log, isClosed: () => this.#closed }
      return await DurableActor.recover(this.#of, store, world, broke)
    } catch (error) {
      await store.close()
      throw error
    }
  }
}
