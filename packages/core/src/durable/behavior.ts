import { type AnyHandler, type Ctx, type Definition, reply } from '../actor/behavior.js'
import type { MailboxOptions } from '../actor/mailbox.js'
import type { RestartLimit, Supervision } from '../actor/supervision.js'
import type { ActorWorld } from '../actor/world.js'
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

/** No command has this name. */
const BROKEN = '$disk'

/** Beside an actor's definition: how it begins. */
export function behaviorDefinition(of: AnyDurable, options: Options): Definition {
  const on: Record<string, AnyHandler> = {}
  for (const name of Object.keys(of.commands))
    on[name] = life((living, m, ctx) => living.command(name, m, ctx))
  for (const name of Object.keys(of.queries)) on[name] = life((living, m) => living.query(name, m))
  const { restarts = { max: 0, windowMs: 60_000 }, supervision, mailbox } = options
  return {
    on,
    state: () => new Life(of),
    start: life((living, world, ctx) => living.start(world as ActorWorld, ctx)),
    internal: {
      [BROKEN]: (_living, error) => {
        throw error
      },
    },
    preRestart: (living) => (living as Life).close(),
    postStop: (living) => (living as Life).close(),
    restarts,
    ...(supervision === undefined ? {} : { supervision }),
    ...(mailbox === undefined ? {} : { mailbox }),
  }
}

type Step = (living: Life, message: unknown, ctx: Ctx) => unknown

function life(step: Step): AnyHandler {
  return (living, message, ctx) => step(living as Life, message, ctx)
}

/** The actor between a start and a restart or stop: not recovered yet, then living. */
class Life {
  readonly #of: AnyDurable
  #actor: DurableActor | undefined
  #store: Store | undefined
  #world: ActorWorld | undefined

  constructor(of: AnyDurable) {
    this.#of = of
  }

  /** Recovers. Throws `DurableError`. */
  async start(world: ActorWorld, ctx: Ctx): Promise<this> {
    const { host, data } = world
    this.#world = world
    const folder = this.#of.folder ?? (data === undefined ? undefined : `${data}/${folderName(this.#of.id)}`)
    if (host.disk === undefined || folder === undefined)
      throw new DurableError(
        'no-folder',
        `${this.#of.id} has no place on a disk: give the actor system a host with a disk and the folder \`data\`.`,
      )
    this.#store = new Store(host.disk, folder, this.#of, ctx.log)
    const { timers, random } = host
    let broke!: (error: unknown) => void
    const broken = new Promise<never>((_, reject) => (broke = reject))
    ctx.pipe(broken, { done: BROKEN, failed: BROKEN })
    this.#actor = await DurableActor.recover(this.#of, this.#store, { timers, random, log: ctx.log }, broke)
    return this
  }

  command(name: string, input: unknown, ctx: Ctx): unknown {
    const actor = this.#living()
    const { at } = ctx
    const run = (): unknown => this.#answered(name, actor.command(name, input, at))
    const room = actor.room()
    return room === undefined ? run() : room.then(run)
  }

  query(name: string, input: unknown): unknown {
    return this.#answered(name, this.#living().query(name, input))
  }

  async close(): Promise<void> {
    const store = this.#store
    this.#store = undefined
    if (this.#actor !== undefined) await this.#actor.close()
    else await store?.close()
  }

  #answered(name: string, answer: Promise<unknown>): unknown {
    answer.catch((error: unknown) => {
      if (!(error instanceof DurableError)) this.#world?.report(name, error)
    })
    return reply(this, answer)
  }

  #living(): DurableActor {
    if (this.#actor === undefined) throw new DurableError('disk', `${this.#of.id} has not recovered`)
    return this.#actor
  }
}
