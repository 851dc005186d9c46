import { randomBytes } from 'node:crypto'
import type { Address, LinkEnd } from '@tanist/core'
import { WebSocket } from 'ws'
import { helloFrame, parseFrame, refusedBy } from '../trust/index.js'
import type { Card } from '../trust/index.js'
import { formatAddress } from './address.js'
import type { Endpoint } from './address.js'
import { endFromRefusal, noPeer } from './dial-ends.js'
import { explainPath, wireOptions } from './wire.js'

/**
 * After TLS has failed: says in the clear who this is, and hears why it is not wanted. Both sides then know the reason,
 * also when the other one is of a release that knows no TLS. What comes is only ever a sentence; `done` is called once,
 * never inside of this call, unless the result is called first, which gives up.
 */
export function askWhy(
  endpoint: Endpoint,
  card: Card,
  address: Address,
  failed: NodeJS.ErrnoException,
  done: (end: LinkEnd) => void,
): () => void {
  const ws = new WebSocket(`ws://${formatAddress(endpoint.host, endpoint.port)}${explainPath}`, wireOptions)
  let over = false
  const end = (why: LinkEnd): void => {
    if (over) return
    over = true
    done(why)
    ws.close()
  }
  const unknown = (what: string): void => end(isAlert(failed) ? unsaid(address) : noPeer(address, what))
  ws.on('open', () => ws.send(helloFrame(card, randomBytes(16).toString('hex'))))
  ws.on('message', (data) => {
    const frame = Buffer.isBuffer(data) ? parseFrame(data.toString()) : undefined
    if (frame?.kind !== 'reject') unknown('it has no reason to refuse')
    else end({ kind: 'rejected', code: frame.code, text: refusedBy(address, frame.code, frame.text) })
  })
  ws.on('unexpected-response', (_request, response) => {
    const why = endFromRefusal(response, address)
    if (why.kind === 'rejected' && why.code === 'limit') end(why)
    else unknown(`it answered with HTTP status ${response.statusCode ?? 0}`)
    ws.terminate()
  })
  ws.on('error', (error) => unknown(error.message))
  ws.on('close', () => unknown(failed.message))
  return () => {
    over = true
    ws.terminate()
  }
}

/** Somebody there speaks TLS, and said no. */
function isAlert({ code = '', message }: NodeJS.ErrnoException): boolean {
  return /alert/i.test(code) || /alert/i.test(message)
}

function unsaid(address: Address): LinkEnd {
  const text =
    `The application or the secret differs from that of the peer at ${address}, which does not say more; ` +
    'start every peer of one cluster with the same secret.'
  return { kind: 'rejected', code: 'secret', text }
}
