import { durable, persist, refuse, type RefOf, type SnapshotRule } from '../../src/index.js'

export interface Account {
  readonly cents: number
  readonly notes: readonly string[]
}

/** An account that keeps every note: any event lost, doubled or out of order shows in its state. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its protocol is what is tested
export function account(name = 'account', options: { snapshot?: SnapshotRule } = {}) {
  return durable(name, {
    state: (): Account => ({ cents: 0, notes: [] }),
    events: {
      moved: (s, e: { by: number }) => ({ ...s, cents: s.cents + e.by }),
      noted: (s, e: { note: string }) => ({ ...s, notes: [...s.notes, e.note] }),
    },
    commands: {
      move: (s, c: { by: number; note: string }, on) =>
        s.cents + c.by < 0
          ? refuse({ code: 'short', have: s.cents })
          : persist(on.moved({ by: c.by }), on.noted({ note: c.note })).reply((next) => next.cents),
      touch: () => persist(),
      keep: (_s, c: { note: unknown }, on) => persist(on.noted(c as { note: string })),
      fail: (): never => {
        throw new Error('the command threw')
      },
    },
    queries: { balance: (s) => s.cents, whole: (s) => s },
    ...options,
  })
}

export type AccountRef = RefOf<ReturnType<typeof account>>
