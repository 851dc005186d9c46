import { createServer } from 'node:tls'
import type { Server, TLSSocket } from 'node:tls'
import { tlsLimitMs } from '../limits.js'
import { certificateKey, certifiedAs } from './certificates.js'
import type { Certificates } from './certificates.js'
import type { ProvenLevel } from './frames.js'
import type { KeyRing } from './key-ring.js'
import { cutName, readIdentity, tlsOptions } from './psk.js'
import { otherSecret, otherVersion, whyNot } from './refusals.js'
import type { Refusal } from './refusals.js'

/** What a host of one application trusts, and proves itself with. */
export interface Trust {
  readonly app: string
  readonly ring: KeyRing
  /** Instead of the ring, for links. */
  readonly certificates: Certificates | undefined
}

/** What a socket has shown in TLS. Nothing else says that a pre-shared key was used. */
export type Shown =
  | { readonly kind: 'key'; readonly level: ProvenLevel; readonly keyId: string; readonly key: Uint8Array }
  | { readonly kind: 'problem'; readonly refusal: Refusal }
  /** It holds nothing of this cluster, and came by a certificate of this side. */
  | { readonly kind: 'stray' }

/** The side of TLS of one port. It never listens: sockets are handed to `server` as `connection`. */
export interface Door {
  readonly server: Server
  shown(socket: TLSSocket, remote: string): Shown
  /** Why a handshake failed that did not end well; undefined for one that was only cut. */
  whyFailed(socket: TLSSocket, error: NodeJS.ErrnoException, remote: string): Refusal | undefined
}

/** Members and trusted clients by pre-shared key. No certificate here: with one, who has no key would get in. */
export function keyDoor(trust: Trust): Door {
  const shown = new WeakMap<TLSSocket, Shown>()
  const refused = new WeakMap<TLSSocket, (remote: string) => Refusal>()
  const server = createServer({
    ...tlsOptions,
    handshakeTimeout: tlsLimitMs,
    pskCallback: (socket, text) => {
      const identity = readIdentity(text)
      if (identity?.kind === 'other-version') {
        refused.set(socket, (remote) => otherVersion(identity.version, remote))
        return null
      }
      const keys = identity === undefined ? undefined : trust.ring.get(identity.keyId)
      if (identity === undefined || keys === undefined || identity.app !== cutName(trust.app)) {
        refused.set(socket, (remote) => whyNotCard(trust, identity, remote))
        return null
      }
      const key = keys[identity.level]
      shown.set(socket, { kind: 'key', level: identity.level, keyId: keys.id, key })
      return key
    },
  })
  return {
    server,
    shown: (socket) => shown.get(socket) ?? { kind: 'stray' },
    whyFailed: (socket, error, remote) => refused.get(socket)?.(remote) ?? failure(error, remote),
  }
}

function whyNotCard(trust: Trust, identity: ReturnType<typeof readIdentity>, remote: string): Refusal {
  if (identity?.kind !== 'card') return otherSecret(remote)
  const mine = { app: cutName(trust.app), certificates: trust.certificates !== undefined }
  return whyNot(mine, identity, remote)
}

/** With certificates of a CA instead: who shows none is a stray. */
export function certificateDoor(trust: Trust, { ca, cert, key }: Certificates): Door {
  const server = createServer({
    ...tlsOptions,
    handshakeTimeout: tlsLimitMs,
    ca,
    cert,
    key,
    requestCert: true,
    rejectUnauthorized: false,
  })
  return {
    server,
    shown: (socket, remote) => {
      const certified = certifiedAs(socket, trust.app, remote)
      if (certified.kind === 'none') return { kind: 'stray' }
      return certified.kind === 'level'
        ? { kind: 'key', level: certified.level, ...certificateKey }
        : certified
    },
    whyFailed: (_socket, error, remote) => failure(error, remote),
  }
}

/** HTTPS for strays, with an operator's certificate; browsers may bring older versions than ours. */
export function siteDoor({ cert, key }: { readonly cert: string; readonly key: string }): Door {
  return {
    server: createServer({
      minVersion: 'TLSv1.2',
      secureOptions: tlsOptions.secureOptions,
      handshakeTimeout: tlsLimitMs,
      cert,
      key,
    }),
    shown: () => ({ kind: 'stray' }),
    whyFailed: () => undefined,
  }
}

function failure({ code = '', message }: NodeJS.ErrnoException, remote: string): Refusal | undefined {
  if (code === 'ERR_SSL_BINDER_DOES_NOT_VERIFY') return otherSecret(remote)
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    return simple('limit', `The peer at ${remote} did not finish its TLS handshake within ${tlsLimitMs} ms.`)
  }
  // No key at all, or an older TLS: nothing that is a peer of any release.
  if (code.startsWith('ERR_SSL_')) {
    const what = code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')
    return simple('protocol', `What calls from ${remote} brought no key of a cluster to TLS: ${what}.`)
  }
  return message.includes('alert')
    ? simple('secret', `The peer at ${remote} broke the TLS handshake off.`)
    : undefined
}

function simple(code: Refusal['code'], text: string): Refusal {
  return { code, text, told: text }
}
