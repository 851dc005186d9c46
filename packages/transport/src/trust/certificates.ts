import type { PeerCertificate, TLSSocket } from 'node:tls'
import { certificateId } from './frames.js'
import type { ProvenLevel } from './frames.js'
import type { Refusal } from './refusals.js'

/** PEM texts. Who comes with a certificate of the CA is let in, at the level that its name says. */
export interface Certificates {
  readonly ca: string
  /** Of this peer: its subject alternative name has the URI `tanist:APP:member` (or `tanist:APP:trusted`, for clients). */
  readonly cert: string
  readonly key: string
}

/** What the certificate of the other side shows. */
export type CertifiedAs =
  | { readonly kind: 'level'; readonly level: ProvenLevel }
  | { readonly kind: 'none' }
  | { readonly kind: 'problem'; readonly refusal: Refusal }

/** Both sides let TLS finish whatever the certificate is, and judge it here: so both can be told in a sentence. */
export function certifiedAs(socket: TLSSocket, app: string, remote: string): CertifiedAs {
  const certificate = socket.getPeerCertificate()
  if (Object.keys(certificate).length === 0) return { kind: 'none' }
  if (!socket.authorized) {
    // An error in the types, a text of OpenSSL at runtime.
    return problem('secret', remote, reason(String(socket.authorizationError), certificate))
  }
  const names = uris(certificate)
  for (const level of ['member', 'trusted'] as const) {
    if (names.includes(`tanist:${encodeURIComponent(app)}:${level}`)) return { kind: 'level', level }
  }
  const wanted = `tanist:${encodeURIComponent(app)}:member`
  const has = names.length === 0 ? 'no URI' : names.map((name) => `"${name.slice(0, 100)}"`).join(', ')
  return problem('application', remote, `names ${has}, where "${wanted}" was expected`)
}

function uris({ subjectaltname = '' }: PeerCertificate): string[] {
  // Names that hold a comma are quoted by Node, and none of ours does: encodeURIComponent leaves no comma.
  return subjectaltname
    .split(', ')
    .flatMap((name) => (name.startsWith('URI:') ? [name.slice('URI:'.length)] : []))
}

function reason(code: string, { valid_to, valid_from }: PeerCertificate): string {
  if (code.includes('CERT_HAS_EXPIRED')) return `expired on ${valid_to}`
  if (code.includes('CERT_NOT_YET_VALID')) return `is valid only from ${valid_from}`
  return `is not of the CA that is trusted here (${code})`
}

function problem(code: 'secret' | 'application', remote: string, what: string): CertifiedAs {
  return {
    kind: 'problem',
    refusal: {
      code,
      text: `The certificate of the peer at ${remote} ${what}.`,
      told: `Your certificate ${what}.`,
    },
  }
}

/** With certificates the channel itself has proved both sides; the handshake binds level and versions to it. */
export const certificateKey: { readonly keyId: string; readonly key: Uint8Array } = {
  keyId: certificateId,
  key: new Uint8Array(32),
}
