/** What a request is answered with. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Nobody could answer. `executed: 'unknown'`: ask again with the same id. */
export function unavailable(
  text: string,
  since: number,
  executed: 'no' | 'unknown' = 'no',
  id?: string,
): Answer {
  const again = id === undefined || executed === 'no' ? {} : { id }
  return { status: 503, body: { ok: false, unavailable: text, since, executed, ...again } }
}

export function refused(text: string): Answer {
  return { status: 409, body: { ok: false, refused: text } }
}

/** The request cannot be answered as it is. */
export function wrong(status: 400 | 404 | 405, text: string): Answer {
  return { status, body: { ok: false, error: text } }
}
