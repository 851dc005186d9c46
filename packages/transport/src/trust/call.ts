import { connect } from 'node:tls'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { certificateKey, certifiedAs } from './certificates.js'
import type { Trust } from './door.js'
import type { Card, ProvenLevel } from './frames.js'
import { tlsOptions, writeIdentity } from './psk.js'
import { otherSecret } from './refusals.js'
import type { Refusal } from './refusals.js'

/** A TLS connection to a listener, and what this side proves in it. */
export interface Call {
  readonly socket: TLSSocket
  readonly card: Card
  readonly key: Uint8Array
  /** What is wrong with the other side's TLS, once it is secure. */
  readonly problem: () => Refusal | undefined
}

/** Goes on over a connection with the used key of a level, or with this peer's certificate. */
export function callBy(
  trust: Trust,
  level: ProvenLevel,
  to: { readonly host: string; readonly port: number },
  over: Socket,
  remote: string,
): Call {
  const { app, ring, certificates } = trust
  if (certificates !== undefined) {
    const { ca, cert, key } = certificates
    const socket = open(to, over, { ca, cert, key, rejectUnauthorized: false })
    const card = { app, level, keyId: certificateKey.keyId }
    return { socket, card, key: certificateKey.key, problem: () => wrongCertificate(socket, app, remote) }
  }
  const keys = ring.used
  const card = { app, level, keyId: keys.id }
  const psk = keys[level]
  // No CA at all: a listener with a certificate, however good, has not shown that it holds the key.
  const socket = open(to, over, { ca: [], pskCallback: () => ({ psk, identity: writeIdentity(card) }) })
  const problem = (): Refusal | undefined =>
    Object.keys(socket.getPeerCertificate()).length === 0 ? undefined : otherSecret(remote)
  return { socket, card, key: psk, problem }
}

function open(
  to: { readonly host: string; readonly port: number },
  over: Socket,
  options: ConnectionOptions,
): TLSSocket {
  return connect({
    ...tlsOptions,
    ...to,
    socket: over,
    ...options,
    checkServerIdentity: () => undefined,
  })
}

/** A listener for members is a member, whoever asks. */
function wrongCertificate(socket: TLSSocket, app: string, remote: string): Refusal | undefined {
  const certified = certifiedAs(socket, app, remote)
  if (certified.kind === 'problem') return certified.refusal
  if (certified.kind === 'level' && certified.level === 'member') return undefined
  const what = 'is not that of a member'
  return {
    code: 'not-open',
    text: `The certificate of the peer at ${remote} ${what}.`,
    told: `Your certificate ${what}.`,
  }
}
