import type { RejectCode } from '@tanist/core'
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

export interface HelloFrame {
  readonly kind: 'hello'
  readonly app: string
  readonly nonce: string
  readonly proof: string | null
}

export const protocolVersion = 1

/** Six bytes a character at worst: fits a frame. */
const sentenceLength = 300

const rejectCodes: readonly string[] = [
  'application',
  'secret',
  'version',
  'limit',
  'protocol',
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
  const { tanist, app, nonce, proof, reject, text, ok } = fields
  if (tanist !== undefined) {
    if (typeof tanist !== 'number') return undefined
    if (tanist !== protocolVersion) return { kind: 'other-version', version: tanist }
    if (typeof app !== 'string' || !isHex(nonce, 32)) return undefined
    if (proof !== undefined && !isHex(proof, 64)) return undefined
    return { kind: 'hello', app, nonce, proof: proof ?? null }
  }
  if (isRejectCode(reject)) return { kind: 'reject', code: reject, text: plain(text) }
  if (isHex(proof, 64)) return { kind: 'proof', proof }
  return ok === true ? { kind: 'ok' } : undefined
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function helloFrame(app: string, nonce: string, proof?: string): string {
  return JSON.stringify({ tanist: protocolVersion, app, nonce, proof })
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

function isRejectCode(value: unknown): value is RejectCode {
  return typeof value === 'string' && rejectCodes.includes(value)
}

/** A stranger's sentence, fit for a log: one line, short. */
function plain(text: unknown): string {
  return typeof text === 'string'
    ? text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, sentenceLength)
    : ''
}
