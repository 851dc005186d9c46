// Discovery by itself in a /24 of network namespaces: how long until every server has answered.
import { newSecret } from '@tanist/singleton'
import { pause, worker } from '../succession/children.mjs'
import { percentile, summary } from '../succession/numbers.mjs'
import { dropLab, labOf } from './world.mjs'

const LIMIT_MS = 2_000
const TARGET_MS = 50
/** An address is answered ten times a second. */
const BETWEEN_MS = 250

const ways = {
  broadcast: {},
  'every address asked': { broadcast: false },
}

export async function alone({ report, times, counts = [1, 5, 20] }) {
  report.title('Discovery alone in a /24: from the first hello to the first and to the last server')
  for (const count of counts) {
    const lab = await labOf(count + 1, report)
    if (lab === null) return
    try {
      await among(report, times, count, lab)
    } finally {
      dropLab(lab)
    }
  }
}

async function among(report, times, count, lab) {
  const secret = newSecret()
  const process = (host, server) => {
    const id = String(host).padStart(32, '0')
    const given = { id, secret, server, address: `${lab.address(host)}:7100` }
    const within = ['ip', 'netns', 'exec', lab.netns(host)]
    return worker('../discovery/alone-process.mjs', given, [], { within })
  }
  const servers = lab.hosts.slice(1).map((host) => process(host, true))
  const asker = process(1, false)
  try {
    await Promise.all([asker, ...servers].map(({ ready }) => ready))
    // Their own hellos are over.
    await pause(1_500)
    for (const [way, settings] of Object.entries(ways))
      await asked(report, times, count, asker, way, settings)
  } finally {
    await Promise.all([asker, ...servers].map((one) => one.end()))
  }
}

async function asked(report, times, count, asker, way, settings) {
  const [first, last, cpu] = [[], [], []]
  let missed = 0
  for (let i = 0; i < times; i++) {
    const { heard, cpuMs } = await asker.ask({ do: 'look', servers: count, limitMs: LIMIT_MS, settings })
    missed += count - heard.length
    first.push(Math.min(...heard))
    last.push(Math.max(...heard))
    cpu.push(cpuMs)
    await pause(BETWEEN_MS)
  }
  const name = `${count} server${count > 1 ? 's' : ''}, ${way}`
  report.row(`${name}: first`, summary(first), 'ms')
  report.row(
    `${name}: all`,
    summary(last),
    'ms',
    `p95 ${percentile(last, 0.95).toFixed(1)} ms, missed ${missed}`,
  )
  report.row(`${name}: CPU of the asker`, summary(cpu), 'ms')
  if (way === 'broadcast') report.target(`${name}, p95`, percentile(last, 0.95), TARGET_MS, 'less', 'ms')
  report.target(`${name}, missed in ${times} runs`, missed, 0, 'less')
}
