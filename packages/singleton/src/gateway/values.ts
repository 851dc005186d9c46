import { CodecError, fromEncoded, toEncoded } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import type { HttpAsked } from './types.js'

/**
 * The content type of bodies that are an envelope of core's codec: `{ "v": plain JSON }`, or `{ "s": superjson }` for
 * Map, Set, Date, bigint and whatever else JSON lacks.
 */
export const ENVELOPE_TYPE = 'application/vnd.tanist+json'

export type Input =
  | { readonly ok: true; readonly input: Encoded }
  | { readonly ok: false; readonly status: 400 | 408 | 413 | 415; readonly text: string }

/** What a command is given, from the body of a request. */
export async function inputOf(asked: HttpAsked, limitBytes: number): Promise<Input> {
  const given = asked.headers['content-type']
  const type = (typeof given === 'string' ? given : '').split(';')[0]?.trim().toLowerCase() ?? ''
  // Forms and plain text are what a page of another site may send without being asked.
  if (type !== '' && type !== 'application/json' && type !== ENVELOPE_TYPE) {
    const text = `The body is "${type}"; send the input as application/json, or as ${ENVELOPE_TYPE} in the codec's envelope.`
    return { ok: false, status: 415, text }
  }
  const body = await asked.body(limitBytes)
  if (!body.ok) return body
  if (body.value === undefined) return { ok: true, input: null }
  if (type === '') {
    const text = 'The body has no content type; send the input as application/json.'
    return { ok: false, status: 415, text }
  }
  try {
    if (type === ENVELOPE_TYPE) {
      fromEncoded(body.value)
      return { ok: true, input: body.value }
    }
    const input = toEncoded(body.value)
    if (isPlain(input)) return { ok: true, input }
    return { ok: false, status: 400, text: 'The body has a number that is out of range, or -0.' }
  } catch (error) {
    const why = error instanceof CodecError ? error.message : 'it is no envelope of the codec'
    return { ok: false, status: 400, text: `The body cannot be taken: ${why}.` }
  }
}

/**
 * A value in an answer: as `name` when JSON carries it exactly, else, or when the caller asks for it by `Accept`, as
 * `encoded`, in the envelope. Of `undefined` neither is there.
 */
export function valueIn(
  name: 'value' | 'refused' | 'state',
  encoded: Encoded,
  asked: HttpAsked,
): Readonly<Record<string, unknown>> {
  if (encoded === null || encoded === undefined) return {}
  if (isPlain(encoded) && !wantsEnvelope(asked)) return { [name]: encoded.v }
  return { encoded }
}

function wantsEnvelope({ headers }: HttpAsked): boolean {
  const accept = headers['accept']
  return typeof accept === 'string' && accept.toLowerCase().includes(ENVELOPE_TYPE)
}

function isPlain(encoded: Encoded): encoded is { readonly v: unknown } {
  return typeof encoded === 'object' && encoded !== null && 'v' in encoded
}
