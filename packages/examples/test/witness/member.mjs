// A peer with a counter, or the witness, as a process of its own: told by arguments, answers by lines on standard output.
import { createServer } from 'node:http'
import { join, persist, role, startWitness } from '@tanist/singleton'

const [kind, listen, data, http, ...seeds] = process.argv.slice(2)
const silent = { write: () => {} }
const common = { app: 'two-and-one', secret: 'a secret for tests', listen, data, seeds, log: silent }

const counter = role('counter', {
  state: () => 0,
  events: { added: (n, e) => n + e.by },
  commands: { add: (_, c, on) => persist(on.added(c)).reply((n) => n) },
})

if (kind === 'witness') {
  const witness = await startWitness(common)
  serve(() => witness.status())
} else {
  const peer = await join({ ...common, name: kind, roles: [counter] })
  serve(async (url) => {
    if (url !== '/add') return peer.status()
    return peer.role(counter).add({ by: 1 }, { deadlineMs: 1_000 })
  })
}

function serve(answer) {
  const server = createServer((request, response) => {
    Promise.resolve(answer(request.url))
      .then((body) => response.end(JSON.stringify(body)))
      .catch((error) => response.writeHead(500).end(String(error)))
  })
  server.listen(Number(http), '127.0.0.1', () => console.log('ready'))
}
