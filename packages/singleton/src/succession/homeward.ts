import type { MemberId } from '@tanist/core'
import { isFit, lineOfSuccession } from './line.js'
import { neverServes, ranksBeforeSelf } from './rank.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { isVoter, majority, nameOf, note, send, voters } from './state.js'
import { isStalled } from './stall.js'
import { beginTransfer } from './transfer.js'

/** After failures the wait doubles up to this. */
const MOST_PATIENT_MS = 10 * 60_000

/** Home to the oldest (rule 14), or to whoever ranks first. */
export interface Homeward {
  /** Of the reign that these times belong to. */
  term: number
  /** Since when a voter that ranks before this leader has been fit without a gap. */
  readonly steadySinceMs: Map<MemberId, number>
  /** When this peer last gave or was given the role by a hand-over. */
  lastMs: number
  failures: number
  /** An operator gave this peer the role: that holds for the whole reign. */
  stayTerm: number
  /** Asked whether a majority would vote for it, and not heard of since. */
  asking: MemberId | null
  /** The hand-over that is under way goes home. */
  going: boolean
  /** At the heir: who would vote for it, by its own inquiry. */
  canvass: { readonly leader: MemberId; readonly term: number; readonly granted: Set<MemberId> } | null
}

/** At each beat of a leader. A caretaker, who may not serve, hands over as soon as somebody can. */
export function tendHome(t: Turn, role: LeaderRole): void {
  const { s, now } = t
  const { homeward } = s
  if (homeward.term !== s.hard.term) {
    homeward.term = s.hard.term
    homeward.steadySinceMs.clear()
    homeward.asking = null
  }
  if (s.commitIndex < role.startIndex || role.transfer || s.leaving) return
  if (neverServes(s, s.self.memberId)) {
    const [next] = lineOfSuccession(t, role)
    if (next !== undefined) beginTransfer(t, next, { why: 'this peer only kept the place' })
    return
  }
  const heir = watchHeirs(t, role)
  if (heir === undefined || !role.serving || homeward.stayTerm === s.hard.term) return
  if (homeward.asking !== null) {
    if (now.monotonicMs - homeward.lastMs < s.config.timing.transferMs) return
    homeward.asking = null
    homeward.failures += 1
  }
  if (now.monotonicMs - homeward.lastMs < pauseMs(s)) return
  homeward.lastMs = now.monotonicMs
  homeward.asking = heir
  send(t, heir, { t: 'canvass' })
}

/**
 * The heir looks whether a majority can hear it and would vote for it, before anybody stops serving: who reaches
 * nobody but the leader must not be given the role. The question is a pre-vote, so it changes nothing.
 */
export function onCanvass(t: Turn, from: MemberId, term: number): void {
  const { s } = t
  if (term !== s.hard.term || s.leader?.memberId !== from || s.role.kind !== 'follower') return
  if (!isVoter(s, s.self.memberId) || isStalled(t)) return
  s.homeward.canvass = { leader: from, term, granted: new Set([s.self.memberId, from]) }
  const { lastIndex, lastTerm } = s
  for (const id of voters(s)) {
    if (id === s.self.memberId || id === from) continue
    send(t, id, { t: 'vote', pre: true, lastIndex, lastTerm, transfer: true, dead: null })
  }
  countCanvass(t)
}

/** An answer that no candidate waits for may be one to the canvass. */
export function onCanvassVote(t: Turn, from: MemberId, asked: number): void {
  const { canvass } = t.s.homeward
  if (canvass?.term !== t.s.hard.term || asked !== canvass.term + 1) return
  canvass.granted.add(from)
  countCanvass(t)
}

function countCanvass(t: Turn): void {
  const { s } = t
  const { canvass } = s.homeward
  if (canvass === null || voters(s).filter((id) => canvass.granted.has(id)).length < majority(s)) return
  s.homeward.canvass = null
  send(t, canvass.leader, { t: 'canvassed' })
}

/** A majority would vote for the heir: now it is worth the hand-over. */
export function onCanvassed(t: Turn, from: MemberId, term: number): void {
  const { s } = t
  const { homeward } = s
  if (s.role.kind !== 'leader' || term !== s.hard.term || homeward.asking !== from) return
  homeward.asking = null
  if (!s.role.serving || s.role.transfer || s.leaving || !homeward.steadySinceMs.has(from)) return
  homeward.going = true
  const text = `${nameOf(s, from)} ranks before this peer and has been fit for long enough.`
  note(t, 'going-home', text, { to: from })
  beginTransfer(t, from, { why: 'it ranks first' })
}

function pauseMs(s: Succession): number {
  const { homeEveryMs } = s.config.timing
  return Math.min(
    homeEveryMs * 2 ** Math.min(s.homeward.failures, 20),
    Math.max(MOST_PATIENT_MS, homeEveryMs),
  )
}

/** The first in line that ranks before this leader and has been fit without a gap for long enough. */
function watchHeirs(t: Turn, role: LeaderRole): MemberId | undefined {
  const { s, now } = t
  const { steadySinceMs } = s.homeward
  for (const id of voters(s)) {
    if (!isSteady(t, role, id) || !ranksBeforeSelf(s, id)) steadySinceMs.delete(id)
    else if (!steadySinceMs.has(id)) steadySinceMs.set(id, now.monotonicMs)
  }
  for (const id of steadySinceMs.keys()) if (!voters(s).includes(id)) steadySinceMs.delete(id)
  if (steadySinceMs.size === 0) return undefined
  const [first] = lineOfSuccession(t, role)
  const since = first === undefined ? undefined : steadySinceMs.get(first)
  return since !== undefined && now.monotonicMs - since >= s.config.timing.homeAfterMs ? first : undefined
}

/** It answers beat by beat, its disk keeps up, and nobody proposes to remove it. */
function isSteady(t: Turn, role: LeaderRole, id: MemberId): boolean {
  const { s, now } = t
  const { beatMs, silenceMinMs } = s.config.timing
  if (id === s.self.memberId || !s.view.has(id) || s.gone.has(id) || !isFit(t, role, id)) return false
  const quietMs = now.monotonicMs - (role.progress.get(id)?.ackedAtMs ?? -Infinity)
  return quietMs <= Math.max(silenceMinMs, 4 * beatMs)
}

/** Told of the end of each hand-over that this peer began. */
export function handOverEnded(s: Succession, ok: boolean): void {
  const { homeward } = s
  if (!homeward.going) return
  homeward.going = false
  homeward.failures = ok ? 0 : homeward.failures + 1
}

/** Somebody hands over to this peer; `stay`: at an operator's wish. */
export function handedTo(t: Turn, stay: boolean): void {
  const { s, now } = t
  s.homeward.lastMs = now.monotonicMs
  s.homeward.failures = 0
  s.homeward.stayTerm = stay ? s.hard.term + 1 : -1
}
