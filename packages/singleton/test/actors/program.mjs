// A peer with one desk: `node program.mjs JSON`, with what `startPeer` gets. Says on standard output, a line each, its
// address and `joined`; stops on SIGTERM, and when whoever started it is gone.
import { actor, reply, serviceKey } from '@tanist/core'
import { startPeer } from '../../dist/index.js'

const given = JSON.parse(process.argv[2])
const desk = actor({
  state: () => ({ notes: [] }),
  on: {
    note: (s, m) => ({ notes: [...s.notes, m.n] }),
    notes: (s) => reply(s, s.notes),
    who: (s) => reply(s, given.name),
    // Asks another desk, which came as a ref in the message.
    pass: async (s, m) => reply(s, `${given.name} > ${await m.to.ask.who()}`),
    never: () => new Promise(() => {}),
  },
})

const peer = await startPeer({
  app: 'desks',
  roles: [],
  listen: '127.0.0.1:0',
  timing: { settleMs: 10_000 },
  log: { write: (level, event, text) => level === 'error' && console.error(event, text) },
  ...given,
})
process.on('SIGTERM', () => void peer.stop())
process.stdin.on('end', () => process.exit(1)).resume()
console.log(peer.address)
await peer.joined
peer.actors.receptionist.register(serviceKey('desks'), peer.actors.spawn(desk, 'desk'))
console.log('joined')
process.exitCode = (await peer.stopped) === null ? 0 : 1
process.stdin.destroy()
