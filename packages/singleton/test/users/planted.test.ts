import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ClusterTestError } from '../../src/testing/property/index.js'
import type { KeptCase } from '../../src/testing/property/index.js'
import type { Planted } from './planted/planted.js'

const folder = new URL('planted/', import.meta.url)
const files = readdirSync(folder).filter((file) => !['planted.ts', 'laws.ts'].includes(file))

// No limit of time that a busy machine could miss: runs alone end the search.
const shrink = { runs: 40, limitMs: Infinity }
const CURED_RUNS = Number(process.env['TANIST_CURED'] ?? 8)
const seed = Number(process.env['TANIST_SEED'] ?? 1)
const common = { peers: 3, runs: 100, seed, forMs: 3_000, shrink, reports: null }

interface Row {
  readonly bug: string
  readonly law: string
  readonly faults: number
  readonly finding: number
  readonly shrinking: number
  readonly seconds: number
  readonly schedule: string
}

const rows: Row[] = []
/** What broke each, by file. */
const cases = new Map<string, KeptCase>()

async function hunt(file: string, { bug, hunt: run }: Planted): Promise<Row> {
  const startMs = performance.now()
  let found: unknown = null
  await run(common, false).catch((error: unknown) => (found = error))
  const seconds = (performance.now() - startMs) / 1_000
  if (!(found instanceof ClusterTestError)) throw (found as Error | null) ?? new Error(`${bug}: not found`)
  const { law = '', schedule } = found.found
  if (process.env['TANIST_SHOW'] !== undefined) console.log(found.message)
  const kinds = schedule.map((fault) => fault.do).join(', ') || 'none needed'
  const row = { bug, law, faults: schedule.length, ...found.runs, seconds, schedule: kinds }
  rows.push(row)
  cases.set(file, found.found)
  return row
}

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0

describe('mistakes that application teams make', () => {
  it.each(files)('%s is found, and shown with few faults', async (file) => {
    const { planted } = (await import(new URL(file, folder).href)) as { planted: Planted }
    const row = await hunt(file, planted)
    expect(planted.laws).toContain(row.law)
    expect(row.faults).toBeLessThanOrEqual(3)
  })

  it.each(files)('%s holds when it is cured: under what broke it, and under others', async (file) => {
    const { planted } = (await import(new URL(file, folder).href)) as { planted: Planted }
    const broke = cases.get(file)
    if (!broke) throw new Error(`${file} was not found`)
    const { seed: of, schedule } = broke
    const again = await planted.hunt({ ...common, seed: of, replay: schedule }, true)
    expect(again.runs + again.idle).toBe(1)
    const tally = await planted.hunt({ ...common, runs: CURED_RUNS }, true)
    expect(tally.runs).toBeGreaterThan(0)
    for (const law of planted.laws)
      if (law in tally.exercised) expect(tally.exercised[law], law).toBeGreaterThan(0)
  })

  it('are at least ten, shown with 3 faults in the median', () => {
    console.log(tableOf(rows))
    expect(rows.length).toBe(files.length)
    expect(rows.length).toBeGreaterThanOrEqual(10)
    expect(median(rows.map(({ faults }) => faults))).toBeLessThanOrEqual(3)
  })
})

function tableOf(list: readonly Row[]): string {
  const line = (cells: readonly unknown[]): string =>
    cells
      .map((cell, i) =>
        String(cell)
          .slice(0, widths[i])
          .padEnd(widths[i] ?? 0),
      )
      .join('  ')
  const widths = [62, 30, 6, 8, 9, 7, 30]
  return [
    line(['bug', 'broken', 'faults', 'found in', 'made small', 'seconds', 'schedule']),
    ...list.map((row) =>
      line([row.bug, row.law, row.faults, row.finding, row.shrinking, row.seconds.toFixed(1), row.schedule]),
    ),
  ].join('\n')
}
