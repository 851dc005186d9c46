import type { Healing, History } from '../history/index.js'
import { lawFrom, nameOf } from './build.js'
import type { Finding } from './build.js'
import { effectiveFaults } from './faults.js'
import type { Law, LawEvent } from './types.js'

type Found = NonNullable<Finding['contradictions']>[number]

/** L1: one server within so many times the silence after which a member is removed. */
const SUSPECTS = 5
/** L4: entries that may wait for their commit beyond what clients asked for, and bytes on one link. */
const OWN_ENTRIES = 32
const LINK_BYTES = 8 * 1024 * 1024
/** L5: frames after healing, compared with the same time before the first command. */
const BUSIER = 3
/** L6: take-overs for which one flapping follower may be the cause. */
const TAKEOVERS = 1

/** Why a cluster that does not serve is right not to: a sentence, or null when it should serve. */
export function legitimateStop({ voters, core, missing }: Healing): string | null {
  const needed = Math.floor(voters.length / 2) + 1
  if (voters.length === 0 || core.length >= needed) return null
  const absent = voters
    .filter((name) => !core.includes(name))
    .map((name) => {
      const found = missing.find(({ node }) => node === name)
      return found ? `${name} (${firstSentence(found.why)})` : name
    })
  return `It stops, and rightly: ${needed} of the voters ${voters.join(', ')} are needed, and of those only ${core.join(', ') || 'none'} can be there; missing: ${absent.join(', ')}.`
}

function firstSentence(text: string): string {
  return /^.*?(?=\.(?:\s|$))/.exec(text)?.[0] ?? text
}

/** A law about the time after healing: needs that time, and a core that could serve. */
function afterHealing(find: (history: History, healing: Healing) => Finding): (history: History) => Finding {
  return (history) => {
    const { healing } = history
    if (healing === null) return { exercised: 0, notApplicable: 'The run was not healed.' }
    const stop = legitimateStop(healing)
    if (stop !== null) return { exercised: 0, notApplicable: stop }
    return find(history, healing)
  }
}

const healedAt = ({ fromMs }: Healing): LawEvent => ({ atMs: fromMs, node: '', text: 'everything is healed' })

const oneServer = afterHealing((history, healing) => {
  const limitMs = SUSPECTS * history.timing.removeMs
  const { serverAfterMs, text } = healing
  if (serverAfterMs !== null && serverAfterMs <= limitMs) return { exercised: 1 }
  const took = serverAfterMs === null ? 'never' : `only after ${Math.round(serverAfterMs)} ms`
  const found = {
    text: `after healing, one server that everybody follows came ${took}; allowed are ${limitMs} ms. ${text}`,
    events: [healedAt(healing), { atMs: history.endMs, node: '', text: 'no server that all follow' }],
  }
  return { exercised: 1, contradictions: [found] }
})

const everythingEnds = afterHealing((history, healing) => {
  const waiting = history.operations.filter(({ endedAtMs, vanished }) => endedAtMs === null && !vanished)
  const contradictions = waiting.map((operation) => {
    const last = operation.unavailable.at(-1)
    const text = `${nameOf(operation)} has no answer ${Math.round(history.endMs - healing.fromMs)} ms after healing${last ? `; last heard: ${last.reason}` : ''}`
    return {
      text,
      events: [
        { atMs: operation.invokedAtMs, node: operation.node ?? '', text: `asks ${nameOf(operation)}` },
        healedAt(healing),
      ],
    }
  })
  return { exercised: history.operations.length, contradictions }
})

const comesTogether = afterHealing((history, healing) => {
  if (!healing.healed) {
    const text = `the cluster has not come together in ${Math.round(healing.tookMs)} ms after healing. ${healing.text}`
    const end = { atMs: history.endMs, node: '', text: 'not all are admitted, linked and up to date' }
    return { exercised: 1, contradictions: [{ text, events: [healedAt(healing), end] }] }
  }
  const [first, ...others] = history.finals
  const contradictions = others.flatMap((replica): Found[] => {
    if (!first || replica.members.join() === first.members.join()) return []
    return [
      {
        text: `after healing ${first.node} counts ${first.members.join(' ')} as members, ${replica.node} ${replica.members.join(' ')}`,
        events: [first, replica].map(({ node, members }) => ({
          atMs: history.endMs,
          node,
          text: `members ${members.join(' ')}`,
        })),
      },
    ]
  })
  return { exercised: others.length, contradictions }
})

/** Entries of which no client knows: commands of reactions, due ones, and what became of reactions. */
function ofRoles({ journal }: History): number {
  return journal.filter(({ kind, command }) => kind === 'command' && !/^[^~!]/.test(command?.session ?? ''))
    .length
}

function bounded(history: History): Finding {
  const { samples, operations } = history
  const contradictions: Found[] = []
  const asked = operations.reduce((sum, operation) => sum + operation.tries + operation.echoes.length, 0)
  const tries = asked + ofRoles(history)
  for (const { atMs, tail, bufferedBytes } of samples) {
    if (tail > tries + OWN_ENTRIES)
      contradictions.push({
        text: `${tail} journal entries wait for their commit, and only ${tries} commands were ever asked`,
        events: [{ atMs, node: '', text: `a tail of ${tail} entries` }],
      })
    if (bufferedBytes > LINK_BYTES)
      contradictions.push({
        text: `${bufferedBytes} bytes wait on one link; allowed are ${LINK_BYTES}`,
        events: [{ atMs, node: '', text: `${bufferedBytes} bytes on one link` }],
      })
  }
  return { exercised: samples.length, contradictions: contradictions.slice(0, 2) }
}

const quiet = afterHealing((history, healing) => {
  const { quiet: calm } = healing
  if (!healing.healed || calm === null || calm.beforeFrames === 0)
    return { exercised: 0, note: 'There was no quiet time after healing; ask for it with `quietMs`.' }
  const contradictions: Found[] = []
  const reigns = history.reigns.filter(({ fromMs }) => fromMs > calm.fromMs)
  if (calm.frames > BUSIER * calm.beforeFrames)
    contradictions.push({
      text: `without work and faults ${calm.frames} frames were sent in ${calm.forMs} ms; before the faults ${calm.beforeFrames}`,
      events: [{ atMs: calm.fromMs, node: '', text: 'quiet time begins' }],
    })
  for (const { node, term, fromMs } of reigns)
    contradictions.push({
      text: `${node} took over in term ${term} though nothing was wrong any more`,
      events: [
        { atMs: calm.fromMs, node: '', text: 'quiet time begins' },
        { atMs: fromMs, node, text: `begins to serve in term ${term}` },
      ],
    })
  return { exercised: 1, contradictions }
})

/** Applies to runs in which everything that fired hit one and the same peer, and that one never served. */
function healthyStays(history: History): Finding {
  const { reigns, fromMs, healedMs } = history
  const fired = effectiveFaults(history)
  const hit = new Set(fired.flatMap((one) => one.hit))
  const [flapping] = hit
  const before = reigns.findLast((reign) => reign.fromMs <= fromMs)
  // A bridge names the one in the middle, and parts the others; an act may ask for another server.
  const elsewhere = fired.some(({ fault }) => fault.do === 'bridge' || fault.do === 'act')
  if (hit.size !== 1 || flapping === undefined || before?.node === flapping || elsewhere)
    return { exercised: 0, notApplicable: 'More than one peer was hit, or the server itself.' }
  // Of two, the server waits while the other one is away, and goes on in its term: nobody was deposed.
  const deposed = reigns.filter(({ term }, i) => term !== reigns[i - 1]?.term)
  const later = deposed.filter((reign) => reign.fromMs > fromMs && reign.fromMs <= (healedMs ?? Infinity))
  if (later.length <= TAKEOVERS) return { exercised: fired.length }
  const text = `only ${flapping} was hit, and there were ${later.length} take-overs from ${before?.node} on; allowed is ${TAKEOVERS}`
  const events = later.slice(0, 3).map((reign) => ({
    atMs: reign.fromMs,
    node: reign.node,
    text: `begins to serve in term ${reign.term}`,
  }))
  return { exercised: fired.length, contradictions: [{ text, events }] }
}

export const livenessLaws: readonly Law[] = [
  lawFrom(
    'L1',
    `one server, followed by all, within ${SUSPECTS} times the time after which a silent member is removed`,
    oneServer,
    { required: true },
  ),
  lawFrom('L2', 'every command that somebody waits for is answered or refused', everythingEnds, {
    required: true,
  }),
  lawFrom('L3', 'all peers come together, are up to date and count the same members', comesTogether),
  lawFrom(
    'L4',
    `no more entries wait than clients asked for and ${OWN_ENTRIES}, no more than ${LINK_BYTES / 1024 / 1024} MiB on a link`,
    bounded,
  ),
  lawFrom(
    'L5',
    `without work and faults at most ${BUSIER} times the traffic of before, and no take-over`,
    quiet,
  ),
  lawFrom('L6', `one flapping follower costs a healthy server at most ${TAKEOVERS} take-over`, healthyStays),
]
