/**
 * Signs texts with the token key of a secret; given by the host of `join`. `used` names the key of new tokens; `mac` is
 * null for a key that is not accepted.
 */
export interface TokenKeys {
  readonly used: string
  mac(keyId: string, text: string): string | null
}

export interface TokenRequest {
  /** Whom its bearer speaks for: 1 to 256 characters. Default: nobody. */
  readonly user?: string
  /** `trusted` lets whoever has it do what trusted clients may. Default `stray`. */
  readonly level?: 'trusted' | 'stray'
  /** How long it counts, by the clocks of the members: 1 s to 400 days. */
  readonly ttlMs: number
}

export interface TokenContent {
  readonly keyId: string
  readonly user: string | null
  readonly level: 'trusted' | 'stray'
  /** Milliseconds since 1970. */
  readonly untilMs: number
}

const LONGEST_MS = 400 * 86_400_000
const USER_CHARS = 256
/** Members' clocks differ: so much longer it counts. */
const SKEW_MS = 5_000

/** `tanist1.KEYID.UNTIL.LEVEL.USER.MAC`; who holds the token key of that secret takes it. */
export function signToken(keys: TokenKeys, request: TokenRequest, nowMs: number): string {
  const { user, level = 'stray', ttlMs } = request
  if (user !== undefined && !isUser(user))
    throw new TypeError(`operate.token: 'user' must be a text of 1 to ${USER_CHARS} characters.`)
  if (level !== 'stray' && level !== 'trusted')
    throw new TypeError("operate.token: 'level' must be 'stray' or 'trusted'.")
  if (!(Number.isFinite(ttlMs) && ttlMs >= 1_000 && ttlMs <= LONGEST_MS))
    throw new RangeError(
      `operate.token: 'ttlMs' must be a number of milliseconds from 1,000 to ${LONGEST_MS}.`,
    )
  const parts = [keys.used, Math.floor(nowMs + ttlMs).toString(36), level === 'trusted' ? 't' : 's']
  const text = ['tanist1', ...parts, encodeURIComponent(user ?? '').replaceAll('.', '%2E')].join('.')
  const mac = keys.mac(keys.used, text)
  if (mac === null) throw new Error('operate.token: this peer has no secret to make tokens with.')
  return `${text}.${mac}`
}

export type TokenCheck =
  | { readonly ok: true; readonly token: TokenContent }
  | { readonly ok: false; readonly text: string }

export function checkToken(keys: TokenKeys, token: string, nowMs: number): TokenCheck {
  const parts = token.split('.')
  const [magic, keyId = '', until = '', level, user = '', mac = ''] = parts
  const malformed = magic !== 'tanist1' || parts.length !== 6 || !/^[\da-z]{1,11}$/.test(until)
  if (malformed || !(level === 't' || level === 's')) return no('This is no token of this application.')
  const expected = keys.mac(keyId, parts.slice(0, 5).join('.'))
  if (expected === null)
    return no('The token was made with a secret that is not accepted here (any more); ask for a new one.')
  if (!isSame(mac, expected))
    return no('The token was altered, or made with another secret; ask for a new one.')
  const untilMs = Number.parseInt(until, 36)
  if (nowMs > untilMs + SKEW_MS) return no('The token has expired; ask for a new one.')
  return {
    ok: true,
    token: {
      keyId,
      user: user === '' ? null : decodeURIComponent(user),
      level: level === 't' ? 'trusted' : 'stray',
      untilMs: untilMs + SKEW_MS,
    },
  }
}

const no = (text: string): TokenCheck => ({ ok: false, text })

/** Takes as long whatever differs. */
function isSame(a: string, b: string): boolean {
  let differs = a.length ^ b.length
  for (let at = 0; at < b.length; at++) differs |= a.charCodeAt(at) ^ b.charCodeAt(at)
  return differs === 0
}

function isUser(user: unknown): boolean {
  // Half a character cannot be written into a token.
  return typeof user === 'string' && user !== '' && user.length <= USER_CHARS && !/\p{Surrogate}/u.test(user)
}
