import { persist, refuse, role } from '@tanist/singleton'
import type { Bank } from './bank.js'
import { orders } from './orders.js'

export type AccountState =
  /** The bank is being asked, or will be. */
  | 'asked'
  | 'charged'
  | 'declined'
  /** Nobody wants the money any more, and the bank shall forget it or give it back. */
  | 'giving-up'
  | 'given-up'

export interface Account {
  readonly cents: number
  readonly state: AccountState
}

/** By order. */
export type Accounts = Readonly<Record<string, Account>>

const to = (s: Accounts, order: string, state: AccountState): Accounts => ({
  ...s,
  [order]: { cents: s[order]?.cents ?? 0, state },
})

/**
 * The money of each order. What the bank did can be unknown, so there are two rules. The same key for the same
 * order, always: the order's id. And who gives up tells the bank, and believes it only when the bank has agreed.
 */
export const createPayment = (bank: Bank) =>
  role('payment', {
    state: (): Accounts => ({}),
    events: {
      asked: (s, e: { order: string; cents: number }) => ({
        ...s,
        [e.order]: { cents: e.cents, state: 'asked' },
      }),
      charged: (s, e: { order: string }) => to(s, e.order, 'charged'),
      declined: (s, e: { order: string }) => to(s, e.order, 'declined'),
      givenUp: (s, e: { order: string; why: string }) => to(s, e.order, 'giving-up'),
      voided: (s, e: { order: string; why: string }) => to(s, e.order, 'given-up'),
    },
    commands: {
      ask: (s, c: { order: string; cents: number }, on) => (s[c.order] ? persist() : persist(on.asked(c))),
      settle: (s, { order, how }: { order: string; how: 'charged' | 'declined' }, on) =>
        s[order]?.state === 'asked' ? persist(on[how]({ order })) : refuse({ code: 'given-up' }),
      giveUp: (s, c: { order: string; why: string }, on) => {
        const state = s[c.order]?.state
        if (state === 'charged') return refuse({ code: 'charged' })
        // Also an order that nobody has asked money for: from now on nobody can.
        return state === undefined || state === 'asked' ? persist(on.givenUp(c)) : persist()
      },
      markVoided: (s, c: { order: string; why: string }, on) =>
        s[c.order]?.state === 'giving-up' ? persist(on.voided(c)) : persist(),
    },
    reactions: {
      asked: {
        lane: (e) => e.order,
        // A charge that never succeeds ends when its order expires; more attempts than fit into that are no use.
        attempts: 20,
        timeoutMs: 2_000,
        backoffMs: 100,
        maxBackoffMs: 5_000,
        run: async ({ order, cents }, { own, signal }): Promise<void> => {
          const how = await bank.charge({ key: order, cents }, signal)
          if (how === 'voided') return
          const out = await own.settle({ order, how })
          // Refused: given up meanwhile, and the void pays back what was charged.
          if (out.status === 'unavailable') throw new Error(out.reason)
        },
      },
      givenUp: {
        // Beside the lane of the charge: giving up must not wait for a bank that does not answer.
        lane: (e) => `void ${e.order}`,
        // This one must come true: it is money that is not ours.
        attempts: 1_000,
        timeoutMs: 2_000,
        backoffMs: 100,
        maxBackoffMs: 5_000,
        run: async ({ order, why }, { own, signal }): Promise<void> => {
          await bank.voidCharge(order, signal)
          await own.markVoided({ order, why }).value()
        },
      },
      charged: {
        lane: (e) => e.order,
        run: async ({ order }, { role: on }): Promise<void> => {
          await on(orders).markPaid({ order }).value()
        },
      },
      declined: {
        lane: (e) => e.order,
        run: async ({ order }, { role: on }): Promise<void> => {
          await cancelled(on(orders).cancel({ order, why: 'payment declined' }))
        },
      },
      voided: {
        lane: (e) => `void ${e.order}`,
        run: async ({ order, why }, { role: on }): Promise<void> => {
          await cancelled(on(orders).cancel({ order, why }))
        },
      },
    },
  })

/** An order that is finished already needs no cancelling. */
async function cancelled(call: Promise<{ status: string; reason?: string }>): Promise<void> {
  const { status, reason } = await call
  if (status === 'unavailable') throw new Error(reason)
}

/** For callers and other roles, which need name and types. Only peers have one with a bank. */
export const payment = createPayment({
  charge: () => Promise.reject(new Error('This payment has no bank.')),
  voidCharge: () => Promise.reject(new Error('This payment has no bank.')),
})
