import type { History } from '../history/index.js'
import { lawFrom } from './build.js'
import type { Finding } from './build.js'
import type { Law } from './types.js'

/** No honest run comes near this term: whoever shows it has listened to a stranger. */
export const STRANGE_TERM: number = 1_000_000

function strangersStayOut(history: History): Finding {
  const { strangers, strangerActs, finals, journal, reigns, endMs } = history
  if (strangers.length === 0)
    return { exercised: 0, notApplicable: 'There were no strangers; ask for some with `strangers`.' }
  const decoder = new TextDecoder()
  const said = journal.filter(({ kind }) => kind === 'view' || kind === 'voters')
  const admitted = said.filter(({ payload }) => decoder.decode(payload).includes('stranger'))
  const infected = finals.filter(({ term }) => term >= STRANGE_TERM)
  const contradictions = [
    ...admitted.map(({ atMs, node, index }) => ({
      text: `a stranger stands in the journal at position ${index}`,
      events: [{ atMs, node, text: `commits position ${index}` }],
    })),
    ...reigns
      .filter(({ term }) => term >= STRANGE_TERM)
      .map(({ fromMs, node, term }) => ({
        text: `${node} serves in term ${term}, which only a stranger spoke of`,
        events: [{ atMs: fromMs, node, text: `begins to serve in term ${term}` }],
      })),
    ...infected.map(({ node, term }) => ({
      text: `${node} is in term ${term}, which only a stranger spoke of`,
      events: [{ atMs: endMs, node, text: `is in term ${term}` }],
    })),
  ]
  return { exercised: strangerActs.filter((act) => act.said).length, contradictions }
}

export const strangerLaws: readonly Law[] = [
  lawFrom('S10', 'sandboxes never leak', () => ({
    exercised: 0,
    notApplicable: 'This version has no sandboxes.',
  })),
  lawFrom('S11', 'nobody who is no member of this cluster influences membership or terms', strangersStayOut),
]
