import type { Address, LinkEnd } from '../../host/index.js'
import type { Membership, MemberId, MembershipMessage, MembershipInput } from '../../membership/index.js'
import type { FleetEvent } from './clockwork.js'
import type { End } from './wires.js'
import type { Load } from './types.js'

/** One host of the fleet, its data folder, and the process that runs there. */
export interface Seat {
  readonly at: number
  readonly memberId: MemberId
  readonly name: string
  readonly address: Address
  incarnation: number
  life: Life | null
  /** Answers nothing: without power, or without its cable. */
  dark: boolean
  /** When a way to or from it was last mended. */
  healedMs: number
  readonly sent: Load
}

/** One start: a process. */
export interface Life {
  readonly seat: Seat
  readonly incarnation: number
  readonly machine: Membership
  readonly ends: Map<number, End>
  readonly timers: Map<string, FleetEvent>
  nextLink: number
  running: boolean
  /** When it ended. */
  endedMs: number
  paused: boolean
  pausedMs: number
  /** When its last pause ended, and how long that was. */
  wokeMs: number
  sleptMs: number
  /** What came while it was paused, and timers that became due. */
  readonly inbox: Piled[]
  readonly late: string[]
  /** The view that its machine was last seen with. */
  seenView: unknown
}

export type Piled =
  | { readonly kind: 'message'; readonly end: End; readonly message: MembershipMessage }
  | { readonly kind: 'closed'; readonly end: End; readonly how: LinkEnd }
  | { readonly kind: 'input'; readonly input: MembershipInput }
