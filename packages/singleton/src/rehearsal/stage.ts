import type { Address, Datagrams, Engine, Host, Link, LinkHandlers, ListenHandlers } from '@tanist/core'
import { MemoryDisk } from './memory-disk.js'

const WIRE_MS = 0.2

interface Happening {
  readonly atMs: number
  readonly actor: Actor
  readonly run: () => void
}

/** A process of the play: nothing happens to it after its end. */
interface Actor {
  readonly address: Address
  readonly links: Set<End>
  alive: boolean
  listener: ListenHandlers | null
}

/** One side of a link. */
interface End {
  readonly actor: Actor
  readonly other: Actor
  handlers: LinkHandlers | null
  peer: End | null
  open: boolean
}

/**
 * A handful of processes in memory, on a clock of its own: just enough of a `Host` for whole peers to found a group
 * and to lose a member. Nothing of it reaches a socket, a file or a timer of this process. Deterministic.
 */
export class Stage {
  #nowMs = 0
  #seed = 1
  readonly #happenings: Happening[] = []
  readonly #actors = new Map<Address, Actor>()

  /** The world of one process, which others dial at `address`. */
  enter(address: Address): Host {
    const actor: Actor = { address, links: new Set(), alive: true, listener: null }
    this.#actors.set(address, actor)
    const later = (delayMs: number, run: () => void): void => this.#later(actor, delayMs, run)
    return {
      clock: { now: () => ({ monotonicMs: this.#nowMs, wallMs: this.#nowMs }) },
      timers: {
        set: (delayMs, fire) => {
          let wanted = true
          later(delayMs, () => wanted && fire())
          return { cancel: () => void (wanted = false) }
        },
      },
      random: { next: () => this.#chance(), id: () => this.#id() },
      network: {
        listen: (_, handlers) => {
          actor.listener = handlers
          later(0, () => handlers.listening(address))
          return { close: () => void (actor.listener = null) }
        },
        dial: (to, handlers) => this.#dial(actor, to, handlers),
      },
      datagrams: silence,
      disk: new MemoryDisk((done) => later(WIRE_MS, done)),
      engine: engineOf(later),
      log: { write: () => {} },
    }
  }

  /** Ends a process as `kill -9` does: its links are closed for it, and its address refuses. */
  kill(address: Address): void {
    const actor = this.#actors.get(address)
    if (!actor) return
    actor.alive = false
    actor.listener = null
    for (const end of actor.links) this.#hangUp(end, '', '')
  }

  /** The next thing that happens; false when nothing will. */
  step(): boolean {
    const next = this.#happenings.shift()
    if (next === undefined) return false
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    if (next.actor.alive) next.run()
    return true
  }

  #later(actor: Actor, delayMs: number, run: () => void): void {
    const atMs = this.#nowMs + delayMs
    let at = this.#happenings.length
    while (at > 0 && (this.#happenings[at - 1]?.atMs ?? 0) > atMs) at -= 1
    this.#happenings.splice(at, 0, { atMs, actor, run })
  }

  #dial(from: Actor, address: Address, handlers: LinkHandlers): Link {
    const to = this.#actors.get(address)
    const own: End = { actor: from, other: to ?? from, handlers, peer: null, open: true }
    const link = this.#linkOf(own, address)
    this.#later(from, WIRE_MS, () => {
      const listener = to?.alive === true ? to.listener : null
      if (!own.open) return handlers.closed({ kind: 'local' })
      if (!to || listener === null) {
        own.open = false
        return handlers.closed({ kind: 'refused' })
      }
      const peer: End = { actor: to, other: from, handlers: null, peer: own, open: true }
      own.peer = peer
      from.links.add(own)
      to.links.add(peer)
      peer.handlers = listener.accept(this.#linkOf(peer, from.address))
      this.#later(from, WIRE_MS, () => own.open && handlers.opened())
    })
    return link
  }

  #linkOf(end: End, remote: Address): Link {
    return {
      remote,
      bufferedBytes: 0,
      send: (frame) => {
        const { peer } = end
        if (end.open && peer) this.#later(peer.actor, WIRE_MS, () => peer.open && peer.handlers?.frame(frame))
      },
      close: (code = '', reason = '') => {
        if (!end.open) return
        this.#hangUp(end, code, reason)
        if (end.peer) this.#later(end.actor, 0, () => end.handlers?.closed({ kind: 'local' }))
      },
    }
  }

  #hangUp(end: End, code: string, reason: string): void {
    const { peer } = end
    end.open = false
    end.actor.links.delete(end)
    if (!peer) return
    this.#later(peer.actor, WIRE_MS, () => {
      if (!peer.open) return
      peer.open = false
      peer.actor.links.delete(peer)
      peer.handlers?.closed({ kind: 'remote', code, reason })
    })
  }

  /** Park and Miller: good enough to stagger timers, and the same in every play. */
  #chance(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647
    return this.#seed / 2_147_483_647
  }

  #id(): string {
    const part = (): string =>
      Math.floor(this.#chance() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return part() + part() + part() + part()
  }
}

function engineOf(later: (delayMs: number, run: () => void) => void): Engine {
  return {
    cell: (_, turn) => {
      let phase: 'idle' | 'ready' | 'stopped' = 'idle'
      const run = (): void => {
        if (phase !== 'ready') return
        phase = 'idle'
        void turn()
      }
      return {
        wake: () => {
          if (phase !== 'idle') return
          phase = 'ready'
          later(0, run)
        },
        stop: () => void (phase = 'stopped'),
      }
    },
  }
}

const silence: Datagrams = {
  bind: () => ({ send: () => {}, close: () => {} }),
}
