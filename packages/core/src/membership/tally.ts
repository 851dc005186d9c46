import { waitsHere } from './moved.js'
import {
  endDoubt,
  hearsDirectly,
  limitMs,
  removeAccuser,
  suspicionMs,
  type Doubt,
  type Suspicion,
} from './doubts.js'
import { proposeDead } from './evidence.js'
import { askAgain } from './proof.js'
import { noteFate } from './records.js'
import { emit, quietMs, type Step } from './state.js'
import { isHub, isLarge, watchers } from './topology.js'
import type { MemberId } from './types.js'

/**
 * The hubs count who accuses whom. A member is proposed for removal by silence when
 * - this hub itself has not heard it for its limit (which counts as one accuser),
 * - `confirmations` independent members accuse it; where fewer of those that watch it are left, all of them, and
 *   never one alone,
 * - more of those that watch it accuse it than are heard and do not: who is silent about it hears it,
 * - and the suspicion timer is over.
 * Removals are collected for `batchMs`, and wait once for others about which the reports are still on their way.
 */

/** An accusation that was not renewed for so many beats is withdrawn. */
const RENEWALS = 3
/** A batch waits at most so many beats for reports that are on their way. */
const HELD_BEATS = 2
/** Accusations that arrive together are judged together. */
const GATHER_MS = 50

interface Verdict {
  readonly ready: boolean
  /** The next moment at which it may become ready by itself. */
  readonly dueMs: number | null
  /** More reports may be on their way. */
  readonly open: boolean
}

const waiting: Verdict = { ready: false, dueMs: null, open: false }

export function judgeSoon(s: Step): void {
  judgeAt(s, s.now + GATHER_MS)
}

/** The timer `wake`, when it is for this part. */
export function doubtsDue(s: Step): void {
  const { suspicion } = s.state
  if (suspicion.dueMs === null || s.now < suspicion.dueMs) return
  suspicion.dueMs = null
  // The beat is overdue: this peer was late, and first has to find out for how long.
  if (s.now - s.state.beatDueMs > s.state.config.beatMs / 2) return
  judgeDoubts(s)
}

export function judgeDoubts(s: Step): void {
  const { state } = s
  const { suspicion } = state
  suspicion.dueMs = null
  askAgain(s)
  becomeHub(s)
  if (isLarge(state)) {
    for (const doubt of suspicion.doubts.values()) prune(s, doubt)
    for (const known of [suspicion.gone, suspicion.noted, suspicion.looked])
      for (const id of known.keys()) if (!state.index.byId.has(id)) known.delete(id)
    if (suspicion.hubMs !== null) {
      flushProven(s)
      judgeSilence(s, suspicion)
    }
  }
}

/** The least of the moments at which something is to be judged. */
export function judgeAt(s: Step, atMs: number): void {
  const { suspicion } = s.state
  if (suspicion.dueMs !== null && suspicion.dueMs <= atMs) return
  suspicion.dueMs = atMs
  s.state.dialsTouched = true
}

function becomeHub(s: Step): void {
  const { state } = s
  const { suspicion } = state
  if (!isHub(state)) suspicion.hubMs = null
  else if (suspicion.hubMs === null) {
    suspicion.hubMs = s.now
    // Whose end was proven while others counted.
    if (!isLarge(state)) return
    for (const peer of state.peers.values()) proposeDead(s, peer)
  }
}

function prune(s: Step, doubt: Doubt): void {
  const { state } = s
  const row = state.index.byId.get(doubt.memberId)
  if (!row || row.incarnation > doubt.incarnation) return endDoubt(s, doubt)
  const oldestMs = s.now - RENEWALS * state.large.beatMs
  for (const [by, { saidMs }] of doubt.by)
    if (by !== state.self.memberId && saidMs <= oldestMs) removeAccuser(s, doubt, by)
}

function judgeSilence(s: Step, suspicion: Suspicion): void {
  const { state } = s
  if (suspicion.doubts.size === 0 || suspicion.cutOff) {
    suspicion.batchMs = null
    return
  }
  const shortens = hearsHalf(s)
  const ready: Doubt[] = []
  let open = false
  for (const doubt of suspicion.doubts.values()) {
    if (suspicion.gone.get(doubt.memberId) === state.index.byId.get(doubt.memberId)?.incarnation) continue
    if (waitsHere(s, doubt.memberId, doubt.incarnation)) continue
    const verdict = judge(s, doubt, shortens)
    if (verdict.ready) ready.push(doubt)
    else {
      open ||= verdict.open
      if (verdict.dueMs !== null) judgeAt(s, verdict.dueMs)
    }
  }
  if (ready.length === 0) {
    suspicion.batchMs = null
    return
  }
  suspicion.batchMs ??= s.now
  const { batchMs, beatMs } = state.large
  const sinceMs = suspicion.batchMs
  const untilMs = sinceMs + (open ? Math.max(batchMs, HELD_BEATS * beatMs) : batchMs)
  if (s.now < untilMs) return judgeAt(s, untilMs)
  suspicion.batchMs = null
  for (const doubt of ready) {
    const quiet = Math.round(quietMs(s, heardMs(s, doubt)))
    const text = `${doubt.by.size} of those that watch it and this hub have not heard it, this one for ${quiet} ms`
    propose(s, doubt.memberId, doubt.incarnation, text)
  }
}

function judge(s: Step, doubt: Doubt, shortens: boolean): Verdict {
  const { state } = s
  const { large, view } = state
  const self = state.self.memberId
  const believes = state.config.evidence !== 'strict'
  const claims = [...doubt.by].filter(([by, { class: found }]) => by !== self && found === 'A').length
  const limit = ownLimitMs(s, doubt)
  const deafMs = heardMs(s, doubt) + limit
  const deaf = s.now > deafMs
  const linked = state.peers.get(doubt.memberId)?.link != null
  if (believes && claims >= 2 && (deaf || !linked)) return { ready: true, dueMs: null, open: false }
  const against = [...doubt.by.keys()].filter((by) => by !== self).length
  const watching = watchers(state, doubt.memberId)
  // Who watches it, is heard here and says nothing, hears it.
  const silent = watching.filter((id) => id !== self && !doubt.by.has(id) && hearsDirectly(s, id)).length
  const watches = watching.includes(self) ? 1 : 0
  const accusers = against + 1
  const least = view.length >= 4 ? 2 : 1
  const wanted = Math.max(least, Math.min(large.confirmations, against + silent + 1))
  const enough = accusers >= wanted && against + watches > silent
  const young = s.now - doubt.sinceMs < HELD_BEATS * large.beatMs
  if (!enough) {
    doubt.enoughMs = null
    return { ...waiting, open: young }
  }
  doubt.enoughMs ??= s.now
  if (s.now - heardMs(s, doubt) > large.silenceMs) noteSuspect(s, doubt.memberId, doubt.incarnation)
  const overMs = doubt.enoughMs + suspicionMs(large, view.length, shortens ? accusers - 1 : 0)
  const dueMs = Math.max(overMs, deafMs + 1)
  if (s.now >= dueMs) return { ready: true, dueMs: null, open: false }
  return { ready: false, dueMs, open: dueMs - s.now < HELD_BEATS * large.beatMs }
}

/** Once for each silence: one bad link is no rumour. */
export function noteSuspect(s: Step, memberId: MemberId, incarnation: number): void {
  const { noted } = s.state.suspicion
  if ((noted.get(memberId) ?? -1) >= incarnation) return
  noted.set(memberId, incarnation)
  noteFate(s, memberId, incarnation, 'suspect')
}

/** When this hub heard it last, or could have: silence before it became a hub, or was awake, proves nothing. */
function heardMs(s: Step, doubt: Doubt): number {
  const { peers, suspicion, floorMs } = s.state
  const peer = peers.get(doubt.memberId)
  const met = peer !== undefined && Number.isFinite(peer.heardMs)
  return Math.max(met ? peer.heardMs : doubt.sinceMs, suspicion.hubMs ?? s.now, floorMs)
}

function ownLimitMs(s: Step, doubt: Doubt): number {
  const peer = s.state.peers.get(doubt.memberId)
  const link = peer?.link == null ? undefined : s.state.links.get(peer.link)
  return limitMs(s, link, s.state.large.hubBeatMs)
}

/** A hub that has lost most members at once may be the one that is lost: then nothing shortens a suspicion. */
function hearsHalf(s: Step): boolean {
  const { state } = s
  let heard = 0
  for (const id of state.peers.keys()) if (state.index.byId.has(id) && hearsDirectly(s, id)) heard += 1
  return 2 * heard >= state.view.length - 1
}

/** The first at once; those that follow closely together: one blow to a building is one change of the view. */
export function removeProven(s: Step, memberId: MemberId, text: string): void {
  s.state.suspicion.burst.set(memberId, text)
  flushProven(s)
}

function flushProven(s: Step): void {
  const { state } = s
  const { suspicion } = state
  if (suspicion.burst.size === 0) return
  const dueMs = suspicion.burstMs + state.large.batchMs
  if (s.now < dueMs) return judgeAt(s, dueMs)
  suspicion.burstMs = s.now
  for (const [memberId, text] of suspicion.burst) {
    const dead = state.peers.get(memberId)?.dead ?? -1
    if (dead >= (state.index.byId.get(memberId)?.incarnation ?? 0)) propose(s, memberId, dead, text)
  }
  suspicion.burst.clear()
}

function propose(s: Step, memberId: MemberId, incarnation: number, text: string): void {
  const { state } = s
  const row = state.index.byId.get(memberId)
  if (!row || row.incarnation > incarnation || state.suspicion.gone.get(memberId) === row.incarnation) return
  state.suspicion.gone.set(memberId, row.incarnation)
  const peer = state.peers.get(memberId)
  if (peer) peer.gone = true
  emit(s, { kind: 'gone', memberId, incarnation: row.incarnation, text })
  noteFate(s, memberId, incarnation, 'dead')
}
