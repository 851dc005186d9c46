// A thousand roles of which one is used: what the others cost, and how long a take-over takes.
import { dropFolder, freePorts, freshFolder, pause, until, worker } from '../succession/children.mjs'
import { short, summary } from '../succession/numbers.mjs'
import { startTanist } from '../succession/tanist.mjs'
import { FILE } from './commands.mjs'

const MANY = 1_000

async function alone(idleCount, forMs) {
  const folder = freshFolder('idle')
  const [port] = await freePorts(1)
  const settings = { name: 'p0', listen: `127.0.0.1:${port}`, data: folder, expect: 1, idle: idleCount }
  const peer = worker(FILE, settings, ['--expose-gc'])
  try {
    await peer.ready
    await until('a server', async () => (await peer.ask({ do: 'status' })).server)
    await peer.ask({ do: 'touch' })
    await pause(1_000)
    const before = await peer.ask({ do: 'usage' })
    await pause(forMs)
    const after = await peer.ask({ do: 'usage' })
    const cpuUs = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system
    return { cpuPercent: cpuUs / (forMs * 10), heapMb: after.heap / 1_000_000, rssMb: after.rss / 1_000_000 }
  } finally {
    await peer.end()
    dropFolder(folder)
  }
}

export async function idle({ report, quick }) {
  report.title(`a process with ${MANY} roles that nobody uses, against one`)
  const forMs = quick ? 5_000 : 20_000
  const one = await alone(0, forMs)
  const many = await alone(MANY, forMs)
  for (const [name, found] of Object.entries({ 'no idle role': one, [`${MANY} idle roles`]: many })) {
    const { cpuPercent, heapMb, rssMb } = found
    report.line(
      name,
      `${short(cpuPercent)} % of a processor, heap ${short(heapMb)} MB, resident ${short(rssMb)} MB`,
    )
  }
  report.target('processor, more than without', many.cpuPercent - one.cpuPercent, 1, 'less', '%')
  report.target('heap a role', ((many.heapMb - one.heapMb) * 1_000) / MANY, 10, 'less', 'kB')
}

async function takeOver(idleCount) {
  const cluster = await startTanist({ file: FILE, settings: { idle: idleCount } })
  try {
    await pause(500)
    const { at } = await cluster.serving()
    const caller = cluster.peers[(at + 1) % 3]
    await caller.ask({ do: 'touch' })
    for (let i = 0; i < 200; i++) await caller.ask({ do: 'put', role: 'quiet' })
    const since = performance.now()
    cluster.peers[at].kill('SIGKILL')
    if (!(await caller.ask({ do: 'put', role: 'quiet' })))
      throw new Error('the write after the signal was not acknowledged')
    return performance.now() - since
  } finally {
    await cluster.stop()
  }
}

export async function takeOvers({ report, quick }) {
  report.title(`kill -9 of the server, to the next acknowledged write, with ${MANY} used roles against one`)
  const found = { 0: [], [MANY]: [] }
  // In turn, so that what else the machine does hurts both.
  for (let i = 0; i < (quick ? 3 : 7); i++)
    for (const count of [0, MANY]) found[count].push(await takeOver(count))
  const one = summary(found[0])
  const many = summary(found[MANY])
  report.row('one role', one, 'ms')
  report.row(`${MANY} roles more`, many, 'ms')
  report.target('at most twice the time of one', many.median / one.median, 2, 'less', 'x')
}
