// A hand-over on request under eight writers: the longest time without an acknowledgement, and failed calls.
import { joinAsCaller } from './caller.mjs'
import { pause } from './children.mjs'
import { startEtcd } from './etcd.mjs'
import { summary } from './numbers.mjs'
import { startTanist } from './tanist.mjs'
import { startWriters } from './writers.mjs'

const WRITERS = 8
/** As of a server that has been there for a while. */
const WARM_MS = 3_000

/** `start` begins writing; `move` hands over. As many times without a hand-over: what is ordinary. */
async function measure(times, start, move) {
  const found = { moved: [], ordinary: [] }
  let failed = 0
  const first = await start()
  await pause(WARM_MS)
  await first.stop()
  for (let i = 0; i < 2 * times; i++) {
    const [gaps, act] = i % 2 === 0 ? [found.moved, move] : [found.ordinary, () => pause(20)]
    const writing = await start()
    await pause(300)
    await writing.mark()
    await act()
    await pause(300)
    const one = await writing.stop()
    gaps.push(one.longestMs)
    failed += one.failed
    await pause(500)
  }
  return { gap: summary(found.moved), ordinary: summary(found.ordinary), failed }
}

const transfer = (cluster) => async () => {
  const { at } = await cluster.serving()
  const done = await cluster.peers[at].ask({ do: 'transfer' })
  if (!done.ok) throw new Error(`the hand-over failed: ${done.text}`)
}

/** The writers are a fourth member in this process: a learner, with a journal of its own. */
async function fromFourth(times) {
  const cluster = await startTanist()
  const caller = await joinAsCaller(cluster)
  try {
    await pause(500)
    return await measure(times, () => startWriters(WRITERS, caller.put), transfer(cluster))
  } finally {
    await caller.stop()
    await cluster.stop()
  }
}

const writersAt = (peer) => async () => {
  await peer.ask({ do: 'writers', count: WRITERS })
  return { mark: () => peer.ask({ do: 'mark' }), stop: () => peer.ask({ do: 'stop' }) }
}

/** The writers are in the youngest of three members, which the role never comes to. */
async function fromThird(times) {
  const cluster = await startTanist()
  try {
    const { at, successor } = await cluster.serving()
    const third = cluster.peers.find((_, i) => i !== at && i !== successor)
    return await measure(times, writersAt(third), transfer(cluster))
  } finally {
    await cluster.stop()
  }
}

async function ofEtcd(times) {
  const cluster = await startEtcd()
  try {
    const client = (await cluster.leader()).at
    return await measure(
      times,
      () => startWriters(WRITERS, () => cluster.put((client + 1) % 3)),
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
  const row = (name, { gap, ordinary, failed }) => {
    report.row(name, gap, 'ms', `${failed} failed calls`)
    report.row('  as long, without a hand-over', ordinary, 'ms')
  }
  const third = await fromThird(times)
  row('tanist, writers in the third member', third)
  const fourth = await fromFourth(times)
  row('tanist, writers in a fourth member', fourth)
  report.target('no failed call', third.failed + fourth.failed, 0, 'less')
  if (!etcd) return
  const plain = await ofEtcd(times)
  row('etcd move-leader', plain)
  for (const [name, { gap }] of Object.entries({ third, fourth }))
    report.target(`half of etcd move-leader, ${name}`, gap.median, plain.gap.median / 2, 'less', 'ms')
}
