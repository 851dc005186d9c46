import type { Fault, FiredFault, Recording, Schedule } from '@tanist/core/testing'
import type { Role } from '../role/index.js'
import type { Cluster, ClusterOptions } from './cluster.js'
import type { History } from './history/index.js'
import type { Contradiction, Law, Verdict } from './laws/index.js'
import type { RoleWork, WorkloadSpec } from './work.js'

export interface SimulateOptions extends Omit<ClusterOptions, 'world'> {
  readonly schedule: Schedule
  /** Default: the ledger's. */
  readonly workload?: WorkloadSpec | RoleWork | readonly RoleWork[]
  /** Virtual milliseconds of work under the schedule. Default 8,000. */
  readonly forMs?: number
  /** Virtual milliseconds that the cluster has to come together again after the faults. Default 30,000. */
  readonly healMs?: number
  /** Virtual milliseconds without work before the faults and after healing, for L5. Default 0: none. */
  readonly quietMs?: number
  /** Default: the run ends when the cluster has healed and every client has its answer. */
  readonly rest?: Rest
  /** Default: all of ours. Laws of your own come on top. */
  readonly laws?: readonly Law[]
  readonly ownLaws?: readonly Law[]
  /** Keeps everything that happened, for pictures and NDJSON: `run.recording`. Default false. */
  readonly trace?: boolean
  /** Other than usual: a slower network, say. */
  readonly world?: Omit<NonNullable<ClusterOptions['world']>, 'trace'>
  /** What the test itself knows how to do; `leave` and `stop` are there already. */
  readonly acts?: Readonly<Record<string, (cluster: Cluster, node: string) => void>>
  /** Called when the cluster has come together, before the schedule begins. */
  readonly meanwhile?: (cluster: Cluster) => void
}

/** What is waited for after healing: reactions and due commands go on when the clients are done. */
export interface Rest {
  /** Asked of every replica: `state(orders)` is its state of that role. */
  readonly until: (state: <S, E, C>(role: Role<S, E, C>) => S) => boolean
  /** After so much virtual time the run ends all the same: laws of your own say what is missing. */
  readonly withinMs: number
}

export interface Run {
  readonly seed: number | string
  readonly cluster: Cluster
  readonly history: History
  readonly fired: readonly FiredFault[]
  /** Faults whose trigger never happened. */
  readonly unfired: readonly Fault[]
  readonly verdicts: readonly Verdict[]
  /** Of all verdicts, in the order of the laws. */
  readonly contradictions: readonly Contradiction[]
  /** Commands whose outcome stands in the journal: accepted, or refused by their role. */
  readonly acknowledged: number
  readonly reigns: number
  /** Null without `trace`. */
  readonly recording: Recording | null
  /** Over everything that happened in the world. */
  readonly digest: string
}
