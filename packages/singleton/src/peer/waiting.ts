import type { MemberId } from '@tanist/core'
import {
  diskOwesMs,
  explainAlone,
  explainLost,
  isAdmitted,
  isForeign,
  isHere,
  isVoter,
  majority,
  minCopies,
  nameOf,
  neverServes,
  voters,
} from '../succession/index.js'
import type { Succession } from '../succession/index.js'

/** Why nobody serves, or why this peer cannot take part. Closed: `match(...).exhaustive()` takes it. */
export type WaitCode =
  /** It has given up its seat. */
  | 'left'
  /** Looking for a cluster before founding one. */
  | 'founding-settle'
  /** Another peer without a cluster comes first. */
  | 'founding-elder'
  /** Fewer peers in sight than `expect`. */
  | 'expect'
  /** Somebody refused this peer, and it sees nobody else. */
  | 'refused'
  /** A cluster is there and has not admitted this peer. */
  | 'admission'
  /** It gave up a journal to join a cluster, and has not met it yet. */
  | 'joining'
  /** Its journal was damaged; it waits to fetch it again. */
  | 'data-lost'
  /** Far behind: it fetches a snapshot. */
  | 'fetching'
  /** The state of its roles is not what the journal says: it fetches a snapshot. */
  | 'diverged'
  /** The others are on another branch of this cluster, which it will join. */
  | 'other-branch'
  /** One of a pair waits for the other. */
  | 'pair'
  /** Fewer places for copies than `minCopies`. */
  | 'min-copies'
  /** Too few voters in sight. */
  | 'majority'
  /** Enough voters in sight, and none of them leads yet. */
  | 'election'
  /** This voter was just started again, and listens before it votes. */
  | 'restart-mute'
  /** Only peers that never serve are in sight, or one of them leads until another can. */
  | 'never-serves'
  /** Leading, and no majority answers. */
  | 'lease'
  /** Leading, and the beginning of the reign is not committed yet. */
  | 'reign-begins'
  /** Leading, and handlers of the former reign have not ended. */
  | 'yield'
  /** Handing over. */
  | 'hand-over'
  /** The disk of this peer does not answer. */
  | 'disk-stalled'
  /** It hears no other member at all. */
  | 'cut-off'
  /** A role cannot go on here. */
  | 'role-failed'

export interface Waiting {
  readonly code: WaitCode
  /** The same in a sentence. */
  readonly text: string
  /** Who could end the wait; empty when it is time, or this peer itself. */
  readonly for: readonly MemberId[]
  /** When this wait began, by this peer's wall clock. */
  readonly sinceMs: number
}

export type Wait = Omit<Waiting, 'sinceMs'>

export interface WaitContext {
  readonly monotonicMs: number
  /** This peer hears no other member: what that may mean. */
  readonly cutOff?: string | null
  /** The first role that failed here, if any. */
  readonly failedRole: { readonly name: string; readonly text: string } | null
}

/** Exactly what is being waited for; null when somebody serves and this peer takes part. */
export function explainWait(s: Succession, context: WaitContext): Wait | null {
  if (s.left) return waitFor('left', 'This peer has left for good.')
  const broken = explainLoss(s) ?? explainFetching(s)
  if (broken !== null) return broken
  if (s.lastIndex === 0) return explainFounding(s)
  if (s.role.kind === 'leader') return explainReign(s, context) ?? explainTroubles(s, context)
  if (s.leader === null) return explainVacancy(s, context)
  const { memberId } = s.leader
  const name = nameOf(s, memberId)
  if (!isAdmitted(s)) return waitFor('admission', `Waiting for ${name} to admit this peer.`, [memberId])
  if (neverServes(s, memberId)) return caretaker(s, memberId)
  return explainTroubles(s, context)
}

function waitFor(code: WaitCode, text: string, whom: readonly MemberId[] = []): Wait {
  return { code, text, for: whom }
}

function explainLoss(s: Succession): Wait | null {
  const { awaits } = s.config
  if (!awaits || isAdmitted(s)) return null
  const { clusterId, text } = awaits
  if (s.leader) {
    const { memberId } = s.leader
    return waitFor('data-lost', `${text}; fetching it again from ${nameOf(s, memberId)}.`, [memberId])
  }
  const whose = clusterId === null ? 'its cluster' : `cluster ${clusterId.slice(0, 8)}`
  return waitFor(
    'data-lost',
    `${text}; waiting for a member of ${whose} to fetch it again. If nobody else has it, an operator can restore a ` +
      'backup; what is left is kept in the files "damaged-…".',
  )
}

function explainFetching(s: Succession): Wait | null {
  const { diverged, receiving } = s.snap
  const from = s.leader ? [s.leader.memberId] : []
  const progress = receiving
    ? `fetching the snapshot of entry ${receiving.id.index}, ${receiving.received} of ${receiving.id.bytes} bytes`
    : 'waiting for a server to fetch it from'
  if (diverged) {
    const text = `The state of this peer's roles is not what the journal says since entry ${diverged.index}: ${progress}.`
    return waitFor('diverged', text, from)
  }
  // What was being received and is not needed any more, is not waited for.
  const wanted = receiving !== null && receiving.id.index > s.commitIndex && s.role.kind !== 'leader'
  return wanted ? waitFor('fetching', `This peer is far behind: ${progress}.`, from) : null
}

function caretaker(s: Succession, memberId: MemberId): Wait {
  const text = `Nobody serves: ${nameOf(s, memberId)} was started with serve: 'never' and leads only until another voter can.`
  return waitFor(
    'never-serves',
    text,
    others(s, (id) => id !== memberId && !neverServes(s, id)),
  )
}

/** Voters but this peer. */
function others(s: Succession, which: (id: MemberId) => boolean): MemberId[] {
  return voters(s).filter((id) => id !== s.self.memberId && which(id))
}

function explainVacancy(s: Succession, { monotonicMs, cutOff }: WaitContext): Wait {
  const self = s.self.memberId
  const elsewhere = [...s.links.values()].find((hello) => isForeign(s, hello))
  if (elsewhere && s.view.size > 0 && !isAdmitted(s))
    return waitFor('other-branch', `Waiting to join the branch of ${elsewhere.name}.`, [elsewhere.memberId])
  const alone = explainLost(s)
  if (alone !== null)
    return waitFor(
      minCopies(s) > 1 ? 'min-copies' : 'pair',
      alone,
      others(s, () => true),
    )
  const missing = others(s, (id) => !isHere(s, id))
  const needed = majority(s)
  const names = missing.map((id) => nameOf(s, id))
  if (voters(s).length - missing.length < needed) {
    const choice = elsewhere
      ? ` ${elsewhere.name} is on another branch: an operator may continue here, or give this peer an empty data folder to join it.`
      : ''
    const text = `Nobody serves: ${needed} of ${voters(s).length} voters are needed; waiting for ${names.join(' or ')}.${choice}${ownFault(cutOff)}`
    return waitFor('majority', text, missing)
  }
  if (isVoter(s, self) && monotonicMs < s.mutedUntilMs)
    return waitFor(
      'restart-mute',
      'Nobody serves: this peer was just started again, and listens before it votes.',
    )
  if (isVoter(s, self) && diskOwesMs(s, monotonicMs) > s.config.timing.stallMs)
    return waitFor(
      'disk-stalled',
      'Nobody serves: the disk of this peer does not answer, so it does not stand.',
    )
  const present = voters(s).filter((id) => id === self || s.links.has(id))
  if (present.every((id) => neverServes(s, id))) {
    const hope = names.length === 0 ? 'another peer' : names.join(' or ')
    const text = `Nobody serves: the voters in sight were started with serve: 'never'; waiting for ${hope}.`
    return waitFor('never-serves', text, missing)
  }
  return waitFor(
    'election',
    'Nobody serves: the voters are electing the next server.',
    present.filter((id) => id !== self),
  )
}

/** Whoever hears nobody may be the one to look at. */
function ownFault(cutOff: string | null | undefined): string {
  return cutOff ? ` This peer may be cut off: ${cutOff}.` : ''
}

function explainFounding(s: Succession): Wait {
  const seen = [...s.links.values()]
  const cluster = seen.find((hello) => hello.clusterId !== null)
  if (cluster)
    return waitFor('admission', `Waiting to be admitted to the cluster of ${cluster.name}.`, [
      cluster.memberId,
    ])
  if (s.self.serve === 'never') {
    const text = "Waiting for another peer to found the cluster: this one was started with serve: 'never'."
    return waitFor(
      'never-serves',
      text,
      seen.filter((hello) => hello.serve !== 'never').map((hello) => hello.memberId),
    )
  }
  const elder = seen
    .filter((hello) => hello.serve !== 'never')
    .toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))[0]
  if (elder && elder.memberId < s.self.memberId)
    return waitFor('founding-elder', `Waiting for ${elder.name} to found the cluster.`, [elder.memberId])
  if (seen.length + 1 < s.config.expect)
    return waitFor(
      'expect',
      `Waiting for ${s.config.expect} peers to be in sight; there are ${seen.length + 1}.`,
    )
  if (s.config.mayFound === false)
    return waitFor('joining', 'Waiting to meet the cluster that this peer shall join.')
  if (s.refused && seen.length === 0)
    return waitFor(
      'refused',
      'Refused by the only peer in sight, so no cluster is founded: see the log for the reason.',
    )
  return waitFor('founding-settle', 'Looking for a cluster before founding one.')
}

const formerReign: Wait = waitFor(
  'yield',
  'Leading, and about to serve: what ran in the former reign has not ended yet.',
)

function explainReign(s: Succession, context: WaitContext): Wait | null {
  const { role } = s
  if (role.kind !== 'leader' || role.serving) return null
  if (role.transfer) {
    const { to } = role.transfer
    return waitFor('hand-over', `Handing over to ${nameOf(s, to)}.`, [to])
  }
  if (s.self.serve === 'never') return caretaker(s, s.self.memberId)
  if (voters(s).length < minCopies(s)) {
    const text = `Leading, but not serving: ${minCopies(s)} copies are asked for (minCopies), and there is a place for ${voters(s).length}.`
    return waitFor('min-copies', text)
  }
  const silent = others(s, (id) => !s.links.has(id))
  if (s.openYields > 0 && silent.length === 0) return formerReign
  const alone = explainAlone(s)
  if (alone !== null)
    return waitFor(
      minCopies(s) > 1 ? 'min-copies' : 'pair',
      alone,
      others(s, () => true),
    )
  if (silent.length > 0) {
    const names = silent.map((id) => nameOf(s, id)).join(', ')
    const text = `Leading, but not serving until a majority of voters answers; no link to ${names}.`
    return waitFor('lease', text, silent)
  }
  if (s.openYields > 0) return formerReign
  const all = others(s, () => true)
  if (s.commitIndex >= role.startIndex) {
    return waitFor('lease', 'Leading, but not serving until a majority of voters answers.', all)
  }
  return (
    explainTroubles(s, context) ??
    waitFor('reign-begins', 'Leading, and about to serve: waiting for a majority of voters to answer.', all)
  )
}

/** What hinders a peer although somebody serves. */
function explainTroubles(s: Succession, { monotonicMs, failedRole, cutOff }: WaitContext): Wait | null {
  const owesMs = diskOwesMs(s, monotonicMs)
  if (owesMs > s.config.timing.stallMs)
    return waitFor('disk-stalled', `The disk of this peer has not answered for ${Math.round(owesMs)} ms.`)
  if (cutOff) return waitFor('cut-off', ownFault(cutOff).trimStart())
  if (failedRole === null) return null
  return waitFor('role-failed', `The role '${failedRole.name}' cannot go on here: ${failedRole.text}`)
}

const looking: ReadonlySet<WaitCode> = new Set([
  'founding-settle',
  'expect',
  'never-serves',
  'joining',
  'data-lost',
  'majority',
])

/** A wait for somebody who is not in sight. */
export function looksAround(code: WaitCode): boolean {
  return looking.has(code)
}

/** Remembers since when a peer has waited for the same thing. */
export class WaitClock {
  #key = ''
  #sinceMs = 0

  at(wait: Wait | null, wallMs: number): Waiting | null {
    const key = wait === null ? '' : `${wait.code} ${wait.for.join(' ')}`
    if (key !== this.#key) this.#sinceMs = wallMs
    this.#key = key
    return wait && { ...wait, sinceMs: this.#sinceMs }
  }
}
