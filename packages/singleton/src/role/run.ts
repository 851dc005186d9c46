import { applyEvents, checkDecision, fromEncoded, toEncoded } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import { bringUpAll } from './bring-up.js'
import type { StoredEvent } from './bring-up.js'
import type { Reader } from './build.js'
import type { CommandEntry } from './entry.js'
import type { JournalledOutcome } from './messages.js'
import type { AnyRole, Ctx, FailReason } from './types.js'
import { writeEvents } from './writing.js'
import type { JournalEvents } from './writing.js'

/** What running one command came to. Nothing was changed anywhere. */
export type Run =
  | {
      readonly kind: 'decided'
      /** How the entry calls the role. */
      readonly as: Pick<CommandEntry, 'role' | 'was'>
      readonly events: JournalEvents
      readonly next: unknown
      readonly outcome: JournalledOutcome
    }
  /** `text` is for the caller; `cause`, for the log, only when the role's own code is at fault. */
  | {
      readonly kind: 'failed'
      readonly reason: FailReason
      readonly text: string
      readonly cause?: unknown
    }

type CommandFunction = (state: unknown, input: unknown, on: unknown, ctx: Ctx) => unknown

/**
 * Runs a command on `state`, without effect. Its events are applied here as decoded from their journal form,
 * so that the state, and the reply made from it, are what every replica will see; and an event that cannot be
 * encoded or applied fails the command before anything is journalled.
 */
export function runCommand(
  of: AnyRole,
  name: string,
  on: unknown,
  state: unknown,
  input: Encoded,
  ctx: Ctx,
  readers?: readonly Reader[],
): Run {
  const place = `${of.name}.${name}`
  if (!Object.hasOwn(of.commands, name)) {
    return {
      kind: 'failed',
      reason: 'unknown',
      text: `The role '${of.name}' has no command '${name}' on the server; it may run another version of the application.`,
    }
  }
  let value: unknown
  try {
    value = fromEncoded(input)
  } catch (error) {
    return {
      kind: 'failed',
      reason: 'invalid',
      text: `The input of ${place} cannot be read: ${sentence(error)}`,
    }
  }
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the input is checked by nobody else: a role is compiled with its callers
    const decision = checkDecision(place, (of.commands[name] as CommandFunction)(state, value, on, ctx))
    const written = writeEvents(of, decision.kind === 'refuse' ? [] : decision.events, readers)
    if (written.kind === 'not-yet') {
      const text = `${place} cannot be done yet: ${written.text}. It can once these peers run a newer build.`
      return { kind: 'failed', reason: 'not-yet', text }
    }
    const { events, as } = written
    if (decision.kind === 'refuse') {
      const outcome: JournalledOutcome = { status: 'refused', refusal: toEncoded(decision.refusal) }
      return { kind: 'decided', as, events, next: state, outcome }
    }
    const next = evolve(of, state, events.decoded)
    const reply = decision.answer === null ? undefined : decision.answer(next)
    return { kind: 'decided', as, events, next, outcome: { status: 'ok', value: toEncoded(reply) } }
  } catch (error) {
    const text = `${place} failed on the server and changed nothing.`
    return { kind: 'failed', reason: 'threw', text, cause: error }
  }
}

/**
 * The state after `events`, brought up to today. Throws when the role does not know one, or its function throws or
 * returns nothing.
 */
export function evolve(of: AnyRole, state: unknown, events: readonly StoredEvent[]): unknown {
  return applyEvents(`the role '${of.name}'`, of.events, state, bringUpAll(of, events))
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
