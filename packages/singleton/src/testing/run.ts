import { applySchedule, seededRandom } from '@tanist/core/testing'
import type { FiredFault, Schedule } from '@tanist/core/testing'
import { Cluster } from './cluster.js'
import type { ClusterOptions, Contradiction } from './cluster.js'
import { checkLaws } from './laws.js'
import { Workload } from './workload.js'

export interface RunOptions {
  readonly seed: number | string
  readonly peers: number
  readonly schedule: Schedule
  /** Virtual milliseconds of work under the schedule. Default 8,000. */
  readonly forMs?: number
  readonly clients?: number
  readonly pauseMs?: number
  readonly trace?: boolean
  /** Other than usual: a slower network, say. */
  readonly world?: ClusterOptions['world']
  readonly host?: ClusterOptions['host']
  /** Called when the cluster has come together, before the schedule begins. */
  readonly meanwhile?: (cluster: Cluster) => void
}

export interface RunResult {
  readonly cluster: Cluster
  readonly workload: Workload
  readonly fired: readonly FiredFault[]
  readonly contradictions: readonly Contradiction[]
  readonly acknowledged: number
  readonly reigns: number
}

/** Time for a whole cluster to come together, and to heal. */
const FORM_MS = 10_000
const HEAL_MS = 30_000

/**
 * One run: the peers form a cluster, clients work while the schedule breaks things, then everything is healed.
 * Afterwards all laws are checked, and that the cluster serves again and every command has ended (L1, L2).
 */
export function runSchedule({
  seed,
  peers,
  schedule,
  forMs = 8_000,
  clients = 3,
  pauseMs = 100,
  trace = false,
  world: options = {},
  host,
  meanwhile,
}: RunOptions): RunResult {
  const cluster = new Cluster({ seed, peers, world: { trace, ...options }, ...(host && { host }) })
  const { world } = cluster
  cluster.startAll()
  const found: Contradiction[] = []
  if (!world.runUntil(() => cluster.settled, { limitMs: FORM_MS }))
    found.push({ law: 'L1', text: 'no cluster came about' })
  const random = seededRandom(`${seed}/clients`)
  const workload = new Workload(cluster, () => random.next())
  workload.start(clients, pauseMs)
  meanwhile?.(cluster)
  const fired = applySchedule(world, schedule, (target) => cluster.resolve(target))
  world.run({ forMs })
  workload.stop()
  world.healAll()
  const healed = world.runUntil(() => workload.pending.length === 0 && cluster.settled, { limitMs: HEAL_MS })
  if (!healed) found.push(explainUnhealed(cluster, workload))
  const contradictions = [...found, ...checkLaws(cluster, workload)]
  const acknowledged = workload.operations.filter((operation) => operation.endedAtMs !== null).length
  return { cluster, workload, fired, contradictions, acknowledged, reigns: cluster.served.length }
}

function explainUnhealed(cluster: Cluster, workload: Workload): Contradiction {
  const pending = workload.pending.map((operation) => operation.id).join(' ')
  const peers = cluster.names.map((name) => {
    const status = cluster.peer(name)?.status()
    if (!status) return `${name}: ${cluster.world.state(name)}`
    const members = status.members
      .map((member) => `${member.name}${member.voter ? '' : '(learner)'}`)
      .join(',')
    return `${name}: ${status.role} term ${status.term} commit ${status.commitIndex}/${status.lastIndex} server ${status.server?.name} members ${members}; ${status.waitingFor}`
  })
  return { law: 'L1', text: `not healed; pending: ${pending}; ${peers.join(' | ')}` }
}
