import type { Address, LinkEnd, Now, Random } from '@tanist/core'
import { candidates, isDialable, newestFirst } from './addresses.js'
import type { AddressBook, Candidate } from './addresses.js'
import { isFinal, isLater, refusalIn, sentenceOf } from './ends.js'
import type { Refusal } from './ends.js'
import { ADDRESSES_MAX, APART_MS, GREETING_MS, JUMP_MS, LATE_MS, LOOK_MS, REDIRECTS_MAX } from './limits.js'
import type { RefusalCode } from './messages.js'
import type { ReconnectTiming } from './types.js'

/**
 * Keeps one link to some member, for as long as the client is wanted.
 *
 *   begin              looks for the first member
 *   found              discovery saw somebody, or what it saw is not new
 *   opened, closed     a dialled link; `number` is that of the `dial`
 *   heard              anything came by this link
 *   welcome, refused   how the member answered the greeting
 *   redirect           it sends this client to others
 *   view               where clients can go, as the member has it now
 *   check              the outside noticed something (the network is back, the page is seen): the link is asked at once
 *   timer              the timer that the last `timer` effect asked for
 *   stop               no link from now on
 *
 * - There is one link or one attempt at a time. What an older one still says is not heard.
 * - A round asks every candidate once (see `candidates`). After a round without a link there is a pause, drawn between 0
 *   and a bound that doubles with each round ("full jitter"), so that many clients do not come at one moment.
 * - A client that never had a link fails when, in a whole round, somebody said that there can be none and nobody asked
 *   for patience. One that had a link tries on: what refuses it may be a member that is changed before the others.
 * - A link is given up after silence only when a question of this side had its time: a process that was frozen, or a machine
 *   that slept, asks first.
 */
export type ConnectionInput =
  | { readonly kind: 'begin' }
  | { readonly kind: 'found'; readonly addresses: readonly Address[] }
  | { readonly kind: 'opened'; readonly link: number }
  | { readonly kind: 'heard'; readonly link: number }
  | { readonly kind: 'welcome'; readonly link: number; readonly members: readonly Address[] }
  | { readonly kind: 'refused'; readonly link: number; readonly code: RefusalCode; readonly text: string }
  | {
      readonly kind: 'redirect'
      readonly link: number
      readonly to: readonly Address[]
      readonly text: string
    }
  | { readonly kind: 'view'; readonly link: number; readonly members: readonly Address[] }
  | { readonly kind: 'closed'; readonly link: number; readonly end: LinkEnd }
  | { readonly kind: 'check' }
  | { readonly kind: 'timer' }
  | { readonly kind: 'stop' }

export type ConnectionEffect =
  | { readonly kind: 'dial'; readonly link: number; readonly address: Address }
  /** The link is open: say hello. */
  | { readonly kind: 'greet'; readonly link: number }
  /** Ask whether anybody is there. */
  | { readonly kind: 'ask'; readonly link: number }
  | { readonly kind: 'close'; readonly link: number; readonly code: string; readonly reason: string }
  | { readonly kind: 'up'; readonly link: number; readonly address: Address }
  | { readonly kind: 'down' }
  /** There can be no link. Nothing follows. */
  | { readonly kind: 'fail'; readonly refusal: Refusal }
  /** (Re)arms the only timer, relative to now; null cancels it. */
  | { readonly kind: 'timer'; readonly afterMs: number | null }

export type Phase =
  /** Nobody is known. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'pause'; readonly untilMs: number; readonly untilWallMs: number }
  | { readonly kind: 'dialling'; readonly link: number; readonly address: Address }
  | { readonly kind: 'greeting'; readonly link: number; readonly address: Address; readonly untilMs: number }
  | {
      readonly kind: 'up'
      readonly link: number
      readonly address: Address
      readonly sinceMs: number
      readonly heardMs: number
      /** It was asked, and has until then. */
      readonly answerByMs: number | null
    }
  | { readonly kind: 'over' }

export interface Connection {
  readonly timing: ReconnectTiming
  readonly book: AddressBook
  phase: Phase
  links: number
  /** What is left of the round; null between two rounds. */
  round: Candidate[] | null
  attemptMs: number
  lost: Address | null
  /** Rounds, and links that did not last, since the last one that did. */
  failures: number
  wasUp: boolean
  refusal: Refusal | null
  /** Somebody in this round will take clients later. */
  later: boolean
  /** Members that sent this client on, since the last link that lasted. */
  sentOnBy: readonly Address[]
  /** Why there is no link; null while there is one. */
  why: string | null
  looked: Now | null
  timerAtMs: number | null
}

export function createConnection(given: readonly Address[], timing: ReconnectTiming): Connection {
  return {
    timing,
    book: { given, view: [], hints: [], remembered: [] },
    phase: { kind: 'idle' },
    links: 0,
    round: null,
    attemptMs: -Infinity,
    lost: null,
    failures: 0,
    wasUp: false,
    refusal: null,
    later: false,
    sentOnBy: [],
    why: 'Nobody was asked yet.',
    looked: null,
    timerAtMs: null,
  }
}

interface Turn {
  readonly c: Connection
  readonly now: Now
  readonly random: Random
  readonly effects: ConnectionEffect[]
}

export function stepConnection(
  c: Connection,
  input: ConnectionInput,
  now: Now,
  random: Random,
): ConnectionEffect[] {
  if (c.phase.kind === 'over') return []
  const turn: Turn = { c, now, random, effects: [] }
  if (!('link' in input) || isOf(c.phase, input.link)) take(turn, input)
  if (!isOver(c)) arm(turn)
  return turn.effects
}

function isOver({ phase }: Connection): boolean {
  return phase.kind === 'over'
}

function isOf(phase: Phase, link: number): boolean {
  return 'link' in phase && phase.link === link
}

function take(turn: Turn, input: ConnectionInput): void {
  const { c, now, effects } = turn
  const { phase } = c
  switch (input.kind) {
    case 'begin':
      return attempt(turn)
    case 'found':
      return onFound(turn, input.addresses)
    case 'opened':
      if (phase.kind !== 'dialling') return
      c.phase = { ...phase, kind: 'greeting', untilMs: now.monotonicMs + GREETING_MS }
      effects.push({ kind: 'greet', link: phase.link })
      return
    case 'heard':
      if (phase.kind === 'up') c.phase = { ...phase, heardMs: now.monotonicMs, answerByMs: null }
      return
    case 'welcome':
      return onWelcome(turn, input.members)
    case 'refused':
      return onRefused(turn, input)
    case 'redirect':
      return onRedirect(turn, input.to, input.text)
    case 'view':
      c.book.view = dialable(input.members)
      return
    case 'closed':
      return onClosed(turn, input.end)
    case 'check':
      return look(turn, true)
    case 'timer':
      return onTimer(turn)
    case 'stop':
      leave(turn, 'closed', '')
      c.phase = { kind: 'over' }
      effects.push({ kind: 'timer', afterMs: null })
  }
}

function onFound(turn: Turn, addresses: readonly Address[]): void {
  const { c } = turn
  const found = dialable(addresses)
  const news = found.filter((address) => !c.book.hints.includes(address))
  c.book.hints = newestFirst(found, c.book.hints)
  if (c.phase.kind === 'idle' && found.length > 0) return attempt(turn)
  if (news.length === 0) return
  const added = news.map((address) => ({ address, given: false }))
  if (c.round !== null) c.round = [...c.round, ...added]
  else if (c.phase.kind === 'pause') {
    // Somebody who has not been asked in the last round need not wait for the next one.
    c.round = added
    // No whole round: nothing can be concluded from it.
    c.later = true
    attempt(turn)
  }
}

function onWelcome(turn: Turn, members: readonly Address[]): void {
  const { c, now, effects } = turn
  const { phase } = c
  if (phase.kind !== 'greeting') return
  const { link, address } = phase
  const { monotonicMs } = now
  c.phase = { kind: 'up', link, address, sinceMs: monotonicMs, heardMs: monotonicMs, answerByMs: null }
  c.book.view = dialable(members)
  c.book.remembered = newestFirst([address], c.book.remembered)
  c.round = null
  c.wasUp = true
  c.refusal = null
  c.why = null
  c.looked = null
  effects.push({ kind: 'up', link, address })
}

function onRefused(turn: Turn, { code, text }: Refusal & { readonly code: RefusalCode }): void {
  const { c, effects } = turn
  const { phase } = c
  if (phase.kind === 'up') return gone(turn, text, 'refused')
  if (phase.kind !== 'greeting') return
  if (isFinal(code)) c.refusal ??= { code, text }
  else c.later = true
  c.why = text
  effects.push({ kind: 'close', link: phase.link, code, reason: '' })
  attempt(turn)
}

function onRedirect(turn: Turn, to: readonly Address[], text: string): void {
  const { c, now } = turn
  const { phase } = c
  if (phase.kind !== 'greeting' && phase.kind !== 'up') return
  const { address } = phase
  if (phase.kind === 'up' && lasted(phase, c, now)) settle(c)
  c.sentOnBy = [...c.sentOnBy, address]
  const on = dialable(to).filter((one) => !c.sentOnBy.includes(one))
  c.later = true
  leave(turn, 'moved', '')
  c.why = text
  if (on.length === 0 || c.sentOnBy.length > REDIRECTS_MAX) {
    c.lost = address
    c.failures += 1
    c.round = null
    if (c.sentOnBy.length > REDIRECTS_MAX) {
      c.why = `${REDIRECTS_MAX} members, one after the other, sent this client on to others.`
      c.sentOnBy = []
    }
    return pause(turn, c.failures)
  }
  c.lost = address
  c.attemptMs = -Infinity
  const others = candidates(c.book, address, turn.random).filter((one) => !on.includes(one.address))
  c.round = [...on.map((one) => ({ address: one, given: true })), ...others]
  attempt(turn)
}

function onClosed(turn: Turn, end: LinkEnd): void {
  const { c } = turn
  const { phase } = c
  if (phase.kind !== 'dialling' && phase.kind !== 'greeting' && phase.kind !== 'up') return
  const text = sentenceOf(end, phase.address)
  if (phase.kind === 'up') return gone(turn, text, null)
  c.refusal ??= refusalIn(end)
  if (isLater(end)) c.later = true
  c.why = text
  attempt(turn)
}

function onTimer(turn: Turn): void {
  const { c, now } = turn
  const { phase } = c
  c.timerAtMs = null
  if (phase.kind === 'pause' && now.monotonicMs >= phase.untilMs) attempt(turn)
  else if (phase.kind === 'greeting' && now.monotonicMs >= phase.untilMs) {
    c.why = `The member at ${phase.address} has not answered the greeting.`
    turn.effects.push({ kind: 'close', link: phase.link, code: 'timeout', reason: c.why })
    attempt(turn)
  } else look(turn, false)
}

/** At the clocks, and from time to time at the link. */
function look(turn: Turn, wanted: boolean): void {
  const { c, now, effects } = turn
  const slept = wanted || hasSlept(c.looked, now)
  c.looked = now
  const { phase } = c
  if (phase.kind === 'pause') {
    if (slept) attempt(turn)
    return
  }
  if (phase.kind !== 'up') return
  if (lasted(phase, c, now)) settle(c)
  const { silenceMs } = c.timing
  const { answerByMs, heardMs, link } = phase
  const ask = (): void => {
    c.phase = { ...phase, answerByMs: now.monotonicMs + silenceMs / 4 }
    effects.push({ kind: 'ask', link })
  }
  if (answerByMs === null) {
    if (slept || now.monotonicMs - heardMs >= silenceMs) ask()
  } else if (now.monotonicMs >= answerByMs) {
    const late = slept || now.monotonicMs - answerByMs > LATE_MS
    if (late) ask()
    else gone(turn, `The member at ${phase.address} is silent.`, 'silent')
  }
}

function hasSlept(before: Now | null, now: Now): boolean {
  if (before === null) return false
  const passed = now.monotonicMs - before.monotonicMs
  const wall = now.wallMs - before.wallMs
  return passed > LOOK_MS + JUMP_MS || wall - passed > JUMP_MS
}

function lasted({ sinceMs }: Extract<Phase, { kind: 'up' }>, { timing }: Connection, now: Now): boolean {
  return now.monotonicMs - sinceMs >= timing.stableMs
}

/** A link that lasts: what went wrong before does not count any more. */
function settle(c: Connection): void {
  c.failures = 0
  c.sentOnBy = []
}

/** The link is lost, or given up with `code`. */
function gone(turn: Turn, why: string, code: string | null): void {
  const { c, now, effects } = turn
  const { phase } = c
  if (phase.kind !== 'up') return
  if (lasted(phase, c, now)) settle(c)
  else c.failures += 1
  if (code !== null) effects.push({ kind: 'close', link: phase.link, code, reason: '' })
  effects.push({ kind: 'down' })
  c.why = why
  c.lost = phase.address
  pause(turn, c.failures)
}

/** Leaves the present link or attempt. */
function leave({ c, effects }: Turn, code: string, reason: string): void {
  const { phase } = c
  if (!('link' in phase)) return
  effects.push({ kind: 'close', link: phase.link, code, reason })
  if (phase.kind === 'up') effects.push({ kind: 'down' })
}

/** `failures`: 0 for the first attempt after a loss. */
function pause({ c, now, random }: Turn, failures: number): void {
  const { firstMs, baseMs, maxMs } = c.timing
  const bound = failures === 0 ? firstMs : Math.min(maxMs, baseMs * 2 ** Math.min(30, failures - 1))
  const afterMs = Math.round(random.next() * bound)
  c.looked = null
  c.phase = { kind: 'pause', untilMs: now.monotonicMs + afterMs, untilWallMs: now.wallMs + afterMs }
}

/** Asks the next one of the round, or begins a round, or ends it. */
function attempt(turn: Turn): void {
  const { c, now, random, effects } = turn
  if (c.round === null) {
    c.round = candidates(c.book, c.lost, random)
    c.refusal = null
    c.later = false
    if (c.round.length === 0) {
      c.round = null
      c.why = 'Nobody has been found yet.'
      c.phase = { kind: 'idle' }
      return
    }
  }
  const [next, ...others] = c.round
  if (next === undefined) return endRound(turn)
  const dueMs = c.attemptMs + APART_MS
  if (!next.given && now.monotonicMs < dueMs) {
    c.looked = null
    const untilWallMs = now.wallMs + dueMs - now.monotonicMs
    c.phase = { kind: 'pause', untilMs: dueMs, untilWallMs }
    return
  }
  c.round = others
  c.attemptMs = now.monotonicMs
  c.links += 1
  c.phase = { kind: 'dialling', link: c.links, address: next.address }
  effects.push({ kind: 'dial', link: c.links, address: next.address })
}

function endRound(turn: Turn): void {
  const { c, effects } = turn
  c.round = null
  c.lost = null
  if (!c.wasUp && c.refusal !== null && !c.later) {
    effects.push({ kind: 'fail', refusal: c.refusal })
    c.why = c.refusal.text
    c.phase = { kind: 'over' }
    return
  }
  c.failures += 1
  pause(turn, c.failures)
}

function arm({ c, now, effects }: Turn): void {
  const { phase } = c
  const lookMs = (c.looked ?? now).monotonicMs + LOOK_MS
  if (phase.kind === 'pause' || phase.kind === 'up') c.looked ??= now
  const dueMs = dueOf(c, lookMs)
  // A look too early is harmless.
  if (dueMs === null || (c.timerAtMs !== null && c.timerAtMs <= dueMs)) return
  c.timerAtMs = dueMs
  effects.push({ kind: 'timer', afterMs: Math.max(0, dueMs - now.monotonicMs) })
}

function dueOf({ phase, timing }: Connection, lookMs: number): number | null {
  switch (phase.kind) {
    case 'pause':
      return Math.min(phase.untilMs, lookMs)
    case 'greeting':
      return phase.untilMs
    case 'up':
      return Math.min(lookMs, phase.answerByMs ?? phase.heardMs + timing.silenceMs)
    default:
      return null
  }
}

function dialable(addresses: readonly Address[]): Address[] {
  return [...new Set(addresses.filter(isDialable))].slice(0, ADDRESSES_MAX)
}
