// A take-over with a million entries behind a snapshot and 100 MB of state; and what taking that snapshot does to the server.
import { joinAsCaller } from './caller.mjs'
import { pause, residentMb, until } from './children.mjs'
import { short, summary } from './numbers.mjs'
import { startTanist } from './tanist.mjs'

const VALUE_BYTES = 4_000
const IN_FLIGHT = 128

const statusOf = (peer) => peer.ask({ do: 'status' })

/** Writes until the journal has grown by `entries`. */
async function writeEntries(cluster, entries, asked) {
  const { at } = await cluster.serving()
  const end = (await statusOf(cluster.peers[at])).commitIndex + entries
  while ((await statusOf(cluster.peers[at])).commitIndex < end) {
    const { failed } = await cluster.peers[at].ask({
      do: 'load',
      inFlight: IN_FLIGHT,
      ms: 1_000,
      warmMs: 0,
      ...asked,
    })
    if (failed > 0) throw new Error(`${failed} writes failed`)
  }
}

/** The longest stop of any event loop until every member has a newer snapshot. */
async function whileCapturing(cluster) {
  const before = await Promise.all(cluster.peers.map(statusOf))
  await Promise.all(cluster.peers.map((peer) => peer.ask({ do: 'stops' })))
  for (;;) {
    await writeEntries(cluster, 5_000, { role: 'bare' })
    const now = await Promise.all(cluster.peers.map(statusOf))
    if (now.every(({ snapshotIndex }, i) => snapshotIndex > before[i].snapshotIndex)) break
  }
  const stops = await Promise.all(cluster.peers.map((peer) => peer.ask({ do: 'stops' })))
  return Math.max(...stops.map(({ longestMs }) => longestMs))
}

/** Number of the process that serves, once everybody follows it. The caller may hold one of the votes by now. */
async function settled(cluster) {
  return until('a server that everybody follows', async () => {
    const found = await Promise.all(cluster.peers.map(statusOf))
    const at = found.findIndex(({ self, server }) => self.name === server?.name)
    const all = found.every(
      ({ server, waitingFor }) => waitingFor === null && server?.name === found[at]?.self.name,
    )
    return all && at >= 0 && found[at].successors.length > 0 ? at : null
  })
}

async function killOnce(cluster, caller) {
  const at = await settled(cluster)
  const since = performance.now()
  cluster.peers[at].kill('SIGKILL')
  if (!(await caller.put())) throw new Error('the write after the signal was not acknowledged')
  const tookMs = performance.now() - since
  await cluster.peers[at].end()
  await cluster.restart(at)
  await settled(cluster)
  await pause(1_000)
  return tookMs
}

export async function large({ report, quick, times = quick ? 2 : 5 }) {
  const entries = quick ? 100_000 : 1_000_000
  const stateMb = quick ? 20 : 100
  report.title(`take-over with ${entries} entries behind a snapshot and ${stateMb} MB of state`)
  const keyCount = Math.round((stateMb * 1_000_000) / VALUE_BYTES)
  const cluster = await startTanist()
  // The oldest member once every other one was killed: it must not become the server.
  const caller = await joinAsCaller({ ...cluster, settings: { serve: 'never' } })
  try {
    const { term } = caller.peer.status()
    await writeEntries(cluster, keyCount, { role: 'store', keyCount, valueBytes: VALUE_BYTES })
    await writeEntries(cluster, entries - keyCount, { role: 'bare' })
    const longestMs = await whileCapturing(cluster)
    report.line('longest stop of an event loop meanwhile', `${short(longestMs)} ms`)
    report.target('no false take-over', caller.peer.status().term - term, 0, 'less')
    const resident = cluster.peers.map(({ pid }) => residentMb(pid).toFixed(0))
    report.line('resident memory of each member', `${resident.join(' / ')} MB`)
    const { at } = await cluster.serving()
    const { snapshotIndex, commitIndex } = await statusOf(cluster.peers[at])
    report.line('journal', `${commitIndex} entries, the newest snapshot at ${snapshotIndex}`)
    const took = []
    for (let i = 0; i < times; i++) took.push(await killOnce(cluster, caller))
    report.row('kill -9 of the leader, to the next write', summary(took), 'ms')
  } finally {
    await caller.stop()
    await cluster.stop()
  }
}
