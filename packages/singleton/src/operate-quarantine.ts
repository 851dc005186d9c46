import { fromEncoded, QUARANTINE, toEncoded } from './role/index.js'
import type { Failed, Quarantined } from './role/index.js'
import type { Lives, OperateOutcome } from './peer/index.js'

/** A call to a leader that says nothing is given up after this time. */
const RELEASE_MS = 10_000

/**
 * What operators do about commands that killed servers. Such a command is refused with the reason `quarantined`, and
 * so is any other of the same role and command with the same input.
 *
 * @example
 * for (const { reference, role, command } of peer.operate.quarantine()) {
 *   console.log(`${role}.${command} is quarantined as ${reference}`)
 *   await peer.operate.release(reference)
 * }
 */
export interface OperateQuarantine {
  /** What is quarantined, the oldest first, as far as this member knows. */
  quarantine(): readonly Quarantined[]
  /**
   * Lets the role decide such commands again, once the code that failed is mended. Journalled. The command that was
   * quarantined keeps its outcome: whoever wants it done calls it with another id.
   */
  release(reference: string): Promise<OperateOutcome>
}

export function operateQuarantine(core: Lives): OperateQuarantine {
  return Object.freeze({
    quarantine: () => core.roles.quarantined(),
    release: (reference: string) =>
      new Promise<OperateOutcome>((resolve) => {
        const input = toEncoded(reference)
        const request = { role: QUARANTINE, command: 'release', input, deadlineMs: RELEASE_MS }
        core.call(request, (outcome) => {
          if (outcome.status === 'ok')
            return resolve({
              status: 'done',
              text: `${String(fromEncoded(outcome.value))} is decided again.`,
            })
          if (outcome.status === 'unavailable') {
            const status = outcome.executed === 'no' ? 'refused' : 'unknown'
            return resolve({ status, text: outcome.reason })
          }
          const { text } = fromEncoded(outcome.refusal) as Failed
          resolve({ status: 'refused', text })
        })
      }),
  })
}
