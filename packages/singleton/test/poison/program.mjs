// A member whose role has a command without an end: `node program.mjs JSON`, with what `startPeer` gets.
// Says on standard output, a line each: its address, `joined`, and `spins` right before it hangs.
import { writeSync } from 'node:fs'
import { persist, role, startPeer } from '../../dist/index.js'

const mill = role('mill', {
  state: () => ({ n: 0 }),
  events: { turned: (s) => ({ n: s.n + 1 }) },
  commands: {
    turn: (_s, _none, on) => persist(on.turned()).reply((next) => next.n),
    spin: () => {
      writeSync(1, 'spins\n')
      for (;;);
    },
  },
})

const peer = await startPeer({
  app: 'mill',
  roles: [mill],
  listen: '127.0.0.1:0',
  log: { write: (level, event, text) => level === 'error' && console.error(event, text) },
  ...JSON.parse(process.argv[2]),
})
process.on('SIGTERM', () => void peer.stop())
// Whoever started this is gone: so is it.
process.stdin.on('end', () => process.exit(1)).resume()
console.log(peer.address)
await peer.joined
console.log('joined')
await peer.stopped
process.exit(0)
