// A hand-over on request under eight writers: the longest time without an acknowledgement, and failed calls.
import { joinAsCaller } from './caller.mjs'
import { pause } from './children.mjs'
import { startEtcd } from './etcd.mjs'
import { summary } from './numbers.mjs'
import { startTanist } from './tanist.mjs'

const WRITERS = 8
/** As of a server that has been there for a while. */
const WARM_MS = 3_000

/** Writes without an end; `stop` tells the longest gap between two acknowledgements since `mark`. */
function writers(write) {
  const life = { running: true }
  let failed = 0
  let lastMs = performance.now()
  let longestMs = 0
  let marked = false
  const loop = async () => {
    while (life.running) {
      const ok = await write().catch(() => false)
      if (!life.running) return
      if (!ok) failed += 1
      else {
        const now = performance.now()
        if (marked) longestMs = Math.max(longestMs, now - lastMs)
        lastMs = now
      }
    }
  }
  const loops = Array.from({ length: WRITERS }, loop)
  return {
    mark() {
      marked = true
      failed = 0
    },
    async stop() {
      longestMs = Math.max(longestMs, performance.now() - lastMs)
      life.running = false
      await Promise.all(loops)
      return { longestMs, failed }
    },
  }
}

async function measure(times, write, move) {
  const gaps = []
  let failed = 0
  const first = writers(write)
  await pause(WARM_MS)
  await first.stop()
  for (let i = 0; i < times; i++) {
    const writing = writers(write)
    await pause(300)
    writing.mark()
    await move()
    await pause(300)
    const one = await writing.stop()
    gaps.push(one.longestMs)
    failed += one.failed
    await pause(500)
  }
  return { gap: summary(gaps), failed }
}

async function ofTanist(times) {
  const cluster = await startTanist()
  const caller = await joinAsCaller(cluster)
  try {
    await pause(500)
    return await measure(times, caller.put, async () => {
      const { at } = await cluster.serving()
      const done = await cluster.peers[at].ask({ do: 'transfer' })
      if (!done.ok) throw new Error(`the hand-over failed: ${done.text}`)
    })
  } finally {
    await caller.stop()
    await cluster.stop()
  }
}

async function ofEtcd(times) {
  const cluster = await startEtcd()
  try {
    const client = (await cluster.leader()).at
    return await measure(
      times,
      () => cluster.put((client + 1) % 3),
      async () => {
        const { at, ids } = await cluster.leader()
        const targetID = ids[(at + 1) % 3]
        const { status } = await cluster.call(at, '/v3/maintenance/transfer-leadership', { targetID })
        if (status !== 200) throw new Error(`move-leader was answered with ${status}`)
      },
    )
  } finally {
    await cluster.stop()
  }
}

export async function handOver({ report, etcd, times }) {
  report.title(`hand-over on request with ${WRITERS} writers, longest time without an acknowledgement`)
  const tanist = await ofTanist(times)
  report.row('tanist', tanist.gap, 'ms', `${tanist.failed} failed calls`)
  report.target('no failed call', tanist.failed, 0, 'less')
  if (!etcd) return
  const plain = await ofEtcd(times)
  report.row('etcd move-leader', plain.gap, 'ms', `${plain.failed} failed calls`)
  report.target('half of etcd move-leader', tanist.gap.median, plain.gap.median / 2, 'less', 'ms')
}
