import type { LinearizabilityVerdict, Model, Op } from './types.js'

export interface SearchOptions<I, O> {
  /** Operations on different keys do not touch each other: each part is searched on its own. */
  readonly partition?: (op: Op<I, O>) => string
  /** Steps that may be spent on one part. Default 200,000. */
  readonly budget?: number
}

const DEFAULT_BUDGET = 200_000

/**
 * Whether some order explains every answer: one that agrees with real time, and in which each answer is what the
 * model gives. Wing and Gong's search with Lowe's memory of (operations done, state): see G. Lowe, "Testing for
 * linearizability", 2017. For black boxes; where answers carry positions, `checkByWitness` is cheaper and stricter.
 */
export function checkBySearch<S, I, O>(
  ops: readonly Op<I, O>[],
  model: Model<S, I, O>,
  options: SearchOptions<I, O> = {},
): LinearizabilityVerdict {
  const { partition = () => '', budget = DEFAULT_BUDGET } = options
  const parts = new Map<string, Op<I, O>[]>()
  for (const op of ops) {
    const key = partition(op)
    const part = parts.get(key)
    if (part) part.push(op)
    else parts.set(key, [op])
  }
  let steps = 0
  let undecided: LinearizabilityVerdict | null = null
  for (const [key, part] of parts) {
    const found = new Search(part, model, budget).run(parts.size > 1 ? key : null)
    steps += found.steps
    if (found.verdict === 'no') return { ...found, steps }
    if (found.verdict === 'undecided') undecided = found
  }
  if (undecided) return { ...undecided, steps }
  return { verdict: 'yes', partition: null, pair: null, explained: [], stuck: [], steps }
}

/** An invocation or an answer, in a doubly linked list in order of time: what was done is taken out of it. */
interface Mark {
  readonly op: number
  readonly answer: Mark | null
  readonly isAnswer: boolean
  before: Mark | null
  after: Mark | null
}

class Search<S, I, O> {
  readonly #ops: readonly Op<I, O>[]
  readonly #model: Model<S, I, O>
  readonly #budget: number
  readonly #seen = new Set<string>()
  readonly #done: Uint32Array
  readonly #head: Mark
  readonly #order: { readonly mark: Mark; readonly state: S }[] = []
  #open: number
  #explained: string[] = []
  #stuck: string[] = []

  constructor(ops: readonly Op<I, O>[], model: Model<S, I, O>, budget: number) {
    this.#ops = ops
    this.#model = model
    this.#budget = budget
    this.#done = new Uint32Array(Math.ceil(ops.length / 32))
    this.#head = { op: -1, answer: null, isAnswer: false, before: null, after: null }
    this.#open = ops.filter(({ endedAtMs }) => endedAtMs !== null).length
    this.#link()
  }

  run(partition: string | null): LinearizabilityVerdict {
    let state = this.#model.initial
    let mark = this.#head.after
    let steps = 0
    // Operations without an answer may stay undone: it is over when all answers are explained.
    while (this.#open > 0) {
      if (++steps > this.#budget) return this.#verdict('undecided', partition, steps)
      if (mark !== null && !mark.isAnswer) {
        const next = this.#step(state, mark)
        if (next !== null && this.#isNew(mark.op, next)) {
          this.#take(mark, state)
          state = next
          mark = this.#head.after
        } else mark = mark.after
        continue
      }
      // An answer that nothing explains (or the end): one step back, and on from there.
      this.#remember()
      const last = this.#order.pop()
      if (!last) return this.#verdict('no', partition, steps)
      this.#putBack(last.mark)
      state = last.state
      mark = last.mark.after
    }
    return this.#verdict('yes', partition, steps)
  }

  #step(state: S, { op }: Mark): S | null {
    const found = this.#ops[op]
    if (found === undefined) return null
    const { input, output, endedAtMs } = found
    return endedAtMs === null ? this.#model.unknown(state, input) : this.#model.step(state, input, output)
  }

  /** The same operations done with the same state as before lead to where the search has been. */
  #isNew(op: number, state: S): boolean {
    const { key = (value: S) => JSON.stringify(value) } = this.#model
    this.#flip(op)
    const place = `${this.#done.join('.')}|${key(state)}`
    this.#flip(op)
    if (this.#seen.has(place)) return false
    this.#seen.add(place)
    return true
  }

  #flip(op: number): void {
    const at = op >>> 5
    this.#done[at] = (this.#done[at] ?? 0) ^ (1 << (op & 31))
  }

  #take(mark: Mark, state: S): void {
    this.#order.push({ mark, state })
    this.#flip(mark.op)
    unlink(mark)
    if (!mark.answer) return
    unlink(mark.answer)
    this.#open -= 1
  }

  #putBack(mark: Mark): void {
    this.#flip(mark.op)
    if (mark.answer) {
      relink(mark.answer)
      this.#open += 1
    }
    relink(mark)
  }

  #remember(): void {
    if (this.#order.length < this.#explained.length && this.#stuck.length > 0) return
    this.#explained = this.#order.map(({ mark }) => this.#ops[mark.op]?.id ?? '')
    this.#stuck = []
    for (let mark = this.#head.after; mark !== null && !mark.isAnswer; mark = mark.after)
      this.#stuck.push(this.#ops[mark.op]?.id ?? '')
  }

  #verdict(
    verdict: LinearizabilityVerdict['verdict'],
    partition: string | null,
    steps: number,
  ): LinearizabilityVerdict {
    const no = verdict === 'no'
    return {
      verdict,
      partition,
      pair: null,
      explained: no ? this.#explained : [],
      stuck: no ? this.#stuck : [],
      steps,
    }
  }

  /** At one moment invocations come before answers: operations that touch may be in either order. */
  #link(): void {
    const marks: { readonly atMs: number; readonly mark: Mark }[] = []
    for (const [op, { invokedAtMs, endedAtMs }] of this.#ops.entries()) {
      const answer: Mark | null =
        endedAtMs === null ? null : { op, answer: null, isAnswer: true, before: null, after: null }
      marks.push({ atMs: invokedAtMs, mark: { op, answer, isAnswer: false, before: null, after: null } })
      if (answer && endedAtMs !== null) marks.push({ atMs: endedAtMs, mark: answer })
    }
    marks.sort((a, b) => a.atMs - b.atMs || Number(a.mark.isAnswer) - Number(b.mark.isAnswer))
    let last = this.#head
    for (const { mark } of marks) {
      mark.before = last
      last.after = mark
      last = mark
    }
  }
}

function unlink(mark: Mark): void {
  if (mark.before) mark.before.after = mark.after
  if (mark.after) mark.after.before = mark.before
}

/** In the opposite order of `unlink`, its neighbours are as they were. */
function relink(mark: Mark): void {
  if (mark.before) mark.before.after = mark
  if (mark.after) mark.after.before = mark
}
