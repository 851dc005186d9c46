import { fingerprint, replayOf } from '../history/index.js'
import type { CommittedEntry, History, Operation, OperationOutcome } from '../history/index.js'
import { fromEncoded } from '../../role/index.js'
import { showShort } from '../value-text.js'
import { answered, invoked, isRead, lawFrom, nameOf, newestBefore, writtenOf } from './build.js'
import type { Finding, Written } from './build.js'
import { dueFindings } from './due.js'
import type { Law, LawEvent } from './types.js'

type Found = NonNullable<Finding['contradictions']>[number]

/** The journal position is the witness: what ended before another began stands before it. */
function inRealTimeOrder(history: History): Finding {
  const written = writtenOf(history)
  const newest = newestBefore(written)
  const begun = firstAsked(history)
  let exercised = 0
  const contradictions: Found[] = []
  for (const operation of written) {
    const before = newest(begun.get(operation.id) ?? operation.invokedAtMs)
    if (!before) continue
    exercised += 1
    if (operation.index > before.index || operation.id === before.id) continue
    const text = `${nameOf(operation)} (position ${operation.index}) began after ${nameOf(before)} (position ${before.index}) had been answered`
    contradictions.push({ text, events: [answered(before), invoked(operation), answered(operation)] })
  }
  return { exercised, contradictions }
}

/** A command that an application asks for again by its id began when it was first asked for. */
function firstAsked({ operations }: History): ReadonlyMap<string, number> {
  const first = new Map<string, number>()
  for (const { ids, invokedAtMs } of operations) {
    for (const id of ids) first.set(id, Math.min(invokedAtMs, first.get(id) ?? Infinity))
  }
  return first
}

function exactlyOnce(history: History): Finding {
  const entries = new Map<string, CommittedEntry[]>()
  for (const entry of history.journal) {
    if (!entry.command) continue
    const id = `${entry.command.session}:${entry.command.seq}`
    const others = entries.get(id)
    if (others) others.push(entry)
    else entries.set(id, [entry])
  }
  const contradictions: Found[] = []
  for (const [id, [first, second]] of entries) {
    // Due commands have the same id at each appearance of their items.
    if (!first || !second || id.startsWith('!')) continue
    const text = `the command ${id} took effect twice, at positions ${first.index} and ${second.index}`
    contradictions.push({ text, events: [inJournal(first), inJournal(second)] })
  }
  const due = dueFindings(history, inJournal)
  contradictions.push(...(due.contradictions ?? []))
  let exercised = due.exercised
  for (const operation of history.operations) {
    if (operation.kind === 'read') continue
    exercised += Number(operation.tries > 1) + operation.echoes.length
    contradictions.push(...oneIntention(operation, entries), ...sameAnswers(operation))
  }
  for (const operation of writtenOf(history)) contradictions.push(...asJournalled(history, operation))
  return { exercised, contradictions }
}

const inJournal = ({ atMs, node, index, command }: CommittedEntry): LawEvent => ({
  atMs,
  node,
  text: `${command?.session}:${command?.seq} takes effect at position ${index}`,
})

/** A client that asks again under a new id asks for a second effect. */
function oneIntention(operation: Operation, entries: ReadonlyMap<string, CommittedEntry[]>): Found[] {
  if (operation.ids.length < 2) return []
  const effects = operation.ids
    .flatMap((id) => entries.get(id) ?? [])
    .filter(({ command }) => (command?.events.length ?? 0) > 0)
  if (effects.length < 2) return []
  const text = `what ${operation.client} wanted once (${nameOf(operation)}) took effect ${effects.length} times: it asked again under another id (${operation.ids.join(', ')})`
  return [{ text, events: effects.slice(0, 2).map(inJournal) }]
}

function sameAnswers(operation: Operation): Found[] {
  const { outcome, term, index } = operation
  return operation.echoes.flatMap((echo) => {
    if (outcome === null || (same(outcome, echo.outcome) && echo.index === index && echo.term === term))
      return []
    const text = `${nameOf(operation)} was answered ${inWords(outcome)} at position ${index}, and later ${inWords(echo.outcome)} at position ${echo.index}`
    const event = { atMs: echo.atMs, node: echo.node, text: `answers the repetition of ${operation.id}` }
    return [{ text, events: [answered(operation), event] }]
  })
}

/** What the client heard is what the journal says. */
function asJournalled({ journal }: History, operation: Written): Found[] {
  const entry = journal[operation.index - 1]
  const command = entry?.command
  if (!entry || !command || !operation.ids.includes(`${command.session}:${command.seq}`)) return []
  const { outcome } = command
  const journalled: OperationOutcome =
    outcome.status === 'ok'
      ? { status: 'ok', value: fromEncoded(outcome.value) }
      : { status: 'refused', refusal: fromEncoded(outcome.refusal), failed: false }
  const right = command.role === operation.role && command.command === operation.command
  if (right && operation.outcome && same(operation.outcome, journalled)) return []
  const what = right ? inWords(journalled) : `the outcome of ${command.role}.${command.command}`
  const text = `${nameOf(operation)} was answered ${operation.outcome ? inWords(operation.outcome) : ''}, but its id stands in the journal with ${what}`
  return [{ text, events: [inJournal(entry), answered(operation)] }]
}

function same(a: OperationOutcome, b: OperationOutcome): boolean {
  if (a.status === 'ok' && b.status === 'ok') return fingerprint(a.value) === fingerprint(b.value)
  if (a.status === 'refused' && b.status === 'refused')
    return fingerprint(a.refusal) === fingerprint(b.refusal)
  return a.status === b.status
}

function inWords(outcome: OperationOutcome): string {
  const value = outcome.status === 'ok' ? outcome.value : outcome.status === 'refused' ? outcome.refusal : ''
  return `${outcome.status} ${value === undefined ? '' : showShort(value)}`.trim()
}

/** Reads carry a position as well: everything acknowledged before they were asked is in it, and nothing else. */
function readsAreNew(history: History): Finding {
  const reads = history.operations.filter(isRead)
  const newestWrite = newestBefore(writtenOf(history))
  const newestRead = newestBefore(reads)
  const contradictions: Found[] = []
  for (const read of reads) {
    for (const before of [newestWrite(read.invokedAtMs), newestRead(read.invokedAtMs)]) {
      if (!before || read.index >= before.index) continue
      const text = `${nameOf(read)} saw ${read.index} positions, but began after ${nameOf(before)} (position ${before.index}) had been answered`
      contradictions.push({ text, events: [answered(before), invoked(read), answered(read)] })
    }
    contradictions.push(...asReplayed(history, read.outcome, read))
  }
  return { exercised: reads.length, contradictions }
}

function asReplayed(
  history: History,
  { value, applied }: { readonly value: unknown; readonly applied: number },
  read: Operation,
): Found[] {
  const replay = replayOf(history)
  if (!replay.roles.includes(read.role) || applied > history.journal.length) return []
  if (fingerprint(value) === fingerprint(replay.stateAt(read.role, applied))) return []
  const text = `${nameOf(read)} at ${read.node} saw a state of ${read.role} that the journal up to position ${applied} does not give`
  return [{ text, events: [answered(read)] }]
}

export const clientLaws: readonly Law[] = [
  lawFrom(
    'S6',
    'answers are in the order of real time (linearizable, by journal position)',
    inRealTimeOrder,
    {
      required: true,
    },
  ),
  lawFrom('S7', 'a command takes effect exactly once, and every retry gets the same answer', exactlyOnce),
  lawFrom(
    'S9',
    'a read sees everything that was acknowledged before it, and only what the journal gives',
    readsAreNew,
  ),
]
