import type { Host, Link, LinkHandlers } from '@tanist/core'
import { persist, role, toEncoded } from '../../src/role/index.js'
import type { CallOutcome, CommandId, Role } from '../../src/role/index.js'
import type { Cluster } from '../../src/testing/index.js'

/** How a command ends the server that decides it. */
export type End = 'crash' | 'power-off' | 'hang'

/** A process that hangs is ended by somebody after this time, and one that ended is started again after the other. */
const HANGS_MS = 1_500
const DOWN_MS = 400

/** By then the loss of a server is noticed, and what it was deciding is on the disks. */
const NOTICED_MS = 700

/** Machines whose servers a command may end, and how often it did. */
export class Bombs {
  readonly blown: { readonly node: string; readonly life: number; readonly atMs: number; heard: boolean }[] =
    []
  cluster: Cluster | null = null
  readonly #hanging = new Set<string>()

  /** A role of its own for each process: it knows where it runs. */
  role(node: string): Role<{ n: number }, object, object> {
    return role('bomb', {
      state: () => ({ n: 0 }),
      events: { gone: (s) => ({ n: s.n + 1 }) },
      commands: {
        go: (_s, c: { what: End | 'nothing'; mark?: string }, on) => {
          if (c.what !== 'nothing') this.#blow(node, c.what)
          return persist(on.gone())
        },
      },
    })
  }

  /**
   * Servers that one command may end: two, and one more for each of which nobody heard what it was deciding, or lived
   * until its loss was noticed.
   */
  get allowed(): number {
    return 2 + this.blown.slice(1).filter(({ heard }) => !heard).length
  }

  #blow(node: string, what: End): void {
    const { names, world } = this.cluster!
    // The world lets a turn end that has begun, whatever happened in it.
    const last = this.blown.at(-1)
    if (last?.node === node && last.life === world.life(node)) throw new Error('boom')
    const others = names.filter((name) => name !== node && this.cluster?.isRunning(name))
    const lives = others.map((name) => world.life(name))
    const blown = { node, life: world.life(node), atMs: world.nowMs, heard: false }
    this.blown.push(blown)
    world.schedule(world.nowMs + NOTICED_MS, () => {
      blown.heard = others.some((name, i) => world.life(name) === lives[i] && world.state(name) === 'running')
    })
    const life = world.life(node)
    const crash = (): void => {
      this.#hanging.delete(node)
      if (world.life(node) !== life) return
      world.crash(node)
      world.schedule(world.nowMs + DOWN_MS, () => this.#revive(node))
    }
    if (what === 'hang') {
      this.#hanging.add(node)
      world.pause(node)
      world.schedule(world.nowMs + HANGS_MS, crash)
    } else if (what === 'power-off') {
      world.powerOff([node])
      world.schedule(world.nowMs + DOWN_MS, () => this.#revive(node))
    } else crash()
    // A process that is gone says nothing more; what comes of this is lost.
    throw new Error('boom')
  }

  /** Unless somebody else did. */
  #revive(node: string): void {
    const { world } = this.cluster!
    const state = world.state(node)
    if (state === 'stopped' || state === 'no power') this.cluster?.start(node)
  }

  /** Of a process that hangs nothing is heard: the world lets a turn end that has begun. */
  host(host: Host, node: string): Host {
    const mute = (link: Link): Link => ({
      get remote() {
        return link.remote
      },
      get bufferedBytes() {
        return link.bufferedBytes
      },
      send: (frame) => {
        if (!this.#hanging.has(node)) link.send(frame)
      },
      close: (code, reason) => link.close(code, reason),
    })
    const { network } = host
    return {
      ...host,
      network: {
        ...network,
        dial: (address, handlers) => mute(network.dial(address, handlers)),
        listen: (address, handlers) =>
          network.listen(address, {
            ...handlers,
            accept: (link): LinkHandlers => handlers.accept(mute(link)),
          }),
      },
    }
  }
}

export interface Sender {
  readonly outcomes: CallOutcome[]
}

/**
 * Somebody who does not give up: asks one peer after the other, with the same id (`given`), or one peer alone and
 * without an id of its own, as most callers do.
 */
export function send(
  cluster: Cluster,
  input: { readonly what: string; readonly mark?: string },
  given: CommandId | null,
  at: string,
): Sender {
  const { world } = cluster
  const sender: Sender = { outcomes: [] }
  let turn = cluster.names.indexOf(at)
  const attempt = (): void => {
    if (sender.outcomes.length > 0) return
    const name = cluster.names[turn++ % cluster.names.length]!
    const core = cluster.isRunning(name) ? cluster.peer(name) : null
    if (core?.joined !== true) {
      world.schedule(world.nowMs + 20, attempt)
      return
    }
    const life = world.life(name)
    let over = false
    const again = (): void => {
      if (over) return
      over = true
      world.schedule(world.nowMs + 20, attempt)
    }
    const request = { role: 'bomb', command: 'go', input: toEncoded(input), deadlineMs: 4_000 }
    core.call(given === null ? request : { ...request, id: given }, (outcome) => {
      if (over) return
      if (outcome.status === 'unavailable' && given !== null) return again()
      over = true
      sender.outcomes.push(outcome)
    })
    const watch = (): void => {
      if (over) return
      if (world.life(name) !== life || world.state(name) === 'stopped') {
        if (given !== null) again()
        return
      }
      world.schedule(world.nowMs + 50, watch)
    }
    if (given !== null) watch()
  }
  attempt()
  return sender
}

/** Calls without an id of their own, from all peers all the time. */
export function chatter(cluster: Cluster): void {
  const { world } = cluster
  const call = (at: number, until: number): void =>
    world.schedule(at, () => {
      for (const name of cluster.names) {
        const core = cluster.isRunning(name) ? cluster.peer(name) : null
        if (core?.joined !== true) continue
        const input = toEncoded({ what: 'nothing', mark: `${name} ${at}` })
        core.call({ role: 'bomb', command: 'go', input, deadlineMs: 2_000 }, () => {})
      }
      if (at < until) call(at + 60, until)
    })
  call(world.nowMs + 1, world.nowMs + 6_000)
}
