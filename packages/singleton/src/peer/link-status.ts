import { linkStates } from '@tanist/core'
import type { LinkState, MemberId, Membership } from '@tanist/core'

/** One end of a link. */
export interface LinkEndpoint {
  readonly id: MemberId
  readonly name: string
}

/** A link between two members: each own one, and what other members say of theirs that are bad. */
export interface LinkStatus {
  readonly from: LinkEndpoint
  readonly to: LinkEndpoint
  /**
   * `silent`: there is no link, or nothing comes by it, and it is not known yet why. `bad`: both ends live, and it
   * fails, or is so slow that another way is shorter.
   */
  readonly state: LinkState['state']
  /** Through whom `from` reaches `to` meanwhile. Absent: by this link, or not at all. Of own links only. */
  readonly via?: LinkEndpoint
  /** Median of the last beats; null: not measured, or another member's link. Not told as a change. */
  readonly roundTripMs: number | null
  /** Since when it is in this state, by this peer's clock. */
  readonly sinceMs: number
}

/** What `links` tells, kept between two changes: told only when something is asked for or has changed. */
export class LinkBook {
  readonly #membership: Membership
  readonly #since = new Map<MemberId, { readonly state: LinkState['state']; readonly sinceMs: number }>()
  readonly #told = new Map<MemberId, Map<MemberId, number>>()

  constructor(membership: Membership) {
    this.#membership = membership
  }

  /** Something about the own link to this member has changed. */
  note(id: MemberId, wallMs: number): void {
    const state = this.#membership.routes.ways.get(id)?.state
    if (state === undefined) this.#since.delete(id)
    else if (this.#since.get(id)?.state !== state) this.#since.set(id, { state, sinceMs: wallMs })
  }

  told(from: MemberId, to: MemberId, bad: boolean, wallMs: number): void {
    const links = this.#told.get(from) ?? new Map<MemberId, number>()
    if (bad) links.set(to, wallMs)
    else links.delete(to)
    if (links.size > 0) this.#told.set(from, links)
    else this.#told.delete(from)
  }

  read(): LinkStatus[] {
    const { self, index } = this.#membership
    const end = (id: MemberId): LinkEndpoint => ({ id, name: index.byId.get(id)?.name ?? id.slice(0, 8) })
    const from = { id: self.memberId, name: self.name }
    const own = linkStates(this.#membership).flatMap(({ memberId, state, by, roundTripMs }) => {
      const since = this.#since.get(memberId)
      if (!since) return []
      const via = by !== null && by !== 'link' ? { via: end(by.via) } : {}
      return [{ from, to: end(memberId), state, ...via, roundTripMs, sinceMs: since.sinceMs }]
    })
    const others = [...this.#told].flatMap(([id, links]) =>
      [...links].map(([to, sinceMs]) => ({
        from: end(id),
        to: end(to),
        state: 'bad' as const,
        roundTripMs: null,
        sinceMs,
      })),
    )
    return [...own, ...others]
  }
}
