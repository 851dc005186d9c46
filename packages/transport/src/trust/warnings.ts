import type { Clock, Log, RejectCode } from '@tanist/core'
import { warnAddresses, warnEveryMs } from '../limits.js'

/** Logs refused links, each reason once per address and minute: a stranger cannot fill the log. */
export type WarnRejected = (host: string, code: RejectCode, text: string) => void

export function rejectWarnings(clock: Clock, log: Log): WarnRejected {
  const lastMs = new Map<string, number>()
  return (host, code, text) => {
    const key = `${code} ${host}`
    const { monotonicMs } = clock.now()
    const before = lastMs.get(key)
    if (before !== undefined && monotonicMs - before < warnEveryMs) return
    lastMs.delete(key)
    lastMs.set(key, monotonicMs)
    for (const oldest of lastMs.keys()) {
      if (lastMs.size <= warnAddresses) break
      lastMs.delete(oldest)
    }
    log.write('warn', 'link-rejected', text, { host, code })
  }
}
