import { createHmac } from 'node:crypto'
import type { KeyRing } from './key-ring.js'

/** Signs texts with the token keys of a ring: with the one in use, and to compare with any that is accepted. */
export interface TokenMacs {
  readonly used: string
  /** 32 bytes as base64url; null for a key that is not accepted. */
  mac(keyId: string, text: string): string | null
}

/** None with the key of the empty secret: everybody could make such a token. */
export function tokenKeys(ring: KeyRing): TokenMacs {
  const everybodys = ring.open ? ring.used.id : null
  return {
    get used() {
      return ring.used.id
    },
    mac: (keyId, text) => {
      const keys = keyId === everybodys ? undefined : ring.get(keyId)
      return keys === undefined ? null : createHmac('sha256', keys.token).update(text).digest('base64url')
    },
  }
}
