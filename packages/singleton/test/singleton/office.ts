import { actor, reply, targetOf } from '@tanist/core'
import type { AskError } from '@tanist/core'
import { singleton } from '../../src/index.js'
import type { AnySingleton, SingletonReign, SingletonStatus } from '../../src/index.js'
import { Cluster } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'

/** One run of the actor on one peer. */
export interface Stay {
  readonly node: string
  readonly life: number
  readonly reign: SingletonReign
  readonly fromMs: number
  untilMs: number | null
  /** Who else was told nothing yet when it began, on a machine that was not frozen. */
  readonly beside: string[]
  readonly handled: string[]
}

export interface Asked {
  readonly caller: string
  readonly life: number
  readonly text: string
  readonly atMs: number
  outcome: string
  code: string | null
  endMs: number | null
}

/** A simulated office whose singleton writes down where it runs and what it handles. */
export class Board {
  readonly cluster: Cluster
  readonly stays: Stay[] = []
  readonly asked: Asked[] = []
  readonly stuck: (() => void)[] = []
  readonly #next = new Map<string, number>()

  constructor(options: Omit<ClusterOptions, 'settingsOf'>, poison: (node: string) => boolean = () => false) {
    this.cluster = new Cluster({
      ...options,
      settingsOf: (node, life) => ({ singletons: [this.#board(node, life, poison)] }),
    })
    this.cluster.startAll()
  }

  #board(node: string, life: number, poison: (node: string) => boolean): AnySingleton {
    return singleton('board', (reign) => {
      const stay = this.#begun(node, life, reign)
      return actor({
        state: () => {
          if (poison(node)) throw new Error(`no printer on ${node}`)
          return { n: 0 }
        },
        on: {
          write: (s, m: { text: string }) => {
            if (poison(node)) throw new Error(`no printer on ${node}`)
            stay.handled.push(m.text)
            return reply({ n: s.n + 1 }, s.n + 1)
          },
          /** Returns when the test lets it. */
          stuck: async (s) => {
            await new Promise<void>((resolve) => this.stuck.push(resolve))
            return s
          },
          fail: () => {
            throw new Error('told to')
          },
        },
        restarts: { max: 2, windowMs: 60_000 },
        postStop: () => void (stay.untilMs = this.cluster.world.nowMs),
      })
    })
  }

  #begun(node: string, life: number, reign: SingletonReign): Stay {
    const { world } = this.cluster
    const alive = this.stays.filter(
      (one) =>
        one.untilMs === null &&
        !one.reign.signal.aborted &&
        world.life(one.node) === one.life &&
        world.state(one.node) === 'running',
    )
    const beside = alive.map((one) => one.node)
    const stay = { node, life, reign, fromMs: world.nowMs, untilMs: null, beside, handled: [] }
    this.stays.push(stay)
    return stay
  }

  /** Where it runs now, as far as its machine lives. */
  get runsOn(): string[] {
    const { world } = this.cluster
    return this.stays
      .filter(
        (one) =>
          one.untilMs === null && world.life(one.node) === one.life && world.state(one.node) === 'running',
      )
      .filter((one) => !one.reign.signal.aborted)
      .map((one) => one.node)
  }

  status(node: string): SingletonStatus | undefined {
    return this.cluster.peer(node)?.status().singletons[0]
  }

  /** Asks at one member; numbers rise per caller. */
  ask(caller: string, handler = 'write', forMs = 5_000): Asked | null {
    const target = this.cluster.peer(caller)?.singletons.ref('board')[targetOf]
    if (target === undefined || !this.cluster.isRunning(caller)) return null
    const n = (this.#next.get(caller) ?? 0) + 1
    this.#next.set(caller, n)
    const text = `${caller} ${n}`
    const { world } = this.cluster
    const life = world.life(caller)
    const asked: Asked = { caller, life, text, atMs: world.nowMs, outcome: 'open', code: null, endMs: null }
    this.asked.push(asked)
    target.ask(handler, { text, ms: 1 }, forMs).then(
      (value) => Object.assign(asked, { outcome: `ok ${String(value)}`, endMs: world.nowMs }),
      (error: AskError) =>
        Object.assign(asked, { outcome: error.message, code: error.code, endMs: world.nowMs }),
    )
    return asked
  }

  async until(condition: () => boolean, limitMs = 10_000): Promise<boolean> {
    return this.cluster.world.runAsync({ forMs: limitMs, until: condition })
  }

  async run(forMs: number): Promise<void> {
    await this.cluster.world.runAsync({ forMs })
  }
}
