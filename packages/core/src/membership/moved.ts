import type { Step } from './state.js'
import type { MembershipInput } from './types.js'

/** This machine has another address, or was asleep. */
export function networkChanged(_s: Step, _input: Extract<MembershipInput, { kind: 'network' }>): void {}
