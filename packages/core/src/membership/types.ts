import type { Address, LinkEnd } from '../host/index.js'

/** Random and durable: 32 hexadecimal digits, kept with the data folder. */
export type MemberId = string

/** What a peer says of itself when a link opens, and again when one of these facts changes. */
export interface Hello {
  readonly protocol: number
  readonly memberId: MemberId
  /** Counts the starts of this data folder; greater is newer. */
  readonly incarnation: number
  readonly name: string
  /** Where this peer can be dialled. */
  readonly address: Address
  /** Null until the peer has founded or joined a cluster. */
  readonly clusterId: string | null
  readonly mode: 'consistent' | 'available'
  /** The branch of its journal, once it has one. */
  readonly branch?: string | null
  /** Its cluster never acknowledged a command, as far as its journal shows: it may dissolve and join another. */
  readonly fresh?: boolean
  /** Addresses of further peers that this one knows: hints for dialling. */
  readonly known: readonly Address[]
  /** What it asks for in the line of succession, where weights rank it: greater comes first. Absent: 1. */
  readonly weight?: number
  /** It votes and keeps copies, and never serves. */
  readonly serve?: 'never'
  /** What the application says about this machine, for a ranking of its own. */
  readonly manifest?: Manifest
  /** It has actors: messages for them may be sent to it. Absent in builds that had none. */
  readonly actors?: true
  /** No member and never to become one: it keeps votes for sets of two. */
  readonly witness?: true
  /** Hash of the roles and events that its build can read. Absent: it has none, or does not say. */
  readonly reads?: string
  /** Options that all peers of a cluster must agree on, by the names that users give them. */
  readonly settings?: Readonly<Record<string, number>>
}

/** Where the journal of a peer that stops ends: whose is the newest can be told afterwards. */
export interface LastPosition {
  readonly branch: string | null
  readonly term: number
  readonly index: number
}

/** Plain JSON. */
export type Manifest =
  | null
  | boolean
  | number
  | string
  | readonly Manifest[]
  | { readonly [key: string]: Manifest }

/** One row of the journalled view. `seniority` is the journal index of its admission. */
export interface ViewMember {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly name: string
  readonly address: Address
  readonly seniority: number
  /** By an operator: without a vote until its next start. */
  readonly demoted?: true
}

export type MembershipMessage =
  | { readonly t: 'hello'; readonly hello: Hello }
  /**
   * Sent every `beatMs`; `hears`: the peers from which the sender has heard within its silence limit. `seq` numbers
   * it, `echo` answers the last one heard on this link, `rtts` are the sender's median round trips to those in
   * `hears`, in their order; -1: not measured yet.
   */
  | {
      readonly t: 'beat'
      readonly hears: readonly MemberId[]
      readonly seq?: number
      readonly echo?: readonly [seq: number, keptMs: number]
      readonly rtts?: readonly number[]
    }
  /** The last word of an incarnation that stops. `leaving`: it gives up its seat for good. */
  | {
      readonly t: 'bye'
      readonly memberId: MemberId
      readonly incarnation: number
      readonly leaving: boolean
      readonly last?: LastPosition
    }

/** A: proof of end. B: link broken, host unreachable. C: silence. D: hearsay. */
export type EvidenceClass = 'A' | 'B' | 'C' | 'D'

export type MembershipInput =
  | { readonly kind: 'start' }
  /**
   * A link that the machine asked for is authenticated, or a peer dialled us (`out: false`, new link number).
   * The machine gives odd numbers to the links that it dials, its shell gives rising even ones to the others.
   */
  | { readonly kind: 'opened'; readonly link: number; readonly out: boolean; readonly remote: Address }
  | { readonly kind: 'message'; readonly link: number; readonly message: MembershipMessage }
  /** Some other frame arrived on the link: as good as a beat. */
  | { readonly kind: 'heard'; readonly link: number }
  | { readonly kind: 'closed'; readonly link: number; readonly end: LinkEnd }
  | { readonly kind: 'timer'; readonly key: string }
  /** The journal's member list changed: who shall be linked, and at which address. */
  | { readonly kind: 'view'; readonly members: readonly ViewMember[] }
  /** The own hello changed (cluster founded or joined): tell every linked peer. */
  | { readonly kind: 'self'; readonly self: Hello }
  /** Somebody claims that this member is dead: look yourself, by redialling at once. */
  | { readonly kind: 'probe'; readonly memberId: MemberId }
  /** Say `bye` on every link and close them; nothing is dialled afterwards. */
  | { readonly kind: 'stop'; readonly leaving: boolean; readonly last?: LastPosition }

export type MembershipEffect =
  /** Dial `address`; the outcome comes as `opened` or `closed` with this link number. */
  | { readonly kind: 'dial'; readonly link: number; readonly address: Address }
  | { readonly kind: 'send'; readonly link: number; readonly message: MembershipMessage }
  | { readonly kind: 'close'; readonly link: number; readonly code: string; readonly reason: string }
  /** (Re)arms the timer `key`, relative to now; null cancels it. */
  | { readonly kind: 'timer'; readonly key: string; readonly afterMs: number | null }
  | { readonly kind: 'event'; readonly event: MembershipEvent }

export type MembershipEvent =
  /** `link` is from now on the one to use for this peer (also when it replaces another), or its hello changed. */
  | { readonly kind: 'up'; readonly link: number; readonly hello: Hello }
  /** There is no usable link to this peer any more. Says nothing about its life. */
  | { readonly kind: 'down'; readonly memberId: MemberId; readonly incarnation: number }
  /** What this peer itself observed about another incarnation. A is emitted at most once per incarnation. */
  | {
      readonly kind: 'evidence'
      readonly class: EvidenceClass
      readonly memberId: MemberId
      readonly incarnation: number
      readonly text: string
    }
  /** A `bye` arrived (evidence A is emitted beside it). */
  | {
      readonly kind: 'bye'
      readonly memberId: MemberId
      readonly incarnation: number
      readonly leaving: boolean
      readonly last?: LastPosition
    }
  /** Nobody reachable hears this member any more and the removal time is over: propose its removal. */
  | {
      readonly kind: 'gone'
      readonly memberId: MemberId
      readonly incarnation: number
      readonly text: string
    }
  /** For members of the view: the median of the round trips that others measured to it, in milliseconds. */
  | { readonly kind: 'latency'; readonly medians: readonly (readonly [MemberId, number])[] }
  /** A peer must not be linked: another cluster, mode or version, or the same identity twice. */
  | {
      readonly kind: 'refused'
      readonly address: Address
      readonly code: string
      readonly text: string
      /** What it said of itself, when it came to that. */
      readonly hello?: Hello | null
      /** It is this peer that must not be linked: the other side says so, or has this peer's identity. */
      readonly self: boolean
    }

export interface MembershipConfig {
  readonly self: Hello
  /** Addresses given by the application. Dialled for ever, with back-off, until they belong to a linked peer. */
  readonly seeds: readonly Address[]
  /** Default 250. A beat is sent on each usable link this often. */
  readonly beatMs: number
  /** Default 1,000. Silence after which a peer is suspected (class C) and redialled. */
  readonly silenceMs: number
  /** Default 3,000. Silence after which its removal is proposed, unless somebody still hears it. */
  readonly removeMs: number
  /** Default 1,000. A link without hello is closed after this time. */
  readonly helloMs: number
  /** `strict`: only an authenticated `bye` proves an end. Default `normal`. */
  readonly evidence?: 'normal' | 'strict'
}
