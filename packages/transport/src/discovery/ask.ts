import type { Address } from '@tanist/core'
import { inSubnet, ipv4Of, ipv4Text, isPrivate, networkOf } from '../ipv4.js'
import { nonceMs, nonces, sweepAddresses } from '../limits.js'
import { hostOf, isLoopback, joinAddress } from './addresses.js'
import { encodeSaid, type SaidType } from './datagram.js'
import { scopeOf, socketTo } from './places.js'
import { hostsOf } from './ranges.js'
import { jittered, note, type Place, type Step } from './state.js'

/** From the moment when everything begins anew; each but the first up to a fifth sooner or later. */
const helloAtMs = [0, 150, 400, 900]
const helloEveryMs = 5_000
const beaconEveryMs = 5_000
/** Between two beacons, also when there is news. */
const beaconGapMs = 500
const sweepAfterMs = 250
const sweepEveryMs = 60_000
const heardLatelyMs = 30_000
const never = Number.POSITIVE_INFINITY

/** Hellos from now on, as at a start. */
export function beginAnew(s: Step): void {
  const { state, now } = s
  state.round = 0
  state.helloMs = now
  state.heardAt.clear()
  if (state.settled) return
  state.sweepMs = now + sweepAfterMs
  state.knockMs = now
}

/** Asked for a subnet that is new: the ones that were swept are left alone for their minute. */
export function sweepSoon({ state, now }: Step): void {
  state.sweepMs = Math.min(state.sweepMs, now + sweepAfterMs)
}

export function settle(s: Step, found: boolean): void {
  const { state } = s
  if (state.settled === found) return
  state.settled = found
  if (!found) beginAnew(s)
  else {
    state.helloMs = state.sweepMs = state.knockMs = never
    beaconSoon(s, 100)
  }
}

export function helloDue(s: Step): void {
  const { state, now, random } = s
  const next = helloAtMs[state.round + 1]
  const gap = next === undefined ? helloEveryMs : next - (helloAtMs[state.round] ?? 0)
  const over = state.settled && next === undefined
  state.helloMs = over ? never : now + jittered(gap, random)
  state.round = Math.min(state.round + 1, helloAtMs.length)
  state.nonce = newNonce(s, 'hello')
  for (const place of state.places) helloOn(s, place)
  askRemembered(s)
}

/** As soon as a socket is there: who looks does not wait for the next round. */
export function helloOn(s: Step, place: Place): void {
  const { state } = s
  if (place.everybody === null || state.nonce === '' || state.sockets.get(place.key)?.state !== 'bound')
    return
  const bytes = encode(s, 'hello', { nonce: state.nonce })
  if (bytes) send(s, place.key, joinAddress(place.everybody, state.port), bytes)
}

export function askRemembered(s: Step): void {
  const { state } = s
  const here = scopeOf(state.config) === 'here'
  const hosts = new Set(state.config.remembered.map(hostOf))
  let bytes: Uint8Array | null = null
  for (const host of [...hosts].slice(0, sweepAddresses)) {
    // On loopback everybody is asked anyway.
    const socket = host === '' || here || isLoopback(host) ? undefined : socketTo(s, host)
    bytes ??= encode(s, 'hello', { nonce: state.nonce, single: true })
    if (socket !== undefined && bytes) send(s, socket, joinAddress(host, state.port), bytes)
  }
}

/** Asks each address of the own subnets where nobody of another machine was heard. */
export function sweepDue(s: Step): void {
  const { state, now, random } = s
  state.sweepMs = now + jittered(sweepEveryMs, random)
  if (state.config.sweep === false) return
  let left = sweepAddresses
  let bytes: Uint8Array | null = null
  for (const place of state.places) {
    const hosts = sweepable(s, place)
    if (hosts === undefined || hosts.length > left) continue
    left -= hosts.length
    state.swept.set(subnetOf(place), now)
    if (bytes === null) state.sweeps++
    bytes ??= encode(s, 'hello', { nonce: newNonce(s, 'sweep'), single: true })
    if (bytes) for (const host of hosts) send(s, place.key, joinAddress(host, state.port), bytes)
  }
  for (const [subnet, atMs] of state.swept) if (now - atMs > sweepEveryMs) state.swept.delete(subnet)
}

function sweepable({ state, now }: Step, place: Place): string[] | undefined {
  const { family, loopback, address, key } = place
  if (family !== 4 || loopback || !isPrivate(address)) return undefined
  // Who is there is heard every 5 s where it can speak to everybody.
  if (now - (state.heardAt.get(key) ?? -never) < heardLatelyMs) return undefined
  if (state.sockets.get(key)?.state !== 'bound') return undefined
  const lastMs = state.swept.get(subnetOf(place))
  // A fifth less than the pause between two sweeps, because of its jitter.
  if (lastMs !== undefined && now - lastMs < sweepEveryMs * 0.8) return undefined
  return hostsOf(ipv4Of(address) ?? 0, sweptPrefix(place))
}

/** The own /24 of a larger subnet; of a tunnel that names no subnet, too. */
const sweptPrefix = ({ prefix }: Place): number => (prefix === 32 ? 24 : Math.max(24, prefix))

const subnetOf = (place: Place): string =>
  `${ipv4Text(networkOf(ipv4Of(place.address) ?? 0, sweptPrefix(place)))}/${sweptPrefix(place)}`

export function knockDue(s: Step): void {
  s.state.knockMs = s.now + jittered(sweepEveryMs, s.random)
  if (s.state.ranges.length > 0) s.effects.push({ kind: 'knock', addresses: s.state.ranges })
}

export function beaconDue(s: Step): void {
  const { state, now, random } = s
  state.beaconMs = now + jittered(beaconEveryMs, random)
  const view = s.view()
  if (view === null || (!state.settled && view.clusterId === null)) return
  state.lastBeaconMs = now
  toEverybody(s, 'beacon')
}

export function beaconSoon(s: Step, withinMs: number): void {
  const { state, now, random } = s
  if (state.config.want === 'probe') return
  const soon = Math.max(now + withinMs * random.next(), state.lastBeaconMs + beaconGapMs)
  state.beaconMs = Math.min(state.beaconMs, soon)
}

export function toEverybody(s: Step, type: 'beacon' | 'goodbye'): void {
  const { state } = s
  for (const place of state.places) {
    if (place.everybody === null || state.sockets.get(place.key)?.state !== 'bound') continue
    const bytes = encode(s, type, {})
    if (bytes) send(s, place.key, joinAddress(place.everybody, state.port), bytes)
  }
}

export interface ToSay {
  readonly nonce?: string
  readonly single?: boolean
  readonly atMost?: number
}

/** A new datagram, with a counter of its own. */
export function encode(s: Step, type: SaidType, { nonce, single = false, atMost }: ToSay): Uint8Array | null {
  const { state, wallMs } = s
  const key = state.keys.used
  if (key === undefined) return null
  const view = state.config.want === 'probe' ? null : s.view()
  const said = {
    type,
    instance: state.instance,
    counter: ++state.counter,
    unixMs: Math.max(0, Math.floor(wallMs)),
    nonce: nonce ?? null,
    single,
  }
  const bytes = encodeSaid({ ...said, view }, key, atMost)
  if (bytes !== null || type !== 'hello') return bytes
  const text = 'What this peer would say of itself has no address that others can dial; it only asks.'
  note(s, 'unsayable', 'cannot-be-said', text)
  return encodeSaid({ ...said, view: null }, key, atMost)
}

export function send({ state, effects }: Step, socket: string, to: Address, bytes: Uint8Array): void {
  state.sent++
  effects.push({ kind: 'send', socket, to, bytes })
}

function newNonce({ state, now, random }: Step, by: 'hello' | 'sweep'): string {
  const nonce = random.id().slice(0, 16)
  for (const [old, { atMs }] of state.nonces) if (now - atMs > nonceMs) state.nonces.delete(old)
  state.nonces.set(nonce, { atMs: now, by })
  if (state.nonces.size > nonces) {
    const [oldest] = state.nonces.keys()
    if (oldest !== undefined) state.nonces.delete(oldest)
  }
  return nonce
}

/** Whether `host` is in the subnet of `place`, and no address of this machine. */
export const isNeighbour = ({ state }: Step, place: Place, host: string): boolean =>
  !state.own.has(host) && (state.names || inSubnet(host, place.address, place.prefix))
