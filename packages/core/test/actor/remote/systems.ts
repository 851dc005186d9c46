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
  readonly remote: RemoteActors
  dirty: boolean
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
    const remote = new RemoteActors(system, {
      host: this.host,
      send: (to, message) =>
        this.#peers.get(to)?.inbox.push({ from: node, message: structuredClone(message) }),
      wake: () => {
        const peer = this.#peers.get(node)
        if (peer) peer.dirty = true
      },
    })
    this.#peers.set(node, { system, remote, dirty: true, inbox: [] })
  }
}
