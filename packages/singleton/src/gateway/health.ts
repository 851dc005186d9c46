import type { WaitCode } from '../peer/index.js'
import type { GatewayPeer } from './http-parts.js'
import type { HttpAnswer } from './types.js'

/** With these a peer still answers its callers as well as anybody could. */
const WELL: ReadonlySet<WaitCode> = new Set(['never-serves', 'hand-over', 'reign-begins', 'yield'])

/**
 * Ready: it belongs to its cluster, somebody serves, and this peer follows. Whoever balances load asks this one; a peer
 * that is not ready is not to be killed for it. `/health/live` says only that the process answers.
 */
export function healthOf(peer: GatewayPeer | null, isStopping: boolean): HttpAnswer {
  if (isStopping || peer?.over === true) return unwell('stopping', 'This peer is stopping.')
  if (peer === null) return unwell('starting', 'This peer is starting.')
  const { role, waiting, server } = peer.status()
  if (!peer.joined) return unwell('joining', waiting?.text ?? 'Looking for its cluster.')
  if (waiting !== null && !WELL.has(waiting.code)) return unwell('waiting', waiting.text)
  if (server === null) return unwell('waiting', 'Nobody serves yet.')
  return { status: 200, body: { ok: true, state: role === 'leader' ? 'serving' : 'following' } }
}

function unwell(state: string, waitingFor: string): HttpAnswer {
  return { status: 503, body: { ok: false, state, waitingFor }, headers: { 'retry-after': '1' } }
}
