import type { Now, Random } from '@tanist/core'
import { answersDue, datagramCame } from './answer.js'
import {
  askRemembered,
  beaconDue,
  beaconSoon,
  beginAnew,
  helloDue,
  helloOn,
  knockDue,
  settle,
  sweepDue,
  toEverybody,
} from './ask.js'
import { interfacesSeen, lookDue, roaming, scopeOf, shared4 } from './places.js'
import { type DiscoveryEffect, type DiscoveryInput, type DiscoveryState, note, type Step } from './state.js'
import type { DiscoveryStatus, DiscoveryView } from './types.js'

/** The clocks differ by more than that: the machine has slept, or its clock was set. */
const leapMs = 5_000

/**
 * The discovery machine. Asks who is there and says who it is, on every interface, and never stops before `stop`.
 *
 * Changes `state` in place and returns what its shell must do, in order; `dueMs` says when it wants a `wake`. Deterministic:
 * time comes from `now`, chance from `random`.
 *
 * - Whatever comes is a hint: nothing here decides anything, and a hint has at least one address that can be dialled.
 * - Nobody is answered with more bytes than asked with; a flood of questions gets 50 answers a second.
 * - While nobody was found: hellos at 0, 150, 400 and 900 ms and then every 5 s, a sweep of the own subnets after 250 ms
 *   without a neighbour, at most one a minute. Afterwards: a beacon every 5 s.
 * - What is remembered of others is bounded, whatever comes.
 */
export function stepDiscovery(
  state: DiscoveryState,
  input: DiscoveryInput,
  now: Now,
  random: Random,
  view: () => DiscoveryView | null,
): DiscoveryEffect[] {
  const s: Step = { state, now: now.monotonicMs, wallMs: now.wallMs, random, view, effects: [] }
  if (state.stopped) return s.effects
  if (input.kind !== 'start') noticeSleep(s, now)
  state.last = now
  take(s, input)
  return s.effects
}

function take(s: Step, input: DiscoveryInput): void {
  switch (input.kind) {
    case 'start':
      return start(s)
    case 'interfaces':
      return interfacesSeen(s, input.interfaces)
    case 'bound':
      return bound(s, input.socket)
    case 'failed':
      return failed(s, input.socket, input.text)
    case 'datagram':
      return datagramCame(s, input.socket, input.bytes, input.from)
    case 'unsent':
      return unsent(s, input.socket, input.code)
    case 'wake':
      return wake(s)
    case 'changed':
      return beaconSoon(s, 100)
    case 'settled':
      return settle(s, input.found)
    case 'stop':
      return stop(s, input.goodbye)
  }
}

/** On the monotonic clock; infinite when it waits for nothing but datagrams. */
export function dueMs({
  stopped,
  helloMs,
  beaconMs,
  sweepMs,
  knockMs,
  lookMs,
  answers,
}: DiscoveryState): number {
  if (stopped) return Number.POSITIVE_INFINITY
  return Math.min(helloMs, beaconMs, sweepMs, knockMs, lookMs, ...answers.map(({ atMs }) => atMs))
}

function start(s: Step): void {
  beaconSoon(s, 0)
  lookDue(s)
  beginAnew(s)
  helloDue(s)
}

function wake(s: Step): void {
  const { state, now } = s
  if (state.lookMs <= now) lookDue(s)
  if (state.helloMs <= now) helloDue(s)
  if (state.sweepMs <= now) sweepDue(s)
  if (state.knockMs <= now) knockDue(s)
  if (state.beaconMs <= now) beaconDue(s)
  answersDue(s)
}

/** It looks around every 2 s, so that both clocks are read at least as often while the process runs. */
function noticeSleep(s: Step, now: Now): void {
  const { last } = s.state
  if (last === null) return
  const [ran, passed] = [now.monotonicMs - last.monotonicMs, now.wallMs - last.wallMs]
  if (Math.abs(passed - ran) <= leapMs && ran <= leapMs) return
  s.effects.push({
    kind: 'note',
    event: 'woken',
    text: 'This machine has slept, or its clock was set: others are looked for anew.',
  })
  beginAnew(s)
  beaconSoon(s, 0)
}

function bound(s: Step, key: string): void {
  const { state } = s
  const socket = state.sockets.get(key)
  if (socket === undefined) return
  socket.state = 'bound'
  socket.problem = null
  state.noted.delete(`failed ${key}`)
  const place = state.places.find((one) => one.key === key)
  if (place && (state.helloMs < Number.POSITIVE_INFINITY || !state.settled)) helloOn(s, place)
  else if (place) beaconSoon(s, 0)
  if (key === roaming && !state.settled) askRemembered(s)
}

function failed(s: Step, key: string, text: string): void {
  const { state, now } = s
  const socket = state.sockets.get(key)
  if (socket === undefined) return
  const { config, port } = state
  if (key === shared4 && scopeOf(config) === 'here' && socket.address !== `0.0.0.0:${port}`) {
    // Systems on which nobody can bind a broadcast address; what does not come from loopback is dropped.
    const address = `0.0.0.0:${port}`
    state.sockets.set(key, { ...socket, address, state: 'binding' })
    s.effects.push({ kind: 'bind', socket: key, address, options: socket.options })
    return
  }
  state.sockets.set(key, { ...socket, state: 'failed', problem: text, problemMs: now })
  note(s, `failed ${key}`, 'discovery-socket', text, { socket: key })
}

/** The network is away, or does not want it: it is tried again with the next round, on a new socket. */
function unsent(s: Step, key: string, code: string): void {
  const socket = s.state.sockets.get(key)
  if (socket === undefined || socket.problem !== null) return
  socket.problem = `Nothing can be sent (${code}).`
  socket.problemMs = s.now
  note(
    s,
    `unsent ${key} ${code}`,
    'cannot-send',
    `A datagram could not be sent by ${socket.address} (${code}).`,
    { code },
  )
}

function stop(s: Step, goodbye: boolean): void {
  const { state } = s
  if (goodbye && s.view() !== null && state.config.want === 'join') toEverybody(s, 'goodbye')
  state.stopped = true
  for (const socket of state.sockets.keys()) s.effects.push({ kind: 'unbind', socket })
  state.sockets.clear()
}

export function statusOf(state: DiscoveryState): DiscoveryStatus {
  const { places, sockets, sent, received, dropped, sweeps } = state
  const common = sockets.get(shared4)?.problem ?? null
  return {
    interfaces: places.map(({ key, name, address }) => ({
      name,
      address,
      problem: sockets.get(key)?.problem ?? common,
    })),
    sent,
    received,
    dropped: Object.fromEntries(dropped),
    sweeps,
  }
}
