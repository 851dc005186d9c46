import type { Address, DatagramSocket, Host, Link, Timer } from '@tanist/core'
import { rangeDials } from '../limits.js'
import { dueMs, statusOf, stepDiscovery } from './machine.js'
import { discoveryProblem, parseRange } from './ranges.js'
import { type DiscoveryEffect, type DiscoveryInput, newDiscovery } from './state.js'
import type { Discovery, DiscoveryConfig, DiscoveryHooks } from './types.js'

export { discoveryProblem } from './ranges.js'
export type {
  DatagramKey,
  Discovery,
  DiscoveryConfig,
  DiscoveryHooks,
  DiscoverySettings,
  DiscoveryStatus,
  DiscoveryView,
  Found,
} from './types.js'

/**
 * Begins to look for peers over the datagrams of `host`, and never ends before `stop`. Hooks are called later, never inside of this.
 * Throws a `RangeError` with a sentence for settings that are not right.
 *
 * @example
 * const discovery = startDiscovery(host, config, { view: () => null, found: (hint) => dial(hint), note: () => {} })
 * discovery.stop(false)
 */
export function startDiscovery(host: Host, config: DiscoveryConfig, hooks: DiscoveryHooks): Discovery {
  const problem = discoveryProblem(config)
  if (problem !== null) throw new RangeError(problem)
  return new Shell(host, config, hooks)
}

/** Runs what the machine wants, and tells it what came. */
class Shell implements Discovery {
  readonly #host: Host
  readonly #config: DiscoveryConfig
  readonly #hooks: DiscoveryHooks
  readonly #state
  readonly #sockets = new Map<string, DatagramSocket>()
  readonly #links = new Set<Link>()
  #knocks: Address[] = []
  readonly #start: Timer
  #timer: Timer | null = null
  #timerMs = Number.POSITIVE_INFINITY
  readonly #inputs: DiscoveryInput[] = []
  #isRunning = false

  constructor(host: Host, config: DiscoveryConfig, hooks: DiscoveryHooks) {
    this.#host = host
    this.#config = config
    this.#hooks = hooks
    const ranges = (config.ranges ?? []).flatMap((range) => parseRange(range) ?? [])
    this.#state = newDiscovery(config, ranges, host.random)
    this.#start = host.timers.set(0, () => this.#take({ kind: 'start' }))
  }

  changed(): void {
    this.#take({ kind: 'changed' })
  }

  settled(found: boolean): void {
    this.#take({ kind: 'settled', found })
  }

  status(): ReturnType<Discovery['status']> {
    return statusOf(this.#state)
  }

  stop(goodbye: boolean): void {
    this.#take({ kind: 'stop', goodbye })
    this.#start.cancel()
    this.#timer?.cancel()
    this.#knocks = []
    for (const link of this.#links) link.close()
  }

  /** One at a time, also when a hook has something to say. */
  #take(input: DiscoveryInput): void {
    this.#inputs.push(input)
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        const { clock, random } = this.#host
        const effects = stepDiscovery(this.#state, next, clock.now(), random, () => this.#hooks.view())
        for (const effect of effects) this.#run(effect)
      }
    } finally {
      this.#isRunning = false
    }
    this.#arm()
  }

  #arm(): void {
    const due = dueMs(this.#state)
    if (due === this.#timerMs) return
    this.#timerMs = due
    this.#timer?.cancel()
    if (due === Number.POSITIVE_INFINITY) return
    const { clock, timers } = this.#host
    this.#timer = timers.set(Math.max(0, due - clock.now().monotonicMs), () => {
      this.#timerMs = Number.POSITIVE_INFINITY
      this.#take({ kind: 'wake' })
    })
  }

  #run(effect: DiscoveryEffect): void {
    if (effect.kind === 'send') this.#sockets.get(effect.socket)?.send(effect.bytes, effect.to)
    else if (effect.kind === 'found') this.#hooks.found(effect.hint)
    else if (effect.kind === 'note') this.#hooks.note(effect.event, effect.text, effect.data)
    else if (effect.kind === 'bind') this.#bind(effect)
    else if (effect.kind === 'unbind') {
      this.#sockets.get(effect.socket)?.close()
      this.#sockets.delete(effect.socket)
    } else if (effect.kind === 'look') {
      this.#take({ kind: 'interfaces', interfaces: this.#host.datagrams.interfaces?.() ?? [] })
    } else this.#knock(effect.addresses)
  }

  #bind({ socket: key, address, options }: Extract<DiscoveryEffect, { kind: 'bind' }>): void {
    // What a socket that was replaced still says is not for its successor.
    const mine = (run: () => void): void => {
      if (this.#sockets.get(key) === socket) run()
    }
    const socket: DatagramSocket = this.#host.datagrams.bind(
      address,
      {
        listening: () => mine(() => this.#take({ kind: 'bound', socket: key })),
        message: (bytes, from) => mine(() => this.#take({ kind: 'datagram', socket: key, bytes, from })),
        failed: ({ text }) => mine(() => this.#take({ kind: 'failed', socket: key, text })),
        unsent: (to, code) => mine(() => this.#take({ kind: 'unsent', socket: key, to, code })),
      },
      options,
    )
    this.#sockets.set(key, socket)
  }

  /** Addresses given by people: a link tells whether one of ours is there, so many at once as a host may have. */
  #knock(addresses: readonly Address[]): void {
    if (this.#knocks.length > 0) return
    this.#knocks.push(...addresses)
    while (this.#links.size < rangeDials && this.#knocks.length > 0) this.#knockNext()
  }

  #knockNext(): void {
    const address = this.#knocks.shift()
    if (address === undefined) return
    const as = this.#config.want === 'join' ? 'member' : 'trusted'
    const link = this.#host.network.dial(
      address,
      {
        opened: () => {
          const none = { memberId: null, clusterId: null, isServer: false, members: [] }
          this.#hooks.found({ ...none, addresses: [address], by: 'range' })
          link.close('probe', 'only asked whether somebody is there')
        },
        frame: () => {},
        closed: () => {
          this.#links.delete(link)
          this.#knockNext()
        },
      },
      { as },
    )
    this.#links.add(link)
  }
}
