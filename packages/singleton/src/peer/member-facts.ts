import type { About, Fate, MemberId } from '@tanist/core'
import type { ViewChange } from '../succession/index.js'

/** How a member that is not in the view any more came to its end there. */
export interface MemberEnd {
  readonly incarnation: number
  /** It gave up its seat by itself. */
  readonly left: boolean
  readonly why: string
}

/** The oldest ends are forgotten. */
const ENDS_MAX = 1_024

/** What is known of members beyond the rows of the view: what they say of themselves, their fate, and past ends. */
export class MemberFacts {
  readonly #abouts = new Map<MemberId, About>()
  readonly #fates = new Map<MemberId, { readonly incarnation: number; readonly fate: Fate }>()
  readonly #ends = new Map<MemberId, MemberEnd>()

  /** True when it is news. */
  says(memberId: MemberId, about: About | null): boolean {
    if (JSON.stringify(this.#abouts.get(memberId) ?? null) === JSON.stringify(about)) return false
    if (about) this.#abouts.set(memberId, about)
    else this.#abouts.delete(memberId)
    return true
  }

  fateIs(memberId: MemberId, incarnation: number, fate: Fate): void {
    this.#fates.set(memberId, { incarnation, fate })
  }

  /** It has a link again, or a way through another member: it lives. */
  reached(memberId: MemberId): void {
    if (this.#fates.get(memberId)?.fate === 'suspect') this.#fates.delete(memberId)
  }

  /** The journal removed a member, or admitted one. */
  changed(change: ViewChange): void {
    if (change.op !== 'remove') return
    const { memberId, incarnation, why, seat, evicted } = change
    this.#ends.delete(memberId)
    this.#ends.set(memberId, { incarnation, left: seat === 'given-up' && !evicted, why })
    const [oldest] = this.#ends.keys()
    if (this.#ends.size > ENDS_MAX && oldest !== undefined) this.#ends.delete(oldest)
  }

  /** Called with each new view: membership tells anew what it knows of those who come. */
  keep(isMember: (memberId: MemberId) => boolean): void {
    for (const facts of [this.#abouts, this.#fates])
      for (const memberId of facts.keys()) if (!isMember(memberId)) facts.delete(memberId)
  }

  aboutOf(memberId: MemberId): About | null {
    return this.#abouts.get(memberId) ?? null
  }

  stateOf(memberId: MemberId, incarnation: number): 'up' | 'suspect' | 'gone' {
    const known = this.#fates.get(memberId)
    if (!known || known.incarnation < incarnation) return 'up'
    // A newer start has been seen: the one in the view is over.
    if (known.incarnation > incarnation) return 'gone'
    return known.fate === 'dead' || known.fate === 'left' ? 'gone' : known.fate
  }

  endOf(memberId: MemberId): MemberEnd | null {
    return this.#ends.get(memberId) ?? null
  }
}
