// Discovery by itself, without a cluster: says that it is a server, or asks for servers and measures.
import { keyRing, nodeHost, startDiscovery } from '@tanist/transport'
import { given, onRequest, ready } from '../succession/answer.mjs'

const { id, server, secret } = given
const log = { write: () => {} }
const host = nodeHost({ app: 'bench', secret, log })
const ring = keyRing('bench', [secret])
const config = {
  app: 'bench',
  keys: () => ring.datagramKeys(),
  want: server ? 'join' : 'probe',
  listen: server ? '0.0.0.0:7100' : null,
  remembered: [],
}
const address = given.address
const view = {
  memberId: id,
  incarnation: 1,
  clusterId: 'c'.repeat(32),
  addresses: [address],
  isServer: true,
  server: { memberId: id, address },
  successor: null,
  term: 1,
  members: [],
}

/** Looks until that many different servers have answered, or for `limitMs`: when each of them came, in milliseconds. */
function look({ servers, limitMs, settings }) {
  return new Promise((resolve) => {
    const heard = new Map()
    const cpu = process.cpuUsage()
    const beganMs = performance.now()
    const end = () => {
      clearTimeout(timer)
      discovery.stop(false)
      const { sent, sweeps } = discovery.status()
      const { user, system } = process.cpuUsage(cpu)
      resolve({ heard: [...heard.values()], sent, sweeps, cpuMs: (user + system) / 1_000 })
    }
    const timer = setTimeout(end, limitMs)
    const hooks = {
      view: () => null,
      note: () => {},
      found: ({ memberId }) => {
        if (memberId === null || heard.has(memberId)) return
        heard.set(memberId, performance.now() - beganMs)
        if (heard.size === servers) end()
      },
    }
    const discovery = startDiscovery(host, { ...config, ...settings }, hooks)
  })
}

let discovery = null
if (server) discovery = startDiscovery(host, config, { view: () => view, found: () => {}, note: () => {} })
onRequest(async (request) => (request.do === 'look' ? look(request) : discovery?.status()))
ready()
