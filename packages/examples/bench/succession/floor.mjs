import { connect } from 'node:net'
import { dropFolder, freePorts, freshFolder, until, worker } from './children.mjs'

/** Three processes of the bare quorum journal; number 0 leads. */
export async function startFloor() {
  const folder = freshFolder('floor')
  const ports = await freePorts(3)
  const nodes = []
  for (let self = 0; self < 3; self++) {
    const node = worker('./floor-process.mjs', { self, ports, folder })
    await node.ready
    nodes.push(node)
  }
  await until('links', async () => (await nodes[0].ask({ do: 'links' })) === 2)
  return {
    nodes,
    ports,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.end()))
      dropFolder(folder)
    },
  }
}

const open = (port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.on('error', () => {})
      socket.write(message(1, 255))
      resolve(socket)
    })
  })

/** Writes by a client that holds a connection to the first two nodes; the second answers once it leads. */
export async function floorClient(ports) {
  const sockets = [await open(ports[0]), await open(ports[1])]
  return {
    put: (at) =>
      new Promise((resolve) => {
        sockets[at].once('data', resolve)
        sockets[at].write(message(6, 1))
      }),
    closed: (at) => new Promise((resolve) => sockets[at].once('close', resolve)),
    end: () => sockets.forEach((socket) => socket.destroy()),
  }
}

function message(type, number) {
  const bytes = Buffer.alloc(9)
  bytes.writeUInt32LE(5, 0)
  bytes[4] = type
  bytes.writeUInt32LE(number, 5)
  return bytes
}
