import type { HereRow } from './messages.js'

/** One singleton as this peer sees it. */
export interface SingletonStatus {
  readonly name: string
  /**
   * `running` on the server; `starting`; `waiting` for a server; `stopped` there although somebody serves; `given-up`:
   * it failed alike on two servers, and nobody starts it but an operator.
   */
  readonly state: 'running' | 'starting' | 'waiting' | 'stopped' | 'given-up'
  /** Why it does not run; null while it does. */
  readonly text: string | null
  /** Where it failed for good, the latest last, as far as it is remembered. */
  readonly failures: readonly { readonly server: string; readonly term: number; readonly text: string }[]
}

export function statusOfRow(row: HereRow, text: string): SingletonStatus {
  const { name, state, record } = row
  const failures = record.failures.map((one) => ({ server: one.server, term: one.term, text: one.text }))
  return {
    name,
    state: state === 'away' ? 'waiting' : state,
    text: state === 'running' ? null : text,
    failures,
  }
}
