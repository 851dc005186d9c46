import { createHmac, timingSafeEqual } from 'node:crypto'
import { protocolVersion } from './frames.js'
import type { ProvenLevel } from './frames.js'

export type Side = 'dialler' | 'listener'

/**
 * What both sides know when they prove. The prover's side is part of it, so no proof can be sent back; both nonces, so
 * none can be replayed; and keying material of the TLS channel, so none can be relayed through another channel.
 */
export interface Transcript {
  readonly app: string
  readonly level: ProvenLevel
  readonly keyId: string
  readonly diallerNonce: string
  readonly listenerNonce: string
  /** Of the channel below (RFC 8446, 7.5), as hexadecimal digits. */
  readonly exporter: string
}

export function prove(key: Uint8Array, side: Side, transcript: Transcript): string {
  const { app, level, keyId, diallerNonce, listenerNonce, exporter } = transcript
  return createHmac('sha256', key)
    .update(JSON.stringify([protocolVersion, side, level, keyId, diallerNonce, listenerNonce, exporter, app]))
    .digest('hex')
}

export function isProof(key: Uint8Array, side: Side, transcript: Transcript, proof: string): boolean {
  return timingSafeEqual(Buffer.from(prove(key, side, transcript)), Buffer.from(proof))
}
