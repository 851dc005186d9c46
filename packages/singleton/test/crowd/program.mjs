// A member of a large cluster: `node program.mjs JSON`, with what `startPeer` gets. Says on standard output, a line
// each: its address, and then `sees SERVER MEMBER,MEMBER` whenever that changes. `turn` on standard input is a command;
// its answer is `turned STATUS N`.
import { createInterface } from 'node:readline'
import { persist, role, startPeer } from '../../dist/index.js'

const mill = role('mill', {
  state: () => ({ n: 0 }),
  events: { turned: (s) => ({ n: s.n + 1 }) },
  commands: { turn: (_s, _none, on) => persist(on.turned()).reply((next) => next.n) },
})

const peer = await startPeer({
  app: 'mill',
  roles: [mill],
  listen: '127.0.0.1:0',
  log: { write: (level, event, text) => level === 'error' && console.error(event, text) },
  ...JSON.parse(process.argv[2]),
})
console.log(peer.address)
let said = ''
peer.status$.subscribe(({ server, members }) => {
  const names = members.map(({ name }) => name).toSorted()
  const sees = `sees ${server?.name ?? '-'} ${names.join()}`
  if (sees !== said) console.log((said = sees))
})
const turn = async () => {
  const out = await peer.role(mill).turn()
  console.log(`turned ${out.status} ${out.status === 'ok' ? out.value : '-'}`)
}
createInterface({ input: process.stdin }).on('line', () => void turn())
// Whoever started this is gone: so is it.
process.stdin.on('end', () => process.exit(1))
