import { replayOf } from '../history/index.js'
import type { CommittedEntry, History, Step } from '../history/index.js'
import type { AnyRole, Role } from '../../role/index.js'
import { showShort } from '../value-text.js'
import { lawFrom, writtenOf } from './build.js'
import type { Contradiction, Law, LawEvent } from './types.js'

/**
 * A law of your own about a whole run: says what is wrong in a sentence, or gives contradictions with the events
 * that contradict each other, or null. It counts as exercised by every acknowledged command.
 *
 * @example
 * law('big deliveries', 'nobody delivers more than a hundred at once', ({ journal }) => {
 *   const events = journal.flatMap(({ command }) => command?.events ?? [])
 *   const big = events.find(({ type, payload }) => type === 'delivered' && (payload as { n: number }).n > 100)
 *   return big ? `${JSON.stringify(big.payload)} was delivered` : null
 * })
 */
export function law(
  id: string,
  title: string,
  check: (history: History) => string | readonly Contradiction[] | null,
  options: { readonly required?: boolean; readonly exercised?: (history: History) => number } = {},
): Law {
  const { required = true, exercised = (history: History) => writtenOf(history).length } = options
  const made = lawFrom(
    id,
    title,
    (history) => {
      const said = check(history)
      const contradictions = typeof said === 'string' ? [{ text: said, events: [] }] : (said ?? [])
      return { exercised: exercised(history), contradictions }
    },
    { required },
  )
  return made
}

/**
 * An invariant of a role: `check` looks at every state that the committed journal went through, and at what the
 * replicas hold in the end. It returns true, or a sentence that says what is wrong with the state.
 *
 * @example
 * always(stock, 'nothing is taken that was not there', (s) => Object.values(s.items).every((n) => n >= 0))
 */
export function always<S, E, C>(
  role: Role<S, E, C>,
  title: string,
  check: (state: S) => boolean | string,
): Law {
  return lawFrom(
    title,
    `must hold in every state of ${role.name}`,
    (history) => {
      const replay = replayOf(history)
      if (!replay.roles.includes(role.name))
        throw new TypeError(
          `The law "${title}" is about the role ${role.name}, which the cluster does not have (${replay.roles.join(', ')}).`,
        )
      const steps = replay.steps(role.name)
      // The replay evolves states with this role's own functions, so they are S.
      const holds = (state: unknown): boolean => check(state as S) === true
      const at = steps.findIndex(({ state }) => !holds(state))
      const wrong = steps[at]
      if (wrong)
        return {
          exercised: steps.length - 1,
          contradictions: [
            {
              text: `${sentence(check(wrong.state as S))} (state of ${role.name} after position ${wrong.index})`,
              events: [contradicted(role as Role<S, E, C> & AnyRole, steps, at, holds), wrong].flatMap(
                (step) => (step?.entry ? effect(step.entry) : []),
              ),
            },
          ],
        }
      const replica = history.finals.find(
        ({ states }) => role.name in states && check(states[role.name] as S) !== true,
      )
      const found = replica && {
        text: `${sentence(check(replica.states[role.name] as S))} (final state of ${role.name} at ${replica.node})`,
        events: [{ atMs: history.endMs, node: replica.node, text: `holds this state of ${role.name}` }],
      }
      return { exercised: steps.length - 1, contradictions: found ? [found] : [] }
    },
    { required: true },
  )
}

function sentence(verdict: boolean | string): string {
  return typeof verdict === 'string' ? verdict : 'the invariant does not hold'
}

/** Entries that are looked at for the one which the last contradicts. */
const LOOKED_AT = 200

/** The newest step without which the state would not have become wrong; the one before, when there is none. */
function contradicted(
  role: AnyRole,
  steps: readonly Step[],
  at: number,
  holds: (state: unknown) => boolean,
): Step | undefined {
  for (let left = at - 1; left >= Math.max(1, at - LOOKED_AT); left--) {
    try {
      if (holds(without(role, steps, left, at))) return steps[left]
    } catch {
      // These events need the one that was left out.
    }
  }
  return steps[at - 1]
}

function without(role: AnyRole, steps: readonly Step[], left: number, at: number): unknown {
  const events = steps.slice(left + 1, at + 1).flatMap(({ entry }) => entry?.command?.events ?? [])
  return events.reduce(
    (state, { type, payload }) => role.events[type]?.(state as never, payload as never),
    steps[left - 1]?.state,
  )
}

function effect({ atMs, node, index, command }: CommittedEntry): LawEvent[] {
  if (!command) return []
  const events = command.events.map(({ type, payload }) =>
    payload === undefined ? type : `${type} ${showShort(payload)}`,
  )
  const text = `${command.role}.${command.command} ${command.session}:${command.seq} takes effect at position ${index}: ${events.join(', ')}`
  return [{ atMs, node, text }]
}
