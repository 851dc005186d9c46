/** What the run and its peer processes tell each other. */
export interface PeerConfig {
  readonly app: string
  readonly name: string
  readonly data: string
  readonly secret: string
  readonly seeds: readonly string[]
  readonly expect: number
  /** `0.0.0.0:0` where nobody is told of anybody. */
  readonly listen: string
  readonly discovers: boolean
}

/** A member as one peer sees it. */
export interface Row {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly incarnation: number
  readonly seniority: number
  readonly reachable: boolean
}

/** Times are `Date.now()`: all hosts share one clock. */
export type FromPeer =
  | { readonly kind: 'joined'; readonly atMs: number }
  | {
      readonly kind: 'view'
      readonly atMs: number
      readonly members: readonly Row[]
      readonly server: string | null
    }
  | {
      readonly kind: 'evidence'
      readonly atMs: number
      readonly class: string
      readonly memberId: string
      readonly text: string
    }
  /** What its log says of its own life. */
  | { readonly kind: 'note'; readonly atMs: number; readonly event: string; readonly text: string }
  /** The server acknowledged this command. */
  | { readonly kind: 'acknowledged'; readonly atMs: number; readonly id: string; readonly tookMs: number }
  | { readonly kind: 'held'; readonly ids: readonly string[] }
  | { readonly kind: 'failed'; readonly atMs: number; readonly text: string }

export type ToPeer =
  /** Answered by `held`: every id that its replica of the role holds. */
  { readonly kind: 'ask' } | { readonly kind: 'write'; readonly on: boolean }

export const CONFIG_VARIABLE = 'TANIST_LAN_PEER'
export const PORT = 7100
