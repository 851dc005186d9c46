import type { Level, RejectCode } from '@tanist/core'
import { handshakeFrameBytes } from '../limits.js'

/** The four frames of the handshake (and the reject that may replace each), as JSON text. */
export type HandshakeFrame =
  /** The caller's first word, and the listener's answer, which proves first. */
  | HelloFrame
  | { readonly kind: 'proof'; readonly proof: string }
  | { readonly kind: 'ok' }
  | { readonly kind: 'reject'; readonly code: RejectCode; readonly text: string }
  /** A hello of a protocol that we do not speak. */
  | { readonly kind: 'other-version'; readonly version: number }

/** Strays prove nothing, so they have no handshake. */
export type ProvenLevel = Exclude<Level, 'stray'>

export interface HelloFrame extends Card {
  readonly kind: 'hello'
  readonly nonce: string
  readonly proof: string | null
}

/** Who somebody says to be. */
export interface Card {
  readonly app: string
  readonly level: ProvenLevel
  /** 8 hexadecimal digits, or `cert` for those who come with a certificate. */
  readonly keyId: string
}

export const protocolVersion = 2

/** Instead of a key's id, where certificates take the place of a secret. */
export const certificateId = 'cert'

/** Six bytes a character at worst: fits a frame. */
const sentenceLength = 300

const rejectCodes: readonly string[] = [
  'application',
  'secret',
  'version',
  'limit',
  'protocol',
  'not-open',
] satisfies RejectCode[]

/** Parses a frame from the other side; undefined for anything that is not exactly one of ours. */
export function parseFrame(text: string): HandshakeFrame | undefined {
  if (Buffer.byteLength(text) > handshakeFrameBytes) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isFields(value) ? fromFields(value) : undefined
}

function fromFields(fields: Readonly<Record<string, unknown>>): HandshakeFrame | undefined {
  const { tanist, app, level, key, nonce, proof, reject, text, ok } = fields
  if (tanist !== undefined) {
    if (typeof tanist !== 'number') return undefined
    if (tanist !== protocolVersion) return { kind: 'other-version', version: tanist }
    if (typeof app !== 'string' || !isHex(nonce, 32) || !isLevel(level) || !isKeyId(key)) return undefined
    if (proof !== undefined && !isHex(proof, 64)) return undefined
    return { kind: 'hello', app, level, keyId: key, nonce, proof: proof ?? null }
  }
  if (isRejectCode(reject)) return { kind: 'reject', code: reject, text: plain(text) }
  if (isHex(proof, 64)) return { kind: 'proof', proof }
  return ok === true ? { kind: 'ok' } : undefined
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function helloFrame({ app, level, keyId }: Card, nonce: string, proof?: string): string {
  return JSON.stringify({ tanist: protocolVersion, app, level, key: keyId, nonce, proof })
}

export function proofFrame(proof: string): string {
  return JSON.stringify({ proof })
}

export function okFrame(): string {
  return JSON.stringify({ ok: true })
}

export function rejectFrame(code: RejectCode, text: string): string {
  return JSON.stringify({ reject: code, text: text.slice(0, sentenceLength) })
}

function isHex(value: unknown, digits: number): value is string {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value)
}

function isLevel(value: unknown): value is ProvenLevel {
  return value === 'member' || value === 'trusted'
}

function isKeyId(value: unknown): value is string {
  return value === certificateId || isHex(value, 8)
}

export function isRejectCode(value: unknown): value is RejectCode {
  return typeof value === 'string' && rejectCodes.includes(value)
}

/** A stranger's sentence, fit for a log: one line, short. */
export function plain(text: unknown): string {
  return typeof text === 'string'
    ? text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, sentenceLength)
    : ''
}
