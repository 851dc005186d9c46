import type { Host } from '@tanist/core'
import { World } from '@tanist/core/testing'
import type { AnyRole } from '../role/index.js'

/** Where a set of roles runs: one life of one peer. */
export interface PeerEnv {
  readonly node: string
  /** Counts from 1. */
  readonly life: number
  readonly host: Host
  /** True virtual time, which no clock fault touches: for records about a run. A role has only its host's clock. */
  readonly nowMs: () => number
  /** As a fault `upgrade` set it; empty before that. */
  readonly version: string
}

/** The roles of a cluster, or what makes them anew for every life: a process that restarts has a fresh memory. */
export type Roles = readonly AnyRole[] | ((env: PeerEnv) => readonly AnyRole[])

export function rolesFor(roles: Roles, env: PeerEnv): readonly AnyRole[] {
  return typeof roles === 'function' ? roles(env) : roles
}

/** The roles as one more life would have them, on a machine of which nobody hears. */
export function witnessRoles(roles: Roles, version: string, seed: number | string): readonly AnyRole[] {
  let made: readonly AnyRole[] = []
  const aside = new World({ seed: `${seed}/witness` })
  aside.node('witness', {
    start: (host) => {
      made = rolesFor(roles, { node: 'witness', life: 1, host, version, nowMs: () => aside.nowMs })
    },
  })
  aside.start('witness')
  return made
}
