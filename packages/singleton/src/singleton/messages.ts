import type { RecordWire } from './record.js'

/** What the server says of one singleton. */
export interface HereRow {
  readonly name: string
  readonly state: 'starting' | 'running' | 'stopped' | 'given-up' | 'away'
  /** While it runs: its ref, as text. */
  readonly at: string | null
  /** Why it does not run; empty while it does. */
  readonly text: string
  readonly record: RecordWire
}

/** Messages between members about singletons; those to the actors themselves go the way of all actor messages. */
export type SingletonMessage =
  /** Of the leader to everyone, whole: at each change, to each new link, and again until it was heard. `n` rises. */
  | { readonly t: 'here'; readonly term: number; readonly n: number; readonly rows: readonly HereRow[] }
  /** The answer of a member, with what it remembers. */
  | {
      readonly t: 'heard'
      readonly n: number
      readonly records: readonly (readonly [name: string, record: RecordWire])[]
    }
  | { readonly t: 'restart'; readonly id: number; readonly name: string }
  | { readonly t: 'restarted'; readonly id: number; readonly ok: boolean; readonly text: string }

const STATES: readonly unknown[] = ['starting', 'running', 'stopped', 'given-up', 'away']

/** The form of what the tables of the wire only call an array. */
export function isSingletonForm({ t, rows, records }: Record<string, unknown>): boolean {
  if (t === 'here') return Array.isArray(rows) && rows.every(isRow)
  if (t !== 'heard') return true
  const pairs: readonly unknown[] = Array.isArray(records) ? records : [null]
  return pairs.every(
    (pair) =>
      Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && isRecordForm(pair[1]),
  )
}

function isRow(value: unknown): boolean {
  if (!isObject(value)) return false
  const { name, state, at, text, record } = value
  const placed = at === null || typeof at === 'string'
  return placed && [name, text].every(isText) && STATES.includes(state) && isRecordForm(record)
}

function isRecordForm(value: unknown): boolean {
  if (!isObject(value)) return false
  const { epoch, startedTerm, failures, givenUp } = value
  if (![epoch, startedTerm].every(isCount) || !(givenUp === null || isText(givenUp))) return false
  return Array.isArray(failures) && failures.every(isFailure)
}

function isFailure(value: unknown): boolean {
  if (!isObject(value)) return false
  const { node, server, text, term, agoMs } = value
  const aged = typeof agoMs === 'number' && agoMs >= 0
  return aged && [node, server, text].every(isText) && isCount(term)
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
