/** Path and uid. */
export type Place = readonly [path: string, uid: number]

/** What a message or a reply carries: `encodeJson` of the value, and which texts in it are refs. */
export interface Parcel {
  readonly value: unknown
  /** Where in the value each ref was, and its text. Absent: none. */
  readonly refs?: readonly PackedRef[]
}

/**
 * A path has names and indices; of a Map `[i, 'key']` or `[i, 'value']` of its i-th pair, of a Set the index.
 */
export type PackedRef = readonly [path: readonly (string | number)[], ref: string]

/** One message of the actor layer between two peers, as JSON. `at`: path and uid of the actor that it is for. */
export type ActorMessage =
  | { readonly t: 'tell'; readonly at: Place; readonly handler: string; readonly message: Parcel }
  | {
      readonly t: 'ask'
      readonly id: number
      readonly at: Place
      readonly handler: string
      readonly message: Parcel
      /** How long the asker will wait from now on. */
      readonly forMs: number
    }
  | { readonly t: 'reply'; readonly id: number; readonly message: Parcel }
  | { readonly t: 'failed'; readonly id: number; readonly code: string; readonly text: string }
  | { readonly t: 'watch'; readonly at: Place }
  | { readonly t: 'unwatch'; readonly at: Place }
  | { readonly t: 'ended'; readonly at: Place; readonly why: Ending }
  | { readonly t: 'stop'; readonly at: Place; readonly id: number; readonly drain: boolean }
  /** What the sender's receptionist offers now, whole: by key, its refs. */
  | { readonly t: 'offers'; readonly offers: Offers }

export type Ending = 'stopped' | 'failed' | 'lost'
export type Offers = readonly (readonly [key: string, refs: readonly string[]])[]

/**
 * What goes over a link. Two peers keep a session as long as both live and neither removes the other; each numbers it
 * from its side by an `epoch` that only grows. In a session messages are numbered from 1 on, in each direction.
 */
export type SessionMessage =
  /** First on every link: who is speaking of which session, and what arrived of the other's. `ask`: answer with the same. */
  | {
      readonly t: 'open'
      readonly epoch: number
      /** The other side's epoch as far as it is known; 0: not. */
      readonly seen: number
      readonly received: number
      readonly ask: boolean
    }
  /**
   * Messages `seq` to `seq + count - 1`; `ack`: the last that arrived. Only for the session of these two epochs.
   * `data`, raw beside the body: a JSON array of them; none when `count` is 0.
   */
  | {
      readonly t: 'batch'
      readonly from: number
      readonly to: number
      readonly seq: number
      readonly count: number
      readonly ack: number
      readonly data?: Uint8Array
    }
