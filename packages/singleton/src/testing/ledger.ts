import { persist, refuse, role } from '../role/index.js'
import type { Accept, Make, Refuse, Role } from '../role/index.js'
import type { History } from './history/index.js'
import { law } from './laws/index.js'
import type { Contradiction, Law } from './laws/index.js'
import { work } from './work.js'
import type { RoleWork, WorkloadSpec } from './work.js'

/** How many commands took effect, and which, in order: in chunks, so that the next one costs few copies. */
export interface LedgerState {
  readonly total: number
  readonly full: readonly (readonly string[])[]
  readonly open: readonly string[]
}

/** A chunk that is full is shared by all later states. */
const CHUNK = 32

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
  state: (): LedgerState => ({ total: 0, full: [], open: [] }),
  events: {
    added: ({ total, full, open }: LedgerState, e: { id: string }): LedgerState =>
      open.length < CHUNK
        ? { total: total + 1, full, open: [...open, e.id] }
        : { total: total + 1, full: [...full, open], open: [e.id] },
  },
  commands: {
    add: (_: LedgerState, c: { id: string }, on: Make<LedgerState, Events>) =>
      persist(on.added({ id: c.id })).reply((next: LedgerState) => next.total),
    refuseMe: (s: LedgerState) => refuse({ total: s.total }),
  },
})

const idOf = (_: unknown, client: { readonly name: string; readonly seq: number }): { id: string } => ({
  id: `${client.name}:${client.seq}`,
})

/** Three quarters `add`, a few refusals, and reads. */
export const ledgerWork: RoleWork = work(
  ledger,
  { add: idOf, refuseMe: idOf },
  { weights: { add: 15, refuseMe: 1 }, reads: 0.2 },
)

export function ledgerWorkload(clients: number, pauseMs: number): WorkloadSpec {
  return { work: ledgerWork, clients, pauseMs }
}

/** What the ledger alone can see: each command counted itself once, after all that had been acknowledged. */
export const ledgerLaws: readonly Law[] = [
  law(
    'S7 ledger',
    'every acknowledged command is once in every ledger that has come so far, any other at most once',
    once,
    {
      required: false,
    },
  ),
  law('S9 ledger', 'an answer counts everything that was acknowledged at an earlier position', counts, {
    required: false,
  }),
]

function once({ operations, finals }: History): Contradiction[] {
  const asked = operations.filter(({ role: name, command }) => name === ledger.name && command !== '')
  return finals.flatMap(({ node, states, applied }) => {
    const state = states[ledger.name] as LedgerState | undefined
    if (!state) return []
    const times = new Map<string, number>()
    for (const id of [...state.full.flat(), ...state.open]) times.set(id, (times.get(id) ?? 0) + 1)
    return asked.flatMap((operation) => {
      const found = times.get(operation.id) ?? 0
      const accepted = operation.outcome?.status === 'ok'
      // A replica that is behind owes nothing yet; that all catch up is S3.
      const due = accepted && operation.index <= applied
      const fine = operation.command === 'add' ? found <= 1 && (found === 1 || !due) : found === 0
      if (fine) return []
      const at = operation.endedAtMs ?? operation.invokedAtMs
      const text = `${operation.id} (${operation.command}, ${operation.outcome?.status ?? 'no answer yet'}) is ${found} times in the ledger of ${node}`
      return [
        {
          law: accepted && found === 0 ? 'S3' : 'S7',
          text,
          events: [{ atMs: at, node: operation.node ?? '', text: `${operation.id} ends` }],
        },
      ]
    })
  })
}

/** A read at the position of a write comes after it. */
function counts({ operations }: History): Contradiction[] {
  const seen = operations
    .filter(({ role: name, endedAtMs }) => name === ledger.name && endedAtMs !== null)
    .flatMap((operation) => {
      const value = countOf(operation.outcome)
      return value === null ? [] : [{ operation, value }]
    })
    .toSorted((a, b) => {
      const [x, y] = [a.operation, b.operation]
      return x.index - y.index || Number(x.kind === 'read') - Number(y.kind === 'read')
    })
  const found: Contradiction[] = []
  let newest: (typeof seen)[number] | null = null
  for (const one of seen) {
    const { operation, value } = one
    const least = (newest?.value ?? 0) + (operation.kind === 'command' ? 1 : 0)
    if (value < least) {
      const events = [newest?.operation, operation].flatMap((op) =>
        op ? [{ atMs: op.endedAtMs ?? 0, node: op.node ?? '', text: `${op.id} ends at ${op.index}` }] : [],
      )
      const text = `${operation.id} (position ${operation.index}) got ${value} after ${newest?.operation.id} had got ${newest?.value}`
      found.push({ law: operation.kind === 'read' ? 'S9' : 'S7', text, events })
    }
    if (operation.kind === 'command') newest = one
  }
  return found
}

function countOf(outcome: History['operations'][number]['outcome']): number | null {
  if (outcome?.status === 'ok') return outcome.value as number
  if (outcome?.status === 'read') return (outcome.value as LedgerState).total
  return null
}
