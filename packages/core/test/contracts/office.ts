import type { Host } from '../../src/host/index.js'
import { createWorld, type HostSubject, worldPassage } from '../../src/testing/index.js'

let seed = 0

/** Two simulated machines, each with a process that does nothing by itself; every one from another seed. */
export function twoSimulatedHosts(change: (host: Host) => Host = (host) => host): HostSubject {
  const world = createWorld({ seed: ++seed, network: { latencyMinMs: 0.1, latencyMaxMs: 8 } })
  const hosts = new Map<string, Host>()
  for (const name of ['here', 'there', 'stranger']) {
    world.node(name, { start: (host) => void hosts.set(name, change(host)) })
    world.start(name)
  }
  world.rejectLinks('stranger', 'there', {
    kind: 'rejected',
    code: 'secret',
    text: 'The other side has another secret.',
  })
  const host = (name: string): Host => {
    const found = hosts.get(name)
    if (found === undefined) throw new Error(`no host ${name}`)
    return found
  }
  return {
    ...worldPassage(world),
    here: host('here'),
    get there() {
      return host('there')
    },
    stranger: host('stranger'),
    atHere: 'here:0',
    atThere: 'there:0',
    everybody: '*',
    foreign: 'elsewhere:0',
    clients: true,
    path: '/data/below',
    faults: {
      crash: () => world.crash('there'),
      freeze: () => world.pause('there'),
      powerOff: () => world.powerOff(['there'], { tear: true }),
      start: () => world.start('there'),
      fill: () => void world.disk('there').fill(),
      failNextSync: () => world.disk('there').failNextSync(),
    },
  }
}
