// What a member costs while nothing happens: processor, memory, packets and bytes, side by side.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pause, residentMb, worker } from '../succession/children.mjs'
import { median, short, summary } from '../succession/numbers.mjs'
import { startSerf } from './serf.mjs'
import { startTanist } from './tanist.mjs'

const run = (...args) => spawnSync('ip', args, { encoding: 'utf8' })

/** A network of its own with nothing but a loopback, so that every packet counted there is one of the cluster. */
function namespace(name) {
  const made = run('netns', 'add', name)
  if (made.error || made.status !== 0) return null
  run('-n', name, 'link', 'set', 'lo', 'up')
  // Also on Ctrl-C; where it is gone already nothing happens.
  const remove = () => void run('netns', 'delete', name)
  process.once('exit', remove)
  return {
    within: ['ip', 'netns', 'exec', name],
    /** What was sent on the loopback until now, headers of IP and TCP included. */
    sent() {
      const { stdout } = run('-n', name, '-s', '-j', 'link', 'show', 'lo')
      const { tx } = JSON.parse(stdout)[0].stats64
      return { packets: tx.packets, bytes: tx.bytes }
    },
    remove,
  }
}

/** Seconds on a processor since the process began: user and system. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** `settleMs`: until engines have compiled what runs every beat; before that they cost twice as much. */
async function measure(cluster, net, { settleMs, forMs }) {
  await pause(settleMs)
  const pids = cluster.pids()
  const before = pids.map(cpuSeconds)
  const sent = net?.sent()
  const since = performance.now()
  await pause(forMs)
  const seconds = (performance.now() - since) / 1_000
  const cpu = pids.map((pid, at) => ((cpuSeconds(pid) - before[at]) / seconds) * 100)
  const after = net?.sent()
  const per = (key) => (after ? (after[key] - sent[key]) / seconds / pids.length : Number.NaN)
  return { cpu, packets: per('packets'), bytes: per('bytes'), memory: pids.map(residentMb) }
}

/** Resident memory of a Node that does nothing, in this run. */
export async function bareNodeMb(times) {
  const found = []
  for (let i = 0; i < times; i++) {
    const bare = worker('../membership-real/bare-process.mjs', {})
    await bare.ready
    await pause(1_000)
    found.push(residentMb(bare.pid))
    await bare.end()
  }
  return median(found)
}

async function once({ report, count, start, ...times }) {
  const net = namespace(`tanist-idle-${process.pid}`)
  if (!net) report.say('packets and bytes need root and iproute2 for a network of their own: left out.')
  let cluster
  try {
    cluster = await start(count, { within: net?.within ?? [] })
    return await measure(cluster, net, times)
  } finally {
    await cluster?.stop()
    net?.remove()
  }
}

export async function idle({ report, serf, sizes, settleMs, forMs }) {
  const bareMb = await bareNodeMb(3)
  report.title('idle, per member')
  report.line('bare Node', `${short(bareMb)} MB`)
  const systems = [{ name: 'tanist', start: startTanist }]
  if (serf) systems.push({ name: 'serf', start: startSerf })
  for (const count of sizes) {
    for (const { name, start } of systems) {
      const found = await once({ report, count, start, settleMs, forMs })
      report.row(`${name}, ${count} members: of one core`, summary(found.cpu), '%')
      report.row(`${name}, ${count} members: resident`, summary(found.memory), 'MB')
      if (Number.isFinite(found.packets))
        report.line(
          `${name}, ${count} members: sent`,
          `${short(found.packets)} packets/s, ${short(found.bytes)} bytes/s`,
        )
      if (name !== 'tanist' || count > 9) continue
      report.target(`${count} members: of one core, the busiest`, Math.max(...found.cpu), 1.5, 'less', '%')
      report.target(
        `${count} members: bare Node + 30 MB`,
        Math.max(...found.memory),
        bareMb + 30,
        'less',
        'MB',
      )
    }
  }
}
