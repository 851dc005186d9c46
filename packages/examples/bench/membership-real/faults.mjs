// Members are killed and frozen in both systems in turn, on one machine at one time: only the ratios mean something.
import { pause, until } from '../succession/children.mjs'
import { summary } from '../succession/numbers.mjs'
import { nowMs, startSerf } from './serf.mjs'
import { startTanist } from './tanist.mjs'

/** A different member each time, in an order that does not depend on their age. */
const victim = (time, count) => (time * 7 + 2) % count

/** How long after `kill -9` the first and the last survivor knew, and had removed it where that is another matter. */
async function killOnce(cluster, time) {
  const at = victim(time, cluster.count)
  const name = cluster.nameOf(at)
  const told = [cluster.lost, ...(cluster.removed ? [cluster.removed] : [])]
  for (const list of told) list.length = 0
  const since = nowMs()
  cluster.kill(at, 'SIGKILL')
  const tellers = (list) => new Set(list.filter((one) => one.name === name).map(({ by }) => by))
  for (const list of told)
    await until(`${cluster.count - 1} survivors that know`, () => tellers(list).size >= cluster.count - 1, 5)
  const [times, removals] = told.map((list) =>
    list.filter((one) => one.name === name).map((one) => one.at - since),
  )
  const wrong = cluster.lost.filter((one) => one.name !== name).length
  await cluster.restart(at)
  const removed = removals ? Math.max(...removals) : null
  return { first: Math.min(...times), last: Math.max(...times), removed, wrong }
}

async function freezeOnce(cluster, time, forMs) {
  const at = victim(time, cluster.count)
  cluster.lost.length = 0
  cluster.kill(at, 'SIGSTOP')
  await pause(forMs)
  cluster.kill(at, 'SIGCONT')
  // Whoever was wrong says so soon after, too.
  await pause(3_000)
  const wrong = cluster.lost.length
  await cluster.whole()
  return wrong
}

/** Both at once, so that both share the machine with the same neighbours; a missing serf is left out. */
async function startBoth(count, serf) {
  const clusters = [await startTanist(count)]
  try {
    if (serf) clusters.push(await startSerf(count))
  } catch (error) {
    await stopAll(clusters)
    throw error
  }
  return clusters
}

const stopAll = (clusters) => Promise.all(clusters.map((cluster) => cluster.stop()))

/** Whoever was started or admitted last is left in peace for a moment. */
const SETTLE_MS = 1_500

export async function kills({ report, serf, sizes, times }) {
  for (const count of sizes) {
    report.title(`kill -9 of one of ${count}, until its survivors know`)
    const clusters = await startBoth(count, serf)
    const found = new Map(clusters.map(({ name }) => [name, []]))
    try {
      for (let time = 0; time < times; time++) {
        for (const cluster of clusters) {
          await pause(SETTLE_MS)
          found.get(cluster.name).push(await killOnce(cluster, time))
        }
      }
    } finally {
      await stopAll(clusters)
    }
    const last = {}
    for (const [name, runs] of found) {
      last[name] = summary(runs.map((run) => run.last))
      report.row(`${name}, first survivor`, summary(runs.map((run) => run.first)), 'ms')
      report.row(`${name}, last survivor`, last[name], 'ms')
      const removals = runs.flatMap(({ removed }) => (removed === null ? [] : [removed]))
      if (removals.length > 0)
        report.row(`${name}, removed from the view of the last`, summary(removals), 'ms')
      const wrong = runs.reduce((sum, run) => sum + run.wrong, 0)
      report.target(`${name}: nobody else is taken for failed`, wrong, 0, 'less')
    }
    if (serf) report.target("1/50 of serf's median", last.tanist.median, last.serf.median / 50, 'less', 'ms')
  }
}

export async function freezes({ report, serf, sizes, times }) {
  for (const count of sizes) {
    report.title(`SIGSTOP of one of ${count} for 2 s: how often somebody is taken for failed`)
    const clusters = await startBoth(count, serf)
    const wrong = new Map(clusters.map(({ name }) => [name, 0]))
    try {
      for (let time = 0; time < times; time++) {
        for (const cluster of clusters) {
          await pause(SETTLE_MS)
          wrong.set(cluster.name, wrong.get(cluster.name) + (await freezeOnce(cluster, time, 2_000)))
        }
      }
    } finally {
      await stopAll(clusters)
    }
    for (const [name, count_] of wrong)
      report.target(`${name}: false failures in ${times} freezes`, count_, 0, 'less')
  }
}
