import { checkBySearch } from '@tanist/core/testing'
import type { Model, Op } from '@tanist/core/testing'
import type { History, Operation, OperationOutcome } from '../history/index.js'
import { answered, lawFrom, nameOf } from './build.js'
import type { Law } from './types.js'

/** What a client asked; `command: null` is a read of the whole state. */
export interface Asked {
  readonly command: string | null
  readonly input: unknown
}

export interface LinearizableOptions {
  /** Operations on different keys that do not touch each other. Reads of the whole state have no such key. */
  readonly partition?: (asked: Asked) => string
  /** Steps that the search may take for each key. Default 200,000; when they are spent it is undecided. */
  readonly budget?: number
}

/**
 * Linearizability of one role as its clients see it, by search: without looking at the journal, from a model of
 * your own of what each answer must be. S6, S7 and S9 are stricter and cheaper; this one doubts them as well.
 */
export function linearizable<S>(
  role: { readonly name: string },
  model: Model<S, Asked, OperationOutcome | null>,
  options: LinearizableOptions = {},
): Law {
  const title = `what clients of ${role.name} see is what one copy would answer, in some order that time allows`
  const { partition, budget } = options
  return lawFrom(
    `linearizable ${role.name}`,
    title,
    (history) => {
      const ops = opsOf(history, role.name)
      const found = checkBySearch(ops, model, {
        ...(partition && { partition: ({ input }) => partition(input) }),
        ...(budget !== undefined && { budget }),
      })
      const exercised = ops.filter(({ endedAtMs }) => endedAtMs !== null).length
      const part = found.partition === null ? '' : ` of ${found.partition}`
      if (found.verdict === 'undecided')
        return {
          exercised,
          undecided: `The search for an order${part} was given up after ${found.steps} steps: use keys that do not touch each other, fewer clients or a greater budget.`,
        }
      if (found.verdict === 'yes') return { exercised }
      const stuck = history.operations.filter(
        ({ id, endedAtMs }) => endedAtMs !== null && found.stuck.includes(id),
      )
      const text = `no order explains the answers${part}: after ${found.explained.length} operations (the last ${found.explained.at(-1) ?? 'none'}), none of ${stuck.map(nameOf).join(', ')} could have been answered so`
      const last = history.operations.find(({ id }) => id === found.explained.at(-1))
      const events = [...(last ? [last] : []), ...stuck].map(answered)
      return { exercised, contradictions: [{ text, events: events.toSorted((a, b) => a.atMs - b.atMs) }] }
    },
    { required: true },
  )
}

function opsOf({ operations }: History, role: string): Op<Asked, OperationOutcome | null>[] {
  return operations
    .filter((one) => one.role === role && !isNothing(one))
    .map((one) => {
      const { id, kind, command, input, invokedAtMs, outcome } = one
      const known = outcome !== null && outcome.status !== 'unavailable'
      return {
        id,
        invokedAtMs,
        endedAtMs: known ? one.endedAtMs : null,
        input: { command: kind === 'read' ? null : command, input },
        output: outcome,
      }
    })
}

/** Changed nothing and said nothing: reads without an answer, commands that threw or were not executed. */
function isNothing({ kind, outcome }: Operation): boolean {
  if (kind === 'read') return outcome?.status !== 'read'
  if (outcome?.status === 'refused') return outcome.failed
  return outcome?.status === 'unavailable' && outcome.executed === 'no'
}
