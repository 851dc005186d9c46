import type { RecordedSpan, Recording } from '@tanist/core/testing'

/** Who served, in which term, from when to when; null: to the end. */
export interface DrawnReign {
  readonly node: string
  readonly term: number
  readonly fromMs: number
  readonly toMs: number | null
}

/** The recording of a world, which knows nothing of terms, with the reigns that a picture colours. */
export function withReigns(recording: Recording, reigns: readonly DrawnReign[]): Recording {
  const drawn = reigns.map(
    ({ node, term, fromMs, toMs }): RecordedSpan => ({
      node,
      kind: 'reign',
      fromMs,
      toMs,
      text: `serves in term ${term}`,
      term,
    }),
  )
  return { ...recording, spans: [...recording.spans, ...drawn].toSorted((a, b) => a.fromMs - b.fromMs) }
}
