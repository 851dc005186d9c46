import { drawSchedule, seededRandom } from '@tanist/core/testing'
import type { FaultKind, Schedule } from '@tanist/core/testing'
import { role } from '../../src/index.js'
import type { AnyRole } from '../../src/index.js'
import { clusterRoles, peerNames, replayOf, runSchedule, work } from '../../src/testing/index.js'
import type { Cluster, Run, WorkloadSpec } from '../../src/testing/index.js'
import { four, one, three, two } from '../role/aged.js'

/*
 * A role through four releases while its cluster runs: versions of events and of the state, a renamed event, steps down
 * for some of them. Clients know the commands of the first.
 */

/** The same under its first name: laws ask for roles by the name that clients use. */
function underFirstName(of: AnyRole): AnyRole {
  const { name: _, formerly: __, ...definition } = of
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a definition that was checked before
  return role('basket', definition as never)
}

const builds: Readonly<Record<string, readonly AnyRole[]>> = {
  1: [one],
  2: [two],
  3: [underFirstName(three)],
  4: [underFirstName(four)],
}

/** A snapshot every 20 entries, and whoever is behind gets one: builds restore what others have written. */
const snapshots = {
  entries: 20,
  bytes: 4_000,
  keepEntries: 2,
  keepBytes: 300,
  catchUpBytes: 0,
  catchUpSnapshots: 0,
  pieceBytes: 500,
}

const workload: WorkloadSpec = {
  // No reads: what they give is a matter of the release.
  work: work(
    one,
    {
      reserve: (dice, { name }) => ({ id: `${name}.${dice.int(1, 20)}`, cents: dice.int(1, 9) }),
      settle: (dice, { name }) => ({ id: `${name}.${dice.int(1, 20)}` }),
    },
    { reads: 0 },
  ),
  clients: 3,
  pauseMs: 50,
}

const EVERY_MS = 800
/** Long enough for others to go on without it, too short for losing the seat. */
const DOWN_MS = 400
const LEADS_AFTER_MS = 600

/** A peer stops as on SIGTERM, and a while later its next process is another build. */
const replace =
  (version: string) =>
  (cluster: Cluster, node: string): void =>
    cluster.stop(node, () => {
      const { world } = cluster
      world.schedule(world.nowMs + DOWN_MS, () => {
        world.upgrade(node, version)
        // It may have been started meanwhile.
        world.crash(node)
        cluster.start(node)
      })
    })

/** The one with the newest build leads while others have the one before: by itself it would wait until it is the oldest. */
const lead = (cluster: Cluster, node: string): void => {
  const server = cluster.server()
  const to = cluster.peer(node)?.succession.self.memberId
  if (server !== null && server !== node && to !== undefined) cluster.peer(server)?.transfer(to, () => {})
}

const acts = { lead, 'to-1': replace('1'), 'to-2': replace('2'), 'to-3': replace('3'), 'to-4': replace('4') }

export interface Aging {
  readonly seed: number
  readonly peers: number
  /** `up`: one release after the other, peer by peer. `wild`: any peer to any release, with faults. */
  readonly way: 'up' | 'wild'
}

export interface Aged {
  /** What must not be, each in a sentence. */
  readonly problems: readonly string[]
  readonly run: Run
  /** Of commands that were refused by the framework, by reason. */
  readonly refused: Readonly<Record<string, number>>
  readonly restored: number
  /** Versions of events in the journal. */
  readonly written: ReadonlySet<string>
  readonly schedule: Schedule
}

/** One run; in the end every peer runs the newest release. */
export function age({ seed, peers, way }: Aging): Aged {
  const names = peerNames(peers)
  const random = seededRandom(`aging/${seed}`)
  const { schedule, forMs } = way === 'up' ? upwards(names, random) : wildly(names, random)
  const notes: string[] = []
  const failures = new Set<string>()
  const run = runSchedule({
    seed,
    peers,
    roles: builds['1']!,
    versions: builds,
    settings: { snapshots },
    acts,
    schedule,
    workload,
    forMs,
    meanwhile: (cluster) => watch(cluster, failures),
    onPeer: (node, core) =>
      core.observe((event) => {
        if (event.kind === 'note') notes.push(`${event.event} at ${node}: ${event.text}`)
      }),
  })
  const refused = refusals(run)
  return {
    problems: [
      ...run.contradictions.map(({ law, text }) => `${law}: ${text}`),
      ...notes.filter((note) => note.startsWith('state-diverged')),
      ...inTheEnd(run),
      ...(way === 'up' ? [...failures].filter((text) => !text.includes('in the snapshot')) : []),
      ...Object.keys(refused)
        .filter((reason) => !['not-yet', 'role-failed'].includes(reason))
        .map((reason) => `commands were refused: ${reason}`),
    ],
    run,
    refused,
    restored: notes.filter((note) => note.startsWith('snapshot-installed')).length,
    written: versionsIn(run),
    schedule,
  }
}

interface Plan {
  readonly schedule: Schedule
  readonly forMs: number
}

function upwards(names: readonly string[], random: ReturnType<typeof seededRandom>): Plan {
  const steps = ['2', '3', '4'].flatMap((to) =>
    names.toSorted(() => random.next() - 0.5).map((who) => ({ who, act: `to-${to}` })),
  )
  const schedule = steps.flatMap(({ who, act }, i) => {
    const at = 300 + i * EVERY_MS
    const step = { at, do: 'act' as const, act, who }
    // Else the oldest build writes for as long as it is there.
    return i % 2 === 0 ? [step] : [step, { ...step, at: at + LEADS_AFTER_MS, act: 'lead' }]
  })
  return { schedule, forMs: 1_500 + steps.length * EVERY_MS }
}

const kinds: readonly FaultKind[] = ['crash', 'restart', 'split', 'power-off', 'pause', 'disk-slow']

function wildly(names: readonly string[], random: ReturnType<typeof seededRandom>): Plan {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!
  const changes = Array.from({ length: 2 * names.length }, (_, i) => {
    const [who, to, at] = [pick(names), pick(['1', '2', '3', '4']), 300 + i * EVERY_MS]
    return random.next() < 0.5
      ? { at, do: 'act' as const, act: `to-${to}`, who }
      : { at, do: 'upgrade' as const, who, to }
  })
  const wildMs = 300 + changes.length * EVERY_MS
  const trouble = drawSchedule(random, {
    nodes: names,
    roles: clusterRoles,
    moments: ['server.appended', 'elected', 'restored', 'server.committed'],
    forMs: wildMs,
    maxFaults: 5,
    kinds,
  })
  const last = names.map((who, i) => ({ at: wildMs + i * EVERY_MS, do: 'upgrade' as const, who, to: '4' }))
  return { schedule: [...changes, ...trouble, ...last], forMs: wildMs + (names.length + 2) * EVERY_MS }
}

/** What peers said of the role while they ran. */
function watch(cluster: Cluster, failures: Set<string>): void {
  for (const name of cluster.names) {
    const failure = cluster.isRunning(name) ? cluster.peer(name)?.roles.failure('basket') : undefined
    if (failure !== undefined) failures.add(`${name} failed: ${failure}`)
  }
  cluster.world.schedule(cluster.world.nowMs + 50, () => watch(cluster, failures))
}

function refusals({ history }: Run): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { outcome } of history.operations) {
    if (outcome?.status !== 'refused' || !outcome.failed) continue
    const reason = (outcome.refusal as { readonly reason?: string }).reason ?? 'none'
    found[reason] = (found[reason] ?? 0) + 1
  }
  return found
}

/** Everybody has it all, as who reads the whole journal with the newest release has it. */
function inTheEnd({ history }: Run): string[] {
  const replay = replayOf(history)
  const expected = JSON.stringify(replay.stateAt('basket', Number.POSITIVE_INFINITY))
  const found: string[] = []
  if (replay.failure('basket') !== undefined) found.push(`the journal: ${replay.failure('basket')}`)
  if (history.finals.length !== history.names.length) found.push('not every peer was there in the end')
  for (const { node, failures, states } of history.finals) {
    for (const text of Object.values(failures)) found.push(`${node} ends without the role: ${text}`)
    if (JSON.stringify(sorted(states['basket'])) !== JSON.stringify(sorted(JSON.parse(expected))))
      found.push(`${node} ends with another state than the journal gives`)
  }
  return found
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  )
}

function versionsIn({ history }: Run): ReadonlySet<string> {
  const events = history.journal.flatMap(({ command }) => command?.events ?? [])
  return new Set(
    events.map((event) => `${event.type} ${(event as { readonly version?: number }).version ?? 1}`),
  )
}
