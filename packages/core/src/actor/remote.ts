import type { Target } from './ref.js'

/** A message of the actor layer between two peers, as JSON. `at`: path and uid of the actor that it is for. */
export type ActorMessage =
  | { readonly t: 'tell'; readonly at: Place; readonly handler: string; readonly message: unknown }
  | {
      readonly t: 'ask'
      readonly id: number
      readonly at: Place
      readonly handler: string
      readonly message: unknown
      /** How long the asker will wait from now on. */
      readonly forMs: number
    }
  | { readonly t: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly t: 'failed'; readonly id: number; readonly code: string; readonly text: string }
  | { readonly t: 'watch'; readonly at: Place }
  | { readonly t: 'unwatch'; readonly at: Place }
  | { readonly t: 'ended'; readonly at: Place; readonly why: 'stopped' | 'failed' | 'lost' }
  | { readonly t: 'stop'; readonly at: Place; readonly id: number }
  /** What the sender's receptionist offers now, whole: by key, its refs. */
  | { readonly t: 'offers'; readonly offers: readonly (readonly [key: string, refs: readonly string[]])[] }

/** Path and uid. */
export type Place = readonly [path: string, uid: number]

/** How a system reaches actors of other peers. One system has one; without it refs of other nodes are dead ends. */
export interface Remote {
  /** The own node: `MEMBER.INCARNATION`. */
  readonly node: string
  /** What a ref to that actor leads to. */
  target(node: string, path: string, uid: number): Target
}
