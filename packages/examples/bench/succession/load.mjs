/** Times in buckets of 2 %: what is measured must not be the memory of its measurement. */
function histogram() {
  const buckets = new Uint32Array(1_024)
  let count = 0
  return {
    get count() {
      return count
    },
    add(ms) {
      const at = Math.round(Math.log(Math.max(ms, 0.001) / 0.001) / Math.log(1.02))
      buckets[Math.min(at, buckets.length - 1)] += 1
      count += 1
    },
    at(share) {
      let left = Math.ceil(count * share)
      const at = buckets.findIndex((found) => (left -= found) <= 0)
      return count === 0 ? Number.NaN : 0.001 * 1.02 ** at
    },
  }
}

/** Keeps `inFlight` writes under way for `ms`. Rates, percentiles and the processor time of this process a write. */
export async function load(write, { inFlight, ms, warmMs = 500 }) {
  /** `warm`, `measured`, `over`. */
  const run = { stage: 'warm' }
  let failed = 0
  const took = histogram()
  const loop = async () => {
    while (run.stage !== 'over') {
      const since = performance.now()
      const ok = await write()
      if (run.stage !== 'measured') continue
      if (ok) took.add(performance.now() - since)
      else failed += 1
    }
  }
  const loops = Array.from({ length: inFlight }, loop)
  await new Promise((resolve) => setTimeout(resolve, warmMs))
  run.stage = 'measured'
  const cpu = process.cpuUsage()
  const begin = performance.now()
  await new Promise((resolve) => setTimeout(resolve, ms))
  const seconds = (performance.now() - begin) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  run.stage = 'over'
  const { count } = took
  await Promise.all(loops)
  return {
    perSecond: count / seconds,
    p50: took.at(0.5),
    p99: took.at(0.99),
    failed,
    cpuUs: (user + system) / Math.max(1, count),
  }
}
