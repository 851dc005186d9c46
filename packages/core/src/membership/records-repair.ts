import { limits } from './limits.js'
import { heardOf } from './records.js'
import { compareRecords, markOf, versionOf } from './records-order.js'
import { bucketOf, BUCKETS, countedRows, recordOf } from './records-store.js'
import { sendNews } from './records-spread.js'
import type { LinkRow, Step } from './state.js'
import type { MembershipMessage, MemberRecord, RecordMark } from './types.js'
import { compareViews } from './views.js'

/**
 * Anti-entropy. Beats carry digests of what both sides hold; where they differ for longer than a rumour travels,
 * one side asks: `buckets` -> `marks` of those that differ -> `news`, and `marks` back -> `news`. Afterwards both hold
 * the same. Costs nothing while nothing is missing.
 */

/** How two ends of a link differed at their last beats. */
export interface Gap {
  /** Beats in a row at which the records differed, and at which neither side's had changed since the beat before. */
  beats: number
  still: number
  own: number
  theirs: number
  /** Beats in a row at which the other side had an older view. */
  viewBeats: number
  askedMs: number
  answeredMs: number
}

/** A difference that stays the same for so many beats is no rumour under way. One side asks first. */
const STILL_BEATS = 1
/** Nor is one that changes all the time. */
const DIFFERENT_BEATS = 6
/** One exchange on each link and second. */
const EXCHANGE_MS = 1_000

type MessageOf<T extends MembershipMessage['t']> = Extract<MembershipMessage, { t: T }>

/** A beat told what its sender holds. */
export function compareDigests(s: Step, row: LinkRow, beat: MessageOf<'beat'>): void {
  const { state } = s
  const peer = row.hello && state.peers.get(row.hello.memberId)
  if (peer) heardOf(s, peer)
  if (!beat.digest) return
  const [view, theirs] = beat.digest
  const isFirst = row.gap === undefined
  const gap = (row.gap ??= newGap())
  compareViews(s, row, gap, view, beat.at)
  const own = state.records.digest
  // Which rows count depends on the view.
  if (own === theirs || view !== state.index.digest) {
    gap.beats = 0
    gap.still = 0
    return
  }
  gap.still = gap.beats > 0 && gap.own === own && gap.theirs === theirs ? gap.still + 1 : 0
  gap.beats += 1
  Object.assign(gap, { own, theirs })
  const mine = state.self.memberId < (row.hello?.memberId ?? '') ? 0 : 1
  const isNew = isFirst && own === 0
  if (!isNew && gap.still < STILL_BEATS + mine && gap.beats < DIFFERENT_BEATS) return
  const { records, config } = state
  if (s.now - gap.askedMs < EXCHANGE_MS || s.now - records.askedMs < config.beatMs) return
  gap.askedMs = s.now
  gap.beats = 0
  gap.still = 0
  records.askedMs = s.now
  s.effects.push({ kind: 'send', link: row.id, message: { t: 'buckets', digests: [...records.digests] } })
}

function newGap(): Gap {
  const never = Number.NEGATIVE_INFINITY
  return { beats: 0, still: 0, own: 0, theirs: 0, viewBeats: 0, askedMs: never, answeredMs: never }
}

export function bucketsArrived(s: Step, row: LinkRow, { digests }: MessageOf<'buckets'>): void {
  if (row.stage !== 'usable' || digests.length !== BUCKETS) return
  const gap = (row.gap ??= newGap())
  if (s.now - gap.answeredMs < EXCHANGE_MS / 2) return
  gap.answeredMs = s.now
  const own = s.state.records.digests
  const of = digests.flatMap((digest, at) => (own[at] === digest ? [] : [at]))
  // It holds nothing there: the rows themselves are the answer.
  const empty = new Set(of.filter((at) => digests[at] === 0))
  if (empty.size > 0) sendNews(s, row.id, countedRows(s.state.records, empty))
  sendMarks(
    s,
    row,
    of.filter((at) => !empty.has(at)),
    false,
  )
}

export function marksArrived(s: Step, row: LinkRow, message: MessageOf<'marks'>): void {
  if (row.stage !== 'usable') return
  const { state } = s
  const marked = new Set<string>()
  const newer: MemberRecord[] = []
  let lacks = false
  for (const mark of message.marks) {
    marked.add(mark[0])
    const known = recordOf(state, mark[0])
    const order = known ? compareRecords(known, versionOf(mark)) : -1
    if (known && order > 0) newer.push(known)
    if (order < 0) lacks = true
  }
  for (const known of countedRows(state.records, new Set(message.buckets)))
    if (!marked.has(known.memberId)) newer.push(known)
  sendNews(s, row.id, newer)
  if (lacks && !message.answer) sendMarks(s, row, message.buckets, true)
}

/** Each message holds all marks of the buckets that it names, so that what is missing in it is missing. */
function sendMarks(s: Step, row: LinkRow, of: readonly number[], answer: boolean): void {
  const wanted = new Map<number, RecordMark[]>(of.map((at) => [at, []]))
  for (const known of countedRows(s.state.records, new Set(of)))
    wanted.get(bucketOf(known.memberId))?.push(markOf(known))
  let part: { buckets: number[]; marks: RecordMark[] } = { buckets: [], marks: [] }
  const flush = (): void => {
    if (part.buckets.length > 0)
      s.effects.push({ kind: 'send', link: row.id, message: { t: 'marks', ...part, answer } })
    part = { buckets: [], marks: [] }
  }
  for (const [at, marks] of wanted) {
    if (part.marks.length + marks.length > limits.recordsInMessage) flush()
    part.buckets.push(at)
    part.marks.push(...marks)
  }
  flush()
}
