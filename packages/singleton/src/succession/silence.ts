import type { Succession, Turn } from './state.js'

const SLOT_MS = 10_000
const SLOTS = 6

/**
 * The leader spoke. Remembers the worst gap of each of the last six ten-second slots, so that a voter on a
 * busy machine becomes more patient by itself.
 */
export function heardLeader(t: Turn, sameReign: boolean): void {
  const { s, now } = t
  const gapMs = now.monotonicMs - s.heardAtMs
  s.heardAtMs = now.monotonicMs
  if (!sameReign) return
  const slot = Math.floor(now.monotonicMs / SLOT_MS)
  const last = s.gaps.at(-1)
  if (last?.slot === slot) last.worstMs = Math.max(last.worstMs, gapMs)
  else {
    s.gaps.push({ slot, worstMs: gapMs })
    s.gaps = s.gaps.filter((gap) => gap.slot > slot - SLOTS)
  }
}

/** Silence after which this voter stands, and for which it promises its leader to vote for nobody else. */
export function promiseMs(s: Succession): number {
  const { silenceMinMs, silenceMaxMs } = s.config.timing
  let worst = 0
  for (const gap of s.gaps) if (gap.worstMs > worst) worst = gap.worstMs
  return Math.min(silenceMaxMs, Math.max(silenceMinMs, 3 * worst))
}
