import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe as inWords, describeFired } from '@tanist/core/testing'
import type { FaultKind, Schedule } from '@tanist/core/testing'
import * as fc from 'fast-check'
import { scheduleArbitrary } from '@tanist/core/testing/arbitraries'
import { clusterRoles, effectiveFaults, peerNames, runSchedule } from '../../src/testing/index.js'
import type { Cluster, Contradiction, Run } from '../../src/testing/index.js'

/** A run that can be repeated to the byte. */
export interface Case {
  readonly seed: number
  readonly peers: number
  readonly schedule: Schedule
}

export interface Kept extends Case {
  readonly file: string
  /** What it once contradicted, and what the cure was. */
  readonly why: string
}

export interface Campaign {
  readonly peers: number
  readonly runs: number
  /** Campaigns with other numbers draw other schedules. */
  readonly seed: number
  /** Runs that may be spent on making a bad schedule smaller; each candidate costs a whole one. Default 150. */
  readonly shrinkRuns?: number
}

export interface Tally {
  runs: number
  idle: number
  acknowledged: number
  reigns: number
  faults: number
  readonly byKind: Map<FaultKind, number>
  /** How often each law could have been broken. */
  readonly exercised: Map<string, number>
  seconds: number
}

const DEFAULT_SCHEDULES = 1_000

/** What campaigns draw from. Lost frames go beyond what links promise; the protocols must not need that promise. */
export const KINDS: readonly FaultKind[] = [
  'act',
  'clock-jump',
  'crash',
  'cut',
  'loss',
  'pause',
  'power-off',
  'restart',
  'split',
]

/** When a command is written, decided or answered, and when somebody is chosen, begins or ends: the deep bugs. */
const MOMENTS = [
  'server.appended',
  'server.syncing',
  'server.committed',
  'server.acknowledged',
  'elected',
  'serves',
  'yields',
  'voted',
  'admitted',
]

/** Whoever serves is asked to hand over: to the one that the fault names, or to its successor. */
const handOver = (cluster: Cluster, node: string): void => {
  const server = cluster.server()
  const core = server === null ? null : cluster.peer(server)
  const to = node === server ? null : (cluster.peer(node)?.succession.self.memberId ?? null)
  core?.transfer(to, () => {})
}

export const acts: Readonly<Record<string, (cluster: Cluster, node: string) => void>> = {
  'hand-over': handOver,
}

/** The share of this campaign when more (or fewer) than 1,000 schedules are asked for. */
export function share(runs: number): number {
  const wanted = Number(process.env['TANIST_SCHEDULES'] ?? DEFAULT_SCHEDULES)
  return Math.max(1, Math.round((runs * wanted) / DEFAULT_SCHEDULES))
}

/** `TANIST_SEED=n` draws other schedules than the default ones. */
export function seedOf(seed: number): number {
  return seed + 1_000 * Number(process.env['TANIST_SEED'] ?? 0)
}

export function caseArbitrary(peers: number, kinds: readonly FaultKind[] = KINDS): fc.Arbitrary<Case> {
  const drawn = { forMs: 6_000, maxFaults: 8, kinds, moments: MOMENTS, acts: Object.keys(acts) }
  const shape = { nodes: peerNames(peers), roles: clusterRoles, ...drawn }
  return fc.record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    peers: fc.constant(peers),
    schedule: scheduleArbitrary(shape),
  })
}

/** Runs until the campaign has its number of runs that count; throws a report about the first bad one. */
export function runCampaign({ peers, runs, seed, shrinkRuns = 150 }: Campaign): Tally {
  const tally: Tally = {
    runs: 0,
    idle: 0,
    acknowledged: 0,
    reigns: 0,
    faults: 0,
    byKind: new Map(),
    exercised: new Map(),
    seconds: 0,
  }
  const startMs = performance.now()
  let failed: Contradiction[] | null = null
  let shrinks = 0
  const property = fc.property(caseArbitrary(peers), (one) => {
    if (failed !== null && ++shrinks > shrinkRuns) return
    const result = runCase(one)
    if (result.contradictions.length > 0) {
      failed = [...result.contradictions]
      throw new Error(result.contradictions[0]?.text)
    }
    // Where nothing broke or nothing was answered, nothing was shown: it is drawn anew.
    const counts = note(tally, result, peers)
    if (failed === null) fc.pre(counts)
  })
  const details = fc.check(property, { numRuns: runs, seed: seedOf(seed), maxSkipsPerRun: 5 })
  tally.seconds = (performance.now() - startMs) / 1_000
  if (details.failed) {
    const [one] = details.counterexample ?? []
    throw new Error(one ? report(one, details.seed, shrinks) : `too many idle runs: ${tally.idle}`)
  }
  return tally
}

/** A run; what a simulated process throws counts as a contradiction, too. */
export function runCase(
  one: Case,
): Pick<Run, 'fired' | 'contradictions' | 'verdicts' | 'acknowledged' | 'reigns'> {
  try {
    return runSchedule({ acts, ...one })
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const contradictions = [{ law: 'throws', text, events: [] }]
    return { fired: [], contradictions, verdicts: [], acknowledged: 0, reigns: 0 }
  }
}

function note(tally: Tally, result: ReturnType<typeof runCase>, peers: number): boolean {
  const faults = effectiveFaults({ fired: result.fired, names: peerNames(peers) })
  if (faults.length === 0 || result.acknowledged === 0) {
    tally.idle += 1
    return false
  }
  tally.runs += 1
  tally.acknowledged += result.acknowledged
  tally.reigns += result.reigns
  tally.faults += faults.length
  for (const { law, exercised } of result.verdicts)
    tally.exercised.set(law, (tally.exercised.get(law) ?? 0) + exercised)
  for (const { fault } of faults) tally.byKind.set(fault.do, (tally.byKind.get(fault.do) ?? 0) + 1)
  return true
}

function report(one: Case, campaignSeed: number, shrinks: number): string {
  const { fired, contradictions } = runCase(one)
  const file = join(tmpdir(), `tanist-schedule-${one.peers}-${one.seed}-${campaignSeed}.json`)
  const [first] = contradictions
  const why = `${first?.law ?? 'unknown'}: ${first?.text ?? ''}`
  writeFileSync(file, `${JSON.stringify({ why, ...one }, null, 2)}\n`)
  return [
    `${one.peers} peers, seed ${one.seed}, campaign ${campaignSeed}, after ${shrinks} runs to make it smaller:`,
    ...inWords(one.schedule).map((line) => `  ${line}`),
    'as it fired:',
    ...describeFired(fired).map((line) => `  ${line}`),
    `first contradiction: ${why}`,
    `The schedule is in ${file}. To keep it, move it to packages/singleton/test/sim/regressions/,`,
    'give it a telling name, and say in "why" what was wrong: it is replayed before all others from then on.',
  ].join('\n')
}

export function tallyLine({ peers }: Campaign, tally: Tally): string {
  const kinds = [...tally.byKind].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, n]) => `${kind} ${n}`)
  return (
    `${peers} peers: ${tally.runs} schedules, ${(tally.runs / tally.seconds).toFixed(1)} a second; ` +
    `${tally.faults} faults fired (${kinds.join(', ')}); ${tally.reigns} reigns; ` +
    `${tally.acknowledged} acknowledged commands; ${tally.idle} idle runs not counted`
  )
}

/** The schedules that once found a bug, for clusters of these sizes. */
export function keptCases(least: number, most: number): Kept[] {
  const folder = fileURLToPath(new URL('regressions', import.meta.url))
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => ({
      file,
      ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<Kept, 'file'>),
    }))
    .filter(({ peers }) => peers >= least && peers <= most)
}
