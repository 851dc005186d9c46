import { it, expect } from 'vitest'
import { Cluster } from '../../src/testing/index.js'
import { Bombs, send } from './bomb.js'
import type { End } from './bomb.js'

for (const what of ['crash', 'power-off', 'hang'] as End[])
for (const given of [true, false])
it(`${what} ${given}`, () => {
  const bombs = new Bombs()
  const cluster = new Cluster({ seed: 5, peers: 3, roles: (env) => [bombs.role(env.node) as never], host: (h, n) => bombs.host(h, n), world: { trace: true } })
  bombs.cluster = cluster
  cluster.startAll()
  const until = (done: () => boolean, ms = 20_000) => { const end = cluster.world.nowMs + ms; while (!done() && cluster.world.nowMs < end) cluster.world.run({ forMs: 10 }) ; return done() }
  expect(until(() => cluster.settled && cluster.seated)).toBe(true)
  const at = given ? cluster.server()! : cluster.names.find((n) => n !== cluster.server())!
  const s = send(cluster, { what }, given ? { session: 'x', seq: 1 } : null, at)
  until(() => s.outcomes.length > 0)
  console.log(what, given, JSON.stringify(s.outcomes), bombs.blown)
  until(() => cluster.settled)
  console.log(cluster.peer(cluster.server()!)?.roles.quarantined())
})
