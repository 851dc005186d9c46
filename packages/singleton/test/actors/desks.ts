import {
  actor,
  type ActorRef,
  type AnyRef,
  type AskError,
  reply,
  serviceKey,
  targetOf,
  type Watcher,
} from '@tanist/core'
import { applySchedule, type Schedule } from '@tanist/core/testing'
import type { PeerCore } from '../../src/peer/index.js'
import { Cluster } from '../../src/testing/index.js'

export interface Desk {
  note: (m: { from: string; n: number }) => void
  echo: (m: { n: number }) => number
}
export const desks = serviceKey<Desk>('desks')

const ROUND_MS = 100

interface Watch {
  readonly by: PeerCore
  readonly ref: AnyRef
  readonly ends: string[]
}

/** Every peer has a desk, finds the others by the receptionist, tells, asks and watches them all the time. */
export class Desks {
  readonly cluster: Cluster
  /** What each desk was told: by its ref, sender and number. */
  readonly noted = new Map<string, { readonly from: string; readonly n: number }[]>()
  readonly asks: { readonly by: PeerCore; readonly ref: string; ends: string[] }[] = []
  readonly watches: Watch[] = []
  readonly #watched = new Map<PeerCore, Set<string>>()
  #n = 0
  #busy = true

  constructor(seed: number, peers: number) {
    this.cluster = new Cluster({ seed, peers, onPeer: (_, core) => this.#settle(core) })
  }

  /** Forms, works under the schedule, heals, and goes on until nothing more can come. */
  async run(schedule: Schedule, forMs: number): Promise<void> {
    const { cluster } = this
    const { world } = cluster
    cluster.startAll()
    await world.runAsync({ forMs: 30_000, until: () => cluster.settled && cluster.seated })
    this.#round()
    applySchedule(world, schedule, (target) => cluster.resolve(target))
    await world.runAsync({ forMs })
    world.healAll()
    for (const name of cluster.names) if (world.state(name) === 'stopped') cluster.start(name)
    await world.runAsync({ forMs: 40_000, until: () => cluster.settled })
    await world.runAsync({ forMs: 1_000 })
    this.#busy = false
    await world.runAsync({ forMs: 8_000 })
  }

  #settle(core: PeerCore): void {
    const { actors } = core
    // oxlint-disable-next-line prefer-const -- the handlers need it
    let me: ActorRef<Desk>
    const notes: { from: string; n: number }[] = []
    const desk = actor({
      state: () => null,
      on: {
        note: (s, m: { from: string; n: number }) => {
          notes.push(m)
          return s
        },
        echo: (s, m: { n: number }) => reply(s, m.n),
      },
    })
    me = actors.spawn(desk, 'desk')
    this.noted.set(me.toJSON(), notes)
    actors.receptionist.register(desks, me)
  }

  #round(): void {
    const { cluster } = this
    const { world } = cluster
    for (const name of cluster.names) {
      const core = cluster.isRunning(name) && cluster.endedBy(name) === null ? cluster.peer(name) : null
      if (core !== null) this.#work(core)
    }
    if (this.#busy) world.schedule(world.nowMs + ROUND_MS, () => this.#round())
  }

  #work(core: PeerCore): void {
    const from = core.actors.node
    for (const ref of core.actors.receptionist.find(desks)) {
      ref.tell.note({ from, n: ++this.#n })
      ref.tell.note({ from, n: ++this.#n })
      const asked = { by: core, ref: ref.toJSON(), ends: [] as string[] }
      this.asks.push(asked)
      ref
        .askWithin(4_000)
        .echo({ n: this.#n })
        .then(
          () => asked.ends.push('ok'),
          (error: AskError) => asked.ends.push(error.code),
        )
      this.#watch(core, ref)
    }
  }

  #watch(by: PeerCore, ref: AnyRef): void {
    const known = this.#watched.get(by) ?? new Set()
    this.#watched.set(by, known)
    if (known.has(ref.toJSON())) return
    known.add(ref.toJSON())
    const watch: Watch = { by, ref, ends: [] }
    this.watches.push(watch)
    const watcher: Watcher = {
      terminated: (_, why) => {
        watch.ends.push(why)
        // Found again after it was lost: watched again, as a further watch.
        known.delete(ref.toJSON())
      },
    }
    ref[targetOf].watch(watcher)
  }
}
