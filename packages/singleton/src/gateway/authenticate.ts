import type { Log } from '@tanist/core'
import { checkToken } from './tokens.js'
import type { TokenKeys } from './tokens.js'
import type { Authenticate, Headers } from './types.js'

export interface Asked {
  readonly token: string | null
  /** As the link proved it. */
  readonly level: 'trusted' | 'stray'
  readonly layer: string
  readonly headers: Headers | null
}

/** For whom somebody speaks. */
export type Speaker =
  | {
      readonly ok: true
      readonly user: string | null
      readonly level: 'trusted' | 'stray'
      /** A token of the cluster gave it: with this key, until then (milliseconds since 1970). */
      readonly by: { readonly keyId: string; readonly untilMs: number } | null
    }
  | { readonly ok: false; readonly text: string }

const USER_CHARS = 256

/** Asks the application, or, where it has no say, the tokens of `operate.token`. */
export class Speakers {
  readonly #authenticate: Authenticate | null
  readonly #keys: TokenKeys
  readonly #log: Log

  constructor(authenticate: Authenticate | null, keys: TokenKeys, log: Log) {
    this.#authenticate = authenticate
    this.#keys = keys
    this.#log = log
  }

  /** At once where the application is not asked, or answers at once. `nowMs`: of the wall clock. */
  of(asked: Asked, nowMs: number, done: (speaker: Speaker) => void): void {
    if (this.#authenticate === null) return done(this.#byToken(asked, nowMs))
    const said = this.#ask(asked)
    if (said instanceof Promise) void this.#later(said, asked, done)
    else done(said)
  }

  #ask(asked: Asked): Speaker | Promise<unknown> {
    try {
      const said = this.#authenticate?.(asked) ?? null
      return said instanceof Promise ? said : asSpeaker(said, asked)
    } catch (error) {
      return this.#failed(error)
    }
  }

  async #later(said: Promise<unknown>, asked: Asked, done: (speaker: Speaker) => void): Promise<void> {
    const speaker = await said.then(
      (value) => asSpeaker(value, asked),
      (error: unknown) => this.#failed(error),
    )
    done(speaker)
  }

  #byToken({ token, level }: Asked, nowMs: number): Speaker {
    if (token === null) return { ok: true, user: null, level, by: null }
    const checked = checkToken(this.#keys, token, nowMs)
    if (!checked.ok) return checked
    const { user, level: given, keyId, untilMs } = checked.token
    const higher = level === 'trusted' || given === 'trusted' ? 'trusted' : 'stray'
    return { ok: true, user, level: higher, by: { keyId, untilMs } }
  }

  #failed(error: unknown): Speaker {
    this.#log.write('error', 'authenticate-failed', `The option authenticate failed: ${String(error)}`, {})
    return { ok: false, text: 'This member could not check the token; ask again.' }
  }
}

/** What the application says is taken as it is meant, or not at all. */
function asSpeaker(said: unknown, { level }: Asked): Speaker {
  if (typeof said !== 'object' || said === null) return { ok: false, text: 'The token is not accepted.' }
  const { user, level: given = level } = said as Readonly<Record<string, unknown>>
  const isUser = user === undefined || (typeof user === 'string' && user !== '' && user.length <= USER_CHARS)
  if (!isUser || (given !== 'trusted' && given !== 'stray'))
    return { ok: false, text: 'This member could not check the token: its check gave no user and level.' }
  return { ok: true, user: user ?? null, level: given, by: null }
}
