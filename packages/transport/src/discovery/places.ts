import type { Address, NetworkInterface } from '@tanist/core'
import { inSubnet } from '../ipv4.js'
import { discoveryPlaces } from '../limits.js'
import { hostOf, isLoopback, joinAddress, kindOf } from './addresses.js'
import { beaconSoon, sweepSoon } from './ask.js'
import { note, type Place, type Socket, type Step } from './state.js'
import type { DiscoveryConfig } from './types.js'

const lookEveryMs = 2_000
/** What changes is taken over when it has been the same for so long: a change of Wi-Fi comes in several steps. */
const dampMs = 1_000
/** A socket that failed is made anew after so long. */
const againMs = 5_000
const group = 'ff12::7a5'

export const shared4 = 'shared'
export const shared6 = 'shared6'
/** To whom no interface leads directly. */
export const roaming = 'roaming'
export const loop = 'loop'

const wild = new Set(['0.0.0.0', '::', '*', ''])

/** `here`: this machine alone. */
export function scopeOf({ listen }: DiscoveryConfig): 'here' | 'all' | 'one' {
  const host = listen === null ? '' : hostOf(listen)
  return wild.has(host) ? 'all' : isLoopback(host) ? 'here' : 'one'
}

export function lookDue(s: Step): void {
  s.state.lookMs = s.now + lookEveryMs
  s.effects.push({ kind: 'look' })
  for (const [key, socket] of s.state.sockets) {
    if (socket.problem === null || s.now - socket.problemMs < againMs) continue
    // Also one that was bound: it may belong to an address that this machine does not have any more.
    s.effects.push({ kind: 'unbind', socket: key })
    bind(s, key, socket.address, socket.options)
  }
}

export function interfacesSeen(s: Step, interfaces: readonly NetworkInterface[]): void {
  const { state } = s
  const places = choosePlaces(state.config, interfaces)
  const [key, used] = [keyOf(places), keyOf(state.places)]
  if (key === used && state.own.size > 0) state.candidate = null
  else if (state.own.size === 0) takeOver(s, places, interfaces)
  else if (state.candidate?.key !== key) {
    state.candidate = { key, sinceMs: s.now }
    state.lookMs = Math.min(state.lookMs, s.now + dampMs / 4)
  } else if (s.now - state.candidate.sinceMs >= dampMs) takeOver(s, places, interfaces)
  else state.lookMs = Math.min(state.lookMs, s.now + dampMs / 4)
}

const keyOf = (places: readonly Place[]): string =>
  places.map(({ key, everybody, prefix }) => `${key}/${prefix}>${everybody}`).join(' ')

function takeOver(s: Step, places: Place[], interfaces: readonly NetworkInterface[]): void {
  const { state } = s
  const before = new Map(state.places.map((place) => [place.key, place]))
  const first = state.own.size === 0
  state.candidate = null
  state.places = places
  const chosen = new Set(places.map(({ address }) => address))
  state.shunned = interfaces.filter(({ address }) => !chosen.has(address))
  state.own = new Set(['', ...interfaces.map(({ address }) => address)])
  state.names = interfaces.some(({ address }) => kindOf(address) === 'name')
  for (const place of places) {
    if (before.delete(place.key)) continue
    const scope = place.family === 6 ? `%${place.name}` : ''
    bind(s, place.key, joinAddress(`${place.address}${scope}`, 0), {})
    if (!state.settled) sweepSoon(s)
    if (!first) said(s, 'interface-up', place)
  }
  for (const place of before.values()) {
    unbind(s, place.key)
    state.heardAt.delete(place.key)
    said(s, 'interface-down', place)
  }
  bindCommon(s, interfaces)
  if (!first) beaconSoon(s, 0)
  if (places.some(({ loopback }) => !loopback) || scopeOf(state.config) === 'here')
    state.noted.delete('alone')
  else
    note(s, 'alone', 'no-interface', 'No interface can be used: others are looked for on this machine alone.')
}

function said(s: Step, event: 'interface-up' | 'interface-down', { name, address }: Place): void {
  const what = event === 'interface-up' ? 'Others are looked for' : 'Nobody is looked for any more'
  s.effects.push({ kind: 'note', event, text: `${what} on ${name} (${address}).`, data: { name, address } })
}

/** The sockets of the port that all share, and those that belong to no interface. */
function bindCommon(s: Step, interfaces: readonly NetworkInterface[]): void {
  const { state } = s
  const { config, places, port, sockets } = state
  const scope = scopeOf(config)
  const isThere = interfaces.some(({ loopback, family }) => loopback && family === 4)
  if (scope === 'here') {
    // On Linux a socket of the broadcast address hears that and nothing else, so that no interface but loopback is open.
    if (config.want === 'join' && !sockets.has(shared4)) {
      bind(s, shared4, `127.255.255.255:${port}`, { shared: true })
    }
    return
  }
  if (!sockets.has(roaming)) bind(s, roaming, '0.0.0.0:0', {})
  if (config.want === 'probe') return
  if (!sockets.has(shared4)) bind(s, shared4, `0.0.0.0:${port}`, { shared: true })
  if (isThere && !sockets.has(loop)) bind(s, loop, '127.0.0.1:0', {})
  const groups = places.filter(({ family }) => family === 6).map(({ name }) => ({ group, on: name }))
  const options = { shared: true, groups }
  if (
    JSON.stringify(sockets.get(shared6)?.options ?? { shared: true, groups: [] }) === JSON.stringify(options)
  )
    return
  if (sockets.has(shared6)) unbind(s, shared6)
  if (groups.length > 0) bind(s, shared6, `[::]:${port}`, options)
}

function bind(s: Step, key: string, address: Address, options: Socket['options']): void {
  s.state.sockets.set(key, { address, options, state: 'binding', problem: null, problemMs: s.now })
  s.effects.push({ kind: 'bind', socket: key, address, options })
}

function unbind(s: Step, key: string): void {
  if (s.state.sockets.delete(key)) s.effects.push({ kind: 'unbind', socket: key })
}

/** Which addresses of which interfaces are used. */
export function choosePlaces(config: DiscoveryConfig, interfaces: readonly NetworkInterface[]): Place[] {
  const { listen, interfaces: { include, exclude = [] } = {}, broadcast = true } = config
  const scope = scopeOf(config)
  const host = listen === null ? '' : hostOf(listen)
  const places = new Map<string, Place>()
  for (const one of interfaces) {
    const { name, family, address, prefix, loopback } = one
    const local = family === 6 && /^fe[89ab]/i.test(address)
    if (family === 6 ? !local : loopback && !isLoopback(address)) continue
    // Names for addresses follow their machine, whatever it is called where it listens.
    const elsewhere = address !== host && kindOf(address) !== 'name'
    if (scope === 'here' ? !loopback : scope === 'one' && elsewhere) continue
    if ((include && !matches(one, include)) || matches(one, exclude)) continue
    const key = family === 4 ? address : `${address}%${name}`
    // One of each interface is enough to reach a group.
    if (local && [...places.values()].some((place) => place.family === 6 && place.name === name)) continue
    const heard = family === 6 ? `${group}%${name}` : one.broadcast
    // Nobody can block it on loopback, and nothing else leads to the other processes there.
    places.set(key, {
      key,
      name,
      family,
      address,
      prefix,
      loopback,
      everybody: broadcast || loopback ? heard : null,
    })
  }
  return [...places.values()].slice(0, discoveryPlaces)
}

function matches({ name, address }: NetworkInterface, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const start = pattern.endsWith('*') ? pattern.slice(0, -1) : null
    return start === null
      ? pattern === name || pattern === address
      : name.startsWith(start) || address.startsWith(start)
  })
}

/** The place in whose subnet `host` is. */
export function placeOf({ state }: Step, host: string): Place | undefined {
  const scope = /%(.+)$/.exec(host)?.[1]
  if (scope !== undefined) return state.places.find(({ family, name }) => family === 6 && name === scope)
  if (state.names && kindOf(host) === 'name') return state.places[0]
  const near = state.places.filter(({ address, prefix }) => inSubnet(host, address, prefix))
  return near.toSorted((a, b) => b.prefix - a.prefix)[0]
}

/** From which socket to send to `host`; undefined when none is there yet. */
export function socketTo(s: Step, host: string): string | undefined {
  const { sockets } = s.state
  const place = placeOf(s, host)
  for (const key of [place?.key, place?.loopback === true || isLoopback(host) ? loop : roaming]) {
    if (key !== undefined && sockets.get(key)?.state === 'bound') return key
  }
  return undefined
}

/** An interface that was left out by name, and leads there better than one that is used. */
export function isShunned(s: Step, host: string): boolean {
  const { shunned } = s.state
  if (scopeOf(s.state.config) === 'here') return !isLoopback(host)
  if (s.state.own.has(host) || placeOf(s, host)) return false
  return shunned.some(({ family, address, prefix }) => family === 4 && inSubnet(host, address, prefix))
}
