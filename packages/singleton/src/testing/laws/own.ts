import { replayOf } from '../history/index.js'
import type { CommittedEntry, History } from '../history/index.js'
import type { Role } from '../../role/index.js'
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
      const wrong = steps.find(({ state }) => check(state as S) !== true)
      if (wrong)
        return {
          exercised: steps.length - 1,
          contradictions: [
            {
              text: `${sentence(check(wrong.state as S))} (state of ${role.name} after position ${wrong.index})`,
              events: wrong.entry ? leadingTo(history, wrong.entry, role.name) : [],
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

/** The entry that made the state wrong, and the one of the same role before it. */
function leadingTo({ journal }: History, entry: CommittedEntry, role: string): LawEvent[] {
  const before = journal.findLast(
    ({ index, command }) => index < entry.index && command?.role === role && command.events.length > 0,
  )
  return [before, entry].flatMap((one) =>
    one?.command
      ? [
          {
            atMs: one.atMs,
            node: one.node,
            text: `${one.command.role}.${one.command.command} ${one.command.session}:${one.command.seq} takes effect at position ${one.index}: ${one.command.events.map(({ type, payload }) => `${type} ${JSON.stringify(payload)}`).join(', ')}`,
          },
        ]
      : [],
  )
}
