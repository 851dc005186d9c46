/** How many a second when `count` of them took as long as `run` does. */
export async function perSecond(count, run) {
  const began = performance.now()
  await run()
  return count / ((performance.now() - began) / 1_000)
}

/** Calls `done` after so many calls. */
export function countdown(left, done) {
  return () => {
    left -= 1
    if (left === 0) done()
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Bytes on the heap after a full collection. */
export async function heapBytes() {
  for (let n = 0; n < 3; n++) {
    await pause(5)
    globalThis.gc()
  }
  return process.memoryUsage().heapUsed
}
