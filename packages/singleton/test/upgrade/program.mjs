// An application, in the build that its first argument names: `node program.mjs 1|2 JSON`, with what `startPeer` gets.
// Says on standard output, a line each: its address, and `joined`. Stops on SIGTERM as every service does.
import { persist, role, startPeer } from '../../dist/index.js'

const [, , build, given] = process.argv
const newer = build === '2'
const { secret, name, data, seeds, expect } = JSON.parse(given)

const placed = (s, e) => ({ ...s, open: [...s.open, e.id] })
const shipped = (s, e) => ({ open: s.open.filter((id) => id !== e.id), shipped: s.shipped + 1 })

const orders = role('orders', {
  state: () => ({ open: [], shipped: 0 }),
  events: newer ? { placed, shipped } : { placed },
  commands: {
    place: (_s, c, on) => persist(on.placed(c)).reply((s) => s.open.length),
    ...(newer && { ship: (s, _c, on) => persist(on.shipped({ id: s.open[0] })).reply(() => s.open[0]) }),
  },
})

const returns = role('returns', {
  state: () => ({ ids: [] }),
  events: { taken: (s, e) => ({ ids: [...s.ids, e.id] }) },
  commands: { take: (_s, c, on) => persist(on.taken(c)).reply((s) => s.ids.length) },
})

const peer = await startPeer({
  app: 'upgrade',
  roles: newer ? [orders, returns] : [orders],
  listen: '127.0.0.1:0',
  timing: { settleMs: expect > 1 ? 10_000 : 50 },
  snapshots: { entries: 50, keepEntries: 5, keepBytes: 500, catchUpBytes: 0, catchUpSnapshots: 0 },
  log: { write: (level, event, text) => level === 'error' && console.error(event, text) },
  secret,
  name,
  data,
  seeds,
  expect,
})
process.on('SIGTERM', () => void peer.stop())
// Whoever started this is gone: so is it.
process.stdin.on('end', () => process.exit(1)).resume()
console.log(peer.address)
await peer.joined
console.log('joined')
process.exitCode = (await peer.stopped) === null ? 0 : 1
process.stdin.destroy()
