/**
 * Decides where a sync runs: in place, which is fastest but stops the event loop, while the disk is quick;
 * else on the thread pool. Pure.
 *
 * - In place until the slow ones (1 ms or more) of the last 100 syncs took 20 ms together, the slowest aside. That
 *   much a hundred wake-ups by the pool cost as well; and one outlier, however long, says nothing about the next sync.
 * - On the pool, every 32nd sync tries again in place, provided that one of those 32 was done within 2 ms
 *   there: a slow disk never stops the loop again. After 3 quick tries in a row it is in place again.
 * - A disk that is quick between long pauses passes the tries: each time that less than 1,000 syncs went well in place,
 *   the next return takes twice as many, up to 24.
 */
export interface SyncPolicy {
  /** Whether the next sync shall run in place. */
  inPlace(): boolean
  /** How long a sync took. */
  took(where: 'place' | 'pool', ms: number): void
}

const slowMs = 1
const windowSyncs = 100
const slowMsAllowed = 20
const pooledSyncsPerTry = 32
const worthTryingMs = 2
const quickTriesNeeded = 3
const quickTriesAtMost = 24
const goodStaySyncs = 1_000

export function syncPolicy(): SyncPolicy {
  let mode: 'place' | 'pool' = 'place'
  /** The slow syncs among the last `windowSyncs`, each with its number, counted by `syncs`. */
  let slow: { readonly at: number; readonly ms: number }[] = []
  let syncs = 0
  let pooled = 0
  let bestPooledMs = Infinity
  let quickTries = 0
  let triesNeeded = quickTriesNeeded
  /** Where `syncs` was at the last return; none counts as a good stay before. */
  let since = -goodStaySyncs

  const tookInPlace = (ms: number): void => {
    syncs += 1
    if (ms < slowMs) return
    slow = slow.filter(({ at }) => syncs - at < windowSyncs)
    slow.push({ at: syncs, ms })
    if (slowMsIn(slow) < slowMsAllowed) return
    mode = 'pool'
    const short = syncs - since < goodStaySyncs
    triesNeeded = short ? Math.min(triesNeeded * 2, quickTriesAtMost) : quickTriesNeeded
  }

  const tried = (ms: number): void => {
    quickTries = ms < slowMs ? quickTries + 1 : 0
    pooled = 0
    bestPooledMs = Infinity
    if (quickTries < triesNeeded) return
    mode = 'place'
    slow = []
    quickTries = 0
    since = syncs
  }

  return {
    inPlace: () => mode === 'place' || (pooled >= pooledSyncsPerTry && bestPooledMs < worthTryingMs),
    took(where, ms) {
      if (where === 'pool') {
        pooled += 1
        bestPooledMs = Math.min(bestPooledMs, ms)
      } else if (mode === 'place') tookInPlace(ms)
      else tried(ms)
    },
  }
}

/** Together, but for the slowest. */
function slowMsIn(syncs: readonly { readonly ms: number }[]): number {
  const all = syncs.reduce((sum, { ms }) => sum + ms, 0)
  return all - Math.max(...syncs.map(({ ms }) => ms))
}
