/**
 * Decides where a sync runs: in place, which is fastest but stops the event loop, while the disk is quick;
 * else on the thread pool. Pure.
 *
 * - In place until 2 of the last 100 syncs took 1 ms or more (their p99 passed 1 ms).
 * - On the pool, every 32nd sync tries again in place, provided that one of those 32 was done within 2 ms
 *   there: a slow disk never stops the loop again. After 3 quick tries in a row it is in place again.
 */
export interface SyncPolicy {
  /** Whether the next sync shall run in place. */
  inPlace(): boolean
  /** How long a sync took. */
  took(where: 'place' | 'pool', ms: number): void
}

const slowMs = 1
const windowSyncs = 100
const slowSyncsAllowed = 1
const pooledSyncsPerTry = 32
const worthTryingMs = 2
const quickTriesNeeded = 3

export function syncPolicy(): SyncPolicy {
  let mode: 'place' | 'pool' = 'place'
  /** Number of each slow sync among the last `windowSyncs`, counted by `syncs`. */
  let slow: number[] = []
  let syncs = 0
  let pooled = 0
  let bestPooledMs = Infinity
  let quickTries = 0

  const tookInPlace = (ms: number): void => {
    syncs += 1
    slow = slow.filter((at) => syncs - at < windowSyncs)
    if (ms >= slowMs) slow.push(syncs)
    if (slow.length > slowSyncsAllowed) mode = 'pool'
  }

  const tried = (ms: number): void => {
    quickTries = ms < slowMs ? quickTries + 1 : 0
    pooled = 0
    bestPooledMs = Infinity
    if (quickTries < quickTriesNeeded) return
    mode = 'place'
    slow = []
    quickTries = 0
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
