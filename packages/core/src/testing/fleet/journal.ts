import type { MemberId, ViewMember, ViewPosition } from '../../membership/index.js'
import type { Seat } from './seat.js'
import type { Removal } from './types.js'

/** How many of the oldest vote, and so keep links to each other. */
const VOTERS = 5
/** A change of the view is committed after this time; what comes meanwhile goes with it. */
const COMMIT_MS = 2
/** The successor acts so long after the end of a process, or after silence of whatever cause. */
const TAKEOVER_MS = 40
const ELECTION_MS = 250
const CHECK_MS = 500

export interface JournalPorts {
  after(ms: number, run: () => void): void
  seatOf(memberId: MemberId): Seat | undefined
  /** Both directions work, and both processes run. */
  reaches(from: Seat, to: Seat): boolean
  /** This leader's machine has heard from it lately. */
  hears(leader: Seat, other: Seat): boolean
  commit(leader: Seat, view: readonly ViewMember[], at: ViewPosition): void
  lead(leader: Seat, term: number, hubs: readonly MemberId[]): void
  keep(seat: Seat, members: readonly MemberId[]): void
}

/**
 * What the rest of the cluster does for membership: one place where views are decided, as if replicated, and which
 * always knows who may lead: the oldest that runs and reaches a majority of the voters.
 */
export class StandInJournal {
  view: readonly ViewMember[] = []
  #rows = new Map<MemberId, ViewMember>()
  at: ViewPosition = [0, 0]
  term = 0
  leader: Seat | null = null
  /** Views that were made since the start. */
  changes = 0
  readonly removals: Removal[] = []
  readonly #ports: JournalPorts
  #gone = new Map<MemberId, number>()
  #come = new Set<Seat>()
  #pending = false
  #outside = new Set<Seat>()
  #looking = false

  constructor(ports: JournalPorts) {
    this.#ports = ports
  }

  /** The first view, with everybody in it. */
  found(seats: readonly Seat[]): void {
    this.#adopt(seats.map((seat, i) => rowOf(seat, i + 1)))
    this.at = [1, seats.length]
    this.term = 1
    this.leader = seats[0] ?? null
  }

  hubs(): MemberId[] {
    const { leader } = this
    if (!leader) return []
    const next = this.#voters().find((seat) => seat !== leader && this.#ports.reaches(leader, seat))
    return next ? [leader.memberId, next.memberId] : [leader.memberId]
  }

  voters(): MemberId[] {
    return this.view.slice(0, VOTERS).map((row) => row.memberId)
  }

  /** The leader's machine proposes a removal. */
  gone(by: Seat, memberId: MemberId, incarnation: number, removal: () => Removal): void {
    if (by !== this.leader || !this.#ports.reaches(by, by)) return
    if (this.#rows.get(memberId)?.incarnation !== incarnation || this.#gone.has(memberId)) return
    this.#gone.set(memberId, incarnation)
    const made = removal()
    this.removals.push(made)
    this.#commitSoon()
  }

  /** The leader's machine is linked to somebody who is no member, or to a new start of one. */
  arrived(by: Seat, seat: Seat): void {
    if (by !== this.leader || this.#isIn(seat)) return
    this.#come.add(seat)
    this.#commitSoon()
  }

  /** Something happened to processes or to the network: maybe somebody else must lead. */
  disturbed(proof: boolean): void {
    this.#ports.after(proof ? TAKEOVER_MS : ELECTION_MS, () => this.#elect())
  }

  #elect(): void {
    if (this.leader && this.#mayLead(this.leader)) return
    const next = this.#voters().find((seat) => this.#mayLead(seat))
    if (!next) {
      if (!this.#looking) this.#ports.after(ELECTION_MS, () => this.#lookAgain())
      this.#looking = true
      return
    }
    this.leader = next
    this.term += 1
    this.#gone.clear()
    this.#come.clear()
    this.at = [this.term, this.at[1] + 1]
    // A vote belongs to the data folder, a row to the start: whoever was started anew admits itself.
    if (!this.#isIn(next)) this.arrived(next, next)
    this.#ports.lead(next, this.term, this.hubs())
    this.#ports.commit(next, this.view, this.at)
  }

  #lookAgain(): void {
    this.#looking = false
    this.#elect()
  }

  #mayLead(seat: Seat): boolean {
    if (!this.#ports.reaches(seat, seat)) return false
    const voters = this.#voters()
    return (
      2 * voters.filter((one) => this.#ports.reaches(seat, one)).length > Math.min(VOTERS, this.view.length)
    )
  }

  #isIn(seat: Seat): boolean {
    return this.#rows.get(seat.memberId)?.incarnation === seat.incarnation
  }

  #adopt(view: readonly ViewMember[]): void {
    this.view = view
    this.#rows = new Map(view.map((row) => [row.memberId, row]))
  }

  #voters(): Seat[] {
    const seats = this.view.slice(0, VOTERS).map((row) => this.#ports.seatOf(row.memberId))
    return seats.filter((seat): seat is Seat => seat !== undefined)
  }

  #commitSoon(): void {
    if (this.#pending) return
    this.#pending = true
    this.#ports.after(COMMIT_MS, () => this.#commit())
  }

  #commit(): void {
    this.#pending = false
    const { leader } = this
    if (!leader || (this.#gone.size === 0 && this.#come.size === 0)) return
    const old = new Set([...this.#come].map((seat) => seat.memberId))
    const staying = this.view.filter((row) => {
      const goes = this.#gone.get(row.memberId) === row.incarnation
      const seat = this.#ports.seatOf(row.memberId)
      if (goes && seat && !old.has(row.memberId)) this.#exclude(seat)
      return !goes && !old.has(row.memberId)
    })
    const [, index] = this.at
    const coming = [...this.#come].map((seat, i) => rowOf(seat, index + 1 + i))
    const before = this.hubs().join()
    this.#adopt([...staying, ...coming])
    this.at = [this.term, index + 1 + coming.length]
    this.changes += 1
    this.#gone.clear()
    this.#come.clear()
    this.#ports.commit(leader, this.view, this.at)
    const hubs = this.hubs()
    if (hubs.join() !== before) this.#ports.lead(leader, this.term, hubs)
    const voters = this.voters()
    for (const id of voters) {
      const seat = this.#ports.seatOf(id)
      if (seat) this.#ports.keep(seat, voters)
    }
  }

  /** Whoever was removed and lives is admitted again, as the youngest, when the leader hears it. */
  #exclude(seat: Seat): void {
    if (this.#outside.size === 0) this.#ports.after(CHECK_MS, () => this.#readmit())
    this.#outside.add(seat)
  }

  #readmit(): void {
    const { leader } = this
    for (const seat of this.#outside) {
      if (this.#isIn(seat)) this.#outside.delete(seat)
      else if (leader && this.#ports.reaches(leader, seat) && this.#ports.hears(leader, seat))
        this.arrived(leader, seat)
    }
    if (this.#outside.size > 0) this.#ports.after(CHECK_MS, () => this.#readmit())
  }
}

function rowOf(seat: Seat, seniority: number): ViewMember {
  const { memberId, incarnation, name, address } = seat
  return { memberId, incarnation, name, address, seniority }
}
