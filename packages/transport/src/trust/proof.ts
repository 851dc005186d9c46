import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { protocolVersion } from './frames.js'

export type Side = 'dialler' | 'listener'

/** The key of members of one application, derived from its secret (HKDF, RFC 5869). */
export function memberKey(secret: string, app: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'tanist v1 member', app, 32))
}

/** What both sides know when they prove; the prover's side is part of it, so no proof can be sent back. */
export interface Transcript {
  readonly app: string
  readonly diallerNonce: string
  readonly listenerNonce: string
}

export function prove(key: Uint8Array, side: Side, transcript: Transcript): string {
  const { app, diallerNonce, listenerNonce } = transcript
  return createHmac('sha256', key)
    .update(JSON.stringify([protocolVersion, side, diallerNonce, listenerNonce, app]))
    .digest('hex')
}

export function isProof(key: Uint8Array, side: Side, transcript: Transcript, proof: string): boolean {
  return timingSafeEqual(Buffer.from(prove(key, side, transcript)), Buffer.from(proof))
}
