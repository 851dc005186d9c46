import type { Address } from '../host/index.js'
import { limits } from './limits.js'
import type { Membership, Step, Target } from './state.js'
import { forgetIdleTargets, isAnswered, target } from './targets.js'
import type { MemberId } from './types.js'

/**
 * Somebody may be there, says a hint that proves nothing: its addresses are dialled once each, in this order and a
 * quarter of a second apart, until one has answered. There is place for so many hints and no more, so that a flood of
 * them costs a bounded number of dials. True when somebody is dialled for it.
 */
export function foundAt(s: Step, memberId: MemberId | null, addresses: readonly Address[]): boolean {
  const { state } = s
  if (memberId === state.self.memberId || (memberId !== null && isLinked(state, memberId))) return false
  let pauseMs = 0
  for (const address of new Set(addresses.slice(0, limits.foundAddresses))) {
    if (!aim(s, address, memberId, pauseMs)) continue
    pauseMs += limits.foundStepMs
  }
  return pauseMs > 0
}

function aim(s: Step, address: Address, memberId: MemberId | null, pauseMs: number): boolean {
  const { state } = s
  const known = state.targets.get(address)
  if (address === state.self.address || known?.self) return false
  if (known) {
    if (isAnswered(state, known) || (known.barred && s.now < known.nextMs)) return false
    known.found = true
    known.barred = false
    known.nextMs = Math.min(known.nextMs, s.now + pauseMs)
    s.state.dialsTouched = true
    return true
  }
  if (!hasRoom(s)) return false
  const t = target(s, address)
  t.found = true
  t.memberId = memberId
  t.nextMs = s.now + pauseMs
  return true
}

/** Those that refused are kept only so that they are left alone for a while. */
function hasRoom(s: Step): boolean {
  const found: Target[] = [...s.state.targets.values()].filter((t) => t.found)
  if (found.length < limits.found) return true
  for (const t of found) if (t.barred || t.self) t.found = false
  forgetIdleTargets(s.state)
  return found.some((t) => !t.found)
}

function isLinked({ peers }: Membership, memberId: MemberId): boolean {
  const peer = peers.get(memberId)
  return peer !== undefined && peer.link !== null && !peer.silent
}
