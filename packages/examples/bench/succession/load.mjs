/** Keeps `inFlight` writes under way for `ms`. Rates, percentiles and the processor time of this process a write. */
export async function load(write, { inFlight, ms, warmMs = 500 }) {
  /** `warm`, `measured`, `over`. */
  const run = { stage: 'warm' }
  let failed = 0
  const took = []
  const loop = async () => {
    while (run.stage !== 'over') {
      const since = performance.now()
      const ok = await write()
      if (run.stage !== 'measured') continue
      if (ok) took.push(performance.now() - since)
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
  const count = took.length
  await Promise.all(loops)
  took.sort((a, b) => a - b)
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN
  return {
    perSecond: count / seconds,
    p50: at(0.5),
    p99: at(0.99),
    failed,
    cpuUs: (user + system) / Math.max(1, count),
  }
}
