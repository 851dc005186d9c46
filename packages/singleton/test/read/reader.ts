import { EventStreams, Lives } from '../../src/peer/index.js'
import type { PeerCore } from '../../src/peer/index.js'
import { eventStream } from '../../src/event-stream.js'
import { persist, role } from '../../src/role/index.js'
import type { AnyFollowed, EventPosition } from '../../src/role/index.js'
import type { Host } from '@tanist/core'
import type { Subscription } from 'rxjs'

/** Keeps every event that ever was, so that a state says which events it is made of. */
export const bag = role('bag', {
  state: (): { readonly all: readonly string[] } => ({ all: [] }),
  events: { put: (s, e: { id: string }) => ({ all: [...s.all, e.id] }) },
  commands: {
    put: (_s, c: { id: string; n: number }, on) =>
      persist(...Array.from({ length: c.n }, (_, i) => on.put({ id: `${c.id}/${i}` }))).reply(
        (next) => next.all.length,
      ),
  },
})

interface Bag {
  readonly all: readonly string[]
}

/** A read model that keeps its position beside what it made of the events, and outlives its peer. */
export class ReadModel {
  model: Bag | null = null
  position: EventPosition | null = null
  states = 0
  resets = 0
  events = 0
  readonly faults: string[] = []
  #subscription: Subscription | null = null

  follow(streams: EventStreams): void {
    this.unfollow()
    const after =
      this.position === null ? 'now' : (JSON.parse(JSON.stringify(this.position)) as EventPosition)
    const stream = eventStream<Bag, typeof bag.events>(streams, bag, { after })
    this.#subscription = stream.subscribe({
      next: (item) => this.#take(item),
      error: (error: unknown) => void this.faults.push(String(error)),
    })
  }

  unfollow(): void {
    this.#subscription?.unsubscribe()
  }

  #take(item: AnyFollowed): void {
    if (item.kind === 'state') {
      this.states += 1
      if (item.reset) this.resets += 1
      this.model = item.state as Bag
    } else {
      this.events += 1
      if (this.model === null) this.faults.push('an event before any state')
      if (!isBehind(item.position, this.position))
        this.faults.push(`${JSON.stringify(item.position)} after ${JSON.stringify(this.position)}`)
      this.model = bag.events.put(this.model ?? { all: [] }, item.payload as { id: string })
    }
    this.position = item.position
  }
}

function isBehind(one: Required<EventPosition>, last: EventPosition | null): boolean {
  if (last === null || one.index > last.index) return true
  return one.index === last.index && last.n !== undefined && one.n > last.n
}

/** The streams of each process in a simulated office, through all its identities. */
export class Streams {
  readonly now: Map<string, EventStreams> = new Map()
  readonly #begun = new Map<string, { readonly life: number; readonly lives: Lives }>()
  readonly #hosts = new Map<string, { readonly life: number; readonly host: Host }>()
  readonly #began: (node: string, streams: EventStreams) => void

  constructor(began: (node: string, streams: EventStreams) => void) {
    this.#began = began
  }

  readonly host = (host: Host, node: string, life: number): Host => {
    this.#hosts.set(node, { life, host })
    return host
  }

  readonly onPeer = (node: string, core: PeerCore): void => {
    const { life, host } = this.#hosts.get(node)!
    const begun = this.#begun.get(node)
    if (begun?.life === life) return begun.lives.goOn(core)
    const lives = new Lives(core)
    const streams = new EventStreams(lives, host.timers)
    this.#begun.set(node, { life, lives })
    this.now.set(node, streams)
    this.#began(node, streams)
  }
}
