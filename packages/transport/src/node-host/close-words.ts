import type { LinkEnd } from '@tanist/core'
import { closeReasonBytes } from '../limits.js'

/**
 * `Link.close(code, reason)` travels in one WebSocket close frame: status 4000, and `code\nreason` as its text.
 */
export const linkClosed = 4_000

/** Cut to what a close frame holds, at a whole character. */
export function closeWords(code: string, reason: string): Buffer {
  const bytes = Buffer.from(`${code}\n${reason}`)
  let end = Math.min(bytes.length, closeReasonBytes)
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end)
}

/** What a close frame from the other side means. */
export function endFromClose(status: number, words: string): LinkEnd {
  if (status === linkClosed) {
    const split = words.indexOf('\n')
    if (split < 0) return { kind: 'remote', code: words, reason: '' }
    return { kind: 'remote', code: words.slice(0, split), reason: words.slice(split + 1) }
  }
  // 1000 to 1005 without a protocol error: an ordinary end by something that is no Tanist link.
  if (status === 1_000 || status === 1_001 || status === 1_005)
    return { kind: 'remote', code: '', reason: words }
  return { kind: 'broken', text: `The other side ended the link: WebSocket status ${status} ${words}`.trim() }
}

/** What the end of a socket without a close frame means. */
export function endFromSocket(error: NodeJS.ErrnoException | undefined, sawEnd: boolean): LinkEnd {
  if (error?.code === 'ECONNRESET' || error?.code === 'EPIPE') {
    return { kind: 'remote', code: 'reset', reason: 'The connection was reset by the other side.' }
  }
  if (error !== undefined) return { kind: 'broken', text: `The connection failed: ${error.message}.` }
  if (sawEnd) return { kind: 'remote', code: 'ended', reason: 'The connection ended without a word.' }
  return { kind: 'broken', text: 'The connection was lost.' }
}
