import { randomBytes } from 'node:crypto'
import type { RejectCode } from '@tanist/core'
import type { RawData, WebSocket } from 'ws'
import { handshakeFrameBytes, proofLimitMs } from '../limits.js'
import { startHandshake, stepHandshake } from './handshake.js'
import type { HandshakeInput, HandshakeStep } from './handshake.js'
import type { Side } from './proof.js'

/** What proves a peer: the application's name and the key derived from its secret. */
export interface Identity {
  readonly app: string
  readonly key: Uint8Array
}

export type ShakeEnd =
  | { readonly kind: 'opened' }
  /** What the other side must know was sent; close the socket. */
  | { readonly kind: 'rejected'; readonly code: RejectCode; readonly text: string }
  /** The socket ended first. */
  | { readonly kind: 'lost' }

/**
 * Runs the handshake over an open WebSocket. `done` is called once, never inside this call; with `opened` the
 * next message already belongs to the caller.
 */
export function shake(
  ws: WebSocket,
  side: Side,
  identity: Identity,
  remote: string,
  done: (end: ShakeEnd) => void,
): void {
  const self = { ...identity, side, remote, nonce: randomBytes(16).toString('hex') }
  const silence = setTimeout(() => run(stepHandshake(self, state, { kind: 'silence' })), proofLimitMs)
  const onMessage = (data: RawData, isBinary: boolean): void => {
    run(stepHandshake(self, state, toInput(data, isBinary)))
  }
  const onClose = (): void => end({ kind: 'lost' })
  const onError = (error: Error): void => {
    const text = `The peer at ${remote} broke the WebSocket protocol in the handshake: ${error.message}.`
    end({ kind: 'rejected', code: 'protocol', text })
  }
  const end = (how: ShakeEnd): void => {
    clearTimeout(silence)
    ws.off('message', onMessage)
    ws.off('close', onClose)
    ws.off('error', onError)
    done(how)
  }
  const run = (step: HandshakeStep): void => {
    state = step.state
    for (const effect of step.effects) {
      if (effect.kind === 'send') ws.send(effect.text)
      else end(effect)
    }
  }
  ws.on('message', onMessage)
  ws.on('close', onClose)
  ws.on('error', onError)
  const first = startHandshake(self)
  let state = first.state
  run(first)
}

function toInput(data: RawData, isBinary: boolean): HandshakeInput {
  if (isBinary || !Buffer.isBuffer(data) || data.length > handshakeFrameBytes) return { kind: 'garbage' }
  return { kind: 'frame', text: data.toString('utf8') }
}
