import { applyEvents, checkDecision, fromEncoded, toEncodedFrozen } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import { admit, isOpenTo } from './admit.js'
import { bringUpAll } from './bring-up.js'
import type { StoredEvent } from './bring-up.js'
import type { Reader } from './build.js'
import { checkCarried } from './carried.js'
import type { CommandEntry } from './entry.js'
import type { JournalledOutcome } from './messages.js'
import type { Issue } from './schema.js'
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
      /** What the command's schema said. */
      readonly issues?: readonly Issue[]
    }

type CommandFunction = (state: unknown, input: unknown, on: unknown, ctx: Ctx) => unknown

/**
 * Runs a command on `state`, without effect. Its events are applied here as decoded from their journal form,
 * so that the state, and the reply made from it, are what every replica will see. An event, a reply or a refusal that
 * cannot be encoded and read again, an event that cannot be applied, and a next state that no snapshot could hold fail
 * the command before anything is journalled: no command is a poison for those who read the journal.
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
  if (!isOpenTo(ctx.caller, of, name)) {
    return { kind: 'failed', reason: 'not-open', text: `${place} is not open to callers without the secret.` }
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
  const admitted = admit(of, name, value)
  if (admitted.kind === 'failed') return admitted
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without a schema nobody checks the input: a role is compiled with its callers
    const decide = of.commands[name] as CommandFunction
    const decision = checkDecision(place, decide(state, admitted.input, on, ctx))
    const written = writeEvents(of, decision.kind === 'refuse' ? [] : decision.events, readers)
    if (written.kind === 'not-yet') {
      const text = `${place} cannot be done yet: ${written.text}. It can once these peers run a newer build.`
      return { kind: 'failed', reason: 'not-yet', text }
    }
    const { events, as } = written
    if (decision.kind === 'refuse') {
      const outcome: JournalledOutcome = {
        status: 'refused',
        refusal: toEncodedFrozen(decision.refusal).encoded,
      }
      return { kind: 'decided', as, events, next: state, outcome }
    }
    const next = evolve(of, state, events.decoded)
    checkCarried(state, next)
    const reply = decision.answer === null ? undefined : decision.answer(next)
    return {
      kind: 'decided',
      as,
      events,
      next,
      outcome: { status: 'ok', value: toEncodedFrozen(reply).encoded },
    }
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
