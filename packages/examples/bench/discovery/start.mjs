// From the start of a process to a member of a cluster that is there.
import { spawnSync } from 'node:child_process'
import { percentile, summary } from '../succession/numbers.mjs'
import { dropLab, labOf, world } from './world.mjs'

const TARGET_MS = 300

export async function start({ report, times }) {
  report.title('From the start of a process to joined, with a server that is there')
  await measured(report, times, 'loopback', null)
  const lab = await labOf(2, report)
  if (lab === null) return
  try {
    await measured(report, times, 'two network namespaces', lab)
  } finally {
    dropLab(lab)
  }
}

async function measured(report, times, where, lab) {
  const here = world(lab)
  const server = here.start(1)
  try {
    await server.ready
    const found = { bare: [], node: [], imports: [], listens: [], joins: [], all: [] }
    for (let i = 0; i < times; i++) await one(here, found)
    report.say(`${where}, ${times} starts`)
    report.row('node -e 0, from start to exit', summary(found.bare), 'ms')
    report.row('until Node runs the program', summary(found.node), 'ms')
    report.row('its imports', summary(found.imports), 'ms')
    report.row('until it listens', summary(found.listens), 'ms')
    report.row('until it has joined', summary(found.joins), 'ms')
    const p95 = percentile(found.all, 0.95)
    report.row('all of it', summary(found.all), 'ms', `p95 ${p95.toFixed(0)} ms`)
    report.target(`joined on ${where}, p95`, p95, TARGET_MS, 'less', 'ms')
  } finally {
    await server.end()
    here.end()
  }
}

async function one(here, found) {
  const [command, ...args] = [...here.within(2), process.execPath, '-e', '0']
  const bareMs = performance.now()
  spawnSync(command, args)
  found.bare.push(performance.now() - bareMs)
  const peer = here.start(2)
  const { beganMs, importedMs, listeningMs, joinedMs } = await peer.ready
  found.node.push(beganMs - peer.atMs)
  found.imports.push(importedMs - beganMs)
  found.listens.push(listeningMs - importedMs)
  found.joins.push(joinedMs - listeningMs)
  found.all.push(joinedMs - peer.atMs)
  await peer.ask({ do: 'leave' })
  await peer.end()
}
