import type { Host } from '@tanist/core'
import type { AnyRole } from '../role/index.js'

/** Where a set of roles runs: one life of one peer. */
export interface PeerEnv {
  readonly node: string
  /** Counts from 1. */
  readonly life: number
  readonly host: Host
  /** As a fault `upgrade` set it; empty before that. */
  readonly version: string
}

/** The roles of a cluster, or what makes them anew for every life: a process that restarts has a fresh memory. */
export type Roles = readonly AnyRole[] | ((env: PeerEnv) => readonly AnyRole[])
