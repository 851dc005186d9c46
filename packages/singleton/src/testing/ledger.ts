import { persist, refuse, role } from '../role/index.js'
import type { Accept, Make, Refuse, Role } from '../role/index.js'

/** How many commands took effect, and how often each one did. */
export interface LedgerState {
  readonly total: number
  readonly seen: Readonly<Record<string, number>>
}

type Events = {
  readonly added: (s: LedgerState, e: { id: string }) => LedgerState
}

type Commands = {
  /** Answers with how many have taken effect, this one included. */
  readonly add: (s: LedgerState, c: { id: string }, on: Make<LedgerState, Events>) => Accept<number>
  readonly refuseMe: (s: LedgerState, c: { id: string }) => Refuse<{ readonly total: number }>
}

/** The role that the laws are checked with: every accepted command leaves its id in the state. */
export const ledger: Role<LedgerState, Events, Commands> = role('ledger', {
  state: (): LedgerState => ({ total: 0, seen: {} }),
  events: {
    added: (s: LedgerState, e: { id: string }): LedgerState => ({
      total: s.total + 1,
      seen: { ...s.seen, [e.id]: (s.seen[e.id] ?? 0) + 1 },
    }),
  },
  commands: {
    add: (_: LedgerState, c: { id: string }, on: Make<LedgerState, Events>) =>
      persist(on.added({ id: c.id })).reply((next: LedgerState) => next.total),
    refuseMe: (s: LedgerState) => refuse({ total: s.total }),
  },
})
