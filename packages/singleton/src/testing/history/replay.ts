import { createRoleHost } from '../../role/index.js'
import type { CommittedEntry, History } from './types.js'

/** What a replica that knows nothing but the committed journal holds after each position. */
export interface Replay {
  /** Names of the roles that it could follow from the beginning. */
  readonly roles: readonly string[]
  /** The state of a role after this position (the nearest one before it that is known). */
  stateAt(role: string, index: number): unknown
  /** Every position at which the state of the role changed, the first state being at 0. */
  steps(role: string): readonly Step[]
  /** Why a role could not be followed any further: a sentence. */
  failure(role: string): string | undefined
}

export interface Step {
  readonly index: number
  readonly state: unknown
  /** The entry that led here; null for the first state. */
  readonly entry: CommittedEntry | null
}

const replays = new WeakMap<History, Replay>()

/** The replay of a history; made once. */
export function replayOf(history: History): Replay {
  const found = replays.get(history)
  if (found) return found
  const made = replay(history)
  replays.set(history, made)
  return made
}

function replay({ journal, witness }: History): Replay {
  const roles = witness()
  const host = createRoleHost(roles)
  const steps = new Map<string, Step[]>(
    roles.map(({ name }) => [name, [{ index: 0, state: host.state(name), entry: null }]]),
  )
  for (const entry of journal) {
    if (entry.kind !== 'command') continue
    const applied = host.apply(entry)
    if (applied === undefined || !('changed' in applied) || !applied.changed) continue
    steps.get(applied.role)?.push({ index: entry.index, state: host.state(applied.role), entry })
  }
  return {
    roles: roles.map(({ name }) => name),
    stateAt: (role, index) => lastUpTo(steps.get(role) ?? [], index)?.state,
    steps: (role) => steps.get(role) ?? [],
    failure: (role) => host.failure(role),
  }
}

function lastUpTo(steps: readonly Step[], index: number): Step | undefined {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((steps[middle]?.index ?? 0) <= index) low = middle + 1
    else high = middle
  }
  return steps[low - 1]
}
