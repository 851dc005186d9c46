import {
  type ActorFailure,
  type ActorRef,
  type ActorSystem,
  actor,
  type AnyRef,
  type Behavior,
  type Ctx,
  type DeadLetter,
  type Next,
  reply,
  type Supervision,
  type Terminated,
} from '../../src/actor/index.js'

export const deeds = [
  'sync',
  'async',
  'throw',
  'reject',
  'spawn',
  'stop',
  'stop-then-throw',
  'stash',
  'stash-then-throw',
  'unstash',
  'timer',
  'watch',
  'unwatch',
] as const

export interface Deed {
  readonly id: number
  readonly sender: number
  readonly what: (typeof deeds)[number]
  /** Whom it concerns: a watch, for example. */
  readonly other: number
}

/** How an actor and the failures of its children are. */
export interface Temper {
  readonly strategy: NonNullable<Supervision['strategy']>
  readonly decide: 'restart' | 'resume' | 'stop' | 'escalate' | 'throw'
  readonly onLimit: 'stop' | 'escalate'
  readonly hooks: 'fine' | 'throw' | 'reject'
  readonly backoffMs: number
  /** Its factory throws at every so many restarts. */
  readonly factoryFails: number
}

export const restartLimit = { max: 3, windowMs: 1_000 }

type Protocol = { readonly run: (deed: Deed) => number }
export type Node = ActorRef<Protocol>

export type Note =
  | { readonly kind: 'begin'; readonly of: number; readonly what: string; readonly deed?: Deed }
  | { readonly kind: 'end'; readonly of: number; readonly what: string }
  | { readonly kind: 'stashed'; readonly of: number; readonly deed: Deed }
  | { readonly kind: 'timer'; readonly of: number; readonly setIn: number; readonly now: number }
  | { readonly kind: 'watch' | 'unwatch' | 'terminated'; readonly of: number; readonly uid: number }

interface Life {
  readonly node: Node
  readonly parent: number | null
  readonly path: string
  readonly temper: Temper
}

/** A tree of actors that do what they are told, and everything that is seen of them. */
export class Tree {
  readonly notes: Note[] = []
  readonly lives: Life[] = []
  readonly failures: (ActorFailure & { readonly atMs: number })[] = []
  readonly letters: DeadLetter[] = []
  readonly sent: Deed[] = []
  readonly asked = new Map<number, 'waiting' | 'ended'>()
  readonly #system: ActorSystem
  readonly #tempers: readonly Temper[]
  #next = 0

  constructor(system: ActorSystem, tempers: readonly Temper[], nowMs: () => number) {
    this.#system = system
    this.#tempers = tempers
    system.failures$.subscribe((failure) => this.failures.push({ ...failure, atMs: nowMs() }))
    system.deadLetters$.subscribe((letter) => this.letters.push(letter))
  }

  grow(): void {
    this.#born(null, (behavior, name) => this.#system.spawn(behavior, name))
  }

  send(to: number, deed: Deed, ask: boolean): void {
    const node = this.lives[to]?.node
    if (node === undefined) return
    this.sent.push(deed)
    if (!ask) return void node.tell.run(deed)
    this.asked.set(deed.id, 'waiting')
    const ended = (): void => void this.asked.set(deed.id, 'ended')
    node.ask.run(deed).then(ended, ended)
  }

  #born(parent: number | null, spawn: (behavior: Behavior<Protocol>, name: string) => Node): void {
    const of = this.#next++
    const temper = this.#tempers[of % this.#tempers.length]
    if (temper === undefined) throw new Error('no tempers')
    const node = spawn(this.#behavior(of, temper), `n${of}`)
    this.lives[of] = { node, parent, path: node.path, temper }
  }

  #behavior(of: number, temper: Temper): Behavior<Protocol> {
    let incarnation = 0
    const { hooks, backoffMs, decide } = temper
    const backoff = { minMs: backoffMs, maxMs: backoffMs * 2 }
    return actor({
      state: () => {
        this.#note({ kind: 'begin', of, what: 'state' })
        incarnation++
        this.#note({ kind: 'end', of, what: 'state' })
        if (incarnation > 1 && temper.factoryFails > 0 && incarnation % temper.factoryFails === 0)
          throw new Error('factory')
        return incarnation
      },
      // Some outcomes are promises; the type need not know.
      on: { run: (s, deed: Deed, ctx) => this.#run(s, deed, ctx, of) as Next<number, number> },
      internal: {
        tick: (s, m: { setIn: number }) => {
          this.#note({ kind: 'timer', of, setIn: m.setIn, now: incarnation })
          return s
        },
        ended: (s, m: Terminated) => {
          this.#note({ kind: 'terminated', of, uid: m.ref.uid })
          return s
        },
      },
      preRestart: () => this.#hook(of, 'preRestart', hooks),
      postStop: () => this.#hook(of, 'postStop', hooks),
      restarts: backoffMs > 0 ? { ...restartLimit, backoff } : restartLimit,
      supervision: {
        strategy: temper.strategy,
        onLimit: temper.onLimit,
        restarts: restartLimit,
        decide: () => {
          if (decide === 'throw') throw new Error('supervisor')
          return decide
        },
      },
      mailbox: { capacity: 6, overflow: of % 3 === 0 ? 'drop-oldest' : 'reject' },
      stash: 2,
    })
  }

  #note(note: Note): void {
    this.notes.push(note)
  }

  #hook(of: number, what: string, how: Temper['hooks']): void | Promise<void> {
    this.#note({ kind: 'begin', of, what })
    if (how === 'reject')
      return Promise.resolve().then(() => {
        this.#note({ kind: 'end', of, what })
        throw new Error('hook')
      })
    this.#note({ kind: 'end', of, what })
    if (how === 'throw') throw new Error('hook')
  }

  #run(state: number, deed: Deed, ctx: Ctx, of: number): unknown {
    this.#note({ kind: 'begin', of, what: 'run', deed })
    const end = (): void => this.#note({ kind: 'end', of, what: 'run' })
    if (deed.what === 'async' || deed.what === 'reject') return this.#later(state, deed, end)
    try {
      this.#act(deed, ctx, of, state)
    } finally {
      end()
    }
    return reply(state, deed.id)
  }

  async #later(state: number, deed: Deed, end: () => void): Promise<unknown> {
    for (let n = 0; n < deed.id % 9; n++) await Promise.resolve()
    end()
    if (deed.what === 'reject') throw new Error('rejected')
    return reply(state, deed.id)
  }

  #act(deed: Deed, ctx: Ctx, of: number, incarnation: number): void {
    const other = this.lives[deed.other % this.lives.length]?.node
    switch (deed.what) {
      case 'spawn':
        return this.#born(of, (behavior, name) => ctx.spawn(behavior, name))
      case 'stop':
        return ctx.stop()
      case 'stash':
      case 'stash-then-throw':
        ctx.stash()
        if (deed.what === 'stash-then-throw') throw new Error('thrown')
        return this.#note({ kind: 'stashed', of, deed })
      case 'unstash':
        return ctx.unstash()
      case 'timer':
        ctx.timers.once(`t${deed.other}`, deed.other * 10, 'tick', { setIn: incarnation })
        return ctx.timers.every(`e${deed.other % 2}`, 30, 'tick', { setIn: incarnation })
      case 'watch':
        return other === undefined ? undefined : this.#watch(ctx, other, of)
      case 'unwatch':
        if (other === undefined) return undefined
        ctx.unwatch(other)
        return this.#note({ kind: 'unwatch', of, uid: other.uid })
      case 'stop-then-throw':
        ctx.stop()
        throw new Error('thrown')
      case 'throw':
        throw new Error('thrown')
      default:
        return undefined
    }
  }

  #watch(ctx: Ctx, other: AnyRef, of: number): void {
    this.#note({ kind: 'watch', of, uid: other.uid })
    ctx.watch(other, 'ended')
  }
}
