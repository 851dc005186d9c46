import type { Now } from '@tanist/core'
import type { FencingToken } from '../succession/index.js'
import { singletonLimits } from './limits.js'
import type { HereRow } from './messages.js'
import {
  heldBack,
  mergeRecords,
  noRecord,
  recordFromWire,
  recordToWire,
  sameRecord,
  verdictOf,
  withFailure,
} from './record.js'
import type { RecordWire, SingletonRecord } from './record.js'

/**
 * What one peer knows of the singletons, and what it does about them while it serves.
 *
 *   away --serve--> starting --started--> running --yield, ended--> away (after `stopped`)
 *                      |                     |--ended by a failure--> hand-over, or stopped with a sentence
 *                      '--cannot start-------'
 *
 * - One is started only while this peer serves, and only after a former one here has ended.
 * - A failure for good leads to one hand-over within `windowMs`; a second one, on the next server, stops it everywhere
 *   until `restart`. What happened is known to all members that were linked, so the next server knows it, whoever it is.
 */
export interface Keeper {
  readonly node: string
  readonly server: string
  readonly rows: ReadonlyMap<string, Row>
  token: FencingToken | null
}

interface Row {
  readonly windowMs: number
  record: SingletonRecord
  stage: Stage
}

export type Stage =
  | { readonly kind: 'away' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly at: string }
  /** Told to stop, and not ended yet; `again`: to be started after that. */
  | { readonly kind: 'stopping'; readonly again: boolean }
  /** Failed for good; this peer gives the server role away. */
  | { readonly kind: 'leaving'; readonly text: string }
  /** Does not run although this peer serves. */
  | { readonly kind: 'stopped'; readonly text: string }

export type KeeperInput =
  | { readonly kind: 'serve'; readonly token: FencingToken }
  | { readonly kind: 'yield' }
  | { readonly kind: 'started'; readonly name: string; readonly at: string }
  /** It ended by itself, or could not be started. `failed`: its restart limit was reached. */
  | {
      readonly kind: 'ended'
      readonly name: string
      readonly why: 'failed' | 'stopped'
      readonly text: string
    }
  /** After a `stop`: it has ended. */
  | { readonly kind: 'stopped'; readonly name: string }
  | { readonly kind: 'not-handed-over'; readonly name: string; readonly text: string }
  | { readonly kind: 'known'; readonly records: readonly (readonly [string, RecordWire])[] }
  | { readonly kind: 'restart'; readonly name: string }

export type KeeperEffect =
  | { readonly kind: 'start'; readonly name: string; readonly token: FencingToken }
  | { readonly kind: 'stop'; readonly name: string }
  /** Tell everyone, before anything that follows. */
  | { readonly kind: 'announce' }
  | { readonly kind: 'hand-over'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'log'
      readonly level: 'warn' | 'error'
      readonly event: string
      readonly text: string
      readonly name: string
    }

export function createKeeper(
  node: string,
  server: string,
  singletons: readonly { readonly name: string; readonly windowMs: number }[],
): Keeper {
  const rows = singletons.map(({ name, windowMs }): [string, Row] => [
    name,
    { windowMs, record: noRecord, stage: { kind: 'away' } },
  ])
  return { node, server, rows: new Map(rows), token: null }
}

export function stepKeeper(k: Keeper, input: KeeperInput, { monotonicMs }: Now): KeeperEffect[] {
  const out: KeeperEffect[] = []
  if (input.kind === 'serve') serve(k, input.token, out)
  else if (input.kind === 'yield') yieldAll(k, out)
  else if (input.kind === 'known') learn(k, input.records, monotonicMs, out)
  else {
    const row = k.rows.get(input.name)
    if (row !== undefined) stepRow(k, row, input, monotonicMs, out)
  }
  return out
}

type RowInput = Extract<KeeperInput, { readonly name: string }>

function stepRow(k: Keeper, row: Row, input: RowInput, nowMs: number, out: KeeperEffect[]): void {
  const { name } = input
  switch (input.kind) {
    case 'started':
      if (row.stage.kind !== 'starting') return
      row.stage = { kind: 'running', at: input.at }
      return void out.push({ kind: 'announce' })
    case 'ended':
      if (row.stage.kind !== 'running' && row.stage.kind !== 'starting') return
      if (input.why === 'failed') return failedForGood(k, row, input, nowMs, out)
      row.stage = {
        kind: 'stopped',
        text: `It has stopped itself on ${k.server}; the next server starts it again.`,
      }
      return void out.push({ kind: 'announce' })
    case 'stopped': {
      if (row.stage.kind !== 'stopping') return
      const { again } = row.stage
      row.stage = { kind: 'away' }
      if (!again || k.token === null) return
      begin(k, row, name, k.token, out)
      return void out.push({ kind: 'announce' })
    }
    case 'not-handed-over': {
      if (k.token === null || row.stage.kind !== 'leaving') return
      const text = `${row.stage.text} Nobody took over: ${input.text}`
      row.stage = { kind: 'stopped', text }
      out.push({ kind: 'log', level: 'error', event: 'singleton-stopped', text: say(name, text), name })
      return void out.push({ kind: 'announce' })
    }
    case 'restart':
      return restart(k, row, name, out)
  }
}

function serve(k: Keeper, token: FencingToken, out: KeeperEffect[]): void {
  k.token = token
  for (const [name, row] of k.rows) begin(k, row, name, token, out)
  out.push({ kind: 'announce' })
}

function begin(k: Keeper, row: Row, name: string, token: FencingToken, out: KeeperEffect[]): void {
  const no = heldBack(row.record, k.node)
  if (row.stage.kind === 'stopping') row.stage = { kind: 'stopping', again: no === null }
  else if (row.stage.kind === 'starting' || row.stage.kind === 'running') return
  else if (no !== null) {
    row.stage = { kind: 'stopped', text: no }
    out.push({ kind: 'log', level: 'warn', event: 'singleton-not-started', text: say(name, no), name })
  } else {
    row.stage = { kind: 'starting' }
    row.record = { ...row.record, startedTerm: Math.max(row.record.startedTerm, token.term) }
    out.push({ kind: 'start', name, token })
  }
}

function yieldAll(k: Keeper, out: KeeperEffect[]): void {
  if (k.token === null) return
  k.token = null
  for (const [name, row] of k.rows) halt(row, name, out)
  out.push({ kind: 'announce' })
}

function halt(row: Row, name: string, out: KeeperEffect[]): void {
  const { kind } = row.stage
  if (kind === 'running' || kind === 'starting') {
    out.push({ kind: 'stop', name })
    row.stage = { kind: 'stopping', again: false }
  } else row.stage = kind === 'stopping' ? { kind: 'stopping', again: false } : { kind: 'away' }
}

function failedForGood(
  k: Keeper,
  row: Row,
  { name, text: error }: { readonly name: string; readonly text: string },
  nowMs: number,
  out: KeeperEffect[],
): void {
  const { token, node, server } = k
  if (token === null) return
  const text = error.slice(0, singletonLimits.text)
  const failure = { node, server, term: token.term, text, atMs: nowMs }
  row.record = withFailure(row.record, failure)
  const verdict = verdictOf(row.record, failure, nowMs, row.windowMs)
  const what = `It reached its restart limit on ${server} (${text}).`
  const tell = (event: string, full: string, kind: 'stopped' | 'leaving' = 'stopped'): void => {
    row.stage = { kind, text: full }
    out.push({ kind: 'log', level: 'error', event, text: say(name, full), name })
    out.push({ kind: 'announce' })
  }
  if (verdict === 'hand-over') {
    tell('singleton-failed', what, 'leaving')
    out.push({ kind: 'hand-over', name, text: what })
  } else if (verdict === 'stay') {
    tell(
      'singleton-stopped',
      `${what} The role was handed over for it a short while ago, so it stays stopped here.`,
    )
  } else {
    const before = row.record.failures.findLast((one) => one.node !== node)
    const full = `${what} It had failed on ${before?.server ?? 'another server'} before (${before?.text ?? ''}). It is stopped until an operator starts it again.`
    row.record = { ...row.record, givenUp: full }
    tell('singleton-given-up', full)
  }
}

/** What others remember. One that was given up is not run, also when that is learned late. */
function learn(
  k: Keeper,
  records: readonly (readonly [string, RecordWire])[],
  nowMs: number,
  out: KeeperEffect[],
): void {
  let changed = false
  for (const [name, wire] of records) {
    const row = k.rows.get(name)
    if (row === undefined) continue
    const merged = mergeRecords(row.record, recordFromWire(wire, nowMs))
    if (sameRecord(merged, row.record)) continue
    const before = row.record
    row.record = merged
    changed = true
    if (k.token === null) continue
    if (merged.givenUp !== null) {
      halt(row, name, out)
      if (row.stage.kind === 'away') row.stage = { kind: 'stopped', text: merged.givenUp }
    } else if (merged.epoch > before.epoch && row.stage.kind === 'stopped') begin(k, row, name, k.token, out)
  }
  if (changed && k.token !== null) out.push({ kind: 'announce' })
}

function restart(k: Keeper, row: Row, name: string, out: KeeperEffect[]): void {
  if (k.token === null || row.stage.kind === 'running' || row.stage.kind === 'starting') return
  row.record = { ...noRecord, epoch: row.record.epoch + 1, startedTerm: row.record.startedTerm }
  begin(k, row, name, k.token, out)
  out.push({ kind: 'announce' })
}

/** What this peer, as the leader, tells everyone. */
export function announcement(k: Keeper, nowMs: number): HereRow[] {
  return [...k.rows].map(([name, { stage, record }]) => {
    const wire = recordToWire(record, nowMs)
    const row = { name, at: null, text: '', record: wire }
    if (k.token === null) return { ...row, state: 'away' as const }
    if (stage.kind === 'running') return { ...row, state: 'running' as const, at: stage.at }
    if (record.givenUp !== null) return { ...row, state: 'given-up' as const, text: record.givenUp }
    if (stage.kind === 'stopped') return { ...row, state: 'stopped' as const, text: stage.text }
    if (stage.kind === 'leaving') return { ...row, state: 'away' as const, text: stage.text }
    return { ...row, state: 'starting' as const }
  })
}

/** What a new leader should know; empty when nothing happened. */
export function memories(k: Keeper, nowMs: number): (readonly [string, RecordWire])[] {
  const told: (readonly [string, RecordWire])[] = []
  for (const [name, { record }] of k.rows) {
    if (record.failures.length > 0 || record.epoch > 0) told.push([name, recordToWire(record, nowMs)])
  }
  return told
}

function say(name: string, text: string): string {
  return `The singleton '${name}': ${text}`
}
