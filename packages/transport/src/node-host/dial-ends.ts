import type { IncomingMessage } from 'node:http'
import type { Address, LinkEnd } from '@tanist/core'
import { isRejectCode, plain, refusedBy } from '../trust/index.js'

const ends: Readonly<Record<string, LinkEnd>> = {
  ECONNREFUSED: { kind: 'refused' },
  ECONNRESET: { kind: 'reset' },
  EPIPE: { kind: 'reset' },
  ETIMEDOUT: { kind: 'timeout' },
}

export function endFromError(error: NodeJS.ErrnoException, address: Address): LinkEnd {
  const known = ends[error.code ?? '']
  if (known !== undefined) return known
  // Other codes of the system, and of a name that is not found, come from this side of the wire.
  return error.syscall === undefined ? noPeer(address, error.message) : { kind: 'unreachable' }
}

/** The two did not agree in TLS, as against a connection that failed. */
export function isOfTls({ code = '', syscall }: NodeJS.ErrnoException): boolean {
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return true
  // Certificates have codes of OpenSSL's own: where one was shown, no key was used.
  return syscall === undefined && /CERT|SIGNATURE|ISSUER/.test(code)
}

export function endFromRefusal({ statusCode = 0, headers }: IncomingMessage, address: Address): LinkEnd {
  const [code, ...words] = String(headers['tanist-reject'] ?? '').split(' ')
  if (isRejectCode(code)) {
    return { kind: 'rejected', code, text: refusedBy(address, code, plain(decoded(words.join(' ')))) }
  }
  if (statusCode !== 503) return noPeer(address, `it answered with HTTP status ${statusCode}`)
  const text = `The peer at ${address} has too many callers that have not proved themselves; try again later.`
  return { kind: 'rejected', code: 'limit', text }
}

export function noPeer(address: Address, what: string): LinkEnd {
  const text = `What listens at ${address} is no Tanist peer: ${what}.`
  return { kind: 'rejected', code: 'protocol', text }
}

function decoded(words: string): string {
  try {
    return decodeURIComponent(words)
  } catch {
    return ''
  }
}
