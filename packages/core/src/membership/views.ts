import type { LinkRow, Step } from './state.js'
import type { MembershipMessage } from './types.js'

/** A view that another member has and this one lacks. */
export function viewTold(
  _s: Step,
  _row: LinkRow,
  _message: Extract<MembershipMessage, { t: 'view' }>,
): void {}
