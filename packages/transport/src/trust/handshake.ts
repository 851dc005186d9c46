import type { RejectCode } from '@tanist/core'
import { proofLimitMs } from '../limits.js'
import { helloFrame, okFrame, parseFrame, proofFrame, rejectFrame } from './frames.js'
import type { Card, HelloFrame } from './frames.js'
import { isProof, prove } from './proof.js'
import type { Side, Transcript } from './proof.js'
import { otherApplication, otherSecret, otherVersion, refusedBy } from './refusals.js'
import type { Refusal } from './refusals.js'

/*
 * The handshake of a link, inside of TLS: both sides prove that they hold the same application's key of one level, on
 * this channel.
 *
 *   dialler                                   listener
 *   {tanist:2, app, level, key, nonce}  ->
 *                                       <-    {tanist:2, app, level, key, nonce, proof}
 *   {proof}                             ->
 *                                       <-    {ok:true}
 *
 * Any frame may be {reject: code, text} instead; then it is over. A pure step machine: frames in, effects out.
 *
 * - `opened` comes after the other side's proof was checked, and on the dialling side after the listener's ok.
 * - Exactly one of `opened` and `rejected` comes, last; whatever arrives later changes nothing.
 * - The side that rejects sends the reason before it gives up, so that both know it.
 * - A proof names its side, both nonces and the channel: sent back, replayed or relayed it is wrong.
 * - Level and key are those of the channel; who says otherwise is rejected. So nobody gets from one level to another.
 */

/** What this side brings. `nonce`: 32 hexadecimal digits, fresh for every handshake. */
export interface HandshakeSelf extends Card {
  readonly side: Side
  /** The key of the level. */
  readonly key: Uint8Array
  /** Keying material of the channel, as hexadecimal digits. */
  readonly exporter: string
  readonly nonce: string
  /** The other side's address, for sentences only. */
  readonly remote: string
}

export type HandshakeInput =
  | { readonly kind: 'frame'; readonly text: string }
  /** Something that can be no frame: binary, or too long. */
  | { readonly kind: 'garbage' }
  /** The time for the handshake is up. */
  | { readonly kind: 'silence' }

export type HandshakeEffect =
  | { readonly kind: 'send'; readonly text: string }
  | { readonly kind: 'opened' }
  | { readonly kind: 'rejected'; readonly code: RejectCode; readonly text: string }

export type HandshakeState =
  | { readonly at: 'hello' }
  | { readonly at: 'proof'; readonly transcript: Transcript }
  | { readonly at: 'ok' }
  | { readonly at: 'over' }

export interface HandshakeStep {
  readonly state: HandshakeState
  readonly effects: readonly HandshakeEffect[]
}

export function startHandshake(self: HandshakeSelf): HandshakeStep {
  const effects = self.side === 'dialler' ? [send(helloFrame(self, self.nonce))] : []
  return { state: { at: 'hello' }, effects }
}

export function stepHandshake(
  self: HandshakeSelf,
  state: HandshakeState,
  input: HandshakeInput,
): HandshakeStep {
  if (state.at === 'over') return { state, effects: [] }
  if (input.kind === 'silence') return reject('limit', `no proof came within ${proofLimitMs} ms`, self)
  const frame = input.kind === 'frame' ? parseFrame(input.text) : undefined
  if (frame === undefined) return reject('protocol', 'what came is not a frame of the handshake', self)

  switch (frame.kind) {
    case 'reject':
      return ended(frame.code, refusedBy(self.remote, frame.code, frame.text))
    case 'other-version':
      return refuse(otherVersion(frame.version, self.remote))
    case 'hello':
      if (state.at === 'hello') return stepHello(self, frame)
      break
    case 'proof':
      if (state.at === 'proof') return stepProof(self, state.transcript, frame.proof)
      break
    case 'ok':
      if (state.at === 'ok') return over([{ kind: 'opened' }])
      break
  }
  return reject('protocol', `a frame "${frame.kind}" came out of turn`, self)
}

function stepHello(self: HandshakeSelf, hello: HelloFrame): HandshakeStep {
  if (hello.app !== self.app) return refuse(otherApplication(self.side, self.app, hello.app, self.remote))
  if (hello.level !== self.level) return otherLevel(self, hello)
  if (hello.keyId !== self.keyId) return reject('secret', 'a key was named that is not the one of TLS', self)
  if (hello.nonce === self.nonce) return reject('protocol', 'my own nonce came back', self)
  const [diallerNonce, listenerNonce] =
    self.side === 'dialler' ? [self.nonce, hello.nonce] : [hello.nonce, self.nonce]
  const { app, level, keyId, exporter } = self
  const transcript = { app, level, keyId, exporter, diallerNonce, listenerNonce }
  return self.side === 'dialler'
    ? answerProof(self, transcript, hello.proof)
    : answerHello(self, transcript, hello.proof)
}

function stepProof(self: HandshakeSelf, transcript: Transcript, proof: string): HandshakeStep {
  if (!isProof(self.key, 'dialler', transcript, proof)) return refuse(otherSecret(self.remote))
  return over([send(okFrame()), { kind: 'opened' }])
}

function answerHello(self: HandshakeSelf, transcript: Transcript, proof: string | null): HandshakeStep {
  if (proof !== null) return reject('protocol', 'a proof came before its question', self)
  const hello = helloFrame(self, self.nonce, prove(self.key, 'listener', transcript))
  return { state: { at: 'proof', transcript }, effects: [send(hello)] }
}

function answerProof(self: HandshakeSelf, transcript: Transcript, proof: string | null): HandshakeStep {
  if (proof === null) return reject('protocol', 'the answer has no proof', self)
  if (!isProof(self.key, 'listener', transcript, proof)) return refuse(otherSecret(self.remote))
  return { state: { at: 'ok' }, effects: [send(proofFrame(prove(self.key, 'dialler', transcript)))] }
}

function otherLevel(self: HandshakeSelf, hello: HelloFrame): HandshakeStep {
  return reject('not-open', `the key of level "${self.level}" was used to ask for "${hello.level}"`, self)
}

function refuse({ code, text, told }: Refusal): HandshakeStep {
  return ended(code, text, told)
}

function reject(code: RejectCode, what: string, self: HandshakeSelf): HandshakeStep {
  return ended(
    code,
    `In the handshake with the peer at ${self.remote}, ${what}.`,
    `In the handshake, ${what}.`,
  )
}

function ended(code: RejectCode, text: string, told?: string): HandshakeStep {
  const rejected = { kind: 'rejected', code, text } as const
  return over(told === undefined ? [rejected] : [send(rejectFrame(code, told)), rejected])
}

function over(effects: readonly HandshakeEffect[]): HandshakeStep {
  return { state: { at: 'over' }, effects }
}

function send(text: string): HandshakeEffect {
  return { kind: 'send', text }
}
