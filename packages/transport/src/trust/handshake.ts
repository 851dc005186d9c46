import type { RejectCode } from '@tanist/core'
import { proofLimitMs } from '../limits.js'
import { helloFrame, okFrame, parseFrame, proofFrame, protocolVersion, rejectFrame } from './frames.js'
import type { HelloFrame } from './frames.js'
import { isProof, prove } from './proof.js'
import type { Side, Transcript } from './proof.js'

/*
 * The handshake of a link: both sides prove that they hold the secret of the same application.
 *
 *   dialler                                   listener
 *   {tanist:1, app, nonce}            ->
 *                                     <-      {tanist:1, app, nonce, proof}
 *   {proof}                           ->
 *                                     <-      {ok:true}
 *
 * Any frame may be {reject: code, text} instead; then it is over. A pure step machine: frames in, effects out.
 *
 * - `opened` comes after the other side's proof was checked, and on the dialling side after the listener's ok.
 * - Exactly one of `opened` and `rejected` comes, last; whatever arrives later changes nothing.
 * - The side that rejects sends the reason before it gives up, so that both know it.
 * - A proof names its side and both nonces: sent back or replayed it is wrong.
 */

/** What this side brings. `nonce`: 32 hexadecimal digits, fresh for every handshake. */
export interface HandshakeSelf {
  readonly side: Side
  readonly app: string
  readonly key: Uint8Array
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
  const effects = self.side === 'dialler' ? [send(helloFrame(self.app, self.nonce))] : []
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
      return ended(frame.code, rejectedBy(self, frame.code, frame.text))
    case 'other-version':
      return otherVersion(self, frame.version)
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
  if (hello.app !== self.app) return otherApplication(self, hello.app)
  if (hello.nonce === self.nonce) return reject('protocol', 'my own nonce came back', self)
  return self.side === 'dialler'
    ? answerProof(self, hello.nonce, hello.proof)
    : answerHello(self, hello.nonce, hello.proof)
}

function stepProof(self: HandshakeSelf, transcript: Transcript, proof: string): HandshakeStep {
  if (!isProof(self.key, 'dialler', transcript, proof)) return otherSecret(self)
  return over([send(okFrame()), { kind: 'opened' }])
}

function answerHello(self: HandshakeSelf, diallerNonce: string, proof: string | null): HandshakeStep {
  if (proof !== null) return reject('protocol', 'a proof came before its question', self)
  const transcript = { app: self.app, diallerNonce, listenerNonce: self.nonce }
  const hello = helloFrame(self.app, self.nonce, prove(self.key, 'listener', transcript))
  return { state: { at: 'proof', transcript }, effects: [send(hello)] }
}

function answerProof(self: HandshakeSelf, listenerNonce: string, proof: string | null): HandshakeStep {
  if (proof === null) return reject('protocol', 'the answer has no proof', self)
  const transcript = { app: self.app, diallerNonce: self.nonce, listenerNonce }
  if (!isProof(self.key, 'listener', transcript, proof)) return otherSecret(self)
  return { state: { at: 'ok' }, effects: [send(proofFrame(prove(self.key, 'dialler', transcript)))] }
}

function otherApplication(self: HandshakeSelf, app: string): HandshakeStep {
  const [mine, theirs] = [JSON.stringify(self.app), JSON.stringify(app.slice(0, 256))]
  const verb = self.side === 'listener' ? 'asked for' : 'is'
  const told = self.side === 'listener' ? 'asked for' : 'are'
  return ended(
    'application',
    `This is application ${mine}; the peer at ${self.remote} ${verb} ${theirs}.`,
    `This is application ${mine}; you ${told} ${theirs}.`,
  )
}

function otherSecret(self: HandshakeSelf): HandshakeStep {
  return ended('secret', secretDiffers(self), 'The secret differs from mine.')
}

function otherVersion(self: HandshakeSelf, version: number): HandshakeStep {
  const speaks = `This peer speaks version ${protocolVersion} of the link protocol`
  return ended(
    'version',
    `${speaks}; the peer at ${self.remote} speaks version ${version}. Bring both to the same release.`,
    `${speaks}; you speak version ${version}.`,
  )
}

function secretDiffers(self: HandshakeSelf): string {
  return (
    `The secret differs from that of the peer at ${self.remote}; ` +
    'start every peer of one cluster with the same secret.'
  )
}

/** The sentence for a refusal that the other side decided. */
function rejectedBy(self: HandshakeSelf, code: RejectCode, text: string): string {
  if (code === 'secret') return secretDiffers(self)
  return `The peer at ${self.remote} refused the link (${code}): ${text === '' ? 'it gave no reason.' : text}`
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
