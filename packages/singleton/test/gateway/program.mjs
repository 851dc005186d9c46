// A member for programs in other languages: `node program.mjs JSON`, with what `startPeer` gets. Says its address, and
// then `joined`, a line each.
import { persist, role, startPeer } from '../../dist/index.js'

const till = role('till', {
  state: () => ({ sum: 0 }),
  events: { paid: (s, e) => ({ sum: s.sum + e.by }) },
  commands: { pay: (_s, c, on) => persist(on.paid({ by: c.by })).reply((next) => next.sum) },
  schemas: {
    pay: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
  },
  open: ['pay'],
})

const peer = await startPeer({
  app: 'till',
  roles: [till],
  listen: '127.0.0.1:0',
  discovery: false,
  authenticate: ({ token }) => (token === 'boss' ? { level: 'trusted' } : {}),
  log: { write: () => {} },
  ...JSON.parse(process.argv[2]),
})
// Whoever started this is gone: so is it.
process.stdin.on('end', () => process.exit(1)).resume()
console.log(peer.address)
await peer.joined
console.log('joined')
await peer.stopped
process.exit(0)
