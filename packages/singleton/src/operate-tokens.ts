import type { Clock } from '@tanist/core'
import { signToken } from './gateway/index.js'
import type { TokenKeys, TokenRequest } from './gateway/index.js'

export interface OperateTokens {
  /**
   * A text that says for whom its bearer speaks, for `connect({ token })` and for HTTP's `Authorization: Bearer`. Every
   * member that has the secret used here takes it until it has run out; whoever has it can use it, so hand it out by TLS.
   * Throws a `TypeError` or `RangeError` that names what is allowed.
   *
   * @example
   * const token = peer.operate.token({ user: 'ann', level: 'stray', ttlMs: 3_600_000 })
   */
  token(request: TokenRequest): string
}

export function operateTokens(keys: TokenKeys, clock: Clock): OperateTokens {
  return { token: (request) => signToken(keys, request, clock.now().wallMs) }
}
