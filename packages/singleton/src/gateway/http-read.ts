import { CodecError, STATE_LIMITS, toEncoded } from '@tanist/core'
import type { ReadOutcome } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import type { Speaker } from './authenticate.js'
import { deadlineOf, unavailable } from './http-call.js'
import { ANSWER_BYTES, DEADLINE_MAX_MS } from './http-limits.js'
import { problem } from './http-parts.js'
import type { GatewayPeer } from './http-parts.js'
import { isSurelyLonger } from './json-size.js'
import { isReadable } from './manifest.js'
import type { HttpAnswer, HttpAsked } from './types.js'
import { ENVELOPE_TYPE, valueIn } from './values.js'

type StateSaid = { readonly text: string } | { readonly fault: string }

/** What was said of the last state that was asked for: many ask for the same one. By role and form. */
export type StateTexts = Map<string, { readonly state: unknown; readonly said: StateSaid }>

export interface HttpRead {
  readonly asked: HttpAsked
  readonly peer: GatewayPeer
  readonly role: AnyRole
  readonly speaker: Speaker & { readonly ok: true }
  readonly texts: StateTexts
  readonly nowMs: number
}

/** `GET /roles/ROLE?consistency=local&maxStaleMs=1000`: the state, as `peer.read` gives it. */
export async function answerRead(read: HttpRead): Promise<HttpAnswer> {
  const { asked, peer, role, speaker, nowMs } = read
  if (speaker.level === 'stray' && !isReadable(role))
    return problem(403, `The state of ${role.name} is not open without a token for trusted callers.`)
  const deadlineMs = deadlineOf(asked)
  const how = howOf(asked.query)
  if (deadlineMs === null)
    return problem(400, `Tanist-Deadline is a whole number of milliseconds from 1 to ${DEADLINE_MAX_MS}.`)
  if (typeof how === 'string') return problem(400, how)
  if (!how.isLocal || how.maxStaleMs !== null) {
    const outcome = await new Promise<ReadOutcome>((resolve) =>
      peer.read(role.name, deadlineMs, resolve, how.maxStaleMs),
    )
    if (outcome.status !== 'ok') return unavailable('no', why(peer, role.name) ?? outcome.reason, nowMs, null)
  }
  const failure = why(peer, role.name)
  return failure === null ? stateOf(read) : unavailable('no', failure, nowMs, null)
}

function why(peer: GatewayPeer, role: string): string | null {
  return peer.roles.failure(role) ?? null
}

function stateOf({ asked, peer, role, texts }: HttpRead): HttpAnswer {
  const state = peer.roles.state(role.name)
  const key = `${role.name} ${String(asked.headers['accept']).includes(ENVELOPE_TYPE)}`
  const kept = texts.get(key)
  const said = kept !== undefined && kept.state === state ? kept.said : written(role.name, state, asked)
  texts.set(key, { state, said })
  if ('fault' in said) return problem(500, said.fault)
  return { status: 200, text: { type: 'application/json; charset=utf-8', content: said.text } }
}

/** Costs as little as it can where a state is too large: nothing else runs meanwhile. */
function written(role: string, state: unknown, asked: HttpAsked): StateSaid {
  const fault = `The state of ${role} has more than ${ANSWER_BYTES} bytes as JSON; use a client.`
  if (isSurelyLonger(state, ANSWER_BYTES)) return { fault }
  try {
    const text = JSON.stringify({ ok: true, ...valueIn('state', toEncoded(state, STATE_LIMITS), asked) })
    return bytesOf(text) > ANSWER_BYTES ? { fault } : { text }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    return { fault: `The state of ${role} cannot be read by HTTP: ${error.message}.` }
  }
}

/** In UTF-8, as far as that matters here. */
function bytesOf(text: string): number {
  return text.length * 3 <= ANSWER_BYTES || text.length > ANSWER_BYTES
    ? text.length
    : new TextEncoder().encode(text).length
}

interface How {
  readonly isLocal: boolean
  readonly maxStaleMs: number | null
}

function howOf(query: string): How | string {
  const asked = new URLSearchParams(query)
  const consistency = asked.get('consistency') ?? 'linearizable'
  const stale = asked.get('maxStaleMs')
  if (consistency !== 'linearizable' && consistency !== 'local')
    return "The parameter consistency is 'linearizable' (default) or 'local'."
  if (stale === null) return { isLocal: consistency === 'local', maxStaleMs: null }
  if (consistency !== 'local' || !/^\d{1,9}$/.test(stale))
    return 'The parameter maxStaleMs is a whole number of milliseconds, with consistency=local.'
  return { isLocal: true, maxStaleMs: Number(stale) }
}
