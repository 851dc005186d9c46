/** One operation of a client on an object that others use too. Times are of one clock, the observer's. */
export interface Op<I, O> {
  readonly id: string
  readonly invokedAtMs: number
  /** null: no answer was seen. It may have taken effect at any later time, or never. */
  readonly endedAtMs: number | null
  readonly input: I
  /** What was answered; of no meaning while `endedAtMs` is null. */
  readonly output: O
}

/** An operation whose answer says where in the order it stands: a journal position, for example. */
export interface WitnessedOp {
  readonly id: string
  readonly invokedAtMs: number
  /** null: no answer was seen; such an operation has no position and is not looked at. */
  readonly endedAtMs: number | null
  readonly position: number
  /** Reads share a position with the write that they saw; writes have one of their own. */
  readonly kind: 'read' | 'write'
}

/** What an object does, one operation after the other. */
export interface Model<S, I, O> {
  readonly initial: S
  /** The next state, or null when `output` is not what the object would answer to `input` in this state. */
  readonly step: (state: S, input: I, output: O) => S | null
  /** The next state when the answer is not known. Null when the operation cannot take effect in this state. */
  readonly unknown: (state: S, input: I) => S | null
  /** Equal texts for equal states. Default `JSON.stringify`. */
  readonly key?: (state: S) => string
}

/** `undecided`: the budget was spent before it could be found out. That is never a pass. */
export type Linearizable = 'yes' | 'no' | 'undecided'

export interface LinearizabilityVerdict {
  readonly verdict: Linearizable
  /** The part that decided: the key of a partition. */
  readonly partition: string | null
  /** Two operations whose order in time and whose positions contradict each other (by witness). */
  readonly pair: readonly [before: string, after: string] | null
  /**
   * By search: the ids of the longest order that can be explained, and of those that end it: none of them can
   * be the next one.
   */
  readonly explained: readonly string[]
  readonly stuck: readonly string[]
  readonly steps: number
}
