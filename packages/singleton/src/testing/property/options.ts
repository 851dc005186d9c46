import type { Envelope, FaultKind, Schedule } from '@tanist/core/testing'
import type { AnyRole } from '../../role/index.js'
import type { PeerEnv } from '../env.js'
import type { Law } from '../laws/index.js'
import { Outside } from '../outside.js'
import type { SimulateOptions } from '../simulate.js'
import type { RoleWork, WorkloadSpec } from '../work.js'

/** What a cluster is tested with. `O` is what the test keeps outside of the cluster: see `outside`. */
export interface ClusterTest<O = Outside>
  extends Pick<SimulateOptions, 'settings' | 'world' | 'versions' | 'forMs' | 'healMs' | 'rest'> {
  /** Default 3. */
  readonly peers?: number
  /** The roles, or what makes them for every life of a peer: a process that restarts has a fresh memory. */
  readonly roles: readonly AnyRole[] | ((env: PeerEnv, outside: O) => readonly AnyRole[])
  readonly workload: Workloads | ((outside: O) => Workloads)
  readonly schedules?: Schedules
  /** Makes outside systems and recorders, anew for every run. */
  readonly outside?: (outside: Outside) => O
  /** Laws of your own, on top of ours. */
  readonly laws?: readonly Law[] | ((outside: O) => readonly Law[])
}

export type Workloads = WorkloadSpec | RoleWork | readonly RoleWork[]

/** What the failure schedules are drawn from. */
export interface Schedules {
  /** Default 6. */
  readonly maxFaults?: number
  /** Default: all that the envelope allows; upgrades only where there are `versions`. */
  readonly kinds?: readonly FaultKind[]
  /** What the promise under test must survive. Default: what Tanist's own do, `envelopes.safety(peers)`. */
  readonly envelope?: Envelope
  /** Happenings that some faults wait for: `appended` of anybody, or `server.appended`. */
  readonly moments?: readonly string[]
  /** Faults begin within this time. Default: three quarters of `forMs`. */
  readonly forMs?: number
}

export interface CampaignOptions<O = Outside> extends ClusterTest<O> {
  /** Runs that count: a fault hit somebody, and a command was acknowledged. Default 100. */
  readonly runs?: number
  /** Other seeds draw other schedules. Default 1. */
  readonly seed?: number
  /** Stops drawing after this time; the runs so far must have counted. Default: no limit. */
  readonly limitMs?: number
  /** What may be spent on making a failing schedule smaller. Default 100 runs, 20 s. */
  readonly shrink?: { readonly runs?: number; readonly limitMs?: number }
  /** Runs this alone: a schedule file, what a failure named, or a schedule (with the seed of `seed`). */
  readonly replay?: string | { readonly seed: number; readonly path: string } | Schedule
  /** A folder of schedule files: each is replayed before anything is drawn. */
  readonly regressions?: string
  /** Where a failure writes its schedule, trace and picture. Default `tanist-reports`; null writes nothing. */
  readonly reports?: string | null
}

/** One run that can be repeated to the byte. */
export interface RunCase {
  readonly seed: number
  readonly schedule: Schedule
}

/** A case as a file keeps it. */
export interface KeptCase extends RunCase {
  readonly peers: number
  /** The law that it broke once. */
  readonly law?: string
  readonly why?: string
}

export const PEERS = 3
export const FOR_MS = 6_000
export const HEAL_MS = 20_000

export function outsideOf<O>(options: ClusterTest<O>, outside: Outside): O {
  // Without an option of its own a test gets the outside itself.
  return options.outside === undefined ? (outside as unknown as O) : options.outside(outside)
}
