// As program.mjs, with releases 1 and 2 of a role whose event and state get another version: `node aged.mjs 1|2 JSON`.
import { persist, role, startPeer } from '../../dist/index.js'

const [, , build, given] = process.argv
const { secret, name, data, seeds, expect } = JSON.parse(given)

const one = role('basket', {
  state: () => ({ open: {}, settled: 0 }),
  events: { reserved: (s, e) => ({ ...s, open: { ...s.open, [e.order]: e.cents } }) },
  commands: {
    reserve: (_s, c, on) =>
      persist(on.reserved({ order: c.id, cents: c.cents })).reply((s) => Object.keys(s.open).length),
  },
})

const two = role('basket', {
  state: () => ({ open: {}, settled: 0 }),
  events: {
    reserved: (s, { id, cents, currency }) => ({ ...s, open: { ...s.open, [id]: { cents, currency } } }),
  },
  commands: {
    reserve: (_s, c, on) =>
      persist(on.reserved({ ...c, currency: 'EUR' })).reply((s) => Object.keys(s.open).length),
  },
  versions: { reserved: 2 },
  upcast: { reserved: { 1: ({ order, cents }) => ({ id: order, cents, currency: 'EUR' }) } },
  downcast: { reserved: { 2: ({ id, cents }) => ({ order: id, cents }) } },
  stateVersion: 2,
  upcastState: {
    1: ({ open, settled }) => ({
      settled,
      open: Object.fromEntries(Object.entries(open).map(([id, cents]) => [id, { cents, currency: 'EUR' }])),
    }),
  },
})

const peer = await startPeer({
  app: 'aged',
  roles: [build === '2' ? two : one],
  listen: '127.0.0.1:0',
  timing: { settleMs: expect > 1 ? 10_000 : 50 },
  snapshots: { entries: 200, keepEntries: 50, keepBytes: 1_000_000 },
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
