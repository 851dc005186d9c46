import type { RecordedMessage, RecordedNote, RecordedSpan, Recording } from './types.js'

/** A frame or datagram in a few words, of which the first names its sort: `append 12-14 t3`. */
export type Label = (bytes: Uint8Array, from: string, to: string) => string

type Open<T> = { -readonly [K in keyof T]: T[K] }

/** A message whose end is not known yet. Whoever carries it says how it ended, once. */
export type OpenMessage = Open<RecordedMessage>

/** What a machine is when its process does not simply run. */
export type NotRunning = Extract<RecordedSpan['kind'], 'down' | 'no power' | 'paused' | 'asleep'>

/** Writes down what a world does. A world that records nothing has none, and pays for a null check. */
export class Recorder {
  readonly #label: Label | null
  readonly #nowMs: () => number
  readonly #messages: OpenMessage[] = []
  readonly #spans: Open<RecordedSpan>[] = []
  readonly #notes: RecordedNote[] = []
  /** The span that each machine is in, if it does not run. */
  readonly #states = new Map<string, Open<RecordedSpan>>()

  constructor(label: Label | null, nowMs: () => number) {
    this.#label = label
    this.#nowMs = nowMs
  }

  sent(from: string, to: string, kind: string, bytes: Uint8Array | undefined): OpenMessage {
    const message: OpenMessage = {
      id: this.#messages.length,
      from,
      to,
      sentMs: this.#nowMs(),
      endMs: null,
      fate: 'under way',
      kind,
      what: bytes === undefined ? kind : this.#words(kind, bytes, from, to),
    }
    this.#messages.push(message)
    return message
  }

  ended(message: OpenMessage, fate: 'arrived' | 'lost'): void {
    if (message.fate !== 'under way') return
    message.fate = fate
    message.endMs = this.#nowMs()
  }

  /** The process of `node` runs, or what it does instead. Ends what it did before. */
  state(node: string, state: NotRunning | 'running', text: string = state): void {
    const nowMs = this.#nowMs()
    const before = this.#states.get(node)
    if (before !== undefined) {
      if (before.fromMs === nowMs) this.#spans.splice(this.#spans.lastIndexOf(before), 1)
      else before.toMs = nowMs
      this.#states.delete(node)
    }
    if (state === 'running') return
    const span: Open<RecordedSpan> = { node, kind: state, fromMs: nowMs, toMs: null, text }
    this.#spans.push(span)
    this.#states.set(node, span)
  }

  /** Something that lasts; the returned function ends it. */
  span(node: string, kind: 'reign' | 'fault', text: string): () => void {
    const span: Open<RecordedSpan> = { node, kind, fromMs: this.#nowMs(), toMs: null, text }
    this.#spans.push(span)
    return () => void (span.toMs ??= this.#nowMs())
  }

  /** Whatever lasted is over: everything was healed. */
  endFaults(): void {
    const nowMs = this.#nowMs()
    for (const span of this.#spans) if (span.kind === 'fault') span.toMs ??= nowMs
  }

  note(node: string, kind: RecordedNote['kind'], text: string): void {
    this.#notes.push({ atMs: this.#nowMs(), node, kind, text })
  }

  /** Everything so far, as values that do not change any more. */
  recording(nodes: readonly string[]): Recording {
    return {
      nodes: [...nodes],
      endMs: this.#nowMs(),
      messages: this.#messages.map((message) => ({ ...message })),
      spans: this.#spans.map((span) => ({ ...span })),
      notes: [...this.#notes],
    }
  }

  #words(kind: string, bytes: Uint8Array, from: string, to: string): string {
    try {
      const words = this.#label?.(bytes, from, to)
      if (words !== undefined && words !== '') return words
    } catch {
      // A label is for people: bytes that it cannot read are what the run is about, perhaps.
    }
    return `${kind} of ${bytes.length} B`
  }
}
