import type { RecordedMessage, RecordedNote, RecordedSpan, Recording } from './types.js'

/*
 * One JSON object a line, in the order of time:
 *
 *   {"type":"recording","version":1,"nodes":["ann","bob"],"endMs":2500}          always the first line
 *   {"type":"message","id":0,"from":"ann","to":"bob","sentMs":1,"endMs":1.5,"fate":"arrived","kind":"frame","what":"..."}
 *   {"type":"span","node":"ann","kind":"reign","fromMs":2,"toMs":null,"text":"...","term":1}
 *   {"type":"note","atMs":3,"node":"","kind":"fault","text":"..."}
 *
 * A message stands at the time of its sending, a span at that of its beginning.
 */
const VERSION = 1

export function ndjson(recording: Recording): string {
  const { nodes, endMs, messages, spans, notes } = recording
  const lines = [
    ...messages.map((message) => ({ atMs: message.sentMs, line: { type: 'message', ...message } })),
    ...spans.map((span) => ({ atMs: span.fromMs, line: { type: 'span', ...span } })),
    ...notes.map((note) => ({ atMs: note.atMs, line: { type: 'note', ...note } })),
  ].toSorted((x, y) => x.atMs - y.atMs)
  const head = JSON.stringify({ type: 'recording', version: VERSION, nodes, endMs })
  return `${[head, ...lines.map(({ line }) => JSON.stringify(line))].join('\n')}\n`
}

/**
 * The recording again. Lines of other types are skipped: who writes may add some.
 *
 * @throws TypeError with the number of the line that is no part of a recording
 */
export function parseNdjson(text: string): Recording {
  const [head, ...lines] = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [parse(line, i)]))
  if (head === undefined || head.fields['type'] !== 'recording') {
    throw new TypeError('line 1: a recording begins with a line of the type "recording"')
  }
  if (head.fields['version'] !== VERSION) {
    throw new TypeError(`line 1: version ${String(head.fields['version'])} of this format is not known here`)
  }
  const messages: RecordedMessage[] = []
  const spans: RecordedSpan[] = []
  const notes: RecordedNote[] = []
  for (const line of lines) {
    const { type, ...fields } = line.fields
    if (type === 'message') messages.push(checked(line, fields, isMessage, messageForm))
    if (type === 'span') spans.push(checked(line, fields, isSpan, spanForm))
    if (type === 'note') notes.push(checked(line, fields, isNote, noteForm))
  }
  const { nodes, endMs } = checked(head, head.fields, isHead, headForm)
  return { nodes, endMs, messages, spans, notes }
}

type Form = Readonly<Record<string, (value: unknown) => boolean>>

type Fields = Readonly<Record<string, unknown>>

interface Line {
  readonly number: number
  readonly fields: Fields
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isNumber = (value: unknown): boolean => typeof value === 'number'
const isTimeOrNull = (value: unknown): boolean => value === null || isNumber(value)
const isOneOf =
  (...words: readonly unknown[]) =>
  (value: unknown): boolean =>
    words.includes(value)

const headForm: Form = {
  nodes: (value) => Array.isArray(value) && value.every(isText),
  endMs: isNumber,
}

const messageForm: Form = {
  id: isNumber,
  from: isText,
  to: isText,
  sentMs: isNumber,
  endMs: isTimeOrNull,
  fate: isOneOf('arrived', 'lost', 'under way'),
  kind: isText,
  what: isText,
}

const spanForm: Form = {
  node: isText,
  kind: isOneOf('down', 'no power', 'paused', 'asleep', 'reign', 'fault'),
  fromMs: isNumber,
  toMs: isTimeOrNull,
  text: isText,
  term: (value) => value === undefined || isNumber(value),
}

const noteForm: Form = {
  atMs: isNumber,
  node: isText,
  kind: isOneOf('log', 'fault', 'moment', 'life', 'network', 'contradiction'),
  text: isText,
}

const isHead = (fields: Fields): fields is Fields & Pick<Recording, 'nodes' | 'endMs'> =>
  wrongField(fields, headForm) === undefined
const isMessage = (fields: Fields): fields is Fields & RecordedMessage =>
  wrongField(fields, messageForm) === undefined
const isSpan = (fields: Fields): fields is Fields & RecordedSpan => wrongField(fields, spanForm) === undefined
const isNote = (fields: Fields): fields is Fields & RecordedNote => wrongField(fields, noteForm) === undefined

function parse(line: string, at: number): Line {
  const number = at + 1
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new TypeError(`line ${number} is no JSON`, { cause: error })
  }
  if (typeof value !== 'object' || value === null) throw new TypeError(`line ${number} is no JSON object`)
  return { number, fields: { ...value } }
}

function checked<T>(line: Line, fields: Fields, is: (fields: Fields) => fields is Fields & T, form: Form): T {
  if (is(fields)) return fields
  throw new TypeError(`line ${line.number}: "${wrongField(fields, form)}" is missing or has a wrong form`)
}

function wrongField(fields: Fields, form: Form): string | undefined {
  return Object.keys(form).find((name) => form[name]?.(fields[name]) !== true)
}
