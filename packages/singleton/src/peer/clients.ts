import type { ListenHandlers } from '@tanist/core'

/** Processes that are no members and linked to this one now. Not told as a change. */
export interface ClientsStatus {
  readonly trusted: number
  readonly stray: number
  /** Calls of theirs that have no answer yet. */
  readonly inFlight: number
  /** Roles that they follow, each counted for itself. */
  readonly watches: number
}

/** What this process has counted of its clients since it began. */
export interface ClientCounts {
  /** Links that were welcomed, and links of any kind that have ended. */
  readonly opened: number
  readonly closed: number
  /** Links that were told why they cannot be or stay here, by code. */
  readonly refused: Readonly<Record<string, number>>
}

/** Who takes the links of clients, through all identities of a peer. */
export interface ClientDesk {
  readonly accept: NonNullable<ListenHandlers['client']>
  status(): ClientsStatus
  counts(): ClientCounts
}

export const noClients: ClientsStatus = { trusted: 0, stray: 0, inFlight: 0, watches: 0 }
export const noClientCounts: ClientCounts = { opened: 0, closed: 0, refused: {} }
