import type { Hello, MemberId } from '@tanist/core'
import { hashOfReads, readsOf } from '../role/index.js'
import type { AnyRole, CallMessage, Reader, Reads } from '../role/index.js'

/** What a peer says of its build once, on each link to one whose build is another. */
export interface ReadsMessage {
  readonly t: 'reads'
  readonly roles: Reads
}

/**
 * Which roles, events and versions the builds of the other peers can read. Hellos carry a hash of that: peers of one
 * build need no more. Of others the last word counts, also while they are away: they come back with the same build, or
 * say so. Who was never heard in the life of this process does not count: nobody could ever write anything new while
 * one machine is in repair; when it comes back with an old build, it fails the roles whose entries it cannot read,
 * serves the others, and has all of it once it is upgraded.
 */
export class Builds {
  readonly hash: string
  readonly message: ReadsMessage
  readonly #roles: readonly AnyRole[]
  readonly #others = new Map<MemberId, Reads>()
  readonly #same = new Set<MemberId>()

  constructor(roles: readonly AnyRole[]) {
    this.#roles = roles
    this.message = { t: 'reads', roles: readsOf(roles) }
    this.hash = hashOfReads(this.message.roles)
  }

  /** A new link. True when the other must be told what this build reads. */
  up({ memberId, reads, witness }: Hello): boolean {
    if (witness || reads === undefined) return false
    if (reads !== this.hash) {
      this.#same.delete(memberId)
      return true
    }
    this.#others.delete(memberId)
    this.#same.add(memberId)
    return false
  }

  heard(memberId: MemberId, { roles }: ReadsMessage): void {
    this.#others.set(memberId, roles)
  }

  /** Nobody asks for the others any more. */
  keep(wanted: (memberId: MemberId) => boolean): void {
    for (const known of [this.#others, this.#same])
      for (const memberId of known.keys()) if (!wanted(memberId)) known.delete(memberId)
  }

  /** Those of these peers whose builds are not this one. */
  readers(voters: readonly MemberId[], nameOf: (memberId: MemberId) => string): readonly Reader[] {
    if (this.#others.size === 0) return NONE
    return voters.flatMap((memberId) => {
      const reads = this.#others.get(memberId)
      return reads === undefined ? [] : [{ name: nameOf(memberId), reads }]
    })
  }

  /** Which of these peers, this one aside, have a role of that name, or never said whether they have. */
  holders(
    role: string,
    voters: readonly MemberId[],
  ): { readonly having: readonly MemberId[]; readonly silent: readonly MemberId[] } {
    const here = Object.hasOwn(this.message.roles, role)
    const having = voters.filter((id) => {
      const reads = this.#others.get(id)
      return reads === undefined ? here && this.#same.has(id) : Object.hasOwn(reads, role)
    })
    return { having, silent: voters.filter((id) => !this.#others.has(id) && !this.#same.has(id)) }
  }

  /** A call as the build of its server knows the role, when that goes by a former name there. */
  forServer(server: MemberId, call: CallMessage): CallMessage {
    const reads = this.#others.get(server)
    if (reads === undefined || Object.hasOwn(reads, call.role)) return call
    const own = this.#roles.find(({ name }) => name === call.role)
    const role = own?.formerly?.find((former) => Object.hasOwn(reads, former))
    return role === undefined ? call : { ...call, role }
  }
}

const NONE: readonly Reader[] = []

/** The form of what the tables of the wire only call an object. */
export function isReadsForm(roles: unknown): boolean {
  return isObject(roles) && Object.values(roles).every(isEventsForm)
}

function isEventsForm(events: unknown): boolean {
  const versions = isObject(events) ? Object.values(events) : [null]
  return versions.every((version) => Number.isSafeInteger(version) && (version as number) >= 1)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
