import type { RecordedMessage, RecordedNote, RecordedSpan, Recording } from '../types.js'
import { families, familyOf } from './families.js'
import type { PictureOptions } from './options.js'

/** What the page draws: a recording without its repetitions. Columns and words are numbers; -1 is the margin. */
export interface Chart {
  readonly nodes: readonly string[]
  readonly endMs: number
  readonly sorts: readonly { readonly name: string; readonly family: number; readonly hidden: boolean }[]
  readonly families: readonly string[]
  /** Each `what` once, with the sort that its first word names. */
  readonly words: readonly (readonly [text: string, sort: number])[]
  /**
   * Six numbers a message, to keep a page of 100,000 small: microseconds since the message before, microseconds
   * on the way (-1: never ended), from, to, fate (0 arrived, 1 lost, 2 under way), word.
   */
  readonly messages: readonly number[]
  readonly spans: readonly ChartSpan[]
  readonly notes: readonly ChartNote[]
  readonly contradiction: { readonly text: string; readonly events: readonly ChartNote[] } | null
  readonly focusMs: number | null
}

export interface ChartSpan {
  readonly node: number
  readonly kind: RecordedSpan['kind']
  readonly fromMs: number
  readonly toMs: number
  readonly text: string
  readonly term: number
}

export interface ChartNote {
  readonly node: number
  readonly kind: string
  readonly atMs: number
  readonly text: string
}

const microseconds = (ms: number): number => Math.round(ms * 1_000)
const fates = { arrived: 0, lost: 1, 'under way': 2 } as const
export const sortOf = (what: string): string => /^[^\s:,]+/.exec(what)?.[0] ?? 'frame'

export function chartOf(recording: Recording, options: PictureOptions): Chart {
  const { messages, spans, notes, endMs } = recording
  // Who only appears in messages (a client outside, say) gets a column, too.
  const nodes = [...new Set([...recording.nodes, ...messages.flatMap(({ from, to }) => [from, to])])]
  const columns = new Map(nodes.map((name, i) => [name, i]))
  const column = (name: string): number => columns.get(name) ?? -1
  const { words, sorts, wordOf } = wordsOf(messages)
  const hidden = new Set(options.hidden ?? families.flatMap((family) => (family.quiet ? family.words : [])))
  const allHidden = sorts.every((sort) => hidden.has(sort))
  const contradiction = options.contradiction && {
    text: options.contradiction.text,
    events: options.contradiction.events.map(({ atMs, node, text }) => ({
      node: column(node),
      kind: 'contradiction',
      atMs,
      text,
    })),
  }
  return {
    nodes,
    endMs,
    sorts: sorts.map((name) => ({ name, family: familyOf(name), hidden: !allHidden && hidden.has(name) })),
    families: families.map(({ name }) => name),
    words,
    messages: pack(messages, column, wordOf),
    spans: spans
      .map(({ node, kind, fromMs, toMs, text, term }) => ({
        node: column(node),
        kind,
        fromMs,
        toMs: toMs ?? endMs,
        text,
        term: term ?? -1,
      }))
      .toSorted((x, y) => x.fromMs - y.fromMs),
    notes: mergeCuts(
      onceEach(notes).map(({ node, kind, atMs, text }) => ({ node: column(node), kind, atMs, text })),
      spans,
    ),
    contradiction: contradiction ?? null,
    focusMs: options.focusMs ?? null,
  }
}

interface Words {
  readonly words: (readonly [string, number])[]
  readonly sorts: string[]
  readonly wordOf: ReadonlyMap<string, number>
}

function wordsOf(messages: readonly RecordedMessage[]): Words {
  const wordOf = new Map<string, number>()
  const sortsAt = new Map<string, number>()
  const words: (readonly [string, number])[] = []
  for (const { what } of messages) {
    if (wordOf.has(what)) continue
    const sort = sortOf(what)
    if (!sortsAt.has(sort)) sortsAt.set(sort, sortsAt.size)
    wordOf.set(what, words.length)
    words.push([what, sortsAt.get(sort) ?? 0])
  }
  return { words, sorts: [...sortsAt.keys()], wordOf }
}

function pack(
  messages: readonly RecordedMessage[],
  column: (name: string) => number,
  wordOf: ReadonlyMap<string, number>,
): number[] {
  const packed: number[] = []
  let before = 0
  for (const { from, to, sentMs, endMs, fate, what } of messages) {
    const sent = microseconds(sentMs)
    const way = endMs === null ? -1 : Math.max(0, microseconds(endMs) - sent)
    packed.push(sent - before, way, column(from), column(to), fates[fate], wordOf.get(what) ?? 0)
    before = sent
  }
  return packed
}

const key = ({ node, atMs }: RecordedNote): string => `${atMs} ${node}`

/** What the world does to a machine is noted as its life, and again as a moment for triggers. */
function onceEach(notes: readonly RecordedNote[]): RecordedNote[] {
  const lives = new Set(notes.filter(({ kind }) => kind === 'life').map(key))
  const ofWorld = new Set(['started', 'crashed', 'lost-power'])
  return notes.filter((note) => note.kind !== 'moment' || !ofWorld.has(note.text) || !lives.has(key(note)))
}

/** One fault may cut many links at one moment: one line says so, and none when the fault itself is noted. */
function mergeCuts(notes: readonly ChartNote[], spans: readonly RecordedSpan[]): ChartNote[] {
  const told = new Set([
    ...notes.filter(({ kind }) => kind === 'fault').map(({ atMs }) => atMs),
    ...spans.filter(({ kind }) => kind === 'fault').map(({ fromMs }) => fromMs),
  ])
  const cuts = new Map<number, ChartNote[]>()
  for (const note of notes) {
    if (note.kind === 'network') cuts.set(note.atMs, [...(cuts.get(note.atMs) ?? []), note])
  }
  const merged = [...cuts.values()].flatMap((all) => {
    const [first] = all
    if (first === undefined || told.has(first.atMs)) return []
    const more = all.length > 1 ? ` and ${all.length - 1} more` : ''
    return [{ ...first, kind: 'fault', text: first.text + more }]
  })
  return [...notes.filter(({ kind }) => kind !== 'network'), ...merged].toSorted((x, y) => x.atMs - y.atMs)
}
