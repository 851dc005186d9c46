import { WorldError } from '@tanist/core/testing'
import type { FiredFault } from '@tanist/core/testing'
import type { AnyRole } from '../../role/index.js'
import { effectiveFaults } from '../laws/index.js'
import type { Contradiction, Law, LawEvent } from '../laws/index.js'
import { Outside } from '../outside.js'
import { runSchedule, simulate } from '../simulate.js'
import type { Run } from '../simulate.js'
import type { RoleWork } from '../work.js'
import { TestMisuse } from './errors.js'
import { FOR_MS, HEAL_MS, outsideOf, PEERS } from './options.js'
import type { ClusterTest, RunCase, Workloads } from './options.js'

/** What one run came to. */
export interface CaseResult {
  readonly broken: Contradiction | null
  /** How the law of `broken` reads. */
  readonly title: string
  readonly fired: readonly FiredFault[]
  /** Why the run shows nothing; null when it counts. */
  readonly idle: 'no fault hit anybody' | 'no command was acknowledged' | null
  readonly acknowledged: number
  readonly reigns: number
  /** How often each law could have been broken, and whether a campaign must have exercised it. */
  readonly exercised: readonly { readonly law: string; readonly times: number; readonly required: boolean }[]
  /** Laws that could not be found out about, and why. */
  readonly undecided: readonly { readonly law: string; readonly why: string }[]
  /** Commands that threw instead of deciding, and what the first of them said. */
  readonly failed: { readonly times: number; readonly text: string }
  /** Null when the run threw. */
  readonly run: Run | null
}

/** A run; what a simulated process throws counts as a contradiction. */
export async function runCase<O>(options: ClusterTest<O>, one: RunCase, trace = false): Promise<CaseResult> {
  try {
    return await runOnce(options, one, trace, withPromises.has(options))
  } catch (error) {
    if (causeIn(error, NeedsPromises) !== null) {
      withPromises.add(options)
      return runCase(options, one, trace)
    }
    const misuse = causeIn(error, TestMisuse)
    if (misuse !== null) throw misuse
    // What no simulated process threw was thrown by the test: a law, the workload.
    if (!(error instanceof WorldError)) throw error
    return thrown(error)
  }
}

/** Where promises have to settle between events, a run takes some times longer. */
class NeedsPromises extends Error {}
const withPromises = new WeakSet<object>()

async function runOnce<O>(
  options: ClusterTest<O>,
  { seed, schedule }: RunCase,
  trace: boolean,
  promises: boolean,
): Promise<CaseResult> {
  const outside = new Outside(seed)
  const own = outsideOf(options, outside)
  const { roles, laws = [], workload, peers = PEERS, forMs = FOR_MS, healMs = HEAL_MS } = options
  const ownLaws = typeof laws === 'function' ? laws(own) : laws
  const asked = typeof workload === 'function' ? workload(own) : workload
  const checked = (made: readonly AnyRole[]): readonly AnyRole[] => {
    checkRoles(asked, made)
    const handles = made.some(({ onServe, onYield }) => onServe !== undefined || onYield !== undefined)
    const more = options.outside !== undefined || options.versions !== undefined
    if (!promises && (handles || more)) throw new NeedsPromises()
    return made
  }
  const run = await (promises ? simulate : runSchedule)({
    ...pick(options),
    seed,
    peers,
    schedule,
    forMs,
    healMs,
    trace,
    ownLaws,
    workload: asked,
    roles: typeof roles === 'function' ? (env) => checked(roles(env, own)) : checked(roles),
    meanwhile: (cluster) => outside.attach(cluster.world),
  })
  return resultOf(run, ownLaws)
}

function resultOf(run: Run, ownLaws: readonly Law[]): CaseResult {
  const own = new Set(ownLaws.map(({ id }) => id))
  // A law of the test says most about its own code; what else is broken often follows from it.
  const broken = run.contradictions.find(({ law }) => own.has(law)) ?? run.contradictions[0] ?? null
  return {
    broken,
    title: run.verdicts.find(({ law }) => law === broken?.law)?.title ?? '',
    fired: run.fired,
    idle: idleOf(run),
    acknowledged: run.acknowledged,
    reigns: run.reigns,
    exercised: run.verdicts.map(({ law, verdict, exercised, required }) => ({
      law,
      times: verdict === 'undecided' ? 0 : exercised,
      required,
    })),
    undecided: run.verdicts
      .filter(({ verdict }) => verdict === 'undecided')
      .map(({ law, note }) => ({ law, why: note ?? '' })),
    failed: failedOf(run),
    run,
  }
}

function idleOf(run: Run): CaseResult['idle'] {
  if (run.acknowledged === 0) return 'no command was acknowledged'
  return effectiveFaults(run.history).length === 0 ? 'no fault hit anybody' : null
}

function failedOf({ history, cluster }: Run): CaseResult['failed'] {
  const times = history.operations.filter(({ outcome }) => outcome?.status === 'refused' && outcome.failed)
  return { times: times.length, text: cluster.failures[0] ?? '' }
}

function thrown(error: unknown): CaseResult {
  const text = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error && error.cause instanceof Error ? error.cause.stack : undefined
  const place = stack?.split('\n').find((line) => line.includes(' at ') && !line.includes('node_modules'))
  const events: LawEvent[] = place === undefined ? [] : [{ atMs: 0, node: '', text: place.trim() }]
  return {
    broken: { law: 'throws', text, events },
    title: 'No process throws, and nothing in it leaves the simulated world.',
    fired: [],
    idle: null,
    acknowledged: 0,
    reigns: 0,
    exercised: [],
    undecided: [],
    failed: { times: 0, text: '' },
    run: null,
  }
}

function causeIn<T extends Error>(error: unknown, type: new (...args: never) => T): T | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof type) return at
  return null
}

function checkRoles(workload: Workloads, roles: readonly { readonly name: string }[]): void {
  const names = new Set(roles.map(({ name }) => name))
  for (const { role } of partsOf(workload)) {
    if (names.has(role.name)) continue
    throw new TestMisuse(
      `The workload asks the role '${role.name}', which is not in the cluster: its roles are ${[...names].join(', ')}.`,
    )
  }
}

function partsOf(workload: Workloads): readonly RoleWork[] {
  if ('work' in workload) return partsOf(workload.work)
  return 'draw' in workload ? [workload] : workload
}

function pick<O>({
  settings,
  world,
  versions,
  rest,
}: ClusterTest<O>): Pick<ClusterTest<O>, 'settings' | 'world' | 'versions' | 'rest'> {
  return {
    ...(settings === undefined ? {} : { settings }),
    ...(world === undefined ? {} : { world }),
    ...(versions === undefined ? {} : { versions }),
    ...(rest === undefined ? {} : { rest }),
  }
}
