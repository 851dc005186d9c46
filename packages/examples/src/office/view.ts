import type { PeerStatus } from '@tanist/singleton'

export interface MemberView {
  readonly name: string
  readonly address: string
  readonly voter: boolean
  readonly reachable: boolean
  /** It has not been heard for too long, and has not answered that yet. */
  readonly suspect: boolean
  /** What it says of itself. */
  readonly version: string | null
  readonly load: number | null
}

/** The office as one peer sees it. Everybody is called by name: the launcher never gives a name twice. */
export interface OfficeView {
  readonly self: string
  readonly server: string | null
  readonly successor: string | null
  /** Of the server, while there is one: a peer may be in the next term before it knows who leads that. */
  readonly term: number
  /** The oldest first. */
  readonly members: readonly MemberView[]
  readonly takeover: {
    readonly from: string
    readonly to: string
    readonly term: number
    readonly ms: number
  } | null
  readonly waitingFor: string | null
}

/** Makes views of statuses, and remembers the names of members that are gone. */
export class Views {
  readonly #names = new Map<string, string>()

  of(status: PeerStatus): OfficeView {
    for (const { id, name } of [...status.members, status.self]) this.#names.set(id, name)
    const { self, server, successors, term, members, lastTakeover, waitingFor } = status
    return {
      self: self.name,
      server: server?.name ?? null,
      successor: successors[0]?.name ?? null,
      term: server?.term ?? term,
      members: members.map(({ name, address, voter, reachable, state, about }) => ({
        name,
        address,
        voter,
        reachable,
        suspect: state === 'suspect',
        version: about?.version ?? null,
        load: about?.load ?? null,
      })),
      takeover: lastTakeover && {
        from: this.#name(lastTakeover.from),
        to: this.#name(lastTakeover.to),
        term: lastTakeover.term,
        ms: lastTakeover.silenceMs,
      },
      waitingFor,
    }
  }

  #name(id: string): string {
    return this.#names.get(id) ?? id.slice(0, 8)
  }
}
