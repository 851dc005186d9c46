// Resident memory of each process: idle, under load, and after the same load again. The state is a map of 10,000 keys.
import { pause, residentMb } from './children.mjs'
import { startFloor } from './floor.mjs'
import { median } from './numbers.mjs'
import { startTanist } from './tanist.mjs'

const KEYS = 10_000
const VALUE_BYTES = 100
/** Keys and values as text, what the state holds at least. */
const STATE_MB = (KEYS * (VALUE_BYTES + 'key-12345'.length)) / 1_000_000

const mb = (values) => values.map((value) => value.toFixed(0)).join(' / ')

export async function memory({ report, forMs }) {
  report.title(`resident memory a process, state ${STATE_MB.toFixed(1)} MB`)
  const floor = await startFloor()
  await pause(1_000)
  const bareIdle = floor.nodes.map(({ pid }) => residentMb(pid))
  await floor.nodes[0].ask({ do: 'load', inFlight: 128, ms: Math.min(forMs, 5_000) })
  const bareLoaded = floor.nodes.map(({ pid }) => residentMb(pid))
  await floor.stop()
  report.line('bare Node, idle', `${mb(bareIdle)} MB`)
  report.line('bare Node, loaded', `${mb(bareLoaded)} MB`)

  const cluster = await startTanist()
  const rss = () => cluster.peers.map(({ pid }) => residentMb(pid))
  try {
    await pause(1_000)
    report.line('tanist, idle', `${mb(rss())} MB`)
    const { at } = await cluster.serving()
    const asked = { do: 'load', role: 'store', keyCount: KEYS, valueBytes: VALUE_BYTES, inFlight: 16 }
    await cluster.peers[at].ask({ ...asked, ms: forMs })
    const loaded = rss()
    report.line('tanist, loaded', `${mb(loaded)} MB`)
    await cluster.peers[at].ask({ ...asked, ms: forMs })
    const after = rss()
    report.line(`tanist, ${(forMs / 1_000).toFixed(0)} s of writes later`, `${mb(after)} MB`)
    const limit = median(bareLoaded) + 35 + 2.5 * STATE_MB
    report.target('bare Node + 35 MB + 2.5 x state', Math.max(...loaded), limit, 'less', 'MB')
    const growth = Math.max(...after.map((value, i) => value / loaded[i] - 1)) * 100
    report.target('growth by further writes', growth, 5, 'less', '%')
  } finally {
    await cluster.stop()
  }
}
