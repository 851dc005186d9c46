import {
  type ActorSystem,
  actorSystem,
  nodeText,
  RemoteActors,
  type SessionMessage,
} from '../../../src/actor/index.js'
import { type ManualHost, manualHost } from '../manual.js'

interface Peer {
  readonly system: ActorSystem
  remote: RemoteActors
  dirty: boolean
  node: string
  inbox: { readonly from: string; readonly message: SessionMessage }[]
}

/** Systems of several peers, fully linked, on one host whose time a test moves. */
export class Systems {
  readonly host: ManualHost = manualHost()
  readonly #peers = new Map<string, Peer>()

  constructor(names: readonly string[]) {
    for (const name of names) this.#add(nodeText(name, 1))
    const nodes = [...this.#peers.keys()]
    for (const [node, { remote }] of this.#peers) {
      const others = nodes.filter((other) => other !== node)
      remote.step({ kind: 'members', nodes: others })
      for (const other of others) remote.step({ kind: 'up', node: other })
    }
  }

  of(name: string): ActorSystem {
    return this.#peers.get(nodeText(name, 1))!.system
  }

  remote(name: string): RemoteActors {
    return this.#peers.get(nodeText(name, 1))!.remote
  }

  /** Something arrives that this build never sends. */
  inject(from: string, to: string, message: SessionMessage): void {
    this.remote(to).step({ kind: 'message', node: nodeText(from, 1), message })
  }

  /** Removes a peer everywhere. */
  lose(name: string): void {
    for (const [node, { remote }] of this.#peers)
      if (node !== nodeText(name, 1)) remote.step({ kind: 'over', node: nodeText(name, 1) })
  }

  /** A peer goes on under another identity. */
  rename(name: string, to: string): void {
    const [before, after] = [nodeText(name, 1), nodeText(to, 1)]
    const peer = this.#peers.get(before)!
    this.lose(name)
    this.#peers.delete(before)
    this.#peers.set(after, peer)
    peer.node = after
    peer.remote.rename(after)
    for (const [node, { remote }] of this.#peers) {
      const others = [...this.#peers.keys()].filter((other) => other !== node)
      remote.step({ kind: 'members', nodes: others })
      if (node === after) for (const other of others) remote.step({ kind: 'up', node: other })
      else remote.step({ kind: 'up', node: after })
    }
  }

  /** Until nothing moves any more; no time passes. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet++) {
      for (const peer of this.#peers.values()) {
        if (peer.dirty || peer.inbox.length > 0) quiet = 0
        for (const { from, message } of peer.inbox.splice(0))
          peer.remote.step({ kind: 'message', node: from, message })
        peer.dirty = false
        peer.remote.flush()
      }
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await this.host.engine.settle()
    }
  }

  #add(node: string): void {
    const system = actorSystem({ host: this.host, name: 'peer', node })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- completed below
    const peer = { system, dirty: true, node, inbox: [] } as unknown as Peer
    const remote = new RemoteActors(system, {
      host: this.host,
      send: (to, message) =>
        this.#peers.get(to)?.inbox.push({ from: peer.node, message: structuredClone(message) }),
      wake: () => {
        peer.dirty = true
      },
    })
    peer.remote = remote
    this.#peers.set(node, peer)
  }
}
