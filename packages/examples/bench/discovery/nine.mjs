// Nine peers that know nothing of each other, started in any order within five seconds.
import { pause, until } from '../succession/children.mjs'
import { summary } from '../succession/numbers.mjs'
import { dropLab, labOf, world } from './world.mjs'

const PEERS = 9
const SPREAD_MS = 5_000

export async function nine({ report, times }) {
  report.title(`Nine peers in random order within ${SPREAD_MS} ms: how many clusters there are at the end`)
  await runs(report, times, 'loopback', null)
  const lab = await labOf(PEERS, report)
  if (lab === null) return
  try {
    await runs(report, times, 'network namespaces', lab)
  } finally {
    dropLab(lab)
  }
}

async function runs(report, times, where, lab) {
  const took = []
  const clusters = []
  let foundings = 0
  for (let i = 0; i < times; i++) {
    const run = await one(lab)
    took.push(run.tookMs)
    clusters.push(run.clusters)
    foundings = Math.max(foundings, run.foundings)
    if (run.clusters !== 1)
      report.say(`Run ${i}: ${run.clusters} clusters; started after ${run.startsMs.join(', ')} ms.`)
  }
  report.row(`${where}: together after the last start`, summary(took), 'ms', `${foundings} founded at most`)
  report.target(`${where}, clusters at the end, of ${times} runs`, Math.max(...clusters), 1, 'less')
}

async function one(lab) {
  const here = world(lab)
  const peers = []
  const startsMs = Array.from({ length: PEERS }, () => Math.round(Math.random() * SPREAD_MS)).toSorted(
    (a, b) => a - b,
  )
  try {
    const beganMs = performance.now()
    for (const [i, atMs] of startsMs.entries()) {
      await pause(Math.max(0, beganMs + atMs - performance.now()))
      peers.push(here.start(i + 1))
    }
    const lastMs = performance.now()
    let ids = new Set()
    await until('all nine in one cluster', async () => {
      const all = await Promise.all(peers.map((peer) => peer.ask({ do: 'status' })))
      ids = new Set(all.map((status) => status?.clusterId ?? null))
      return all.every((status) => status?.members === PEERS && status.server !== null)
    }).catch(() => {})
    const stories = await Promise.all(peers.map((peer) => peer.ask({ do: 'story' })))
    const founded = stories.flat().filter((line) => line?.event === 'founded').length
    return { tookMs: performance.now() - lastMs, clusters: ids.size, foundings: founded, startsMs }
  } finally {
    await Promise.all(peers.map((peer) => peer.end()))
    here.end()
  }
}
