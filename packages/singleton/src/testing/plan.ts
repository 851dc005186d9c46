import { applySchedule, unfired } from '@tanist/core/testing'
import type { FiredFault, World } from '@tanist/core/testing'
import type { PeerCore } from '../peer/index.js'
import { Cluster } from './cluster.js'
import type { FinalReplica, Healing, History, Sample } from './history/index.js'
import {
  checkLaws,
  contradictionsOf,
  damagedDisks,
  endedByItsDisk,
  laws as ourLaws,
  writtenOf,
} from './laws/index.js'
import type { Law } from './laws/index.js'
import { labels } from './label.js'
import { ledger, ledgerLaws, ledgerWork } from './ledger.js'
import type { Rest, Run, SimulateOptions } from './simulate-types.js'
import { withReigns } from './with-reigns.js'
import type { WorkloadSpec } from './work.js'
import { Workload } from './workload.js'

/** How far virtual time shall go: to the end of `forMs`, or to the moment when `until` holds. */
export interface Advance {
  readonly world: World
  readonly forMs: number
  readonly until?: () => boolean
}

/** Time for a whole cluster to come together, and to heal. */
const FORM_MS = 30_000
const HEAL_MS = 30_000
const SAMPLE_MS = 250
/** A peer that ended by itself is started again after healing, as an operator would do, this often. */
const REVIVE_MS = 500

/**
 * One run, as a list of advances for whoever drives the world: synchronously, or so that promises settle. The
 * peers form a cluster, clients work while the schedule breaks things, then everything is healed, and the laws
 * look at what happened. What an advance yields is whether its `until` held.
 */
export function* planOf(options: SimulateOptions): Generator<Advance, Run, boolean> {
  const { schedule, forMs = 8_000, healMs = HEAL_MS, quietMs = 0, acts = {}, meanwhile } = options
  const { trace = false, world: worldOptions = {}, ...rest } = options
  const cluster = new Cluster({ ...rest, world: { trace, label: labels(), ...worldOptions } })
  const { world } = cluster
  const workload = new Workload(cluster, options.seed, specOf(options.workload))
  cluster.startAll()
  const formed = yield { world, forMs: FORM_MS, until: () => cluster.settled && cluster.seated }
  const beforeFrames = quietMs > 0 ? yield* quiet(cluster, quietMs) : 0
  const fromMs = world.nowMs
  const sampler = new Sampler(cluster)
  for (const name of cluster.strangers) cluster.start(name)
  workload.start()
  meanwhile?.(cluster)
  const fired = applySchedule(world, schedule, (target) => cluster.resolve(target), {
    acts: actsOf(cluster, acts),
  })
  yield { world, forMs }
  workload.stop()
  world.healAll()
  // Healing has started them again.
  for (const name of cluster.strangers) world.crash(name)
  const healing = yield* heal(cluster, workload, formed, healMs, { beforeFrames, quietMs, sampler, fired })
  if (options.rest && healing.healed) yield { world, ...restOf(cluster, options.rest) }
  const history = historyOf(cluster, workload, {
    seed: options.seed,
    fromMs,
    healedMs: healing.fromMs,
    samples: sampler.samples,
    fired,
    unfired: unfired(schedule, fired),
    healing,
  })
  return runOf(options, cluster, history)
}

function specOf(given: SimulateOptions['workload']): WorkloadSpec {
  if (given === undefined) return { work: ledgerWork }
  return 'work' in given ? given : { work: given }
}

function actsOf(
  cluster: Cluster,
  acts: NonNullable<SimulateOptions['acts']>,
): Record<string, (node: string) => void> {
  const own = Object.entries(acts).map(([name, act]) => [name, (node: string) => act(cluster, node)] as const)
  return {
    leave: (node) => cluster.leave(node),
    stop: (node) => cluster.stop(node),
    ...Object.fromEntries(own),
  }
}

/** Looks at sizes and traffic at equal intervals, from now on. */
class Sampler {
  readonly samples: Sample[] = []
  readonly #cluster: Cluster
  #over = false

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    cluster.sample()
    this.#next()
  }

  stop(): void {
    this.#over = true
  }

  #next(): void {
    const { world } = this.#cluster
    world.schedule(world.nowMs + SAMPLE_MS, () => {
      if (this.#over) return
      this.samples.push(this.#cluster.sample())
      this.#next()
    })
  }
}

function* quiet(cluster: Cluster, forMs: number): Generator<Advance, number, boolean> {
  cluster.sample()
  yield { world: cluster.world, forMs }
  return cluster.sample().frames
}

/** Everything works again; peers that had ended by themselves are started anew, and given up if that fails. */
function* heal(
  cluster: Cluster,
  workload: Workload,
  formed: boolean,
  healMs: number,
  calm: {
    readonly beforeFrames: number
    readonly quietMs: number
    readonly sampler: Sampler
    readonly fired: readonly FiredFault[]
  },
): Generator<Advance, Healing, boolean> {
  const { world } = cluster
  const fromMs = world.nowMs
  for (const name of cluster.names) if (cluster.endedBy(name) !== null) world.restart(name)
  if (cluster.names.some((name) => cluster.endedBy(name) !== null)) yield { world, forMs: REVIVE_MS }
  let serverAfterMs: number | null = null
  const over = (): boolean => {
    giveUpEnded(cluster)
    if (serverAfterMs === null && cluster.oneServer) serverAfterMs = world.nowMs - fromMs
    return workload.pending.length === 0 && cluster.settled
  }
  const healed = (yield { world, forMs: healMs, until: over }) && formed
  const tookMs = world.nowMs - fromMs
  calm.sampler.stop()
  const quietFromMs = world.nowMs
  const frames = healed && calm.quietMs > 0 ? yield* quiet(cluster, calm.quietMs) : null
  return {
    fromMs,
    healed,
    tookMs,
    serverAfterMs,
    ...absences(cluster, calm.fired),
    text: healed ? '' : whereAllStand(cluster, workload, formed),
    quiet:
      frames === null
        ? null
        : { fromMs: quietFromMs, forMs: calm.quietMs, frames, beforeFrames: calm.beforeFrames },
  }
}

function restOf(cluster: Cluster, { until, withinMs }: Rest): Omit<Advance, 'world'> {
  const cores = (): PeerCore[] => cluster.names.flatMap((name) => cluster.peer(name) ?? [])
  // What a role's replica holds is of the role's type.
  const atRest = (core: PeerCore): boolean => until((role) => core.roles.state(role.name) as never)
  return { forMs: withinMs, until: () => cores().every(atRest) }
}

/** It was started anew, and ended again: its disk or its journal is not to be had back by a start. */
function giveUpEnded(cluster: Cluster): void {
  for (const name of cluster.names) {
    const why = cluster.out.has(name) ? null : cluster.endedBy(name)
    if (why !== null) cluster.giveUp(name, why)
  }
}

/** A peer that neither an act nor its own disk took away belongs to the core, and must be there. */
function absences(
  cluster: Cluster,
  fired: readonly FiredFault[],
): Pick<Healing, 'missing' | 'voters' | 'core'> {
  const byItself = new Map(cluster.recorder.endings.map((ending) => [ending.node, ending]))
  const damaged = damagedDisks({ fired })
  const excused = (node: string): boolean => {
    const ending = cluster.endedBy(node) === null ? undefined : byItself.get(node)
    return cluster.out.has(node) && (ending === undefined || endedByItsDisk({ fired }, ending))
  }
  const { seats } = cluster
  const lost = seats.filter(({ node, vacant }) => vacant && damaged.has(node))
  return {
    missing: [
      ...[...cluster.out].map(([node, why]) => ({ node, why })),
      ...lost.map(({ node }) => ({ node, why: 'its disk has lost who it was, and the seat with it' })),
    ],
    voters: seats.map(({ node }) => node),
    core: seats.filter((seat) => !lost.includes(seat) && !excused(seat.node)).map(({ node }) => node),
  }
}

function whereAllStand(cluster: Cluster, workload: Workload, formed: boolean): string {
  const pending = workload.pending.map(({ id }) => id).join(' ') || 'nothing'
  const peers = cluster.names.map((name) => {
    const status = cluster.peer(name)?.status()
    if (!status) return `${name}: ${cluster.world.state(name)}`
    const members = status.members
      .map((member) => `${member.name}${member.voter ? '' : '(learner)'}`)
      .join(',')
    return `${name}: ${status.role} term ${status.term} commit ${status.commitIndex}/${status.lastIndex} server ${status.server?.name ?? 'none'} members ${members}; ${status.waitingFor ?? 'waits for nothing'}`
  })
  const start = formed ? '' : 'The cluster had not come together before the schedule began. '
  return `${start}Pending: ${pending}. ${peers.join(' | ')}`
}

type Told = Pick<History, 'seed' | 'fromMs' | 'healedMs' | 'samples' | 'fired' | 'unfired' | 'healing'>

/** What was written down so far; the laws look at nothing else. */
export function historyOf(cluster: Cluster, workload: Workload, rest: Partial<Told> = {}): History {
  const { recorder, names, strangers, strangerActs, world } = cluster
  return {
    seed: 0,
    fromMs: 0,
    healedMs: null,
    samples: [],
    fired: [],
    unfired: [],
    healing: null,
    ...rest,
    names,
    strangers,
    strangerActs,
    endMs: world.nowMs,
    operations: workload.operations,
    reigns: recorder.reigns,
    journal: recorder.journal(),
    conflicts: recorder.conflicts,
    starts: recorder.starts,
    lives: recorder.lives,
    members: recorder.members,
    endings: recorder.endings,
    finals: names.flatMap((name) => finalOf(cluster, name, cluster.peer(name))),
    timing: cluster.timing,
    witness: () => cluster.witness(),
  }
}

function finalOf(cluster: Cluster, node: string, core: PeerCore | null): FinalReplica[] {
  if (core === null || cluster.endedBy(node) !== null) return []
  const { term, commitIndex, lastIndex, members, server, waitingFor } = core.status()
  const names = cluster.roleNames
  return [
    {
      node,
      life: cluster.world.life(node),
      term,
      commitIndex,
      lastIndex,
      applied: core.appliedIndex,
      states: Object.fromEntries(names.map((name) => [name, core.roles.state(name)])),
      failures: Object.fromEntries(
        names.flatMap((name) => {
          const failure = core.roles.failure(name)
          return failure === undefined ? [] : [[name, failure]]
        }),
      ),
      members: members.map(({ name }) => name),
      voters: cluster.votersOf(core),
      server: server?.name ?? null,
      waitingFor,
    },
  ]
}

function runOf(options: SimulateOptions, cluster: Cluster, history: History): Run {
  const { trace = false } = options
  const verdicts = checkLaws(history, lawsOf(options, cluster))
  return {
    seed: options.seed,
    cluster,
    history,
    fired: history.fired,
    unfired: history.unfired,
    verdicts,
    contradictions: contradictionsOf(verdicts),
    acknowledged: writtenOf(history).length,
    reigns: history.reigns.length,
    recording: trace ? withReigns(cluster.world.recording, history.reigns) : null,
    digest: cluster.world.digest,
  }
}

function lawsOf({ laws, ownLaws = [] }: SimulateOptions, cluster: Cluster): Law[] {
  const ours = laws ?? Object.values(ourLaws)
  return [...ours, ...(cluster.roleNames.includes(ledger.name) ? ledgerLaws : []), ...ownLaws]
}
