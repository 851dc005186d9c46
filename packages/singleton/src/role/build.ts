import { ImageWriter, invariant } from '@tanist/core'
import { versionToday } from './bring-up.js'
import type { AnyRole } from './types.js'

/** By name of a role and name of an event, former ones too: the newest version that a build can read. */
export type Reads = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Another peer whose build is not the own one. */
export interface Reader {
  /** What people call the peer. */
  readonly name: string
  readonly reads: Reads
}

/** What a build with these roles can read. */
export function readsOf(roles: readonly AnyRole[]): Reads {
  const reads: Record<string, Readonly<Record<string, number>>> = {}
  for (const role of roles) {
    const events: Record<string, number> = {}
    for (const type of Object.keys(role.events)) events[type] = versionToday(role, type)
    for (const [former, type] of Object.entries(role.renamed ?? {})) events[former] = versionToday(role, type)
    for (const name of [role.name, ...(role.formerly ?? [])]) reads[name] = events
  }
  return reads
}

/** Short, and the same for builds that read the same. */
export function hashOfReads(reads: Reads): string {
  return hashOf(reads)
}

/**
 * By what a build makes states that others need not have: two replicas whose builds differ in this may hold different
 * states at one position, and neither is wrong. Empty where nothing has a version yet.
 */
export function shapeOf(roles: readonly AnyRole[]): string {
  const aged = roles.flatMap(({ name, versions = {}, renamed = {}, formerly = [], stateVersion = 1 }) => {
    const plain = Object.values(versions).every((version) => version === 1)
    if (plain && stateVersion === 1 && Object.keys(renamed).length === 0 && formerly.length === 0) return []
    return [[name, { versions, renamed, formerly, stateVersion }] as const]
  })
  return aged.length === 0 ? '' : hashOf(Object.fromEntries(aged)).slice(0, 8)
}

function hashOf(value: unknown): string {
  const writer = new ImageWriter([value][Symbol.iterator]())
  while (writer.next() !== null);
  invariant(writer.digest !== null, 'an image without an end')
  return writer.digest
}
