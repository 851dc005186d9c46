import type { Address } from '../host/index.js'
import { limits } from './limits.js'
import {
  linkLimit,
  newLink,
  peersAt,
  type LinkRow,
  type Membership,
  type Step,
  type Target,
} from './state.js'
import { aimAgain, isMember } from './topology.js'
import type { MemberId } from './types.js'

/**
 * Which addresses are dialled, and when: seeds and members of the view for ever, hints until they failed five
 * times, what discovery found once; never the own address, never two dials to one address at once, none to a peer that is linked and
 * heard unless `redial` asks for it. In a large cluster of the members those alone that are wanted, no hints, and
 * seeds until a member has answered there.
 */
export function refreshTargets(s: Step): void {
  const { state } = s
  if (state.topology.large) return aimAgain(s)
  for (const t of state.targets.values()) t.view = false
  for (const address of state.config.seeds) target(s, address).seed = true
  for (const row of state.view) {
    if (row.memberId === state.self.memberId) continue
    const t = target(s, state.peers.get(row.memberId)?.address ?? row.address)
    t.view = true
    t.memberId ??= row.memberId
  }
  // Who is not admitted looks for those who can see to it.
  if (!isMember(state)) {
    for (const { memberId, address } of state.topology.hubs)
      if (memberId !== state.self.memberId) target(s, address).view = true
  }
  forgetIdleTargets(state)
}

export function forgetIdleTargets(state: Membership): void {
  for (const t of state.targets.values()) forgetIfIdle(state, t)
}

/** This member of a large cluster is wanted; a new address is dialled after the pause. */
export function aimAt(s: Step, address: Address, memberId: MemberId, pauseMs: number): void {
  if (address === s.state.self.address) return
  const isNew = !s.state.targets.has(address)
  const t = target(s, address)
  t.view = true
  t.memberId ??= memberId
  if (isNew) t.nextMs = s.now + pauseMs
}

export function releaseTarget(state: Membership, address: Address): void {
  const t = state.targets.get(address)
  if (!t) return
  t.view = false
  forgetIfIdle(state, t)
}

/** A cluster that has become large: nobody is dialled for having been in the mesh. */
export function forgetMesh(s: Step): void {
  for (const t of s.state.targets.values()) {
    t.view = false
    t.hint = false
  }
  forgetIdleTargets(s.state)
}

export function addHint(s: Step, address: Address, certain: boolean): void {
  const { state } = s
  const known = state.targets.get(address)
  if (state.topology.large) return
  if (known) known.hint ||= certain
  if (known || address === state.self.address) return
  const hints = [...state.targets.values()].filter((t) => !t.seed && !t.view)
  if (hints.length >= limits.hints) {
    const idle = hints.filter((t) => t.link === null && !isAnswered(state, t))
    const worst = idle.reduce<Target | null>((a, t) => (a && a.failures >= t.failures ? a : t), null)
    // Hearsay never displaces anything; a peer that we met displaces the least promising hint.
    if (!certain || !worst) return
    state.targets.delete(worst.address)
  }
  target(s, address).hint = true
}

/** Dials this address now, also when its peer is linked. */
export function redial(s: Step, address: Address): void {
  if (address === s.state.self.address) return
  addHint(s, address, true)
  const t = s.state.topology.large ? target(s, address) : s.state.targets.get(address)
  if (!t || (t.barred && s.now < t.nextMs)) return
  t.forced = true
  t.nextMs = s.now
  s.state.dialsTouched = true
}

/** The dial in flight to this address is over; returns its target. */
export function dialOver(state: Membership, row: LinkRow): Target | undefined {
  const t = row.out ? state.targets.get(row.remote) : undefined
  if (t?.link !== row.id) return undefined
  t.link = null
  return t
}

export function dialFailed(s: Step, t: Target): void {
  t.failures += 1
  t.barred = false
  t.found = false
  const stopped = peersAt(s.state, t.address).some((p) => p.bye === p.incarnation)
  t.nextMs = s.now + (stopped ? limits.retryMaxMs : backOffMs(s, t.failures))
  if (t.failures >= limits.hintFailures || stopped) t.hint = false
  forgetIfIdle(s.state, t)
}

/** A usable link ended. At once the first times, then with back-off: a link that dies young is no success. */
export function dialAgain(s: Step, address: Address, livedMs: number, pauseMs: number = 0): void {
  const t = s.state.targets.get(address)
  if (!t) return
  t.failures = livedMs >= limits.stableLinkMs ? 0 : t.failures + 1
  t.nextMs = s.now + (t.failures <= 3 ? pauseMs : backOffMs(s, t.failures))
}

/** One side does not want the other: leave it alone for a while. */
export function bar(s: Step, address: Address): void {
  const t = s.state.targets.get(address)
  if (!t) return
  t.failures += 1
  t.barred = true
  t.forced = false
  t.nextMs = s.now + limits.refusedRetryMs
  if (t.failures >= limits.hintFailures) t.hint = false
}

/** The reasons for refusals may be gone: ask again now. */
export function liftBars(s: Step): void {
  for (const t of s.state.targets.values()) {
    t.self = false
    if (!t.barred) continue
    t.barred = false
    t.nextMs = s.now
  }
}

/** Dials what is due. */
export function dialDue(s: Step): void {
  const { state } = s
  if (state.phase !== 'running') return
  for (const t of state.targets.values()) {
    if (!wanted(state, t) || s.now < t.nextMs || state.links.size >= linkLimit(state)) continue
    const id = state.nextLink
    state.nextLink += 2
    t.link = id
    state.links.set(id, newLink(s, id, true, t.address))
    s.effects.push({ kind: 'dial', link: id, address: t.address, ...(t.forced && { doubted: true }) })
    t.forced = false
  }
}

/** When something is to be dialled next, or null. */
export function nextDialMs(state: Membership): number | null {
  if (state.phase !== 'running' || state.links.size >= linkLimit(state)) return null
  let next: number | null = null
  for (const t of state.targets.values()) {
    if (wanted(state, t) && (next === null || t.nextMs < next)) next = t.nextMs
  }
  return next
}

function wanted(state: Membership, t: Target): boolean {
  if (t.link !== null || t.self || t.address === state.self.address) return false
  if (t.forced) return true
  if (isOnlyFound(t) ? t.barred : state.topology.large && !t.view && !t.found && !isSeedWanted(state, t))
    return false
  return !isAnswered(state, t)
}

/** No member has answered there yet; or this peer needs somebody to tell it where the cluster is. */
function isSeedWanted(state: Membership, t: Target): boolean {
  if (!t.seed || state.links.size >= limits.links / 2) return false
  return t.memberId === null || !state.index.byId.has(t.memberId) || !isMember(state)
}

/** What refused is not asked again for a hint that was given before. */
function isOnlyFound(t: Target): boolean {
  return t.found && !t.seed && !t.view && !t.hint
}

/** Its peer is linked and heard. */
export function isAnswered(state: Membership, t: Target): boolean {
  const peer = t.memberId === null ? undefined : state.peers.get(t.memberId)
  if (peer && peer.link !== null && !peer.silent) return true
  return peersAt(state, t.address).some((p) => p.link !== null && !p.silent)
}

export function target(s: Step, address: Address): Target {
  let t = s.state.targets.get(address)
  if (!t) {
    t = {
      address,
      seed: false,
      view: false,
      hint: false,
      found: false,
      self: false,
      memberId: null,
      link: null,
      failures: 0,
      nextMs: s.now,
      forced: false,
      barred: false,
    }
    s.state.targets.set(address, t)
    s.state.dialsTouched = true
  }
  return t
}

function forgetIfIdle(state: Membership, t: Target): void {
  const idle = !t.seed && !t.view && !t.hint && !t.found && t.link === null
  if (idle && !(state.topology.large && t.forced)) state.targets.delete(t.address)
}

function backOffMs(s: Step, failures: number): number {
  const full = Math.min(limits.retryMaxMs, limits.retryFirstMs * 2 ** Math.min(failures - 1, 10))
  return full * (0.5 + s.random.next() / 2)
}
