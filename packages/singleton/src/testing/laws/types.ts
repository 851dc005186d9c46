import type { History } from '../history/index.js'

/** A moment of the run that a law points at. */
export interface LawEvent {
  readonly atMs: number
  /** Empty when it was no peer's. */
  readonly node: string
  readonly text: string
}

/** Something that cannot be while the law holds; `events` are those that contradict each other, in order of time. */
export interface Contradiction {
  readonly law: string
  readonly text: string
  readonly events: readonly LawEvent[]
}

/**
 * - `holds`: the run gave the law `exercised` chances to be broken, and it was not
 * - `unexercised`: nothing happened that could have broken it: no pass
 * - `undecided`: it could not be found out within the budget: no pass
 * - `not applicable`: it speaks of something that this run, or this version, does not have
 */
export type VerdictKind = 'holds' | 'broken' | 'unexercised' | 'undecided' | 'not applicable'

export interface Verdict {
  readonly law: string
  readonly title: string
  /** As its law has it. */
  readonly required: boolean
  readonly verdict: VerdictKind
  readonly exercised: number
  readonly contradictions: readonly Contradiction[]
  /** Why it is undecided or not applicable, or what made a stop legitimate. */
  readonly note: string | null
}

export interface Law {
  /** Short: `S3`, or a name of your own. */
  readonly id: string
  /** What holds, in one sentence. */
  readonly title: string
  /** A run in which it was not exercised does not count as a pass. Default true for laws of your own. */
  readonly required: boolean
  readonly check: (history: History) => Verdict
}
