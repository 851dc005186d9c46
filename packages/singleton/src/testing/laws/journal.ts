import { fingerprint, replayOf } from '../history/index.js'
import type { CommittedEntry, FinalReplica, History, RecordedReign } from '../history/index.js'
import { showShort } from '../value-text.js'
import { answered, lawFrom, nameOf, writtenOf } from './build.js'
import type { Finding, Written } from './build.js'
import { damagedDisks, endedByItsDisk } from './faults.js'
import type { Law, LawEvent } from './types.js'

type Found = NonNullable<Finding['contradictions']>[number]

const begins = ({ node, life, term, fromMs, index }: RecordedReign): LawEvent => ({
  atMs: fromMs,
  node,
  text: `begins to serve (life ${life}) in term ${term} from position ${index}`,
})

const committed = ({ node, atMs, index, term, kind, command }: CommittedEntry): LawEvent => ({
  atMs,
  node,
  text: `${command ? `${command.role}.${command.command} ${command.session}:${command.seq}` : kind} is committed at position ${index} of term ${term}`,
})

const endOf = ({ endMs }: History, { node }: FinalReplica, text: string): LawEvent => ({
  atMs: endMs,
  node,
  text,
})

function oneServerATerm(history: History): Finding {
  const contradictions: Found[] = []
  const ofTerm = new Map<number, RecordedReign>()
  for (const reign of history.reigns) {
    const other = ofTerm.get(reign.term)
    if (other && other.node !== reign.node) {
      const text = `${other.node} and ${reign.node} both served in term ${reign.term}`
      contradictions.push({ text, events: [begins(other), begins(reign)] })
    }
    ofTerm.set(reign.term, reign)
  }
  const inOrder = writtenOf(history).toSorted((a, b) => a.index - b.index)
  for (const [i, operation] of inOrder.entries()) {
    const before = inOrder[i - 1]
    if (!before || before.term <= operation.term) continue
    const text = `${before.id} was acknowledged at position ${before.index} in term ${before.term}, ${operation.id} at ${operation.index} in the earlier term ${operation.term}`
    contradictions.push({ text, events: [answered(before), answered(operation)] })
  }
  return { exercised: inOrder.length, contradictions }
}

function oneServerAtOnce({ reigns }: History): Finding {
  const contradictions = reigns.flatMap((reign) =>
    reign.beside.map(({ node, term }) => ({
      text: `${reign.node} begins to serve in term ${reign.term} while ${node} would still answer in term ${term}`,
      events: [
        ...reigns.filter((one) => one.node === node && one.fromMs <= reign.fromMs).slice(-1),
        reign,
      ].map(begins),
    })),
  )
  return { exercised: Math.max(0, reigns.length - 1), contradictions }
}

function oneCommandAPosition(history: History): Finding {
  const at = new Map<number, Written>()
  const contradictions: Found[] = []
  const written = writtenOf(history)
  for (const operation of written) {
    const other = at.get(operation.index)
    if (other && other.id !== operation.id) {
      const text = `${nameOf(other)} and ${nameOf(operation)} were both acknowledged at position ${operation.index}`
      contradictions.push({ text, events: [answered(other), answered(operation)] })
    }
    at.set(operation.index, operation)
  }
  return { exercised: written.length, contradictions }
}

function nothingIsLost(history: History): Finding {
  const { journal, reigns, finals } = history
  const contradictions: Found[] = []
  const written = writtenOf(history)
  for (const operation of written) {
    const entry = journal[operation.index - 1]
    const id = entry?.command ? `${entry.command.session}:${entry.command.seq}` : null
    if (id === null || !operation.ids.includes(id)) {
      const instead = entry ? committed(entry) : null
      const text = `${nameOf(operation)} was acknowledged at position ${operation.index} and is lost: ${instead ? `there ${instead.text}` : 'nobody ever had that position committed'}`
      contradictions.push({ text, events: [answered(operation), ...(instead ? [instead] : [])] })
    }
    const later = reigns.find(({ term, index }) => term > operation.term && index <= operation.index)
    if (!later) continue
    const text = `${nameOf(operation)} was acknowledged at position ${operation.index} in term ${operation.term}, and ${later.node} serves in term ${later.term} from position ${later.index} without it`
    contradictions.push({ text, events: [answered(operation), begins(later)] })
  }
  const newest = written.reduce<Written | null>((a, b) => (a && a.index >= b.index ? a : b), null)
  if (newest && history.healing?.healed === true) {
    for (const replica of finals) {
      if (replica.applied >= newest.index) continue
      const text = `${nameOf(newest)} was acknowledged at position ${newest.index}, and ${replica.node} has only ${replica.applied} positions after healing`
      contradictions.push({
        text,
        events: [answered(newest), endOf(history, replica, `holds ${replica.applied} positions`)],
      })
    }
  }
  return { exercised: written.length, contradictions }
}

function sameJournals(history: History): Finding {
  const { conflicts, finals, lives } = history
  const contradictions: Found[] = conflicts.map(({ index, first, other }) => ({
    text: `${other.node} has ${other.text} committed at position ${index}, ${first.node} ${first.text}`,
    events: [first, other],
  }))
  return {
    exercised: lives.filter(({ committed: many }) => many > 0).length > 1 ? history.journal.length : 0,
    contradictions: [...contradictions, ...finals.flatMap((replica) => unlikeTheJournal(history, replica))],
  }
}

/** Replaying the committed journal gives what this replica holds. */
function unlikeTheJournal(history: History, replica: FinalReplica): Found[] {
  const replay = replayOf(history)
  const found: Found[] = []
  for (const role of replay.roles) {
    const failure = replica.failures[role]
    if (failure !== undefined)
      found.push({
        text: `${replica.node} gave the role ${role} up: ${failure}`,
        events: [endOf(history, replica, failure)],
      })
    if (failure !== undefined || !(role in replica.states)) continue
    const [its, expected] = [replica.states[role], replay.stateAt(role, replica.applied)]
    if (fingerprint(its) === fingerprint(expected)) continue
    const last = replay.steps(role).findLast(({ index }) => index <= replica.applied)
    const text = `the state of the role ${role} at ${replica.node} is not what the same journal gives elsewhere (position ${replica.applied}): its events are not a function of state and payload alone, or something else changed the state`
    found.push({
      text,
      events: [
        ...(last?.entry ? [committed(last.entry)] : []),
        endOf(history, replica, `holds ${showShort(its, 200)}; a replay gives ${showShort(expected, 200)}`),
      ],
    })
  }
  return found
}

function nothingGoesBack(history: History): Finding {
  const contradictions: Found[] = []
  const damaged = damagedDisks(history)
  const restarts = history.starts.filter(
    ({ node, life, atMs }) => life > 1 && atMs < (damaged.get(node) ?? Infinity),
  )
  for (const start of restarts) {
    const { node, life, term, atMs } = start
    const earlier = history.lives.filter((one) => one.node === node && one.life < life)
    const served = Math.max(0, ...earlier.map(({ servedTerm }) => servedTerm))
    if (term >= served) continue
    const reign = history.reigns.find((one) => one.node === node && one.term === served)
    const text = `${node} served in term ${served} and starts its life ${life} in term ${term}`
    const begun = { atMs, node, text: `starts life ${life} with term ${term} on its disk` }
    contradictions.push({ text, events: [...(reign ? [begins(reign)] : []), begun] })
  }
  if (history.healing?.healed === true) {
    for (const replica of history.finals) {
      const of = history.lives.filter(({ node }) => node === replica.node && !damaged.has(node))
      const most = Math.max(0, ...of.map((life) => life.committed))
      if (replica.applied >= most) continue
      const text = `${replica.node} knew ${most} positions committed and ends with ${replica.applied}`
      contradictions.push({ text, events: [endOf(history, replica, `holds ${replica.applied} positions`)] })
    }
  }
  return { exercised: restarts.length, contradictions }
}

function positionsInOrder({ lives }: History): Finding {
  const contradictions = lives.flatMap(({ node, life, leaps }) =>
    leaps.map(({ atMs, from, to }) => ({
      text: `${node} (life ${life}) went from position ${from} to ${to}`,
      events: [{ atMs, node, text: `applies position ${to} after ${from}` }],
    })),
  )
  return { exercised: lives.reduce((sum, { watched }) => sum + watched, 0), contradictions }
}

function endsByItself(history: History): Finding {
  const contradictions = history.endings
    .filter((ending) => !endedByItsDisk(history, ending))
    .map(({ node, life, atMs, text }) => ({
      text: `${node} ended its life ${life} by itself: ${text}`,
      events: [{ atMs, node, text: `stops: ${text}` }],
    }))
  return { exercised: history.starts.length, contradictions }
}

const required = { required: true }

export const journalLaws: readonly Law[] = [
  lawFrom('S1', 'at most one server acknowledges in a term', oneServerATerm, required),
  lawFrom('P2', 'nobody begins to serve while another would still answer', oneServerAtOnce),
  lawFrom(
    'S2',
    'what was acknowledged at one journal position is one command, for ever',
    oneCommandAPosition,
    required,
  ),
  lawFrom('S3', "what was acknowledged is in every later server's journal", nothingIsLost, required),
  lawFrom('S4', 'journals agree on what is committed, and replicas on what it means', sameJournals, required),
  lawFrom('S5', 'terms and committed positions never go back, also not by a restart', nothingGoesBack),
  lawFrom(
    'S8',
    'a replica applies every position once and in order, and its watchers are never sent back',
    positionsInOrder,
  ),
  lawFrom('ends', 'no process ends by itself, unless its own disk fails', endsByItself),
]
