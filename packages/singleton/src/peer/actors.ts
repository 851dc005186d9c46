import { actorSystem, nodeText, RemoteActors } from '@tanist/core'
import type { ActorSystem, Hello, Host, MemberId, SessionMessage, ViewMember } from '@tanist/core'

/** The last actors of a peer that stops may take so long. */
const STOP_MS = 2_000
/** The root of all paths: the same on every peer, so that `peer/NAME` is a well-known place. */
const ROOT = 'peer'

export interface ActorPorts {
  send(to: MemberId, message: SessionMessage): void
  /** Something waits for this member, and there is no link to it. */
  need(memberId: MemberId): void
  /** In a turn of the peer. */
  enqueue(input: () => void): void
}

/**
 * The actors of one peer and its way to those of others, through all its identities. Until somebody uses them, here
 * or from another peer, it only remembers who is linked.
 */
export class PeerActors {
  readonly #host: Host
  readonly #data: string
  readonly #linked = new Map<MemberId, string>()
  #members: readonly string[] = []
  #node = ''
  #ports: ActorPorts | null = null
  #made: { readonly system: ActorSystem; readonly remote: RemoteActors } | null = null
  #stopped = false

  /** `data`: folder for what durable actors journal. */
  constructor(host: Host, data: string) {
    this.#host = host
    this.#data = data
  }

  get system(): ActorSystem {
    return this.#make().system
  }

  /** An identity begins. */
  begin({ memberId, incarnation }: Hello, ports: ActorPorts): void {
    this.#node = nodeText(memberId, incarnation)
    this.#ports = ports
    this.#made?.remote.rename(this.#node)
  }

  up({ memberId, incarnation, actors, witness }: Hello): void {
    if (actors !== true || witness) return
    const node = nodeText(memberId, incarnation)
    this.down(memberId)
    this.#linked.set(memberId, node)
    this.#made?.remote.step({ kind: 'up', node })
  }

  down(memberId: MemberId): void {
    const node = this.#linked.get(memberId)
    if (node === undefined) return
    this.#linked.delete(memberId)
    this.#made?.remote.step({ kind: 'down', node })
  }

  over(memberId: MemberId, incarnation: number): void {
    this.#made?.remote.step({ kind: 'over', node: nodeText(memberId, incarnation) })
  }

  members(view: readonly ViewMember[]): void {
    this.#members = view
      .map(({ memberId, incarnation }) => nodeText(memberId, incarnation))
      .filter((node) => node !== this.#node)
    this.#made?.remote.step({ kind: 'members', nodes: this.#members })
  }

  message(
    { memberId, incarnation }: { readonly memberId: MemberId; readonly incarnation: number },
    message: SessionMessage,
  ): void {
    if (this.#stopped) return
    this.#make().remote.step({ kind: 'message', node: nodeText(memberId, incarnation), message })
  }

  /** Between two identities: nobody is linked. */
  pause(): void {
    for (const memberId of [...this.#linked.keys()]) this.down(memberId)
    this.#ports = null
  }

  /** After a failure: they are stopped, and nobody hears of it or waits for it. */
  abandon(): void {
    this.#stopped = true
    this.#made?.remote.stop()
    void this.#made?.system.shutdown()
  }

  /** Stops all actors; `then` is called when they have stopped, or after 2 s. */
  stop(then: () => void): void {
    this.#stopped = true
    if (this.#made === null) return then()
    const { system, remote } = this.#made
    let waits = true
    const end = (): void => {
      if (!waits) return
      waits = false
      deadline.cancel()
      remote.stop()
      then()
    }
    const deadline = this.#host.timers.set(STOP_MS, end)
    void system.shutdown().then(() => this.#soon(end))
  }

  /** After what the actors have sent in their last turns. */
  #soon(run: () => void): void {
    if (this.#ports === null) run()
    else this.#ports.enqueue(run)
  }

  #make(): { readonly system: ActorSystem; readonly remote: RemoteActors } {
    if (this.#made !== null) return this.#made
    const system = actorSystem({ host: this.#host, name: ROOT, node: this.#node, data: this.#data })
    const remote = new RemoteActors(system, {
      host: this.#host,
      send: (node, message) => this.#send(node, message),
      need: (node) => this.#ports?.need(memberOf(node)),
      wake: () => this.#ports?.enqueue(() => remote.flush()),
    })
    this.#made = { system, remote }
    if (this.#stopped) {
      remote.stop()
      void system.shutdown()
      return this.#made
    }
    remote.step({ kind: 'members', nodes: this.#members })
    for (const node of this.#linked.values()) remote.step({ kind: 'up', node })
    return this.#made
  }

  #send(node: string, message: SessionMessage): void {
    const memberId = memberOf(node)
    if (this.#linked.get(memberId) === node) this.#ports?.send(memberId, message)
  }
}

const memberOf = (node: string): MemberId => node.slice(0, node.lastIndexOf('.'))
