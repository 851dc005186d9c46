import type { KeptCase } from './options.js'

/** A law was broken: the sentence, the schedule, the two events and the files are in the message. */
export class ClusterTestError extends Error {
  /** The smallest case that was found. */
  readonly found: KeptCase
  /** Paths of the files that were written. */
  readonly files: readonly string[]
  /** How many runs were spent: until it was found, and to make it smaller. */
  readonly runs: { readonly finding: number; readonly shrinking: number }
  constructor(
    text: string,
    found: KeptCase,
    files: readonly string[],
    runs: { readonly finding: number; readonly shrinking: number },
  ) {
    super(text)
    this.name = 'ClusterTestError'
    this.found = found
    this.files = files
    this.runs = runs
  }
}

/** The test itself is wrong: a sentence for its author, and nothing to make smaller. */
export class TestMisuse extends TypeError {}
