// One process of discovery, for tests with real sockets: child.mjs ID PORT LISTEN APP server|peer|unswept [SECRET]
import { keyRing, nodeHost, startDiscovery } from '../../dist/index.js'

const [id = '', port, listen = '', app = '', what, secret = 'the secret of these tests'] =
  process.argv.slice(2)
const ring = keyRing(app, [secret])
const host = nodeHost({ app, secret, log: { write: () => {} } })
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const isServer = what === 'server'
const clusterId = isServer ? 'c'.repeat(32) : null
const address = () => {
  const first = host.network.interfaces()[0]
  return listen.startsWith('0.0.0.0') && first !== undefined
    ? `${first}:7101`
    : `127.0.0.1:${7100 + Number(id)}`
}
const view = () => ({
  memberId: id.padStart(32, '0'),
  incarnation: 1,
  clusterId,
  addresses: [address()],
  isServer,
  server: null,
  successor: null,
  term: 0,
  members: [],
})
const from = performance.now()
const config = {
  app,
  keys: () => ring.datagramKeys(),
  want: 'join',
  listen,
  remembered: [],
  port: Number(port),
  ...(what === 'unswept' ? { sweep: false } : {}),
}
const discovery = startDiscovery(host, config, {
  view,
  found: ({ memberId, isServer: serves, addresses, by }) =>
    say({ found: memberId, serves, addresses, by, ms: performance.now() - from }),
  note: (event) => say({ note: event }),
})
discovery.settled(isServer)
say({ started: id })
process.stdin.on('data', () => say({ status: discovery.status(), cpuMs: process.cpuUsage().user / 1_000 }))
process.stdin.on('end', () => discovery.stop(true))
