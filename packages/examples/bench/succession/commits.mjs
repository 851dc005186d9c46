// Durable writes of 100 bytes by so many callers at once, all systems in one run.
import { startEtcd } from './etcd.mjs'
import { startFloor } from './floor.mjs'
import { load } from './load.mjs'
import { median, short, summary } from './numbers.mjs'
import { startTanist } from './tanist.mjs'

const DEPTHS = [1, 16, 128, 512]

/** One system after the other in every repetition, so that what else the machine does hurts all of them. */
export async function commits({ report, etcd, times, ms, warmMs }) {
  report.title('durable writes of 100 bytes, three processes each')
  const cluster = await startTanist()
  const floor = await startFloor()
  const other = etcd ? await startEtcd() : null
  const { at } = await cluster.serving()
  const systems = {
    'tanist, caller at the server': (asked) => cluster.peers[at].ask({ do: 'load', ...asked }),
    'tanist, caller at another': (asked) => cluster.peers[(at + 1) % 3].ask({ do: 'load', ...asked }),
    'bare Node floor': (asked) => floor.nodes[0].ask({ do: 'load', ...asked }),
  }
  if (other) {
    const leader = (await other.leader()).at
    systems.etcd = (asked) => load(() => other.put(leader).catch(() => false), asked)
  }
  try {
    // A server runs for days: nobody is measured while its code is being compiled.
    for (const inFlight of [1, 128]) await measure(systems, 1, { inFlight, ms: warmMs })
    for (const inFlight of DEPTHS) {
      const found = await measure(systems, times, { inFlight, ms })
      for (const [name, { perSecond, p50, p99, cpuUs }] of Object.entries(found)) {
        const note = `p50 ${short(p50)} ms, p99 ${short(p99)} ms, ${short(cpuUs)} µs of processor a write at the caller`
        report.row(`${String(inFlight).padStart(3)} in flight: ${name}`, perSecond, '/s', note)
      }
      targets(report, inFlight, found['tanist, caller at the server'], found.etcd)
    }
  } finally {
    await Promise.all([cluster.stop(), floor.stop(), other?.stop()])
  }
}

async function measure(systems, times, asked) {
  const runs = {}
  for (let i = 0; i < times; i++) {
    for (const [name, run] of Object.entries(systems)) (runs[name] ??= []).push(await run(asked))
  }
  const found = {}
  for (const [name, all] of Object.entries(runs)) {
    found[name] = {
      perSecond: summary(all.map((one) => one.perSecond)),
      p50: median(all.map((one) => one.p50)),
      p99: median(all.map((one) => one.p99)),
      cpuUs: median(all.map((one) => one.cpuUs)),
    }
  }
  return found
}

function targets(report, inFlight, tanist, etcd) {
  if (!etcd) return
  const ratio = tanist.perSecond.median / etcd.perSecond.median
  if (inFlight === 128) {
    report.target('6 x etcd', ratio, 6, 'more', 'x')
    report.target("p50 1/8 of etcd's", tanist.p50, etcd.p50 / 8, 'less', 'ms')
  } else if (inFlight === 1) report.target('2.5 x etcd', ratio, 2.5, 'more', 'x')
  else report.line('', `${ratio.toFixed(1)} x etcd`)
}
