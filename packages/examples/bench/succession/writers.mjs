/** So many writers without an end; `stop` tells the longest gap between two acknowledgements since `mark`, in ms. */
export function startWriters(count, write) {
  const life = { running: true }
  let failed = 0
  let lastMs = performance.now()
  let longestMs = 0
  let marked = false
  const loop = async () => {
    while (life.running) {
      const ok = await write().catch(() => false)
      if (!life.running) return
      if (!ok) failed += 1
      else {
        const now = performance.now()
        if (marked) longestMs = Math.max(longestMs, now - lastMs)
        lastMs = now
      }
    }
  }
  const loops = Array.from({ length: count }, loop)
  return {
    mark() {
      marked = true
      failed = 0
    },
    async stop() {
      longestMs = Math.max(longestMs, performance.now() - lastMs)
      life.running = false
      await Promise.all(loops)
      return { longestMs, failed }
    },
  }
}
