// How fast the simulated worlds run. Plain machines gossip: every 200 ms each tells another by chance how much it
// has heard, so that every delivery costs two events, a timer and an arrival.
import { createWorld, drawSchedule, PlainWorld, seededRandom } from '@tanist/core/testing'
import { machineFaultKinds, peerNames, runMachines, runSchedule } from '@tanist/singleton/testing'
import { best, tablePrinter } from './table.mjs'

const seconds = (since) => (performance.now() - since) / 1_000

export function simulation({ quick }) {
  const print = tablePrinter()
  const rows = []
  const add = (row) => {
    rows.push(row)
    print(row)
  }
  const times = quick ? 2 : 5
  const share = quick ? 0.25 : 1

  const plain = (nodes, wire, virtualMs, target) => {
    const { value } = best(times, () => gossip(nodes, wire, virtualMs * share))
    const how = wire === 'bytes' ? 'as JSON bytes' : 'as they are'
    add({ name: `plain machines, ${nodes} nodes, messages ${how}`, value, unit: 'events/s', target })
  }
  gossip(100, 'objects', 60_000)
  plain(100, 'objects', 600_000, 3_000_000)
  plain(1_000, 'objects', 60_000, null)
  plain(10_000, 'objects', 6_000, null)
  plain(100, 'bytes', 120_000, 800_000)
  plain(1_000, 'bytes', 12_000, null)

  const office = best(times, () => chatter(20_000 * share))
  add({ ...office, name: 'the world, 5 hosts that chatter over links', unit: 'events/s', target: null })

  const machines = best(quick ? 2 : 3, (i) => machineSchedules(i, Math.round(400 * share)))
  add({ ...machines, name: 'succession machines, 5 peers', unit: 'schedules/s', target: 100 })

  const cluster = best(quick ? 2 : 3, (i) => clusterSchedules(i, Math.max(5, Math.round(20 * share))))
  add({ ...cluster, name: 'whole peers with actors, 5 peers', unit: 'schedules/s', target: null })
  add({ name: 'whole peers with actors, 5 peers', value: cluster.ratio, unit: 'x real time', target: 50 })
  return rows
}

/** One machine of the gossip. */
class Gossip {
  constructor(nodes) {
    this.nodes = nodes
    this.round = 0
    this.heard = 0
  }

  start(context) {
    context.timer('beat', context.random.next() * 200)
  }

  message(_context, _from, { round }) {
    this.heard += round
  }

  timer(context) {
    this.round += 1
    const to = Math.floor(context.random.next() * this.nodes)
    context.send(to, { t: 'beat', round: this.round, heard: this.heard })
    context.timer('beat', 200)
  }
}

function gossip(nodes, wire, virtualMs) {
  const quality = { latencyMinMs: 1, latencyMaxMs: 20 }
  const world = new PlainWorld({ seed: 1, nodes, wire, quality, node: () => new Gossip(nodes) })
  world.startAll()
  const since = performance.now()
  world.run(virtualMs)
  return { value: world.events / seconds(since) }
}

/** Every host sends 100 bytes to all others each millisecond; what comes wakes a cell. */
function chatter(virtualMs) {
  const world = createWorld({ seed: 1 })
  const names = peerNames(PEERS)
  const frame = new Uint8Array(100)
  const start = (name) => (host) => {
    const cell = host.engine.cell('read', () => {})
    const handlers = { opened: () => {}, frame: () => cell.wake(), closed: () => {} }
    host.network.listen(`${name}:1`, { listening: () => {}, failed: () => {}, accept: () => handlers })
    let links = []
    host.timers.set(5, () => {
      links = names.filter((peer) => peer !== name).map((peer) => host.network.dial(`${peer}:1`, handlers))
    })
    const beat = () => {
      for (const link of links) link.send(frame)
      host.timers.set(1, beat)
    }
    beat()
  }
  for (const name of names) {
    world.node(name, { start: start(name) })
    world.start(name)
  }
  let events = 0
  const since = performance.now()
  while (world.nowMs < virtualMs && world.step()) events += 1
  return { value: events / seconds(since) }
}

const PEERS = 5
const ROLES = ['server', 'successor', 'oldest', 'youngest']

/** Faults by chance in the first 15 seconds, about eight on average. */
function schedule(seed, kinds, forMs) {
  const shape = { nodes: peerNames(PEERS), roles: ROLES, forMs, maxFaults: 15, kinds }
  return drawSchedule(seededRandom(`bench ${seed}`), shape)
}

const average = (sum, count) => (sum / count).toFixed(1)

function machineSchedules(round, count) {
  const kinds = machineFaultKinds.filter((kind) => kind !== 'disk-lies')
  const schedules = Array.from({ length: count }, (_, i) => schedule(round * count + i, kinds, 15_000))
  let virtualMs = 0
  let faults = 0
  let acknowledged = 0
  const since = performance.now()
  for (const [seed, one] of schedules.entries()) {
    const run = runMachines({ seed, peers: PEERS, schedule: one })
    stopAtContradiction(run.contradictions, seed, one)
    virtualMs += run.virtualMs
    faults += run.fired.length
    acknowledged += run.acknowledged
  }
  const value = count / seconds(since)
  const note = `${average(virtualMs / 1_000, count)} virtual s, ${average(faults, count)} faults, ${average(acknowledged, count)} answers each`
  return { value, note }
}

function clusterSchedules(round, count) {
  const kinds = ['crash', 'restart', 'pause', 'cut', 'split', 'power-off', 'clock-jump']
  let virtualMs = 0
  let acknowledged = 0
  const since = performance.now()
  for (let i = 0; i < count; i++) {
    const seed = round * count + i
    const one = schedule(seed, kinds, 6_000)
    const run = runSchedule({ seed, peers: PEERS, schedule: one })
    stopAtContradiction(run.contradictions, seed, one)
    virtualMs += run.cluster.world.nowMs
    acknowledged += run.acknowledged
  }
  const took = seconds(since)
  const note = `${average(virtualMs / 1_000, count)} virtual s, ${average(acknowledged, count)} answers each`
  return { value: count / took, ratio: virtualMs / 1_000 / took, note }
}

/** A run that breaks a law measures nothing. */
function stopAtContradiction([first], seed, one) {
  if (first) throw new Error(`seed ${seed} contradicts ${first.law}: ${first.text}\n${JSON.stringify(one)}`)
}
