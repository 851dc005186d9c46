import type { Address } from '@tanist/core'
import { discoveryBytes, discoveryClockMs, discoverySenders, nonceMs } from '../limits.js'
import { canBeDialled, hostOf, isLoopback, joinAddress, kindOf, splitAddress } from './addresses.js'
import { encode, isNeighbour, send } from './ask.js'
import { decodeHandedOn, decodeSaid, encodeHandedOn, isSingleHello, type Said } from './datagram.js'
import { isShunned, loop, placeOf, shared4, socketTo } from './places.js'
import { type Answer, drop, note, type Sender, type Step } from './state.js'
import type { DiscoveryView, Found } from './types.js'

/** Others answer up to so much later than the server. */
const answerWithinMs = 100
/** And so many of them. */
const answersAtMost = 3
/** Who was heard so lately counts as one who could answer. */
const nearMs = 15_000
/** A peer that is settled is told again of the same neighbour after so long. */
const tellAgainMs = 15_000
const seekEveryMs = 5_000

export function datagramCame(s: Step, socket: string, bytes: Uint8Array, from: Address): void {
  s.state.received++
  const passed = decodeHandedOn(bytes)
  if (passed === undefined) {
    if (isSingleHello(bytes) && socket === shared4) handOn(s, bytes, from)
    takeIn(s, bytes, from)
  } else if (passed === 'form' || !isLoopback(hostOf(from))) drop(s, 'form')
  else takeIn(s, passed.hello, passed.origin)
}

/** The system gives it to one process of those who share the port: the others hear of it by this one. */
function handOn(s: Step, hello: Uint8Array, from: Address): void {
  const { state } = s
  const place = state.places.find(({ loopback, everybody }) => loopback && everybody !== null)
  const socket = [place?.key, loop].find(
    (key) => key !== undefined && state.sockets.get(key)?.state === 'bound',
  )
  if (socket === undefined || !canBeDialled(from)) return
  if (state.handRate.take(s.now))
    send(s, socket, `127.255.255.255:${state.port}`, encodeHandedOn(hello, from))
  else drop(s, 'rate')
}

function takeIn(s: Step, bytes: Uint8Array, from: Address): void {
  const { state, now, wallMs } = s
  const host = hostOf(from)
  const said = decodeSaid(bytes, state.keys.find)
  if (typeof said === 'string') {
    drop(s, said)
    if (said === 'key') foreign(s, host)
    return
  }
  const mine = s.view()?.memberId
  if (said.instance === state.instance || (mine !== undefined && said.view?.memberId === mine)) drop(s, 'own')
  else if (host === '' || isShunned(s, host)) drop(s, 'interface')
  else if (!state.replays.accept(said.instance, said.counter)) drop(s, 'replay')
  else {
    const isFresh = Math.abs(wallMs - said.unixMs) <= discoveryClockMs
    const asked = said.nonce === null || said.type === 'hello' ? undefined : state.nonces.get(said.nonce)
    const isAnswer = asked !== undefined && now - asked.atMs <= nonceMs
    if (said.type === 'welcome' || said.type === 'hi') {
      if (isAnswer) heard(s, said, from, asked.by)
      else drop(s, 'nonce')
    } else if (said.type === 'hello') {
      // Its clock may be wrong, or it may be an old one: it is answered, which helps only who has just asked.
      if (isFresh) heard(s, said, from, 'hello')
      else drop(s, 'clock')
      answer(s, said, from, bytes.length)
    } else if (isFresh) {
      const sender = heard(s, said, from, said.type === 'goodbye' ? 'goodbye' : 'beacon')
      if (said.type === 'beacon' && said.view) seek(s, sender, said.view, from, bytes.length)
    } else drop(s, 'clock')
  }
}

/** Perhaps a colleague with a wrong secret, who wonders why nobody answers. */
function foreign(s: Step, host: string): void {
  const text = `Datagrams of another application or another secret come from ${host}.`
  note(s, `foreign ${host}`, 'discovery-foreign', text, { host })
}

function heard(s: Step, said: Said, from: Address, by: Found['by']): Sender {
  const { state, now } = s
  const place = placeOf(s, hostOf(from))
  // Only what is said to everybody, or answers it, shows that nobody there has to be asked one by one.
  const toAll = by === 'sweep' || said.single || said.type === 'seek' ? undefined : place
  if (toAll && isNeighbour(s, toAll, hostOf(from))) state.heardAt.set(toAll.key, now)
  const sender = senderOf(s, said)
  sender.heardMs = now
  sender.clusterId = said.view?.clusterId ?? null
  if (said.view === null) return sender
  const hint = hintOf(s, said.view, from, by)
  if (hint === null) {
    drop(s, 'form')
    return sender
  }
  const told = JSON.stringify({ ...hint, by: '' })
  const own = s.view()?.clusterId ?? null
  const isNews =
    by !== 'beacon' ||
    !state.settled ||
    hint.clusterId !== own ||
    told !== sender.told ||
    now - sender.toldMs >= tellAgainMs
  if (!isNews) return sender
  if (state.hintRate.take(now)) {
    sender.told = told
    sender.toldMs = now
    s.effects.push({ kind: 'found', hint })
  } else drop(s, 'rate')
  return sender
}

function senderOf({ state }: Step, said: Said): Sender {
  const memberId = said.view?.memberId ?? null
  const never = Number.NEGATIVE_INFINITY
  const known = state.senders.get(said.instance)
  const sender = known ?? { clusterId: null, memberId, heardMs: 0, told: '', toldMs: never, soughtMs: never }
  state.senders.delete(said.instance)
  state.senders.set(said.instance, sender)
  if (state.senders.size > discoverySenders) {
    const [oldest] = state.senders.keys()
    if (oldest !== undefined) state.senders.delete(oldest)
  }
  return sender
}

/** Where to dial first: where it was heard from, then what is in a subnet of ours. Null when nothing can be dialled. */
function hintOf(s: Step, view: DiscoveryView, from: Address, by: Found['by']): Found | null {
  const { state } = s
  const host = hostOf(from)
  const usable = (address: Address): boolean => {
    const { host: at = '' } = splitAddress(address) ?? {}
    return (!isLoopback(at) || isLoopback(host)) && (kindOf(at) !== 'name' || state.names)
  }
  const said = view.addresses.filter(usable)
  const same = view.addresses.find((address) => kindOf(hostOf(address)) === kindOf(host.split('%')[0] ?? ''))
  const source = same === undefined ? [] : [joinAddress(host, splitAddress(same)?.port ?? 0)]
  const near = said.filter((address) => placeOf(s, hostOf(address)))
  const addresses = [...new Set([...source, ...near, ...said])]
  if (addresses.length === 0) return null
  const server = view.server === null ? [] : [view.server.address]
  const members = [...new Set([...server, ...view.members])].filter(
    (one) => usable(one) && !addresses.includes(one),
  )
  const { memberId, clusterId, isServer } = view
  return { memberId, clusterId, isServer, addresses, members, by }
}

function answer(s: Step, { nonce }: Said, from: Address, length: number): void {
  const { state, now, random } = s
  const view = s.view()
  if (state.config.want === 'probe' || view === null || nonce === null) return
  if (!view.isServer && rank(s, view, nonce) >= answersAtMost) return
  const host = hostOf(from)
  // On this machine many processes may start at once, and nobody else can pretend to be here.
  const source = isLoopback(host) || state.own.has(host) ? from : host
  if (!state.replyRates.take(source, now) || !state.replyRate.take(now)) {
    drop(s, 'rate')
    return
  }
  const due = { atMs: now + random.next() * answerWithinMs, to: from, nonce, atMost: length }
  if (view.isServer) reply(s, due)
  else state.answers.push(due)
}

/** How many of the others who were heard lately come before this peer in answering `nonce`: with another nonce, others. */
function rank({ state, now }: Step, view: DiscoveryView, nonce: string): number {
  const mine = score(nonce, view.memberId)
  let before = 0
  for (const { memberId, clusterId, heardMs } of state.senders.values()) {
    if (memberId === null || clusterId !== view.clusterId || now - heardMs > nearMs) continue
    if (memberId !== view.server?.memberId && score(nonce, memberId) < mine) before++
  }
  return before
}

/** FNV-1a: the same for all peers, and another order for each nonce. */
function score(nonce: string, memberId: string): number {
  let hash = 0x81_1c_9d_c5
  for (const char of nonce + memberId) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01_00_01_93)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

export function answersDue(s: Step): void {
  const { answers } = s.state
  for (const due of answers.splice(0)) {
    if (due.atMs <= s.now) reply(s, due)
    else answers.push(due)
  }
}

function reply(s: Step, { to, nonce, atMost }: Answer): void {
  const socket = socketTo(s, hostOf(to))
  if (socket === undefined) return
  const type = s.view()?.isServer === true ? 'welcome' : 'hi'
  const bytes = encode(s, type, { nonce, atMost: Math.min(atMost, discoveryBytes) })
  if (bytes) send(s, socket, to, bytes)
}

/** Two clusters of one application: both sides have to know, also where only one hears the other. */
function seek(s: Step, sender: Sender, theirs: DiscoveryView, from: Address, atMost: number): void {
  const { state, now } = s
  const own = s.view()
  if (own?.clusterId == null || theirs.clusterId === null || own.clusterId === theirs.clusterId) return
  if (now - sender.soughtMs < seekEveryMs || !state.replyRate.take(now)) return
  const host = hostOf(from)
  const socket = socketTo(s, host)
  if (socket === undefined) return
  sender.soughtMs = now
  // To the shared port, too: of the processes there, the one that said it is the one that has to know.
  const bytes = encode(s, 'seek', { atMost })
  if (bytes) send(s, socket, from, bytes)
}
