// A peer: `node program.mjs JSON`, with what `startPeer` gets. Says on standard output, a line each, its address, `joined`,
// and who serves whenever that changes; stops on SIGTERM, and when whoever started it is gone.
import { startPeer } from '../../dist/index.js'
import { tally } from './tally.mjs'

const peer = await startPeer({
  app: 'tallies',
  roles: [tally],
  listen: '127.0.0.1:0',
  discovery: false,
  log: { write: (level, event, text) => level === 'error' && console.error(event, text) },
  ...JSON.parse(process.argv[2]),
})
process.on('SIGTERM', () => void peer.stop())
process.stdin.on('end', () => process.exit(1)).resume()
console.log(peer.address)
peer.server$.subscribe(({ server }) => console.log(`server ${server?.name ?? '-'}`))
await peer.joined
console.log('joined')
process.exitCode = (await peer.stopped) === null ? 0 : 1
process.stdin.destroy()
