import { randomBytes } from 'node:crypto'
import type { RejectCode } from '@tanist/core'
import type { RawData, WebSocket } from 'ws'
import { handshakeFrameBytes, proofLimitMs } from '../limits.js'
import { parseFrame, rejectFrame } from './frames.js'
import { startHandshake, stepHandshake } from './handshake.js'
import type { HandshakeInput, HandshakeSelf, HandshakeStep } from './handshake.js'
import { otherVersion, whyNot } from './refusals.js'
import type { Refusal } from './refusals.js'

/** What proves a peer. */
export type ShakeSelf = Omit<HandshakeSelf, 'nonce'>

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
export function shake(ws: WebSocket, identity: ShakeSelf, done: (end: ShakeEnd) => void): void {
  const self = { ...identity, nonce: randomBytes(16).toString('hex') }
  const { remote } = identity
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

/** Tells the other side of an open WebSocket why it is refused, and closes. */
export function turnAway(ws: WebSocket, { code, told }: Refusal): void {
  ws.send(rejectFrame(code, told))
  ws.close()
}

/**
 * Hears who somebody says to be who could not speak TLS with us, only to say why not: an older or newer release, another
 * application, another secret. It never opens anything.
 */
export function explain(
  ws: WebSocket,
  mine: { readonly app: string; readonly certificates: boolean },
  remote: string,
  done: (refusal: Refusal) => void,
): void {
  const end = (refusal: Refusal): void => {
    clearTimeout(silence)
    ws.off('message', onMessage)
    ws.off('close', onClose)
    turnAway(ws, refusal)
    done(refusal)
  }
  const silence = setTimeout(
    () => end(simple('limit', `Nothing came from ${remote} within ${proofLimitMs} ms.`)),
    proofLimitMs,
  )
  const onClose = (): void => clearTimeout(silence)
  const onMessage = (data: RawData, isBinary: boolean): void => {
    const input = toInput(data, isBinary)
    const frame = input.kind === 'frame' ? parseFrame(input.text) : undefined
    if (frame?.kind === 'other-version') end(otherVersion(frame.version, remote))
    else if (frame?.kind === 'hello') end(whyNot(mine, frame, remote))
    else end(simple('protocol', `What came from ${remote} is not a frame of the handshake.`))
  }
  ws.on('message', onMessage)
  ws.on('close', onClose)
}

function simple(code: Refusal['code'], text: string): Refusal {
  return { code, text, told: text }
}
