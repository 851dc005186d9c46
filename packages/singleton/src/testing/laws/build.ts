import type { History, Operation } from '../history/index.js'
import type { Contradiction, Law, LawEvent, Verdict, VerdictKind } from './types.js'

/** What a law found out about a run. */
export interface Finding {
  /** How often it could have been broken. */
  readonly exercised: number
  readonly contradictions?: readonly Omit<Contradiction, 'law'>[]
  /** Why it could not be found out. */
  readonly undecided?: string
  readonly notApplicable?: string
  readonly note?: string
}

export function lawFrom(
  id: string,
  title: string,
  find: (history: History) => Finding,
  options: { readonly required?: boolean } = {},
): Law {
  const { required = false } = options
  return { id, title, required, check: (history) => verdictOf({ id, title, required }, find(history)) }
}

function verdictOf({ id, title, required }: Omit<Law, 'check'>, finding: Finding): Verdict {
  // A finding of a law about several promises may name another one.
  const contradictions = (finding.contradictions ?? []).map((one) => ({ law: id, ...one }))
  const { exercised, undecided, notApplicable, note } = finding
  const verdict: VerdictKind =
    contradictions.length > 0
      ? 'broken'
      : notApplicable !== undefined
        ? 'not applicable'
        : undecided !== undefined
          ? 'undecided'
          : exercised > 0
            ? 'holds'
            : 'unexercised'
  return {
    law: id,
    title,
    required,
    verdict,
    exercised,
    contradictions,
    note: notApplicable ?? undecided ?? note ?? null,
  }
}

/** A command whose outcome stands in the journal. */
export type Written = Operation & { readonly endedAtMs: number }

export function isWritten(operation: Operation): operation is Written {
  const { kind, outcome, endedAtMs } = operation
  if (kind !== 'command' || endedAtMs === null || outcome === null) return false
  return outcome.status === 'ok' || (outcome.status === 'refused' && !outcome.failed)
}

export type Read = Operation & {
  readonly endedAtMs: number
  readonly outcome: { readonly status: 'read'; readonly value: unknown; readonly applied: number }
}

export function isRead(operation: Operation): operation is Read {
  return operation.outcome?.status === 'read' && operation.endedAtMs !== null
}

export const writtenOf = ({ operations }: History): Written[] => operations.filter(isWritten)

/** An operation in words: `stock.take c1:7`. */
export function nameOf({ id, role, kind, command }: Operation): string {
  return kind === 'read' ? `read of ${role} (${id})` : `${role}.${command} ${id}`
}

export function invoked(operation: Operation): LawEvent {
  return {
    atMs: operation.invokedAtMs,
    node: operation.node ?? '',
    text: `${operation.client} asks ${nameOf(operation)}`,
  }
}

export function answered(operation: Operation): LawEvent {
  const where = operation.index > 0 ? ` at position ${operation.index}` : ''
  const term = operation.term > 0 ? ` of term ${operation.term}` : ''
  return {
    atMs: operation.endedAtMs ?? operation.invokedAtMs,
    node: operation.node ?? '',
    text: `${nameOf(operation)} is answered${where}${term}`,
  }
}

/** For each moment, the operation with the greatest position among those that had ended before it. */
export function newestBefore(
  ended: readonly Written[] | readonly Read[],
): (atMs: number) => Operation | null {
  const inOrder = [...ended].toSorted((a, b) => a.endedAtMs - b.endedAtMs)
  const newest: Operation[] = []
  for (const operation of inOrder) {
    const before = newest.at(-1)
    newest.push(before && before.index >= operation.index ? before : operation)
  }
  return (atMs) => {
    let low = 0
    let high = inOrder.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((inOrder[middle]?.endedAtMs ?? 0) < atMs) low = middle + 1
      else high = middle
    }
    return newest[low - 1] ?? null
  }
}
