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

/**
 * What a member says of itself while it runs. Every field is optional; a member that says nothing has none. At most
 * 2 KiB as JSON.
 */
export interface About {
  /** Names of what it offers, for people and programs; not the server role. */
  readonly roles?: readonly string[]
  /** Further addresses under which it can be dialled. */
  readonly addresses?: readonly Address[]
  /** Of the application. */
  readonly version?: string
  /** 0: idle, 1: fully used; more when work waits. */
  readonly load?: number
  /** Clients that are connected to it now. */
  readonly clients?: number
  /** Its further ports, by name: told by itself, for clients that have to go elsewhere. */
  readonly layers?: Readonly<Record<string, Address>>
  readonly tags?: Readonly<Record<string, string>>
}

/** A change of it: a field that is missing stays, null takes it away, anything else takes its place as a whole. */
export type AboutChange = { readonly [Field in keyof About]?: About[Field] | null | undefined }

/** What a cluster holds of a member's life: a rumour, never the reason alone for a removal from the view. */
export type Fate = 'up' | 'suspect' | 'dead' | 'left'

/**
 * One row of what all members know of each other beyond the view. Of two rows about one member the greater
 * `(incarnation, seq, rank of fate)` counts, `up` < `suspect` < `dead` < `left`. Only the member itself raises `seq`:
 * to change what it says of itself, or to refute what is said of it.
 */
export interface MemberRecord {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly seq: number
  readonly fate: Fate
  readonly about: About | null
  /** Members to which its own link is bad although both live, as it says itself. */
  readonly bad?: readonly MemberId[]
}

/** Which record somebody holds, without its contents. */
export type RecordMark = readonly [memberId: MemberId, incarnation: number, seq: number, fate: Fate]

/** Where in the journal a view stands: of two views of one cluster the greater one is newer. */
export type ViewPosition = readonly [term: number, index: number]

/** Whom everybody keeps a link to in a large cluster: the leader first, then its successor. */
export interface Hub {
  readonly memberId: MemberId
  readonly address: Address
}

/**
 * What an observer says of a member it watches, to the hubs and to the others that watch it; again at each beat while
 * it holds.
 */
export interface Accusation {
  readonly memberId: MemberId
  readonly incarnation: number
  /** Of the record it speaks against: a refuted one is stale. */
  readonly seq: number
  readonly class: EvidenceClass
  /** How long the observer has heard nothing. */
  readonly quietMs: number
}

export type MembershipMessage =
  | { readonly t: 'hello'; readonly hello: Hello }
  /** Records that are news to the sender; whoever learns something by them hands it on as its mode says. */
  | { readonly t: 'news'; readonly records: readonly MemberRecord[] }
  /**
   * Repair after digests differed: the marks that the sender holds in these `buckets`. Answered by `news` with what
   * the receiver holds newer, and, unless `answer`, by its own marks for what it lacks.
   */
  | {
      readonly t: 'marks'
      readonly buckets: readonly number[]
      readonly marks: readonly RecordMark[]
      readonly answer: boolean
    }
  /** The digests of the sender's buckets of records, in order: asks for `marks` of those that differ. */
  | { readonly t: 'buckets'; readonly digests: readonly number[] }
  /** A view that its receiver does not have. */
  | { readonly t: 'view'; readonly at: ViewPosition; readonly members: readonly ViewMember[] }
  /** Who the hubs are since `term`, as far as the sender knows. */
  | { readonly t: 'hubs'; readonly term: number; readonly hubs: readonly Hub[] }
  | { readonly t: 'accuse'; readonly accusations: readonly Accusation[] }
  /** Asks for a way round a bad link. */
  | {
      readonly t: 'reach'
      /** Does the receiver hear this member? Answered by `reached`. */
      readonly memberId: MemberId
    }
  | { readonly t: 'reached'; readonly memberId: MemberId; readonly heard: boolean }
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
      /** After how long the sender's next beat comes on this link. Absent: its `beatMs`. */
      readonly everyMs?: number
      /** The sender wants this link for itself. Absent: it does. A link that neither side wants is closed after a while. */
      readonly wants?: boolean
      /** Digests of the view and of the records that the sender holds. */
      readonly digest?: readonly [view: number, records: number]
      /** Where the sender's view stands. */
      readonly at?: ViewPosition
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
  /** The journal's member list changed: who shall be linked, and at which address. Absent `at`: newer than all before. */
  | { readonly kind: 'view'; readonly members: readonly ViewMember[]; readonly at?: ViewPosition }
  /** Who leads since `term`, and who comes next; replaces what was said before. */
  | { readonly kind: 'hubs'; readonly term: number; readonly hubs: readonly MemberId[] }
  /** Members to which a link is kept whatever the size of the cluster, as voters do; replaces what was said before. */
  | { readonly kind: 'keep'; readonly members: readonly MemberId[] }
  /** Somebody above has something for this member now: link it on demand, or find a way to it. */
  | { readonly kind: 'need'; readonly memberId: MemberId }
  /** What this member says of itself from now on; replaces what it said before. */
  | { readonly kind: 'about'; readonly about: About | null }
  /** This machine has other addresses than before, or was asleep: every link must prove itself. */
  | { readonly kind: 'network'; readonly address: Address; readonly why: 'address' | 'resume' }
  /** The own hello changed (cluster founded or joined): tell every linked peer. */
  | { readonly kind: 'self'; readonly self: Hello }
  /** Somebody claims that this member is dead: look yourself, by redialling at once. */
  | { readonly kind: 'probe'; readonly memberId: MemberId }
  /**
   * Discovery has heard of somebody of this application: a hint, whose addresses are dialled in this order until one
   * answers. In a large cluster, too.
   */
  | { readonly kind: 'found'; readonly memberId: MemberId | null; readonly addresses: readonly Address[] }
  /** Say `bye` on every link and close them; nothing is dialled afterwards. */
  | { readonly kind: 'stop'; readonly leaving: boolean; readonly last?: LastPosition }

export type MembershipEffect =
  /** Dial `address`; the outcome comes as `opened` or `closed` with this link number. */
  | { readonly kind: 'dial'; readonly link: number; readonly address: Address; readonly doubted?: true }
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
  /** What is known of this member's life has changed. `own`: by what this peer itself observed. */
  | {
      readonly kind: 'fate'
      readonly memberId: MemberId
      readonly incarnation: number
      readonly fate: Fate
      readonly own: boolean
    }
  /** What this member says of itself has changed. */
  | { readonly kind: 'about'; readonly memberId: MemberId; readonly about: About | null }
  /** A link between two living members has become bad, or good again; told by either end. */
  | { readonly kind: 'bad-link'; readonly from: MemberId; readonly to: MemberId; readonly bad: boolean }
  /** How this member is reached from now on: by its own link, through another member, or not at all. */
  | {
      readonly kind: 'route'
      readonly memberId: MemberId
      readonly by: 'link' | { readonly via: MemberId } | null
    }
  /** Another member had a newer view than the own journal has shown. */
  | { readonly kind: 'view'; readonly at: ViewPosition; readonly members: readonly ViewMember[] }
  /** This peer hears nobody while it could be heard, or is heard again: it is its own network that is gone. */
  | { readonly kind: 'cut-off'; readonly cutOff: boolean; readonly text: string }
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
  /** Beyond the full mesh. Default `largeDefaults`. */
  readonly large?: LargeTimings
  /**
   * Views are told to others by this machine, too. Default false: the journal does that, and only what somebody has
   * missed is repaired.
   */
  readonly spreadsViews?: boolean
}

/** How clusters of more than `meshMax` members watch each other. */
export interface LargeTimings {
  /** Up to so many members everybody is linked to everybody. Default 16. */
  readonly meshMax: number
  /** Each member is watched by so many neighbours on the hash ring, and watches as many. Default 5. */
  readonly neighbours: number
  /** A member's beat to those that watch it. Default 500. */
  readonly beatMs: number
  /** To and from the hubs. Default 1,000. */
  readonly hubBeatMs: number
  /** On every other link, for round trips and repair. Default 2,000. */
  readonly idleBeatMs: number
  /** Silence after which a watched member is suspected. Default 2,000. */
  readonly silenceMs: number
  /** Suspicion lasts at least `suspicionMult * beatMs * max(1, log10 n)`, and at most six times as long. Default 3. */
  readonly suspicionMult: number
  /** Independent observers that shorten a suspicion to its least, and that a removal by silence needs. Default 3. */
  readonly confirmations: number
  /** Removals by silence are collected for so long. Default 100. */
  readonly batchMs: number
  /** A link that neither side wants any more is closed after this time. Default 10,000. */
  readonly lingerMs: number
}
