import { applyEvents, checkDecision, encodeEvents } from '../../events/index.js'
import { CodecError } from '../../codec/index.js'
import { durableLimits } from './limits.js'
import { encodeEntryOf } from './record.js'
import type { AnyDurable, DurableCtx } from './types.js'

/** What a command came to. Nothing was changed anywhere. */
export interface Decided {
  readonly outcome:
    | { readonly status: 'ok'; readonly value: unknown }
    | { readonly status: 'refused'; readonly refusal: unknown }
  readonly next: unknown
  /** What has to be journalled first; null: nothing. */
  readonly payload: Uint8Array | null
}

/**
 * Runs a command on `state`. Its events are applied as decoded from their journal form, so that the state is the
 * one that a recovery will give. Throws what the command, its events or its reply throw, and `CodecError`.
 */
export function decide(
  of: AnyDurable,
  name: string,
  state: unknown,
  input: unknown,
  on: unknown,
  ctx: DurableCtx,
): Decided {
  const decision = checkDecision(`${name} of ${of.id}`, of.commands[name]!(state, input, on, ctx))
  if (decision.kind === 'refuse')
    return { outcome: { status: 'refused', refusal: decision.refusal }, next: state, payload: null }
  const events = encodeEvents(decision.events)
  const next = applyEvents(of.id, of.events, state, events.decoded)
  const outcome = { status: 'ok', value: decision.answer?.(next) } as const
  if (decision.events.length === 0) return { outcome, next, payload: null }
  const payload = encodeEntryOf(ctx.at, of.version, events)
  if (payload.length > durableLimits.entryBytes)
    throw new CodecError(
      `the events of one command take ${payload.length} bytes, more than ${durableLimits.entryBytes}`,
    )
  return { outcome, next, payload }
}
