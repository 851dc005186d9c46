import { match, P } from 'ts-pattern'
import type { Now, Random } from '../host/index.js'
import { invariant } from '../invariant.js'
import { beat, beatArrived, promised } from './beat.js'
import { noAnswer } from './evidence.js'
import { foundAt } from './found.js'
import { helloArrived, reconsider } from './greeting.js'
import { drop, hear, linkClosed, settle } from './linking.js'
import { emit, linkLimit, newLink, type LinkRow, type Membership, type Step } from './state.js'
import { dialDue, dialFailed, dialOver, liftBars, nextDialMs, redial, refreshTargets } from './targets.js'
import { measure } from './rtt.js'
import { sayHello } from './incarnation.js'
import { beatAnswered, heldLimitMs, networkChanged } from './moved.js'
import { bucketsArrived, compareDigests, marksArrived, newsArrived, sayAbout, spread } from './records.js'
import { newsTimer } from './records-spread.js'
import { reachAsked, reachTold } from './routes-relay.js'
import { witnessTold } from './proof.js'
import { accusationsArrived } from './suspicion.js'
import { doubtsDue } from './tally.js'
import { hubsNamed, hubsTold } from './topology-hubs.js'
import { keepLinks, needLink } from './topology.js'
import { byeArrived } from './view.js'
import { viewGiven, viewTold } from './views.js'
import type { LastPosition, MembershipEffect, MembershipInput, MembershipMessage } from './types.js'

/**
 * The membership machine. In a full mesh of up to 16 members it keeps exactly one usable link to every peer that it
 * knows, and observes who is up, silent or dead. In a larger cluster it does so for the hubs, for its neighbours on
 * the hash ring and for whom its shell asks. It proposes; the journal alone admits and removes.
 *
 * Changes `state` in place and returns what its shell must do, in order. Deterministic: time comes from
 * `now.monotonicMs`, chance from `random`. Its timers are `beat`, `wake` and `news`.
 *
 * - Evidence A is emitted only by the rules in `evidence.ts`, at most once for each incarnation.
 * - `gone` is emitted for members of the view only: at once when their end is proven, or after `removeMs` of
 *   silence when no peer that we hear hears them. Once, until the member is heard or admitted again.
 * - A peer whose own timers are late, or which hears nobody, accuses nobody.
 * - At most 64 hints, and 64 links, or 64 more than the view has members; after `stop` nothing is dialled and no timer is armed.
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
  // The next hottest: a beat, that most often changes nothing.
  if (input.kind === 'message' && input.message.t === 'beat') {
    const row = state.links.get(input.link)
    if (row) beatOn(s, row, input.message)
    if (s.effects.length === 0 && !state.dialsTouched && state.records.news.size === 0) return s.effects
  } else take(s, input)
  state.dialsTouched = false
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
      doubtsDue(s)
    })
    .with({ kind: 'timer', key: 'news' }, () => newsTimer(s))
    .with({ kind: 'timer', key: P.string }, ({ key }) => invariant(false, `no timer is called ${key}`))
    .with({ kind: 'view' }, ({ members, at }) => {
      viewGiven(s, members, at)
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
    .with({ kind: 'found' }, ({ memberId, addresses }) => {
      foundAt(s, memberId, addresses)
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
  for (const key of ['beat', 'wake', 'news']) s.effects.push({ kind: 'timer', key, afterMs: null })
}

function dialOpened(s: Step, link: number): void {
  const row = s.state.links.get(link)
  // Closed by us while it was opening: the shell has been told.
  if (!row) return
  invariant(row.out && row.stage === 'dialling', `link ${link} opens twice`)
  row.stage = 'greeting'
  row.sinceMs = s.now
  s.state.suspicion.answeredMs = s.now
  s.state.greeting.add(row)
  sayHello(s, row)
}

function accepted(s: Step, id: number, remote: string): void {
  const { links } = s.state
  invariant(id % 2 === 0 && !links.has(id), `accepted links have even numbers of their own, not ${id}`)
  const most = linkLimit(s.state)
  if (links.size >= most) {
    const reason = `this peer has ${most} links already`
    s.effects.push({ kind: 'close', link: id, code: 'limit', reason })
    return
  }
  const row = newLink(s, id, false, remote)
  links.set(id, row)
  s.state.greeting.add(row)
  sayHello(s, row)
}

function beatOn(s: Step, row: LinkRow, arrived: Extract<MembershipMessage, { t: 'beat' }>): void {
  hear(s, row)
  const peer = row.stage === 'usable' && row.hello ? s.state.peers.get(row.hello.memberId) : undefined
  if (!peer) return
  beatArrived(s, peer, arrived.hears)
  promised(row, arrived)
  measure(s, row, peer, arrived)
  compareDigests(s, row, arrived)
  settle(s, peer)
  beatAnswered(s, row, peer, arrived)
}

function messageArrived(s: Step, row: LinkRow, message: MembershipMessage): void {
  if (message.t !== 'beat') hear(s, row)
  match(message)
    .with({ t: 'hello' }, ({ hello }) => helloArrived(s, row, hello))
    .with({ t: 'beat' }, (arrived) => beatOn(s, row, arrived))
    .with({ t: 'news' }, (news) => newsArrived(s, row, news))
    .with({ t: 'buckets' }, (buckets) => bucketsArrived(s, row, buckets))
    .with({ t: 'marks' }, (marks) => marksArrived(s, row, marks))
    .with({ t: 'view' }, (told) => viewTold(s, row, told))
    .with({ t: 'hubs' }, (told) => hubsTold(s, row, told))
    .with({ t: 'accuse' }, (accuse) => accusationsArrived(s, row, accuse))
    .with({ t: 'reach' }, (asked) => reachAsked(s, row, asked))
    .with({ t: 'reached' }, (told) => {
      reachTold(s, row, told)
      witnessTold(s, row, told)
    })
    .with({ t: 'bye' }, (bye) => {
      if (bye.memberId === row.hello?.memberId) byeArrived(s, row, bye)
    })
    .exhaustive()
}

/** A connection alone is no proof of life: a frozen process still accepts. */
function closeMute(s: Step): void {
  for (const row of s.state.greeting) {
    if (s.now < row.sinceMs + greetingMs(s, row)) continue
    const t = dialOver(s.state, row)
    drop(s, row, 'hello', `no hello within ${s.state.config.helloMs} ms`)
    if (!t) continue
    noAnswer(s, t.address, 'it connects and says nothing')
    dialFailed(s, t)
  }
}

function greetingMs(s: Step, row: LinkRow): number {
  return row.stage === 'held' ? heldLimitMs(s, row) : s.state.config.helloMs
}

function armWake(s: Step): void {
  const { state } = s
  let next = nextDialMs(state)
  const judgeMs = state.suspicion.dueMs
  if (judgeMs !== null && (next === null || judgeMs < next)) next = judgeMs
  for (const row of state.greeting) {
    const limitMs = row.sinceMs + greetingMs(s, row)
    if (next === null || limitMs < next) next = limitMs
  }
  if (next === state.wakeMs) return
  state.wakeMs = next
  s.effects.push({ kind: 'timer', key: 'wake', afterMs: next === null ? null : Math.max(0, next - s.now) })
}
