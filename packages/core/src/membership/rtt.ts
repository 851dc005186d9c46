import { emit, type LinkRow, type Membership, type Peer, type Step } from './state.js'
import type { MemberId } from './types.js'

/**
 * Round trips, measured by the beats that are sent anyway: each carries a number, and what it answers: the number
 * of the last beat heard on this link and for how long that has been kept. One clock measures the whole, so that
 * clocks need not agree. Medians of the last samples are told with the beats; a member's rank is the median of
 * what OTHERS measured to it, so that nobody speaks for itself.
 */

/** Samples of which the median is taken: five seconds of beats. */
const SAMPLES = 20
/** Beats of which the send time is remembered: on the slowest links of a large cluster an answer takes two seconds. */
const REMEMBERED = 12
/** Members of which one peer may tell. */
const TOLD_MAX = 64
/** The own event `latency` comes every so many beats. */
const TOLD_EVERY = 4

/** What one peer's beats have shown. */
export interface Rtt {
  /** The newest last. */
  readonly samplesMs: number[]
  /** The same, the least first: a median costs nothing to ask for. */
  readonly sortedMs: number[]
  /** Its own medians as its last beat told them: to whom, and in the same order how long. Looked at rarely. */
  told: { readonly ids: readonly MemberId[]; readonly ms: readonly number[] }
}

export function newRtt(): Rtt {
  return { samplesMs: [], sortedMs: [], told: toldNothing }
}

const toldNothing: Rtt['told'] = { ids: [], ms: [] }

/** What its beats have told of its round trip to this member. */
export function toldTo({ told }: Rtt, id: MemberId): number | undefined {
  const ms = told.ms[told.ids.indexOf(id)]
  return ms === undefined || ms < 0 ? undefined : ms
}

export interface BeatTime {
  readonly seq: number
  readonly sentMs: number
}

/** The number of the beat that is sent now. */
export function nextBeat(s: Step): number {
  const seq = (s.state.sentBeats.at(-1)?.seq ?? 0) + 1
  s.state.sentBeats.push({ seq, sentMs: s.now })
  if (s.state.sentBeats.length > REMEMBERED) s.state.sentBeats.shift()
  return seq
}

/** What a beat on this link answers, and how long that was kept. */
export function echoOf(s: Step, link: LinkRow): readonly [seq: number, keptMs: number] | undefined {
  const { heardBeat } = link
  return heardBeat && [heardBeat.seq, rounded(s.now - heardBeat.atMs)]
}

/** Own medians to these members, in their order; -1: none yet. */
export function mediansTo(state: Membership, ids: readonly MemberId[]): number[] {
  return ids.map((id) => rounded(middle(state.peers.get(id)?.rtt.sortedMs ?? []) ?? -1))
}

/** The own median to this peer; null: not measured. */
export function medianTo(state: Membership, id: MemberId): number | null {
  const ms = middle(state.peers.get(id)?.rtt.sortedMs ?? [])
  return ms === undefined ? null : rounded(ms)
}

/** A beat arrived: what it answers is a sample, and what it tells replaces what its sender told before. */
export function measure(
  s: Step,
  link: LinkRow,
  peer: Peer,
  beat: {
    readonly hears: readonly MemberId[]
    readonly seq?: number
    readonly echo?: readonly [seq: number, keptMs: number]
    readonly rtts?: readonly number[]
  },
): void {
  if (beat.seq !== undefined) link.heardBeat = { seq: beat.seq, atMs: s.now }
  const sent = beat.echo && sentBeat(s.state, beat.echo[0])
  // A number from before this link opened was said on another one.
  if (sent && beat.echo && sent.sentMs >= link.sinceMs) {
    const rttMs = s.now - sent.sentMs - Math.max(0, beat.echo[1])
    if (rttMs >= 0) addSample(peer.rtt, rttMs)
  }
  const { rtts } = beat
  if (!rtts || rtts.length !== beat.hears.length) return
  const whole = rtts.length <= TOLD_MAX
  peer.rtt.told = whole
    ? { ids: beat.hears, ms: rtts }
    : { ids: beat.hears.slice(0, TOLD_MAX), ms: rtts.slice(0, TOLD_MAX) }
}

function addSample({ samplesMs, sortedMs }: Rtt, rttMs: number): void {
  samplesMs.push(rttMs)
  const at = sortedMs.findIndex((ms) => ms > rttMs)
  sortedMs.splice(at < 0 ? sortedMs.length : at, 0, rttMs)
  const oldest = samplesMs.length > SAMPLES ? samplesMs.shift() : undefined
  if (oldest !== undefined) sortedMs.splice(sortedMs.indexOf(oldest), 1)
}

/** Of an answer to a beat that is forgotten already only the least is known that it has taken. */
function sentBeat(state: Membership, echoed: number): BeatTime | undefined {
  const [oldest] = state.sentBeats
  return oldest && echoed < oldest.seq ? oldest : state.sentBeats.find(({ seq }) => seq === echoed)
}

/** For each member of the view, the median of what others measured to it. Members nobody measured are missing. */
export function latencies(state: Membership): Map<MemberId, number> {
  const found = new Map<MemberId, number>()
  const self = state.self.memberId
  const members = ranked(state)
  for (const id of members) {
    const measured: number[] = []
    for (const who of members) {
      const by = state.peers.get(who)
      if (!by || who === id || by.link === null) continue
      const ms = toldTo(by.rtt, id)
      if (ms !== undefined) measured.push(ms)
    }
    const own = id === self ? undefined : middle(state.peers.get(id)?.rtt.sortedMs ?? [])
    if (own !== undefined) measured.push(own)
    const ms = middle(measured.toSorted((a, b) => a - b))
    if (ms !== undefined) found.set(id, rounded(ms))
  }
  return found
}

/** Everybody; of a large cluster those that may serve. */
function ranked(state: Membership): MemberId[] {
  const { byId } = state.index
  if (!state.topology.large) return [...byId.keys()]
  return [...new Set([...state.topology.keep, state.self.memberId])].filter((id) => byId.has(id))
}

export function tellLatencies(s: Step): void {
  if (s.state.topology.large && s.state.topology.keep.size === 0) return
  if ((s.state.sentBeats.at(-1)?.seq ?? 0) % TOLD_EVERY !== 0) return
  emit(s, { kind: 'latency', medians: [...latencies(s.state)] })
}

/** The median of sorted values. */
function middle(sorted: readonly number[]): number | undefined {
  const low = sorted[(sorted.length - 1) >> 1]
  const high = sorted[sorted.length >> 1]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

/** Hundredths of a millisecond: what clocks of processes can tell apart. */
const rounded = (ms: number): number => Math.round(ms * 100) / 100
