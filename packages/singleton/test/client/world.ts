import type { World } from '@tanist/core/testing'
import { checkClient, openClient } from '../../src/client/index.js'
import type { Client, ClientSettings } from '../../src/client/index.js'
import type { AnyFollowed, AnyRole, CallOutcome } from '../../src/role/index.js'
import { toEncoded } from '../../src/role/index.js'
import { ledger } from '../../src/testing/index.js'
import type { Cluster } from '../../src/testing/index.js'

type Core = ReturnType<typeof openClient>['core']
type State = ReturnType<typeof ledger.state>

/** Quick enough that a test sees all of it. */
export const QUICK = { firstMs: 100, baseMs: 100, maxMs: 1_000, stableMs: 2_000, silenceMs: 2_000 } as const

/** One process of the world that is a client and no peer, with what it was told. */
export class SimClient {
  readonly name: string
  readonly outcomes: Map<string, CallOutcome | null> = new Map()
  /** Marks of calls that ended more than once. */
  readonly twice: string[] = []
  readonly states: State[] = []
  readonly items: AnyFollowed[] = []
  readonly faults: string[] = []
  client: Client | null = null
  core: Core | null = null
  /** When its present link came up; null while there is none. */
  upSinceMs: number | null = null
  readonly #world: World
  #made = 0

  constructor(cluster: Cluster, name: string, settings: Partial<ClientSettings> = {}) {
    this.name = name
    this.#world = cluster.world
    cluster.world.node(name, {
      start: (host) => {
        const addresses = cluster.names.map((peer) => `${peer}:1`)
        const roles = [ledger] as unknown as readonly AnyRole[]
        const all = { app: 'sim', roles, addresses, reconnect: QUICK, level: 'trusted' as const, ...settings }
        const { client, core } = openClient(host, checkClient(all, true))
        this.client = client
        this.core = core
        this.upSinceMs = null
        client.status$.subscribe(({ state }) => {
          if (state !== 'connected') this.upSinceMs = null
          else this.upSinceMs ??= cluster.world.nowMs
        })
      },
    })
    cluster.world.start(name)
  }

  watch(): void {
    const handle = this.client?.role(ledger)
    handle?.state$.subscribe((state) => this.states.push(state))
    handle?.events$().subscribe({
      next: (item) => this.items.push(item),
      error: (error: Error) => this.faults.push(error.message),
    })
  }

  /** Leaves its mark in the ledger, if it is executed. */
  add(deadlineMs: number): string {
    this.#made += 1
    const mark = `${this.name}/${this.#made}`
    const request = { role: 'ledger', command: 'add', input: toEncoded({ id: mark }), deadlineMs }
    this.outcomes.set(mark, null)
    this.core?.call(request, (outcome) => {
      if (this.outcomes.get(mark) !== null) this.twice.push(mark)
      this.outcomes.set(mark, outcome)
    })
    return mark
  }

  /** A call now and then, from now on. */
  work(everyMs: number, untilMs: number, deadlineMs: number): void {
    if (this.#world.state(this.name) !== 'stopped') this.add(deadlineMs)
    const next = this.#world.nowMs + everyMs
    if (next < untilMs) this.#world.schedule(next, () => this.work(everyMs, untilMs, deadlineMs))
  }

  get open(): number {
    return [...this.outcomes.values()].filter((outcome) => outcome === null).length
  }

  /** What the events make, one after the other; and whether each came behind the last. */
  folded(): { readonly state: State; readonly inOrder: boolean } {
    let state = ledger.state()
    let [index, n] = [-1, -1]
    let inOrder = true
    for (const item of this.items) {
      if (item.kind === 'state') {
        state = item.state as State
        index = item.position.index
        n = Infinity
        continue
      }
      const { position } = item
      inOrder &&= position.index > index || (position.index === index && position.n > n)
      index = position.index
      n = position.n
      state = ledger.events.added(state, item.payload as { id: string })
    }
    return { state, inOrder }
  }
}

export function marksIn({ full, open }: State): string[] {
  return [...full.flat(), ...open]
}
