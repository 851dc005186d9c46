// Resident memory of each process: idle, under load, and after the same load again. The state is a map of 10,000 keys.
import { pause, residentMb } from './children.mjs'
import { startFloor } from './floor.mjs'
import { median, short } from './numbers.mjs'
import { startTanist } from './tanist.mjs'

const KEYS = 10_000
const VALUE_BYTES = 100
/** Keys and values as text, what the state holds at least. */
const STATE_MB = (KEYS * (VALUE_BYTES + 'key-12345'.length)) / 1_000_000

const mb = (values) => values.map((value) => value.toFixed(0)).join(' / ')

/** For machines with little memory, see docs/configuration.md: smaller steps of the collector. */
const SMALL = ['--max-semi-space-size=2', '--optimize-for-size']

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
  const limitMb = median(bareLoaded) + 35 + 2.5 * STATE_MB
  await peers(report, 'tanist', [], limitMb, forMs)
  await peers(report, 'tanist, small', SMALL, limitMb, forMs)
}

async function peers(report, name, execArgv, limitMb, forMs) {
  const cluster = await startTanist({ execArgv })
  const rss = () => cluster.peers.map(({ pid }) => residentMb(pid))
  const { at } = await cluster.serving()
  const asked = { do: 'load', role: 'store', keyCount: KEYS, valueBytes: VALUE_BYTES, inFlight: 16 }
  const write = () => cluster.peers[at].ask({ ...asked, ms: forMs })
  try {
    await pause(1_000)
    report.line(`${name}, idle`, `${mb(rss())} MB`)
    const { perSecond } = await write()
    const loaded = rss()
    report.line(`${name}, loaded`, `${mb(loaded)} MB at ${short(perSecond)} writes/s`)
    await write()
    const after = rss()
    report.line(`${name}, ${(forMs / 1_000).toFixed(0)} s of writes later`, `${mb(after)} MB`)
    report.target('bare Node + 35 MB + 2.5 x state', Math.max(...loaded), limitMb, 'less', 'MB')
    const growth = Math.max(...after.map((value, i) => value / loaded[i] - 1)) * 100
    report.target('growth by further writes', growth, 5, 'less', '%')
  } finally {
    await cluster.stop()
  }
}
