// Where the peers of a run live: on loopback, or each in a network namespace of its own.
import { join } from 'node:path'
import { newSecret } from '@tanist/singleton'
import { Lab, whyNot } from '../../dist/lan/lab.js'
import { dropFolder, freshFolder, worker } from '../succession/children.mjs'

const labs = new Set()
const clean = () => {
  for (const lab of labs) lab.down()
  labs.clear()
}
process.once('exit', clean)

/** Null where this machine can make none. */
export async function labOf(hosts, report) {
  const reason = whyNot()
  if (reason !== null) {
    report.say(`Not measured in network namespaces. ${reason}`)
    return null
  }
  const lab = new Lab(hosts)
  labs.add(lab)
  await lab.up()
  return lab
}

export function dropLab(lab) {
  lab.down()
  labs.delete(lab)
}

/** Nothing is configured but a name and a secret; and, so that runs do not meet, the port on loopback. */
export function world(lab) {
  const folder = freshFolder('discovery')
  const secret = newSecret()
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const here = { listen: '127.0.0.1:0', discovery: { port } }
  const there = { listen: '0.0.0.0:0', discovery: {} }
  const within = (host) => (lab === null ? [] : ['ip', 'netns', 'exec', lab.netns(host)])
  let started = 0
  return {
    within,
    start(host, more = {}) {
      started += 1
      const given = {
        name: `p${started}`,
        secret,
        data: join(folder, `p${started}`),
        ...(lab ? there : here),
        ...more,
      }
      const atMs = performance.timeOrigin + performance.now()
      return { atMs, ...worker('../discovery/peer-process.mjs', given, [], { within: within(host) }) }
    },
    end: () => dropFolder(folder),
  }
}
