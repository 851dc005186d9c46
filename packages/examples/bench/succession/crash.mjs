// The leader is killed or frozen: how long until a write that was begun afterwards is acknowledged?
import { pause } from './children.mjs'
import { hedged, startEtcd } from './etcd.mjs'
import { floorClient, startFloor } from './floor.mjs'
import { summary } from './numbers.mjs'
import { startTanist } from './tanist.mjs'

/** A life of its own for every repetition: no state of one reaches the next. */
async function repeat(times, once) {
  const took = []
  for (let i = 0; i < times; i++) took.push(await once())
  return summary(took)
}

/** Writes one after the other for a while, so that what is measured is no first time. */
async function warm(write, ms) {
  const until = performance.now() + ms
  while (performance.now() < until) await write()
}

async function tanistOnce(signal) {
  const cluster = await startTanist()
  try {
    // As of members that have been there for a while: they have rehearsed.
    await pause(1_500)
    const { at } = await cluster.serving()
    // Another member calls, as in an application: whoever is no server has a proxy.
    const caller = cluster.peers[(at + 1) % 3]
    await warm(() => caller.ask({ do: 'put' }), 500)
    const since = performance.timeOrigin + performance.now()
    cluster.peers[at].kill(signal)
    // By the caller's own clock, which is that of this machine: its word to this process is no part of it.
    const acknowledgedAt = await caller.ask({ do: 'acknowledged' })
    if (acknowledgedAt === null) throw new Error('the write after the signal was not acknowledged')
    return acknowledgedAt - since
  } finally {
    await cluster.stop()
  }
}

async function etcdOnce(signal, timing) {
  const cluster = await startEtcd(timing)
  try {
    const { at } = await cluster.leader()
    await warm(() => cluster.put(at), 500)
    const since = performance.now()
    cluster.nodes[at].kill(signal)
    await hedged(cluster.put, at)
    return performance.now() - since
  } finally {
    await cluster.stop()
  }
}

async function floorOnce() {
  const floor = await startFloor()
  const client = await floorClient(floor.ports)
  try {
    await warm(() => client.put(0), 500)
    const closed = client.closed(0)
    const since = performance.now()
    floor.nodes[0].kill('SIGKILL')
    await closed
    await client.put(1)
    return performance.now() - since
  } finally {
    client.end()
    await floor.stop()
  }
}

export async function crash({ report, etcd, times }) {
  report.title('kill -9 of the leader, to the next acknowledged write')
  const tanist = await repeat(times, () => tanistOnce('SIGKILL'))
  report.row('tanist', tanist, 'ms')
  const floor = await repeat(times, floorOnce)
  report.row('bare Node floor', floor, 'ms')
  if (!etcd) return
  const plain = await repeat(times, () => etcdOnce('SIGKILL', null))
  report.row('etcd, default 100/1000', plain, 'ms', `${(plain.median / tanist.median).toFixed(0)} x tanist`)
  const tuned = await repeat(times, () => etcdOnce('SIGKILL', { heartbeatMs: 10, electionMs: 100 }))
  report.row('etcd, tuned 10/100', tuned, 'ms', `${(tuned.median / tanist.median).toFixed(1)} x tanist`)
  report.target("1/50 of etcd's default", tanist.median, plain.median / 50, 'less', 'ms')
  report.target('1/6 of etcd tuned', tanist.median, tuned.median / 6, 'less', 'ms')
}

export async function freeze({ report, etcd, times }) {
  report.title('SIGSTOP of the leader, to the next acknowledged write')
  const tanist = await repeat(times, () => tanistOnce('SIGSTOP'))
  report.row('tanist', tanist, 'ms')
  if (!etcd) return
  const plain = await repeat(times, () => etcdOnce('SIGSTOP', null))
  report.row('etcd, default 100/1000', plain, 'ms', `${(plain.median / tanist.median).toFixed(1)} x tanist`)
  report.target("1/5 of etcd's default", tanist.median, plain.median / 5, 'less', 'ms')
}
