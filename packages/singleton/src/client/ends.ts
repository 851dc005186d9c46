import type { Address, LinkEnd } from '@tanist/core'
import type { ConnectError } from './errors.js'
import type { RefusalCode } from './messages.js'

/** No repetition helps against these. */
const FINAL: ReadonlySet<string> = new Set([
  'application',
  'secret',
  'version',
  'token',
  'not-open',
  'protocol',
] satisfies ConnectError['code'][])

export interface Refusal {
  readonly code: ConnectError['code']
  readonly text: string
}

export function isFinal(code: RefusalCode | ConnectError['code']): boolean {
  return FINAL.has(code)
}

/** A member that says that there can be no link; null when another try may succeed. */
export function refusalIn(end: LinkEnd): Refusal | null {
  // What is no peer at all may be a proxy whose peer is away.
  if (end.kind !== 'rejected' || end.code === 'protocol' || !isFinal(end.code)) return null
  return { code: end.code, text: end.text }
}

/** Somebody of this application answered, and will take others later. */
export function isLater(end: LinkEnd): boolean {
  return end.kind === 'rejected' && end.code === 'limit'
}

export function sentenceOf(end: LinkEnd, address: Address): string {
  switch (end.kind) {
    case 'local':
      return `The link to ${address} was closed here.`
    case 'remote':
      return end.reason === ''
        ? `The member at ${address} closed the link (${end.code}).`
        : `The member at ${address} closed the link: ${end.reason}`
    case 'refused':
      return `Nobody listens at ${address}.`
    case 'reset':
      return `The process at ${address} ended while it was asked.`
    case 'timeout':
      return `Nobody answers at ${address}.`
    case 'unreachable':
      return `There is no way to ${address}.`
    case 'rejected':
      return end.text
    case 'broken':
      return `The link to ${address} broke: ${end.text}`
  }
}
