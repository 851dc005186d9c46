import { fromEncoded, toEncodedCopy } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import type { CallOutcome, CommandId } from './messages.js'
import { Refused, Unavailable } from './outcome-errors.js'
import { isReserved } from './reserved.js'
import type { AnyRole, Call, CallOptions, Outcome, Proxy, Role } from './types.js'

/** Hands a call to whoever runs the caller's machine. Must settle once, and reject only when that is broken. */
export type Submit = (request: SubmitRequest) => Promise<CallOutcome>

export interface SubmitRequest {
  readonly role: string
  readonly command: string
  readonly input: Encoded
  readonly id?: CommandId
  readonly signal?: AbortSignal
  readonly deadlineMs?: number
  readonly user?: string
}

/** Characters in the name of a user. */
const USER_MAX = 256

/**
 * The typed face of a role for callers: one function a command, which submits a call. A call promises its
 * outcome and never rejects because of it; `.value()` gives the reply alone, or throws `Refused` or
 * `Unavailable`. What is wrong in the program itself (an input that cannot be encoded, a malformed id) is
 * thrown at once, and nothing is submitted.
 */
export function proxy<S, E, C>(role: Role<S, E, C> & AnyRole, submit: Submit): Proxy<C> {
  const calls: Record<string, (input?: unknown, options?: CallOptions) => Call<unknown>> = {}
  for (const command of Object.keys(role.commands)) {
    const place = `${role.name}.${command}`
    calls[command] = (input, options) => {
      const bare = { role: role.name, command, input: toEncodedCopy(input) }
      const request = options === undefined ? bare : { ...bare, ...checked(place, options) }
      return asCall(place, submit(request).then(decoded))
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one function for each command, as Proxy says
  return Object.freeze(calls) as unknown as Proxy<C>
}

/**
 * Parses `SESSION:SEQ`; the session may contain colons, and must not begin with `~` or `!`, which the framework uses.
 * Undefined when it is not of that form.
 */
export function parseCommandId(text: string): CommandId | undefined {
  const colon = text.lastIndexOf(':')
  const session = text.slice(0, Math.max(colon, 0))
  const digits = text.slice(colon + 1)
  const seq = Number(digits)
  if (
    session === '' ||
    isReserved(session) ||
    text.length > 200 ||
    !/^[1-9]\d*$/.test(digits) ||
    !Number.isSafeInteger(seq)
  )
    return undefined
  return { session, seq }
}

function checked(
  place: string,
  { id, signal, deadlineMs, user }: CallOptions,
): Pick<SubmitRequest, 'id' | 'signal' | 'deadlineMs' | 'user'> {
  if (user !== undefined && (typeof user !== 'string' || user === '' || user.length > USER_MAX)) {
    throw new TypeError(`${place}: 'user' must be a text of 1 to ${USER_MAX} characters.`)
  }
  const parsed = id === undefined ? undefined : parseCommandId(id)
  if (id !== undefined && parsed === undefined) {
    throw new TypeError(
      `${place}: the id ${JSON.stringify(id)} is not of the form 'CLIENT:SEQ', with SEQ counting from 1, at most 200 characters, and CLIENT not beginning with ~ or !.`,
    )
  }
  if (deadlineMs !== undefined && !(Number.isFinite(deadlineMs) && deadlineMs >= 0)) {
    throw new RangeError(`${place}: deadlineMs must be a number of milliseconds, 0 or more.`)
  }
  return {
    ...(parsed === undefined ? {} : { id: parsed }),
    ...(signal === undefined ? {} : { signal }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(user === undefined ? {} : { user }),
  }
}

type AnyOutcome =
  | Outcome<unknown>
  | { readonly status: 'ok'; readonly value: unknown; readonly term: number; readonly index: number }
  | { readonly status: 'refused'; readonly refusal: unknown; readonly term: number; readonly index: number }

function decoded(outcome: CallOutcome): AnyOutcome {
  switch (outcome.status) {
    case 'ok': {
      const { value, term, index } = outcome
      return { status: 'ok', value: fromEncoded(value), term, index }
    }
    case 'refused': {
      const { refusal, term, index } = outcome
      return { status: 'refused', refusal: fromEncoded(refusal), term, index }
    }
    case 'unavailable':
      return outcome
  }
}

function asCall(place: string, outcome: Promise<AnyOutcome>): Call<unknown> {
  const value = async (): Promise<unknown> => {
    const out = await outcome
    if (out.status === 'ok') return out.value
    if (out.status === 'refused') throw new Refused(place, out.refusal)
    throw new Unavailable(place, out)
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the outcome's type is that of the command called
  const call = outcome as unknown as { value: () => Promise<unknown> }
  call.value = value
  return call as Call<unknown>
}
