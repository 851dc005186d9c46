import { describe, describeFired, ndjson, picture } from '@tanist/core/testing'
import type { Recording } from '@tanist/core/testing'
import type { LawEvent } from '../laws/index.js'
import { ClusterTestError } from './errors.js'
import { writeReport } from './files.js'
import { PEERS } from './options.js'
import type { CampaignOptions, KeptCase, RunCase } from './options.js'
import { runCase } from './run-case.js'
import type { CaseResult } from './run-case.js'

const REPORTS = 'tanist-reports'

interface Found {
  /** Begins the message. */
  readonly origin?: string
  /** Where fast-check stood. */
  readonly again?: { readonly seed: number; readonly path: string }
}

/** Runs a failing case once more with a recording, writes the files, and says everything in one message. */
export async function failureOf<O>(
  options: CampaignOptions<O>,
  found: RunCase,
  result: CaseResult,
  runs: { readonly finding: number; readonly shrinking: number },
  { origin, again }: Found,
): Promise<ClusterTestError> {
  const { peers = PEERS, reports = REPORTS } = options
  const traced = await runCase(options, found, true)
  const same = traced.broken?.law === result.broken?.law && traced.broken?.text === result.broken?.text
  const shown = same ? traced : result
  const law = shown.broken?.law ?? 'unknown'
  const { seed, schedule } = found
  const kept: KeptCase = { why: shown.broken?.text ?? '', law, peers, seed, schedule }
  const files = reports === null ? [] : write(reports, kept, shown, traced.run?.recording ?? null)
  const text = [
    ...(origin === undefined ? [] : [`${origin} fails:`]),
    sentenceOf(shown, found, peers),
    `Found after ${runs.finding} run${runs.finding === 1 ? '' : 's'}, and ${runs.shrinking} more to make it smaller.`,
    ...(same
      ? []
      : ['Repeated, it did something else: the roles or laws use something outside of the world.']),
    ...againLines(again, files),
    ...filesLines(files),
  ].join('\n')
  return new ClusterTestError(text, kept, files, runs)
}

/** What broke, and under which schedule. */
export function sentenceOf(result: CaseResult, { seed, schedule }: RunCase, peers: number): string {
  const { broken, title, fired } = result
  const planned = schedule.length === 0 ? ['(no fault is needed)'] : describe(schedule)
  return [
    `The law "${broken?.law ?? 'unknown'}" is broken: ${title}`,
    `  ${broken?.text ?? ''}`,
    ...(broken?.events ?? []).map((event) => `  ${eventText(event)}`),
    `The schedule (${peers} peers, seed ${seed}):`,
    ...planned.map((line) => `  ${line}`),
    ...(fired.length === 0 ? [] : ['as it fired:', ...describeFired(fired).map((line) => `  ${line}`)]),
  ].join('\n')
}

const eventText = ({ atMs, node, text }: LawEvent): string =>
  `${(atMs / 1_000).toFixed(3)} s  ${node === '' ? '' : `${node}  `}${text}`

function againLines(again: Found['again'], [schedule]: readonly string[]): string[] {
  const drawn = again === undefined ? [] : [`replay: { seed: ${again.seed}, path: '${again.path}' }`]
  const kept = schedule === undefined ? [] : [`replay: '${schedule}'`]
  return drawn.length + kept.length === 0
    ? []
    : [`Again, as an option of the test: ${[...kept, ...drawn].join(', or as it was drawn, ')}`]
}

function filesLines(files: readonly string[]): string[] {
  if (files.length === 0) return []
  return [
    'Written (to the folder of the option `reports`):',
    ...files.map(
      (file) => `  ${file}${file.endsWith('.json') ? '  (keep it in the folder of `regressions`)' : ''}`,
    ),
  ]
}

function write(folder: string, kept: KeptCase, shown: CaseResult, recording: Recording | null): string[] {
  const law = (kept.law ?? 'law').replaceAll(/[^A-Za-z0-9]+/g, '-').toLowerCase()
  // Laws may be whole sentences.
  const name = `${law.slice(0, 60)}-${kept.seed}`
  const drawn =
    recording === null
      ? {}
      : {
          ndjson: ndjson(recording),
          html: picture(recording, {
            title: `The law "${kept.law ?? ''}" is broken`,
            seed: kept.seed,
            schedule: describeFired(shown.fired),
            law: shown.title,
            ...(shown.broken === null ? {} : { contradiction: shown.broken }),
          }),
        }
  return writeReport(folder, name, { json: `${JSON.stringify(kept, null, 2)}\n`, ...drawn })
}
