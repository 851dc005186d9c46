// A durable actor in a process of its own, to be killed. Says each number when it was answered; ends when its parent does.
import { actorSystem, durable, nactEngine, persist } from '@tanist/core'
import { nodeDisk, nodeHost } from '../../dist/index.js'

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
const host = nodeHost({
  app: 'till',
  secret: 'a secret for tests',
  log: { write: () => {} },
  engine: nactEngine(),
})
const system = actorSystem({ host: { ...host, disk: nodeDisk() }, name: 'till', data: process.argv[2] })
const till = durable('till', {
  state: () => ({ last: 0, sum: 0 }),
  events: {
    counted: (s) => ({ ...s, last: s.last + 1 }),
    added: (s, e) => ({ ...s, sum: s.sum + e.by }),
  },
  commands: {
    add: (s, by, on) => persist(on.counted(), on.added({ by })).reply((next) => next),
  },
  queries: { whole: (s) => s },
  snapshot: { every: 50, segmentBytes: 4_096 },
})
system.failures$.subscribe(({ error }) => {
  console.log(`failed ${error.message}`)
  process.exit(1)
})
const ref = system.spawn(till, 'till')
const found = await ref.ask.whole()
console.log(`found ${found.last} ${found.sum}`)
for (let n = found.last + 1; ; n += 10) {
  const asks = Array.from({ length: 10 }, (_, i) => ref.ask.add(n + i))
  for (const ask of asks) {
    const { value } = await ask
    console.log(`told ${value.last} ${value.sum}`)
  }
}
