import type { About, MemberId } from '@tanist/core'
import { isVoter, neverServes } from '../succession/index.js'
import type { Succession } from '../succession/index.js'
import type { MemberFacts } from './member-facts.js'

/** One member as this peer sees it. */
export interface Member {
  readonly id: MemberId
  readonly name: string
  readonly address: string
  readonly incarnation: number
  /** Journal position of its admission: smaller is older. */
  readonly seniority: number
  readonly voter: boolean
  /** This peer has a working link to it, reaches it through another member, or is it. Says nothing about its life. */
  readonly reachable: boolean
  /** It votes and keeps copies, and never serves. */
  readonly neverServes: boolean
  /** An operator took its vote until its next start. */
  readonly demoted: boolean
  /**
   * What is known of its life. `up`: nothing speaks against it. `suspect`: this peer ought to hear it and has
   * not for too long, or others told so. `gone`: its end is known, and the journal has not removed it yet.
   */
  readonly state: 'up' | 'suspect' | 'gone'
  /** What it says of itself: `about` of `join`, and `announce`. Null: nothing, or not heard yet. */
  readonly about: About | null
  /** The median of the round trips that others measured to it, in milliseconds; null: none yet. Not told as a change. */
  readonly roundTripMs: number | null
}

/** What of a member can change while it is one, without its state and its round trip. */
export const memberFields: readonly MemberField[] = [
  'name',
  'address',
  'voter',
  'reachable',
  'neverServes',
  'demoted',
  'about',
]
export type MemberField = 'name' | 'address' | 'voter' | 'reachable' | 'neverServes' | 'demoted' | 'about'

/** The list of members, by seniority. Rows that did not change are the same objects as before, and so is the list. */
export class Members {
  #last: readonly Member[] = []

  of(s: Succession, facts: MemberFacts, ownAbout: About | null): readonly Member[] {
    const before = new Map(this.#last.map((row) => [row.id, row]))
    const rows = [...s.view.values()]
      .toSorted((a, b) => a.seniority - b.seniority)
      .map((row) => {
        const { memberId: id, name, address, incarnation, seniority, demoted } = row
        const isSelf = id === s.self.memberId
        const member: Member = {
          id,
          name,
          address,
          incarnation,
          seniority,
          voter: isVoter(s, id),
          reachable: isSelf || s.links.get(id)?.incarnation === incarnation,
          neverServes: neverServes(s, id),
          demoted: demoted === true,
          state: isSelf ? 'up' : facts.stateOf(id, incarnation),
          about: isSelf ? ownAbout : facts.aboutOf(id),
          roundTripMs: s.latency.get(id) ?? null,
        }
        const was = before.get(id)
        return was && was.roundTripMs === member.roundTripMs && isSameMember(was, member) ? was : member
      })
    const same = rows.length === this.#last.length && rows.every((row, at) => row === this.#last[at])
    if (!same) this.#last = rows
    return this.#last
  }
}

/** But for the round trip, which changes all the time. */
export function isSameMember(a: Member, b: Member): boolean {
  if (a === b) return true
  const same = a.id === b.id && a.incarnation === b.incarnation && a.seniority === b.seniority
  return same && a.state === b.state && memberFields.every((field) => a[field] === b[field])
}

export function areSameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return a === b || (a.length === b.length && a.every((row, at) => isSameMember(row, b[at] as Member)))
}
