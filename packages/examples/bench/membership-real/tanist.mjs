// A cluster of Tanist peers, one process each, in the form in which both systems are compared.
import { join } from 'node:path'
import { dropFolder, freePorts, freshFolder, pause, until, worker } from '../succession/children.mjs'

/** So many found the cluster; the others join one after the other, as machines are switched on. */
const FOUNDERS = 3
const STAGGER_MS = 120

export async function startTanist(count, { within = [], settings = {}, execArgv = [] } = {}) {
  const folder = freshFolder('members')
  const ports =
    within.length > 0 ? Array.from({ length: count }, (_, i) => 7_100 + i) : await freePorts(count)
  const addresses = ports.map((port) => `127.0.0.1:${port}`)
  const seeds = addresses.slice(0, FOUNDERS)
  /** Who told that whose end is known, and that whom the journal has removed: `{ by, name, at }`. */
  const lost = []
  const removed = []
  const start = (at) =>
    worker(
      '../membership-real/peer-process.mjs',
      {
        name: `p${at}`,
        listen: addresses[at],
        seeds,
        expect: Math.min(count, FOUNDERS),
        data: join(folder, `p${at}`),
        ...settings,
      },
      execArgv,
      {
        within,
        heard: (news) => {
          for (const name of news.failed) lost.push({ by: `p${at}`, name, at: news.at })
          for (const name of news.removed) removed.push({ by: `p${at}`, name, at: news.at })
        },
      },
    )
  const peers = []
  const cluster = {
    name: 'tanist',
    count,
    folder,
    peers,
    lost,
    removed,
    nameOf: (at) => `p${at}`,
    pids: () => peers.map(({ pid }) => pid),
    kill: (at, signal) => peers[at].kill(signal),
    statuses: () => Promise.all(peers.map((peer) => peer.ask({ do: 'status' }))),
    async whole() {
      await until(
        `${count} members that all know each other and their server`,
        async () => {
          const found = await cluster.statuses()
          return found.every(
            (status) =>
              status?.members.length === count && status.server !== null && status.waitingFor === null,
          )
        },
        200,
      )
    },
    async leader() {
      const found = await cluster.statuses()
      return found.findIndex((status) => status?.role === 'leader')
    },
    async restart(at) {
      await peers[at].end()
      peers[at] = start(at)
      await peers[at].ready
      await cluster.whole()
    },
    async stop() {
      await Promise.all(peers.map((peer) => peer.end()))
      dropFolder(folder)
    },
  }
  try {
    for (let at = 0; at < count; at++) {
      peers.push(start(at))
      if (at >= FOUNDERS) await peers[at].ready
      if (at >= FOUNDERS) await pause(STAGGER_MS)
    }
    await Promise.all(peers.map((peer) => peer.ready))
    await cluster.whole()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}
