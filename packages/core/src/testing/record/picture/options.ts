/** One of the events that cannot both be right. */
export interface Contradicting {
  readonly atMs: number
  /** Empty, or a name that is no column: it stands in the margin. */
  readonly node: string
  readonly text: string
}

export interface PictureOptions {
  readonly title: string
  readonly seed: number | string
  /** The faults in words, one a line, as `describe` gives them. */
  readonly schedule?: readonly string[]
  /** The promise that was broken, in a sentence. */
  readonly law?: string
  readonly contradiction?: { readonly text: string; readonly events: readonly Contradicting[] }
  /** The moment that the picture opens at. Default: the contradiction, or else the whole run. */
  readonly focusMs?: number
  /** Sorts of messages (first words of `what`) that are hidden at first. Default: what only says `I live`. */
  readonly hidden?: readonly string[]
}
