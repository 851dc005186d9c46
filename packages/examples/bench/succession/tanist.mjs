import { join } from 'node:path'
import { freePorts, freshFolder, dropFolder, until, worker } from './children.mjs'

/** Three members as processes, all of them voters, one of them serving. */
export async function startTanist({
  settings = {},
  execArgv = [],
  members = 3,
  file = './peer-process.mjs',
} = {}) {
  const folder = freshFolder('tanist')
  const ports = await freePorts(members)
  const seeds = ports.map((port) => `127.0.0.1:${port}`)
  const start = (at) =>
    worker(
      file,
      {
        name: `p${at}`,
        listen: seeds[at],
        seeds,
        expect: members,
        data: join(folder, `p${at}`),
        ...settings,
      },
      execArgv,
    )
  const peers = ports.map((_, at) => start(at))
  await Promise.all(peers.map((peer) => peer.ready))
  const cluster = {
    folder,
    seeds,
    peers,
    settings,
    /** Numbers of the process that serves and of its first successor, once everybody agrees and everyone votes. */
    serving: () => serving(peers, members),
    restart: async (at) => {
      peers[at] = start(at)
      await peers[at].ready
    },
    stop: async () => {
      await Promise.all(peers.map((peer) => peer.end()))
      dropFolder(folder)
    },
  }
  try {
    await cluster.serving()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

async function serving(peers, members) {
  return until('a server with all its voters', async () => {
    const found = await Promise.all(peers.map((peer) => peer.ask({ do: 'status' })))
    const names = new Set(found.map((status) => status?.server?.name))
    const [name] = names
    const whole = found.every(
      (status) =>
        status?.members.filter(({ voter }) => voter).length >= Math.min(members, 3) &&
        status.waitingFor === null,
    )
    if (names.size !== 1 || name === undefined || !whole) return null
    const at = found.findIndex((status) => status?.self.name === name)
    if (at < 0 || found[at].successors.length < 2) return null
    return { at, successor: found.findIndex((status) => status?.self.name === found[at].successors[0].name) }
  })
}
