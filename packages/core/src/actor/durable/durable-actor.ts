import { ImageWriter } from '../../codec/index.js'
import { eventMakers } from '../../events/index.js'
import type { Host, Log } from '../../host/index.js'
import type { JournalError } from '../../journal/index.js'
import { type Decided, decide } from './decide.js'
import { DurableError, durableError } from './errors.js'
import { AnswerLine } from './line.js'
import { durableLimits } from './limits.js'
import { SNAPSHOT_FORMAT } from './record.js'
import { replay } from './replay.js'
import type { Store } from './store.js'
import type { AnyDurable, DurableCtx } from './types.js'

export interface DurableWorld extends Pick<Host, 'timers' | 'random'> {
  readonly log: Log
  /** A recovery ends early when its actor was stopped. */
  readonly isClosed: () => boolean
}

/**
 * A durable actor that has recovered.
 *
 * - Commands are decided at once, on the state that the ones before them made, and journalled in that order; what
 *   comes while one sync runs shares the next.
 * - Answers wait until everything they rest on is durable, and leave in the order of the questions. So nobody has
 *   seen what a power cut takes away.
 * - After a failure of the disk nothing is decided or answered any more.
 */
export class DurableActor {
  readonly #of: AnyDurable
  readonly #store: Store
  readonly #world: DurableWorld
  readonly #on: unknown
  readonly #line: AnswerLine
  readonly #broke: (error: unknown) => void
  #state: unknown
  #inFlightBytes = 0
  #durable: number
  #room: (() => void) | undefined
  #failure: unknown
  #closed = false
  #sinceEntries = 0
  #sinceBytes = 0
  /** To be written as soon as its entry is durable. */
  #due: { readonly index: number; readonly state: unknown } | undefined
  #writing = false

  private constructor(
    of: AnyDurable,
    store: Store,
    state: unknown,
    world: DurableWorld,
    broke: (error: unknown) => void,
  ) {
    this.#of = of
    this.#store = store
    this.#state = state
    this.#world = world
    this.#broke = broke
    this.#on = eventMakers(of.events)
    this.#durable = store.lastIndex
    this.#line = new AnswerLine(this.#durable)
    this.#sinceEntries = store.lastIndex - (store.newest?.index ?? 0)
  }

  /** Recovers what the store holds. `broke` is called at most once, when the disk fails later. Throws `DurableError`. */
  static async recover(
    of: AnyDurable,
    store: Store,
    world: DurableWorld,
    broke: (error: unknown) => void,
  ): Promise<DurableActor> {
    const state = await replay(of, store, () => pauseUnlessClosed(of, world))
    // Before it answers for what it found, that has to survive a power cut.
    await new Promise<void>((resolve, reject) => {
      store.confirm((error) => (error === undefined ? resolve() : reject(durableError(of.id, error))))
    })
    return new DurableActor(of, store, state, world, broke)
  }

  /** The promise of an outcome, which does not hold up the next command. Throws once the disk has failed. */
  command(name: string, input: unknown, at: number): Promise<unknown> {
    if (this.#failure !== undefined) throw this.#failure
    const ctx: DurableCtx = { at, id: () => this.#world.random.id() }
    let decided: Decided
    try {
      decided = decide(this.#of, name, this.#state, input, this.#on, ctx)
    } catch (error) {
      return this.#line.refuse(this.#store.lastIndex, error)
    }
    if (decided.payload !== null) this.#append(decided.payload, decided.next)
    return this.#line.answer(this.#store.lastIndex, decided.outcome)
  }

  query(name: string, input: unknown): Promise<unknown> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return this.#line.answer(this.#store.lastIndex, this.#of.queries[name]!(this.#state, input))
    } catch (error) {
      return this.#line.refuse(this.#store.lastIndex, error)
    }
  }

  /** Undefined, or what the next command has to wait for: too much is under way to the disk. */
  room(): Promise<void> | undefined {
    const entries = this.#store.lastIndex - this.#durable
    if (entries < durableLimits.inFlightEntries && this.#inFlightBytes < durableLimits.inFlightBytes)
      return undefined
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  /** Flushes, answers what waits, and gives the folder back. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#store.close()
  }

  #append(payload: Uint8Array, next: unknown): void {
    const index = this.#store.lastIndex + 1
    this.#state = next
    this.#inFlightBytes += payload.length
    this.#sinceEntries++
    this.#sinceBytes += payload.length
    const { snapshotEvery, snapshotBytes } = this.#of
    if (
      !this.#writing &&
      this.#due === undefined &&
      (this.#sinceEntries >= snapshotEvery || this.#sinceBytes >= snapshotBytes)
    ) {
      this.#due = { index, state: next }
      this.#sinceEntries = 0
      this.#sinceBytes = 0
    }
    this.#store.append(payload, (error) => this.#synced(index, payload.length, error))
  }

  #synced(index: number, bytes: number, error: JournalError | undefined): void {
    if (error !== undefined) return this.#fail(error)
    this.#durable = index
    this.#inFlightBytes -= bytes
    this.#line.durable(index)
    this.#makeRoom()
    if (this.#due === undefined || this.#due.index > index || this.#closed) return
    const due = this.#due
    this.#due = undefined
    void this.#snapshot(due.index, due.state)
  }

  #fail(error: JournalError): void {
    if (this.#failure !== undefined) return
    this.#failure = durableError(this.#of.id, error)
    this.#line.fail(this.#failure)
    this.#makeRoom()
    this.#broke(this.#failure)
  }

  #makeRoom(): void {
    this.#room?.()
    this.#room = undefined
  }

  /** Never rejects: without it the journal stays longer, and the next one is tried as usual. */
  async #snapshot(index: number, state: unknown): Promise<void> {
    this.#writing = true
    const { id, version } = this.#of
    const image = new ImageWriter([{ format: SNAPSHOT_FORMAT, v: version, id }, state].values())
    let writer: ReturnType<Store['beginSnapshot']> | undefined
    try {
      writer = this.#store.beginSnapshot(index)
      for (let bytes = image.next(); bytes !== null; bytes = image.next()) {
        writer.write(bytes)
        await pause(this.#world)
        if (this.#closed) return
      }
      await writer.finish()
    } catch (error) {
      writer?.abort()
      const text = `${id} could not write its snapshot up to entry ${index}; its journal grows until one succeeds.`
      this.#world.log.write('error', 'durable-snapshot-failed', text, { index, error })
    }
    this.#writing = false
  }
}

/** Lets timers, sockets and other actors have their turn. */
function pause({ timers }: DurableWorld): Promise<void> {
  return new Promise((resolve) => {
    timers.set(0, resolve)
  })
}

async function pauseUnlessClosed({ id }: AnyDurable, world: DurableWorld): Promise<void> {
  await pause(world)
  if (world.isClosed()) throw new DurableError('stopped', `${id} was stopped while it recovered`)
}
