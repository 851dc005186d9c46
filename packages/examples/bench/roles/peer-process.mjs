// One member with the roles of this benchmark.
import { startPeer } from '@tanist/singleton'
import { given, onRequest, ready } from '../succession/answer.mjs'
import { bare, VALUE } from '../succession/bare-role.mjs'
import { load } from '../succession/load.mjs'
import { counter, idleRoles, quiet, stock } from './definitions.mjs'

const { idle = 0, ...settings } = given
const others = idleRoles(idle)
const since = performance.now()
const peer = await startPeer({
  app: 'bench-roles',
  log: { write: () => undefined },
  roles: [bare, counter, stock, quiet, ...others],
  ...settings,
})

let calls = 0
const sessions = new Map()
const writes = {
  bare: () => peer.role(bare).put({ value: VALUE }),
  counter: () => peer.role(counter).add({ by: 1 }),
  // With the name of the article as large as what the bare role is given.
  stock: () => {
    calls += 1
    return peer.role(stock).take({ sku: `article-${calls % 1_000}`, n: 1, note: VALUE.slice(0, 60) })
  },
  quiet: () => peer.role(quiet).add(),
  // Clients behind this member, each with an identity: more under way than one caller may have.
  clients: () => {
    calls += 1
    const client = calls % 8
    const seq = (sessions.get(client) ?? 0) + 1
    sessions.set(client, seq)
    return peer
      .role(bare)
      .put({ value: VALUE }, { id: `${settings.name}-${client}:${seq}`, deadlineMs: 60_000 })
  },
}
const write = (name) => async () => (await writes[name]()).status === 'ok'

onRequest(async (request) => {
  switch (request.do) {
    case 'status':
      return peer.status()
    case 'put':
      return write(request.role)()
    case 'load':
      return load(write(request.role), request)
    case 'touch': {
      for (const role of others) await peer.role(role).add()
      return others.length
    }
    case 'usage':
      globalThis.gc?.()
      return { cpu: process.cpuUsage(), rss: process.memoryUsage().rss, heap: process.memoryUsage().heapUsed }
    case 'replayed': {
      for (;;) {
        const { n } = await peer.read(counter, { consistency: 'local' })
        if (n >= request.n) return { ms: performance.now() - since }
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    case 'stop':
      await peer.stop()
      return {}
    default:
      return null
  }
})
ready({ id: peer.id, address: peer.address })
