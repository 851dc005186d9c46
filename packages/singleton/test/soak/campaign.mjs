// Campaigns of the succession machines over all cores: portions of schedules go to worker processes. Numbers of
// schedules, not workers, decide what is drawn, so a campaign with the same seed is the same on every machine.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PORTION = 100

/** Portions in turn from each number of peers, so that whatever time there is goes to all of them. */
function* portionsOf({ peers, seed }) {
  const groups = peers.map(({ peers: size, schedules }) => ({ size, schedules, from: 0 }))
  for (let open = true; open; ) {
    open = false
    for (const group of groups) {
      const count = Math.min(PORTION, group.schedules - group.from)
      if (count <= 0) continue
      open = true
      yield { peers: group.size, seed, from: group.from, count }
      group.from += count
    }
  }
}

/**
 * Runs the campaign `{ peers: [{ peers, schedules }], seed, workers, untilMs, progress }`. Ends at the first schedule
 * that breaks a law (`caught`, made as small as it gets), when all schedules have run, or at `untilMs`.
 */
export async function runMachineCampaign(campaign) {
  const { workers, untilMs = Infinity, progress = () => {} } = campaign
  const portions = portionsOf(campaign)
  const tallies = new Map()
  const startMs = performance.now()
  const children = new Set()
  let caught = null
  try {
    await Promise.all(Array.from({ length: workers }, () => work()))
  } finally {
    for (const child of children) child.kill()
  }
  return { tallies, caught, seconds: (performance.now() - startMs) / 1_000 }

  function work() {
    return new Promise((resolve, reject) => {
      const child = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), { execArgv: [] })
      children.add(child)
      child.on('error', reject)
      child.on('exit', (code) => {
        children.delete(child)
        if (code === 0 || caught !== null) resolve()
        else reject(new Error(`a worker ended with ${code}`))
      })
      child.on('message', (message) => {
        if (message.portion) note(message)
        const next = caught !== null || performance.now() >= untilMs ? { done: true } : portions.next()
        if (next.done) child.disconnect()
        else child.send(next.value)
      })
    })
  }

  function note({ portion, tally, caught: found }) {
    const sum = tallies.get(portion.peers) ?? {}
    for (const [key, value] of Object.entries(tally)) sum[key] = (sum[key] ?? 0) + value
    tallies.set(portion.peers, sum)
    caught ??= found
    progress(tallies, (performance.now() - startMs) / 1_000)
  }
}
