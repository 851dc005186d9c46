import type { Address, MemberId } from '@tanist/core'

/** How peers of one application find each other. Everything that comes of it is a hint: only a link proves anything. */
export interface DiscoverySettings {
  /** UDP port that all peers of a network share, 1 to 65535. Default 47800. */
  readonly port?: number
  /**
   * Names or addresses of interfaces to use, or to leave out; with `*` at the end, all that begin so. Default: all that are
   * up and can be dialled at where this peer listens.
   */
  readonly interfaces?: { readonly include?: readonly string[]; readonly exclude?: readonly string[] }
  /** Directed broadcast and link-local multicast. Default true. */
  readonly broadcast?: boolean
  /** Asks every address of the own /24 when nobody has answered; private addresses only. Default true. */
  readonly sweep?: boolean
  /** Further addresses to ask by TCP, as `10.1.2.0/24:7101` or `10.1.2.7:7101`; 1,024 addresses at most. Default none. */
  readonly ranges?: readonly string[]
}

/** What a peer says of itself in a welcome. All of it fits into 512 bytes. */
export interface DiscoveryView {
  readonly memberId: MemberId
  readonly incarnation: number
  /** Null while it belongs to no cluster. */
  readonly clusterId: string | null
  /** Where it can be dialled, the likeliest first; 4 at most are sent. */
  readonly addresses: readonly Address[]
  readonly isServer: boolean
  readonly server: { readonly memberId: MemberId; readonly address: Address } | null
  readonly successor: MemberId | null
  readonly term: number
  /** Addresses of other members; 8 at most are sent. */
  readonly members: readonly Address[]
}

/** Somebody of this application, with this secret, may be there. */
export interface Found {
  readonly memberId: MemberId | null
  readonly clusterId: string | null
  readonly isServer: boolean
  /** To be dialled in this order, 250 ms apart, until one answers as `memberId`. */
  readonly addresses: readonly Address[]
  /** Other members it named. */
  readonly members: readonly Address[]
  readonly by: 'hello' | 'beacon' | 'sweep' | 'range' | 'goodbye'
}

export interface DiscoveryHooks {
  /** What to say now; null for a client, which only asks. */
  view(): DiscoveryView | null
  found(hint: Found): void
  /** For people: an interface came or went, nothing can be sent, another application answers here. */
  note(event: string, text: string, data?: Readonly<Record<string, unknown>>): void
}

export interface DiscoveryConfig extends DiscoverySettings {
  readonly app: string
  /** Accepted keys for datagrams, the first is used: see `KeyRing.datagramKeys`. */
  readonly keys: () => readonly DatagramKey[]
  /** `join`: looks until told otherwise and answers others. `probe`: asks, answers nobody. */
  readonly want: 'join' | 'probe'
  /** Where this peer listens, for the choice of interfaces; null for a client that looks everywhere. */
  readonly listen: Address | null
  /** Where somebody was the last time, and configured seeds that have a port: asked by datagram as well. */
  readonly remembered: readonly Address[]
}

export interface DatagramKey {
  /** 32 bits. */
  readonly id: number
  readonly key: Uint8Array
}

export interface DiscoveryStatus {
  readonly interfaces: readonly {
    readonly name: string
    readonly address: string
    readonly problem: string | null
  }[]
  readonly sent: number
  readonly received: number
  /** By reason: `size`, `magic`, `key`, `mac`, `replay`, `clock`, `rate`, `own`, `form`. */
  readonly dropped: Readonly<Record<string, number>>
  readonly sweeps: number
}

export interface Discovery {
  /** What `view` gives has changed: the others are told soon. */
  changed(): void
  /** There is somebody to talk to now (`true`): beacons only; or nobody again: hellos and sweeps. */
  settled(found: boolean): void
  status(): DiscoveryStatus
  /** `goodbye`: says so, as a hint, before the sockets close. */
  stop(goodbye: boolean): void
}
