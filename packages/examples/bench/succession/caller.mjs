import { join } from 'node:path'
import { startPeer } from '@tanist/singleton'
import { bare, store, VALUE } from './bare-role.mjs'
import { until } from './children.mjs'

/** A fourth member in this process, which only calls: three voters and a learner. */
export async function joinAsCaller({ folder, seeds, settings }) {
  const peer = await startPeer({
    app: 'bench',
    name: 'caller',
    log: { write: () => undefined },
    roles: [bare, store],
    data: join(folder, 'caller'),
    seeds,
    ...settings,
  })
  await peer.joined
  await until('the caller as a learner', () => peer.status().waitingFor === null && peer.status().server)
  return {
    peer,
    put: async () => (await peer.role(bare).put({ value: VALUE })).status === 'ok',
    stop: () => peer.stop(),
  }
}
