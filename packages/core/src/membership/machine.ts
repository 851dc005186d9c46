import { match, P } from 'ts-pattern'
import type { Now, Random } from '../host/index.js'
import { invariant } from '../invariant.js'
import { beat, beatArrived } from './beat.js'
import { noAnswer } from './evidence.js'
import { helloArrived, reconsider } from './greeting.js'
import { limits } from './limits.js'
import { drop, hear, linkClosed, settle } from './linking.js'
import { emit, newLink, type LinkRow, type Membership, type Step } from './state.js'
import { dialDue, dialFailed, dialOver, liftBars, nextDialMs, redial, refreshTargets } from './targets.js'
import { measure } from './rtt.js'
import { sayHello } from './incarnation.js'
import { networkChanged } from './moved.js'
import { bucketsArrived, compareDigests, marksArrived, newsArrived, sayAbout, spread } from './records.js'
import { reachAsked, reachTold } from './routes-relay.js'
import { accusationsArrived } from './suspicion.js'
import { hubsNamed, hubsTold, keepLinks, needLink } from './topology.js'
import { indexOf } from './view-index.js'
import { viewTold } from './views.js'
import { byeArrived, viewArrived } from './view.js'
import type { LastPosition, MembershipEffect, MembershipInput, MembershipMessage } from './types.js'

/**
 * The membership machine for a full mesh of up to 16 peers: keeps exactly one usable link to every peer that
 * it knows, and observes who is up, silent or dead. It proposes; the journal alone admits and removes.
 *
 * Changes `state` in place and returns what its shell must do, in order. Deterministic: time comes from
 * `now.monotonicMs`, chance from `random`. Its timers are `beat` and `wake`.
 *
 * - Evidence A is emitted only by the rules in `evidence.ts`, at most once for each incarnation.
 * - `gone` is emitted for members of the view only: at once when their end is proven, or after `removeMs` of
 *   silence when no peer that we hear hears them. Once, until the member is heard or admitted again.
 * - A peer whose own timers are late, or which hears nobody, accuses nobody.
 * - At most 64 links and 64 hints; after `stop` nothing is dialled and no timer is armed.
 */
export function stepMembership(
  state: Membership,
  input: MembershipInput,
  now: Now,
  random: Random,
): MembershipEffect[] {
  const s: Step = { state, now: now.monotonicMs, random, effects: [] }
  if (state.phase === 'stopped') {
    if (input.kind === 'opened') {
      s.effects.push({ kind: 'close', link: input.link, code: 'bye', reason: 'this peer has stopped' })
    }
    return s.effects
  }
  // The hot path: every frame of every link comes by here.
  if (input.kind === 'heard') {
    const row = state.links.get(input.link)
    if (row) hear(s, row)
    return s.effects
  }
  take(s, input)
  if (state.phase === 'running') {
    spread(s)
    dialDue(s)
    armWake(s)
  }
  return s.effects
}

function take(s: Step, input: Exclude<MembershipInput, { kind: 'heard' }>): void {
  const { state } = s
  match(input)
    .with({ kind: 'start' }, () => start(s))
    .with({ kind: 'opened', out: true }, ({ link }) => dialOpened(s, link))
    .with({ kind: 'opened' }, ({ link, remote }) => accepted(s, link, remote))
    .with({ kind: 'message' }, ({ link, message }) => {
      const row = state.links.get(link)
      if (row) messageArrived(s, row, message)
    })
    .with({ kind: 'closed' }, ({ link, end }) => {
      const row = state.links.get(link)
      if (row) linkClosed(s, row, end)
    })
    .with({ kind: 'timer', key: 'beat' }, () => beat(s))
    .with({ kind: 'timer', key: 'wake' }, () => {
      state.wakeMs = null
      closeMute(s)
    })
    .with({ kind: 'timer', key: P.string }, ({ key }) => invariant(false, `no timer is called ${key}`))
    .with({ kind: 'view' }, ({ members, at }) => {
      state.view = members
      state.index = indexOf(members)
      state.viewAt = at ?? [state.viewAt[0], state.viewAt[1] + 1]
      viewArrived(s)
    })
    .with({ kind: 'hubs' }, ({ term, hubs }) => hubsNamed(s, term, hubs))
    .with({ kind: 'keep' }, ({ members }) => keepLinks(s, members))
    .with({ kind: 'need' }, ({ memberId }) => needLink(s, memberId))
    .with({ kind: 'about' }, ({ about }) => sayAbout(s, about))
    .with({ kind: 'network' }, (change) => networkChanged(s, change))
    .with({ kind: 'self' }, ({ self }) => {
      state.self = self
      liftBars(s)
      reconsider(s)
      for (const row of state.links.values()) if (row.stage !== 'dialling') sayHello(s, row)
    })
    .with({ kind: 'probe' }, ({ memberId }) => {
      const peer = state.peers.get(memberId)
      if (!peer) return
      // Hearsay: it makes this peer look at once, and is never more than that.
      const { incarnation } = peer
      const text = 'another peer claims that it is dead'
      if (peer.dead < incarnation) emit(s, { kind: 'evidence', class: 'D', memberId, incarnation, text })
      redial(s, peer.address)
    })
    .with({ kind: 'stop' }, ({ leaving, last }) => stop(s, leaving, last))
    .exhaustive()
}

function start(s: Step): void {
  if (s.state.phase !== 'idle') return
  s.state.phase = 'running'
  s.state.beatDueMs = s.now + s.state.config.beatMs
  s.effects.push({ kind: 'timer', key: 'beat', afterMs: s.state.config.beatMs })
  refreshTargets(s)
}

function stop(s: Step, leaving: boolean, last?: LastPosition): void {
  const { state } = s
  const { memberId, incarnation } = state.self
  state.phase = 'stopped'
  for (const row of state.links.values()) {
    if (row.stage === 'dialling') continue
    const message = { t: 'bye' as const, memberId, incarnation, leaving, ...(last && { last }) }
    s.effects.push({ kind: 'send', link: row.id, message })
  }
  for (const row of state.links.values())
    drop(s, row, 'bye', leaving ? 'this peer leaves' : 'this peer stops')
  for (const key of ['beat', 'wake']) s.effects.push({ kind: 'timer', key, afterMs: null })
}

function dialOpened(s: Step, link: number): void {
  const row = s.state.links.get(link)
  // Closed by us while it was opening: the shell has been told.
  if (!row) return
  invariant(row.out && row.stage === 'dialling', `link ${link} opens twice`)
  row.stage = 'greeting'
  row.sinceMs = s.now
  sayHello(s, row)
}

function accepted(s: Step, id: number, remote: string): void {
  const { links } = s.state
  invariant(id % 2 === 0 && !links.has(id), `accepted links have even numbers of their own, not ${id}`)
  if (links.size >= limits.links) {
    const reason = `this peer has ${limits.links} links already`
    s.effects.push({ kind: 'close', link: id, code: 'limit', reason })
    return
  }
  const row = newLink(s, id, false, remote)
  links.set(id, row)
  sayHello(s, row)
}

function messageArrived(s: Step, row: LinkRow, message: MembershipMessage): void {
  hear(s, row)
  match(message)
    .with({ t: 'hello' }, ({ hello }) => helloArrived(s, row, hello))
    .with({ t: 'beat' }, (arrived) => {
      const peer = row.stage === 'usable' && row.hello ? s.state.peers.get(row.hello.memberId) : undefined
      if (!peer) return
      beatArrived(s, peer, arrived.hears)
      measure(s, row, peer, arrived)
      compareDigests(s, row, arrived)
      settle(s, peer)
    })
    .with({ t: 'news' }, (news) => newsArrived(s, row, news))
    .with({ t: 'buckets' }, (buckets) => bucketsArrived(s, row, buckets))
    .with({ t: 'marks' }, (marks) => marksArrived(s, row, marks))
    .with({ t: 'view' }, (told) => viewTold(s, row, told))
    .with({ t: 'hubs' }, (told) => hubsTold(s, row, told))
    .with({ t: 'accuse' }, (accuse) => accusationsArrived(s, row, accuse))
    .with({ t: 'reach' }, (asked) => reachAsked(s, row, asked))
    .with({ t: 'reached' }, (told) => reachTold(s, row, told))
    .with({ t: 'bye' }, (bye) => {
      if (bye.memberId === row.hello?.memberId) byeArrived(s, row, bye)
    })
    .exhaustive()
}

/** A connection alone is no proof of life: a frozen process still accepts. */
function closeMute(s: Step): void {
  for (const row of s.state.links.values()) {
    if (!isGreeting(row) || s.now < row.sinceMs + s.state.config.helloMs) continue
    const t = dialOver(s.state, row)
    drop(s, row, 'hello', `no hello within ${s.state.config.helloMs} ms`)
    if (!t) continue
    noAnswer(s, t.address, 'it connects and says nothing')
    dialFailed(s, t)
  }
}

function isGreeting(row: LinkRow): boolean {
  return row.stage === 'greeting' || row.stage === 'held'
}

function armWake(s: Step): void {
  const { state } = s
  let next = nextDialMs(state)
  for (const row of state.links.values()) {
    if (!isGreeting(row)) continue
    const limitMs = row.sinceMs + state.config.helloMs
    if (next === null || limitMs < next) next = limitMs
  }
  if (next === state.wakeMs) return
  state.wakeMs = next
  s.effects.push({ kind: 'timer', key: 'wake', afterMs: next === null ? null : Math.max(0, next - s.now) })
}
