import { limits } from './limits.js'
import { recordOf, type Records } from './records-store.js'
import { linkTo, type LinkRow, type Membership, type Step } from './state.js'
import { isHub, isLarge, watched, watchers } from './topology.js'
import type { MemberId, MemberRecord } from './types.js'

/**
 * Who is told the news of a step.
 *
 * - A full mesh: own news goes to everybody, in one message. Nobody hands on what it was told.
 * - A large cluster: to the first hub that is heard, and the hub hands it to all its links but the one it came from:
 *   at once when it tells of an end, otherwise with all that comes within `batchMs`. Whoever gave news to a hub, and a
 *   hub that got it from another hub, spreads it itself when that hub is lost right afterwards.
 * - While no hub is heard: to the neighbours on the ring, which hand it on in turn, and for a few rounds to members
 *   chosen at random, so often that a cluster of this size is reached.
 *
 * Whom all this misses, the digests in the beats find.
 */

/** The epidemic: every 200 ms to three members, each row at least eight times. */
const ROUND_MS = 200
const FANOUT = 3
const MULT = 4
const SENDS_MIN = 8
/** Rows in one message of a round. */
const IN_ROUND = 64
/** Whoever took on news is watched for so long. */
const HANDED_MS = 2_000
/** New hubs are not linked to everybody yet. */
const HUBS_SETTLE_MS = 5_000
/** What one row with a description takes, counted in rows without. */
const ABOUT_WEIGHT = 16

export function handOn(s: Step): void {
  const { records } = s.state
  noteHubs(s)
  if (records.handedOn.size > 0) takeBack(s)
  if (records.news.size > 0) {
    if (isLarge(s.state)) spreadLarge(s)
    else spreadMesh(s)
  }
  if (records.gossip.size > 0) gossip(s)
  for (const [link, ids] of records.answers) tell(s, link, ids)
  records.answers.clear()
  if (records.news.size === 0) records.urgent = false
  armTimer(s)
}

export function newsTimer(s: Step): void {
  s.state.records.timerMs = null
}

/** One link for each linked peer. */
function linksInUse(state: Membership): LinkRow[] {
  const found: LinkRow[] = []
  for (const row of state.links.values()) {
    if (row.stage === 'usable' && row.hello && state.peers.get(row.hello.memberId)?.link === row.id)
      found.push(row)
  }
  return found
}

function spreadMesh(s: Step): void {
  const { news } = s.state.records
  const own = [...news].flatMap(([id, from]) => (from === null ? [id] : []))
  news.clear()
  if (own.length === 0) return
  for (const row of linksInUse(s.state)) tell(s, row.id, own)
}

function spreadLarge(s: Step): void {
  const { state } = s
  const { records } = state
  if (isHub(state)) return spreadAsHub(s)
  records.batchMs = null
  const [first] = hubsHeard(state)
  if (!first) return beginEpidemic(s)
  const news = [...records.news.keys()].filter((id) => !isFromHub(state, records.news.get(id) ?? null))
  records.news.clear()
  giveTo(s, first, [...new Set([...news, ...records.gossip.keys()])])
  endEpidemic(records)
}

function giveTo(s: Step, hub: { readonly row: LinkRow; readonly id: MemberId }, ids: MemberId[]): void {
  tell(s, hub.row.id, ids)
  for (const id of ids) watchOver(s, hub.id, id)
}

function watchOver(s: Step, hub: MemberId, id: MemberId): void {
  const { handedOn } = s.state.records
  const rows = handedOn.get(hub) ?? new Map<MemberId, number>()
  handedOn.set(hub, rows)
  // The oldest first.
  rows.delete(id)
  rows.set(id, s.now + HANDED_MS)
}

function hubsHeard(state: Membership): { row: LinkRow; id: MemberId }[] {
  return state.topology.hubs.flatMap(({ memberId }) => {
    const row = linkTo(state, memberId)
    return row ? [{ row, id: memberId }] : []
  })
}

function isFromHub(state: Membership, from: number | null): MemberId | undefined {
  const id = from === null ? undefined : state.links.get(from)?.hello?.memberId
  return state.topology.hubs.find((hub) => hub.memberId === id)?.memberId
}

function noteHubs(s: Step): void {
  const { records, topology } = s.state
  const { hubs } = records
  if (hubs === topology.hubs) return
  records.hubs = topology.hubs
  const same =
    hubs.length === records.hubs.length &&
    hubs.every((hub, at) => hub.memberId === records.hubs[at]?.memberId)
  if (!same) records.hubsMs = s.now
}

function spreadAsHub(s: Step): void {
  const { state } = s
  const { records } = state
  const settled = s.now - records.hubsMs >= HUBS_SETTLE_MS
  for (const [id, from] of records.news) {
    const other = settled ? isFromHub(state, from) : undefined
    if (!other) continue
    // That one tells everybody.
    records.news.delete(id)
    watchOver(s, other, id)
  }
  if (records.news.size === 0) return
  records.batchMs ??= s.now + state.large.batchMs
  if (s.now < records.batchMs && !records.urgent) return
  records.batchMs = null
  const hubs = new Set(state.topology.hubs.map((hub) => hub.memberId))
  const links = linksInUse(state)
  // The other hub first: when this one dies on the way, that one goes on.
  links.sort((a, b) => Number(isOf(hubs, b)) - Number(isOf(hubs, a)))
  const all = [...records.news.keys()]
  for (const row of links) {
    const ids = all.filter((id) => records.news.get(id) !== row.id)
    if (ids.length > 0) tell(s, row.id, ids)
  }
  records.news.clear()
}

const isOf = (ids: ReadonlySet<MemberId>, row: LinkRow): boolean => !!row.hello && ids.has(row.hello.memberId)

/** Who had taken on to spread something is lost. */
function takeBack(s: Step): void {
  const { records } = s.state
  for (const [hub, rows] of records.handedOn) {
    const lost = !linkTo(s.state, hub)
    for (const [id, untilMs] of rows) {
      if (!lost && s.now < untilMs) break
      rows.delete(id)
      if (lost && s.now < untilMs && !records.news.has(id)) records.news.set(id, null)
    }
    if (rows.size === 0) records.handedOn.delete(hub)
  }
}

function beginEpidemic(s: Step): void {
  const { state } = s
  const { records } = state
  const sends = Math.max(SENDS_MIN, MULT * Math.ceil(Math.log10(state.view.length + 1)))
  for (const memberId of new Set([...watched(state), ...watchers(state, state.self.memberId)])) {
    const row = linkTo(state, memberId)
    const ids = [...records.news].flatMap(([id, from]) => (row && from !== row.id ? [id] : []))
    if (row && ids.length > 0) tell(s, row.id, ids)
  }
  for (const id of records.news.keys()) records.gossip.set(id, sends)
  records.news.clear()
  records.roundMs ??= s.now + ROUND_MS
}

function endEpidemic(records: Records): void {
  records.gossip.clear()
  records.roundMs = null
}

/** One round: the rows that were sent least go first. */
function gossip(s: Step): void {
  const { state } = s
  const { records } = state
  if (!isLarge(state)) return endEpidemic(records)
  if (isHub(state)) {
    for (const id of records.gossip.keys()) records.news.set(id, null)
    endEpidemic(records)
    return spreadAsHub(s)
  }
  const [hub] = hubsHeard(state)
  if (hub) {
    giveTo(s, hub, [...records.gossip.keys()])
    return endEpidemic(records)
  }
  if (records.roundMs === null || s.now < records.roundMs) return
  const links = linksInUse(state)
  const rows = [...records.gossip].toSorted((a, b) => b[1] - a[1]).slice(0, IN_ROUND)
  for (let n = 0; n < FANOUT && links.length > 0; n += 1) {
    const [row] = links.splice(Math.floor(s.random.next() * links.length), 1)
    if (row)
      tell(
        s,
        row.id,
        rows.map(([id]) => id),
      )
    for (const [id] of rows) spend(records, id)
  }
  records.roundMs = records.gossip.size > 0 ? s.now + ROUND_MS : null
}

function spend(records: Records, id: MemberId): void {
  const left = (records.gossip.get(id) ?? 0) - 1
  if (left > 0) records.gossip.set(id, left)
  else records.gossip.delete(id)
}

/** Sends what is known of these members now. */
function tell(s: Step, link: number, ids: Iterable<MemberId>): void {
  const rows: MemberRecord[] = []
  for (const id of ids) {
    const row = recordOf(s.state, id)
    if (row) rows.push(row)
  }
  sendNews(s, link, rows)
}

/** In messages of bounded size. */
export function sendNews(s: Step, link: number, rows: readonly MemberRecord[]): void {
  if (!s.state.links.has(link)) return
  let part: MemberRecord[] = []
  let weight = 0
  const flush = (): void => {
    if (part.length > 0) s.effects.push({ kind: 'send', link, message: { t: 'news', records: part } })
    part = []
    weight = 0
  }
  for (const row of rows) {
    part.push(row)
    weight += row.about === null ? 1 : ABOUT_WEIGHT
    if (weight >= limits.recordsInMessage) flush()
  }
  flush()
}

function armTimer(s: Step): void {
  const { records } = s.state
  const due = [records.news.size > 0 ? records.batchMs : null, records.roundMs].filter((at) => at !== null)
  const next = due.length > 0 ? Math.min(...due) : null
  if (next === records.timerMs) return
  records.timerMs = next
  const afterMs = next === null ? null : Math.max(0, next - s.now)
  s.effects.push({ kind: 'timer', key: 'news', afterMs })
}
