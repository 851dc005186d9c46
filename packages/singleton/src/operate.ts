import type { MemberId } from '@tanist/core'
import type { Lives, OperateOutcome } from './peer/index.js'

/**
 * What operators do about members. Asked at any member, done by whoever leads, journalled with the reason
 * `operator: …`. The outcome says what came of it; `unknown` means that no leader confirmed it within ten
 * seconds. Asking twice does no harm.
 *
 * @example
 * const peer = await join({ app: 'shop', secret, roles: [stock] })
 * const laptop = peer.status().members.find(({ name }) => name === 'laptop')
 * if (laptop) {
 *   const outcome = await peer.operate.demote(laptop.id)
 *   if (outcome.status !== 'done') console.log(outcome.text)
 * }
 */
export interface OperateMembers {
  /**
   * Takes a member's vote for as long as its process runs: it goes on receiving the journal, and is a voter again
   * after its next start. Refused when too few voters would be left.
   */
  demote(member: MemberId): Promise<OperateOutcome>
  /**
   * Sends a member away for good: its seat is given up, its process ends with `JoinError('evicted')`, and its
   * data folder does not come back unless it is started with `rejoin: true`. Refused when too few would be left.
   */
  evict(member: MemberId): Promise<OperateOutcome>
}

export function operateOn(core: Lives): OperateMembers {
  const ask = (op: 'demote' | 'evict', memberId: MemberId): Promise<OperateOutcome> =>
    new Promise((resolve) => core.operate({ op, memberId }, resolve))
  return Object.freeze({
    demote: (member: MemberId) => ask('demote', member),
    evict: (member: MemberId) => ask('evict', member),
  })
}
