import { fromEncoded } from '@tanist/core'
import { parseCommandId } from '../role/index.js'
import type { AnyRole, CallOutcome, Failed } from '../role/index.js'
import type { Speaker } from './authenticate.js'
import { BODY_BYTES, DEADLINE_MAX_MS, DEADLINE_MS } from './http-limits.js'
import { problem, problemWith } from './http-parts.js'
import type { GatewayPeer } from './http-parts.js'
import { sessionOf } from './session.js'
import type { StraySessions } from './stray-sessions.js'
import type { HttpAnswer, HttpAsked } from './types.js'
import { inputOf, valueIn } from './values.js'

export interface HttpCall {
  readonly asked: HttpAsked
  readonly peer: GatewayPeer
  readonly role: AnyRole
  readonly command: string
  readonly speaker: Speaker & { readonly ok: true }
  readonly sessions: StraySessions
  readonly nowMs: number
}

/** `POST /roles/ROLE/COMMAND`: the command runs at the server, wherever that is. */
export async function answerCall(call: HttpCall): Promise<HttpAnswer> {
  const { asked, peer, role, command, speaker, sessions, nowMs } = call
  const { level, user } = speaker
  if (level === 'stray' && !(role.open ?? []).includes(command))
    return problem(403, `${role.name}.${command} is not open without a token for trusted callers.`)
  const deadlineMs = deadlineOf(asked)
  if (deadlineMs === null)
    return problem(400, `Tanist-Deadline is a whole number of milliseconds from 1 to ${DEADLINE_MAX_MS}.`)
  const told = asked.headers['tanist-id']
  const id = typeof told === 'string' ? parseCommandId(told) : undefined
  if (told !== undefined && id === undefined)
    return problem(
      400,
      'Tanist-Id has the form SESSION:SEQ, with SEQ counting from 1, at most 200 characters, and SESSION not beginning with ~ or !.',
    )
  const input = await inputOf(asked, BODY_BYTES[level])
  if (!input.ok) return problem(input.status, input.text)
  const session = id === undefined ? null : sessionOf(level, id.session)
  if (session !== null && level === 'stray' && !sessions.admits(session, nowMs))
    return problemWith(429, 'Too many new sessions; ask again later, or without Tanist-Id.', {
      'retry-after': '5',
    })
  const outcome = await new Promise<CallOutcome>((resolve) => {
    const cancel = peer.call(
      {
        role: role.name,
        command,
        input: input.input,
        level,
        deadlineMs,
        ...(user !== null && { user }),
        ...(id !== undefined && session !== null && { id: { session, seq: id.seq } }),
      },
      resolve,
    )
    if (asked.signal.aborted) cancel()
    else asked.signal.addEventListener('abort', cancel, { once: true })
  })
  return answerOf(outcome, asked, typeof told === 'string' ? told : null)
}

/** Null: not allowed. */
export function deadlineOf({ headers }: HttpAsked): number | null {
  const told = headers['tanist-deadline']
  if (told === undefined) return DEADLINE_MS
  const ms = typeof told === 'string' && /^\d{1,6}$/.test(told) ? Number(told) : 0
  return ms >= 1 && ms <= DEADLINE_MAX_MS ? ms : null
}

function answerOf(outcome: CallOutcome, asked: HttpAsked, id: string | null): HttpAnswer {
  if (outcome.status === 'unavailable') {
    const { executed, reason, since } = outcome
    const hint =
      executed === 'unknown' && id === null
        ? ' It cannot be asked again; send a Tanist-Id to be able to.'
        : ''
    return unavailable(executed, `${reason}${hint}`, since, id)
  }
  const { term, index } = outcome
  if (outcome.status === 'ok')
    return { status: 200, body: { ok: true, ...valueIn('value', outcome.value, asked), term, index } }
  const failed = failedIn(fromEncoded(outcome.refusal))
  if (failed === null)
    return { status: 409, body: { ok: false, ...valueIn('refused', outcome.refusal, asked), term, index } }
  const { reason, text, reference, issues } = failed
  const more = { reason, reference, ...(issues !== undefined && { issues }) }
  return problem(STATUS_OF[reason] ?? 500, text, more)
}

export function unavailable(
  executed: 'no' | 'unknown',
  reason: string,
  since: number,
  id: string | null,
  elsewhere: readonly string[] = [],
): HttpAnswer {
  const [first] = elsewhere
  const headers = { 'retry-after': '1', ...(first !== undefined && { location: first }) }
  const more = { unavailable: reason, executed, id, since, ...(first !== undefined && { elsewhere }) }
  return problemWith(503, reason, headers, more)
}

const STATUS_OF: Readonly<Record<Failed['reason'], number>> = {
  threw: 500,
  unknown: 404,
  'role-failed': 503,
  invalid: 400,
  'not-open': 403,
  'too-large': 413,
  quarantined: 409,
  'not-yet': 409,
  'bad-id': 409,
  crowded: 429,
}

function failedIn(refusal: unknown): Failed | null {
  if (typeof refusal !== 'object' || refusal === null) return null
  const { code, reason, reference } = refusal as Readonly<Record<string, unknown>>
  const is = code === 'failed' && typeof reference === 'string' && typeof reason === 'string'
  // An application that refuses in the same words means the same.
  return is ? (refusal as Failed) : null
}
