import { otherOf } from './pair.js'
import { isRefused } from './witness.js'
import { lastSet, minCopies, nameOf } from './state.js'
import type { Succession } from './state.js'
import type { MemberId } from '@tanist/core'

/** What the leader of two waits for, when it is the other one; null otherwise. */
export function explainAlone(s: Succession): string | null {
  const other = otherOf(s)
  if (other === null) return null
  const name = nameOf(s, other)
  if (minCopies(s) > 1)
    return `Leading, but not serving: waiting for ${name}; ${minCopies(s)} copies are asked for (minCopies).`
  const set = lastSet(s)
  if (set?.witness !== undefined) {
    const witness = `the witness ${witnessName(s, set.witness)}`
    return isRefused(s, set)
      ? `Leading, but not serving: ${witness} has let ${name} go on alone; waiting for it.`
      : `Leading, but not serving: waiting for ${name}, or for ${witness} to let this peer go on alone.`
  }
  const seconds = s.config.timing.soloMs / 1_000
  return `Leading, but not serving: waiting for ${name}; without a word from it this peer goes on alone after ${seconds} s.`
}

/** Why one of a pair cannot take over from the other. */
export function explainLost(s: Succession): string | null {
  const other = otherOf(s)
  if (other === null || lastSet(s)?.pair !== true || s.links.has(other)) return null
  const name = nameOf(s, other)
  const { witness } = lastSet(s) ?? {}
  if (witness !== undefined && minCopies(s) <= 1)
    return `Nobody serves: waiting for ${name}, or for the witness ${witnessName(s, witness)} to let this peer go on alone.`
  return minCopies(s) > 1
    ? `Nobody serves: both of two are needed (minCopies is ${minCopies(s)}); waiting for ${name}.`
    : `Nobody serves: both of a pair are needed, because ${name} may have gone on alone; waiting for ${name}.`
}

function witnessName(s: Succession, id: MemberId): string {
  return s.witness.links.get(id)?.name ?? id.slice(0, 8)
}
