import { replayOf } from '../history/index.js'
import type { CommittedEntry, History } from '../history/index.js'
import { derivedBy } from '../../role/index.js'
import type { Finding } from './build.js'

/**
 * A due command has the same id at each appearance of its item: it must be derived from the state before it, and not
 * all the time since it ran last.
 */
export function dueFindings(
  history: History,
  eventOf: (entry: CommittedEntry) => NonNullable<Finding['contradictions']>[number]['events'][number],
): Finding {
  const entries = history.journal.filter(({ command }) => command?.session.startsWith('!') === true)
  if (entries.length === 0) return { exercised: 0, contradictions: [] }
  const replay = replayOf(history)
  const derives = new Map(history.witness().map((role) => [role.name, derivedBy(role)]))
  const contradictions: NonNullable<Finding['contradictions']>[number][] = []
  const last = new Map<string, CommittedEntry>()
  for (const entry of entries) {
    const { role, session } = entry.command!
    const has = derives.get(role)
    if (has === undefined) continue
    const key = session.slice(session.indexOf(':') + 1)
    if (has(replay.stateAt(role, entry.index - 1), key) === false) {
      const text = `the due command ${session} takes effect at position ${entry.index}, where its role does not derive it`
      contradictions.push({ text, events: [eventOf(entry)] })
    }
    const before = last.get(session)
    last.set(session, entry)
    if (before === undefined) continue
    const between = [
      replay.stateAt(role, before.index),
      ...replay
        .steps(role)
        .filter(({ index }) => index > before.index && index < entry.index)
        .map(({ state }) => state),
    ]
    if (between.some((state) => has(state, key) === false)) continue
    const text = `the due command ${session} took effect twice in one appearance, at positions ${before.index} and ${entry.index}`
    contradictions.push({ text, events: [eventOf(before), eventOf(entry)] })
  }
  return { exercised: entries.length, contradictions }
}
