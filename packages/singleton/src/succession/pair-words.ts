import { otherOf } from './pair.js'
import { lastSet, minCopies, nameOf } from './state.js'
import type { Succession } from './state.js'

/** What the leader of two waits for, when it is the other one; null otherwise. */
export function explainAlone(s: Succession): string | null {
  const other = otherOf(s)
  if (other === null) return null
  const name = nameOf(s, other)
  if (minCopies(s) > 1)
    return `Leading, but not serving: waiting for ${name}; ${minCopies(s)} copies are asked for (minCopies).`
  const seconds = s.config.timing.soloMs / 1_000
  return `Leading, but not serving: waiting for ${name}; without a word from it this peer goes on alone after ${seconds} s.`
}

/** Why one of a pair cannot take over from the other. */
export function explainLost(s: Succession): string | null {
  const other = otherOf(s)
  if (other === null || lastSet(s)?.pair !== true || s.links.has(other)) return null
  const name = nameOf(s, other)
  return minCopies(s) > 1
    ? `Nobody serves: both of two are needed (minCopies is ${minCopies(s)}); waiting for ${name}.`
    : `Nobody serves: both of a pair are needed, because ${name} may have gone on alone; waiting for ${name}.`
}
