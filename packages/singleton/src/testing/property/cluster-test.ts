import type { Envelope, FaultKind, Schedule } from '@tanist/core/testing'
import * as fc from 'fast-check'
import type { Outside } from '../outside.js'
import { runArbitrary } from './arbitrary.js'
import { Campaign } from './campaign.js'
import type { ClusterTally } from './campaign.js'
import { TestMisuse } from './errors.js'
import { readCase, readFolder } from './files.js'
import { PEERS } from './options.js'
import type { CampaignOptions, ClusterTest, RunCase } from './options.js'
import { sentenceOf } from './report.js'
import { runCase } from './run-case.js'

/**
 * Runs your roles on whole peers while generated failures happen to them, and checks our laws and yours after
 * each run. Resolves to what was tried. Rejects with a `ClusterTestError` when a law is broken: its message has
 * the schedule, made as small as the budget allows, and says how to see it again; and with a `TypeError` when the
 * test itself proves nothing.
 *
 * @example
 * await testCluster({
 *   roles: [stock],
 *   workload: work(stock, { take: (dice) => ({ sku: dice.pick(['a', 'b']), n: 1 }) }),
 *   schedules: { kinds: ['crash', 'pause', 'split'] },
 *   laws: [always(stock, 'nothing is oversold', (s) => Object.values(s.items).every((n) => n >= 0))],
 *   runs: 200,
 * })
 */
export async function testCluster<O = Outside>(options: CampaignOptions<O>): Promise<ClusterTally> {
  checkOptions(options)
  const campaign = new Campaign(options)
  if (options.regressions !== undefined) await campaign.replayAll(readFolder(options.regressions))
  const { replay } = options
  if (typeof replay === 'string') await campaign.replayAll([readCase(replay)])
  else if (isSchedule(replay))
    await campaign.replayAll([{ seed: options.seed ?? 1, schedule: replay, peers: campaign.peers }])
  else await campaign.draw(replay)
  return campaign.tally
}

/**
 * The same as a property, for `fc.assert` and `@fast-check/vitest`; fast-check makes failures smaller. A property
 * sees one run at a time, so nobody is told of laws that were exercised in none of them.
 */
export function clusterProperty<O = Outside>(options: ClusterTest<O>): fc.IAsyncProperty<[RunCase]> {
  return fc.asyncProperty(runArbitrary(options), async (one) => {
    const result = await runCase(options, one)
    if (result.broken !== null) throw new Error(sentenceOf(result, one, options.peers ?? PEERS))
    const [open] = result.undecided
    if (open !== undefined)
      throw new TestMisuse(`'${open.law}' is undecided, so this is no pass. ${open.why}`)
    fc.pre(result.idle === null)
  })
}

const isSchedule = (replay: unknown): replay is Schedule => Array.isArray(replay)

function checkOptions<O>(options: CampaignOptions<O>): void {
  const { runs, peers, schedules = {} } = options
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw new TestMisuse(`runs is ${runs}; it must be a whole number, 1 or more.`)
  if (peers !== undefined && !(Number.isInteger(peers) && peers > 0))
    throw new TestMisuse(`peers is ${peers}; it must be a whole number, 1 or more.`)
  const { kinds, envelope } = schedules
  if (kinds?.length === 0) throw new TestMisuse('schedules.kinds is empty: then nothing ever goes wrong.')
  checkEnvelope(kinds, envelope)
  for (const kind of kinds ?? []) checkKind(options, kind)
}

/** Asked for by name, it is expected. */
function checkKind<O>(options: CampaignOptions<O>, kind: FaultKind): void {
  try {
    runArbitrary({ ...options, schedules: { ...options.schedules, kinds: [kind] } })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TestMisuse(`schedules.kinds asks for '${kind}', which is never drawn: ${error.message}`, {
      cause: error,
    })
  }
}

function checkEnvelope(kinds: readonly string[] | undefined, envelope: Envelope | undefined): void {
  const allowed: readonly string[] | undefined = envelope?.kinds
  if (allowed === undefined) return
  const left = (kinds ?? allowed).filter((kind) => allowed.includes(kind))
  if (left.length > 0) return
  throw new TestMisuse(
    `The envelope '${envelope?.name ?? ''}' excludes every fault asked for (${(kinds ?? []).join(', ') || 'none'}); it allows ${allowed.join(', ') || 'none'}.`,
  )
}
