import type { History } from '../history/index.js'
import { writtenOf } from './build.js'
import { clientLaws } from './clients.js'
import { effectiveFaults } from './faults.js'
import { journalLaws } from './journal.js'
import { livenessLaws } from './liveness.js'
import { memberLaws } from './members.js'
import { strangerLaws } from './strangers.js'
import type { Contradiction, Law, Verdict } from './types.js'

/** All of ours, by name: `laws.S3.check(history)`. */
export const laws: Readonly<Record<string, Law>> = Object.fromEntries(
  [...journalLaws, ...clientLaws, ...memberLaws, ...strangerLaws, ...livenessLaws].map((law) => [
    law.id,
    law,
  ]),
)

/** Looks at a run with every law. */
export function checkLaws(history: History, which: readonly Law[] = Object.values(laws)): Verdict[] {
  return which.map((law) => law.check(history))
}

export function contradictionsOf(verdicts: readonly Verdict[]): Contradiction[] {
  return verdicts.flatMap(({ contradictions }) => contradictions)
}

/**
 * Whether a run shows that the laws hold. Where nothing broke, nothing was acknowledged, a required law had no
 * chance to be broken or any law is undecided, nothing was shown: that is no pass, and `why` says it in a sentence.
 */
export function passed(run: { readonly history: History; readonly verdicts: readonly Verdict[] }): {
  readonly ok: boolean
  readonly why: string
} {
  const { history, verdicts } = run
  const [first] = contradictionsOf(verdicts)
  if (first) return { ok: false, why: `${first.law} is broken: ${first.text}` }
  if (effectiveFaults(history).length === 0)
    return { ok: false, why: 'No fault hit anybody in this run, so it shows nothing about faults.' }
  if (writtenOf(history).length === 0)
    return { ok: false, why: 'No command was acknowledged in this run, so there was nothing to lose.' }
  const open = verdicts.find(
    ({ required, verdict }) => verdict === 'undecided' || (required && verdict === 'unexercised'),
  )
  if (open) {
    const why = open.note === null ? '' : `: ${open.note}`
    return {
      ok: false,
      why: `The law ${open.law} (${open.title}) is ${open.verdict} in this run${why}: that is no pass.`,
    }
  }
  return { ok: true, why: 'Every law that this run could have broken holds.' }
}
