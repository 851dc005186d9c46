// What is measured, and what it must reach.
import { median, percentile, short, summary } from '../succession/numbers.mjs'
import { contest, rates } from './contest.mjs'
import { peers } from './peers.mjs'

const ofNode = (run) => ({ ...run, contenders: ['tanist', 'nact'] })
/** Runs of equal things differ by as much on a machine that others use as well. */
const NOISE = 0.1

async function tell(run) {
  const messages = 1_000_000 * run.share
  run.report.title(`tell to one actor, ${short(messages)} messages queued, supervised and bounded`)
  // On one scheduler Erlang is quicker here: sender and receiver do not fight for the queue.
  const contenders = run.contenders.flatMap((name) => (name === 'erlang' ? [name, 'erlang +S 1'] : [name]))
  const medians = rates(run.report, await contest({ ...run, contenders }, 'tell', () => ({ messages })))
  const { tanist, nact, erlang } = medians
  run.report.target('tell, of nact', tanist / nact, 20, 'more', 'x')
  if (erlang === undefined) return
  const best = Math.max(erlang, medians['erlang +S 1'])
  run.report.target('tell, of the quicker Erlang', tanist / best, 1, 'more', 'x')
}

async function children(run) {
  const messages = 1_000_000 * run.share
  const actors = 1_000
  run.report.title(`the same with ${short(actors)} children`)
  const sizes = {
    tanist: { messages, actors },
    'tanist without': { messages, actors: 0 },
    // nact copies its map of children for each message.
    nact: { messages: messages / 50, actors },
  }
  const contenders = Object.keys(sizes)
  const medians = rates(run.report, await contest({ ...run, contenders }, 'children', (name) => sizes[name]))
  run.report.target(
    'with children, of without',
    medians.tanist / medians['tanist without'],
    1 - NOISE,
    'more',
    'x',
  )
}

/** A row whose only target is a factor of nact. */
function factorOfNact(row, title, factor, messages, actors = 0) {
  return async (run) => {
    const size = { messages: messages * run.share, actors: Math.min(actors, messages * run.share) }
    run.report.title(title)
    const { tanist, nact } = rates(run.report, await contest(run, row, () => size))
    if (factor !== null) run.report.target(`${row}, of nact`, tanist / nact, factor, 'more', 'x')
  }
}

async function idle(run) {
  const messages = 100_000 * run.share
  run.report.title(`bytes per actor that has handled a message, of ${short(messages)}`)
  const answers = await contest(run, 'idle', () => ({ messages }), { forMs: 0, flags: ['--expose-gc'] })
  for (const [contender, values] of Object.entries(answers)) run.report.row(contender, summary(values), 'B')
  run.report.target('bytes, as nact', median(answers.tanist), median(answers.nact), 'less', 'B')
}

/** What the limits allow: an actor in the memory that nact needs, and a message in 100 bytes. */
const ACTOR_BYTES = 1_208
const MESSAGE_BYTES = 100

async function crowd(run) {
  const actors = 100_000 * run.share
  const messages = actors * 10
  run.report.title(`${short(actors)} actors with mailboxes of 10, ${short(messages)} messages queued`)
  const size = { messages, actors }
  const only = { ...run, contenders: ['tanist'], times: Math.min(run.times, 3) }
  const { tanist } = await contest(only, 'crowd', () => size, { forMs: 0, flags: ['--expose-gc'] })
  const mb = (pick) => summary(tanist.map((answer) => pick(answer) / 1_000_000))
  run.report.row(
    'queued, heap',
    mb(({ fullBytes }) => fullBytes),
    'MB',
  )
  run.report.row(
    'as many sent again, heap',
    mb(({ afterBytes }) => afterBytes),
    'MB',
  )
  run.report.row(
    'resident, whole process',
    mb(({ residentBytes }) => residentBytes),
    'MB',
  )
  const limit = (actors * ACTOR_BYTES + messages * MESSAGE_BYTES) / 1_000_000
  const after = mb(({ afterBytes }) => afterBytes).median
  run.report.target('heap, of the limits', after, limit, 'less', 'MB')
  const beyond = Math.max(...tanist.map(({ accepted, more }) => Math.abs(accepted - messages) + more))
  run.report.target('messages beyond the mailboxes', beyond, 0, 'less')
}

async function timers(run) {
  const size = { messages: Math.min(300, 1_000 * run.share), actors: 200, delayMs: 10 }
  run.report.title(
    `lateness of a timer of ${size.delayMs} ms beside ${size.actors} actors that flood themselves`,
  )
  const answers = await contest(ofNode(run), 'timers', () => size, { forMs: 0 })
  for (const [contender, runs] of Object.entries(answers)) {
    for (const load of ['idle', 'loaded']) {
      const all = summary(runs.map((answer) => percentile(answer[load], 0.99)))
      run.report.row(`${contender}, ${load}, p99`, all, 'ms')
    }
  }
  // In the same process, a moment apart: what others do to the machine is in both.
  const more = answers.tanist.map((answer) => percentile(answer.loaded, 0.99) - percentile(answer.idle, 0.99))
  run.report.target('p99 later than idle', median(more), 5, 'less', 'ms')
}

export const rows = {
  tell,
  children,
  'ping-pong': factorOfNact('ping-pong', 'ping-pong between two actors, round trips', 1.5, 200_000),
  ask: factorOfNact('ask', 'ask, one after another', 1.5, 200_000),
  'open-asks': factorOfNact('open-asks', 'ask, 1,000 open at once', 1.5, 500_000, 1_000),
  'fan-out': factorOfNact('fan-out', 'tell to 1,000 actors in turn', null, 1_000_000, 1_000),
  spawn: factorOfNact('spawn', 'spawn and stop of 100,000 actors, until the hooks ran', 2, 100_000),
  idle,
  crowd,
  timers,
  peers,
}
