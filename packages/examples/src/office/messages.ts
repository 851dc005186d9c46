import type { OfficeView } from './view.js'

/** What the launcher tells one peer process at its start, by the environment variable `TANIST_OFFICE_PEER`. */
export interface PeerConfig {
  readonly name: string
  readonly listen: string
  readonly seeds: readonly string[]
  readonly data: string
  readonly secret: string
  /** Peers that must be in sight before one founds the cluster. */
  readonly expect: number
}

export const CONFIG_VARIABLE = 'TANIST_OFFICE_PEER'

export type ChairState = 'starting' | 'running' | 'leaving' | 'crashed' | 'stopped'

export type Act = 'crash' | 'leave' | 'return'

/** A peer process as the launcher sees it, and what a button may do to it now. */
export interface Chair {
  readonly name: string
  readonly address: string
  readonly state: ChairState
  readonly may: readonly Act[]
}

/** The launcher's part of what a page shows. It holds processes, not state of the board. */
export interface Chairs {
  readonly chairs: readonly Chair[]
  readonly mayStart: boolean
}

export type Wish = { readonly act: Act; readonly name: string } | { readonly act: 'start' }

export type ToPeer = { readonly kind: 'chairs'; readonly chairs: Chairs } | { readonly kind: 'leave' }

export type FromPeer =
  | { readonly kind: 'joined' }
  | { readonly kind: 'view'; readonly view: OfficeView }
  /** Somebody pressed a button on a page. */
  | { readonly kind: 'wish'; readonly wish: Wish }
  /** The peer stops for this reason. */
  | { readonly kind: 'failed'; readonly text: string }
