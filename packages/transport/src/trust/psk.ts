import { constants } from 'node:crypto'
import { identityNameBytes } from '../limits.js'
import { protocolVersion } from './frames.js'
import type { Card, ProvenLevel } from './frames.js'

/*
 * External pre-shared keys of TLS 1.3 (RFC 8446, 4.2.11). The identity goes over the wire in the clear, so that a
 * listener can say what does not fit: version, level, key and application, as `2:m:8f00b204:shop`.
 */

/**
 * No version but 1.3, the suite of AES in hardware, no session that could be taken up again without the key, and
 * X25519 in every handshake, so that who learns the secret later cannot read what was said before.
 */
export const tlsOptions: {
  readonly minVersion: 'TLSv1.3'
  readonly maxVersion: 'TLSv1.3'
  readonly ciphers: string
  readonly ecdhCurve: string
  readonly secureOptions: number
} = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ecdhCurve: 'X25519',
  secureOptions: constants.SSL_OP_NO_TICKET,
}

/** What keying material of a channel is exported for. */
export const exporterLabel = 'EXPORTER-tanist-link'

const letters = { member: 'm', trusted: 't' } as const

export function writeIdentity({ app, level, keyId }: Card): string {
  return `${protocolVersion}:${letters[level]}:${keyId}:${cutName(app)}`
}

export type Identity =
  /** The application's name may be cut: compare with `cutName`. */
  ({ readonly kind: 'card' } & Card) | { readonly kind: 'other-version'; readonly version: number }

export function readIdentity(text: string): Identity | undefined {
  const parts = /^(\d{1,4}):([mt]):([0-9a-f]{8}):(.*)$/s.exec(text)
  if (parts === null) {
    const version = Number(/^(\d{1,4}):/.exec(text)?.[1] ?? protocolVersion)
    return version === protocolVersion ? undefined : { kind: 'other-version', version }
  }
  const [, version, letter, keyId = '', app = ''] = parts
  if (Number(version) !== protocolVersion) return { kind: 'other-version', version: Number(version) }
  const level: ProvenLevel = letter === 'm' ? 'member' : 'trusted'
  return { kind: 'card', app, level, keyId }
}

/** At a whole character, so that it fits into an identity. */
export function cutName(app: string): string {
  const bytes = Buffer.from(app)
  let end = Math.min(bytes.length, identityNameBytes)
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end).toString()
}
