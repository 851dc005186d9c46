import { drawSchedule, seededRandom } from '@tanist/core/testing'
import type { Schedule } from '@tanist/core/testing'
import { describe, expect, it } from 'vitest'
import { ask, clusterRoles, peerNames, runSchedule } from '../../src/testing/index.js'
import type { Cluster, Run, SimulateOptions, WorkloadSpec } from '../../src/testing/index.js'
import { common, one, ordersTwo, returns, two } from './builds.js'

/** A snapshot every 20 entries, and whoever is behind gets one: builds restore what the other has written. */
const small = {
  entries: 20,
  bytes: 4_000,
  keepEntries: 2,
  keepBytes: 300,
  catchUpBytes: 0,
  catchUpSnapshots: 0,
  pieceBytes: 500,
}
const settings = { snapshots: small }
const EVERY_MS = 1_200
/** Long enough for others to go on without it, too short for losing the seat. */
const DOWN_MS = 500
const spec = { work: common, clients: 3, pauseMs: 25 } satisfies WorkloadSpec

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
const acts = { 'to-1': replace('1'), 'to-2': replace('2') }

const oneByOne = (names: readonly string[], to: '1' | '2', fromMs = 400): Schedule =>
  names.map((who, i) => ({ at: fromMs + i * EVERY_MS, do: 'act', act: `to-${to}`, who }))

/** Without a word: the process is killed. */
const killed = (names: readonly string[], to: '1' | '2', fromMs = 400): Schedule =>
  names.map((who, i) => ({ at: fromMs + i * EVERY_MS, do: 'upgrade', who, to }))

function run(peers: number, schedule: Schedule, more: Partial<SimulateOptions> = {}): Run {
  return runSchedule({
    seed: 3,
    peers,
    roles: one,
    versions: { 1: one, 2: two },
    settings,
    acts,
    schedule,
    workload: spec,
    forMs: 800 + schedule.length * EVERY_MS,
    ...more,
  })
}

const broken = ({ contradictions }: Run): string[] => contradictions.map(({ law, text }) => `${law}: ${text}`)

/** Commands that were answered with a failure of the program. */
const failed = ({ history }: Run): string[] =>
  history.operations.flatMap(({ command, id, outcome }) =>
    outcome?.status === 'refused' && outcome.failed ? [`${command} ${id}`] : [],
  )

const versions = ({ history }: Run): (string | undefined)[] =>
  history.names.map((name) => history.starts.findLast(({ node }) => node === name)?.version)

/** How many of these are done, and by how many the journal says so. */
const count = ({ history }: Run, command: string): number =>
  history.operations.filter((asked) => asked.command === command && asked.outcome?.status === 'ok').length

/** Every peer has taken part in everything in the end. */
function expectWhole(of: Run): void {
  expect(broken(of)).toEqual([])
  expect(of.unfired).toEqual([])
  expect(of.history.finals).toHaveLength(of.history.names.length)
  for (const { failures } of of.history.finals) expect(failures).toEqual({})
  const [first] = of.history.finals
  const { states = {} } = first ?? {}
  for (const other of of.history.finals) expect(other.states).toEqual(states)
  const { ids } = states['returns'] as { ids: readonly string[] }
  expect(ids).toHaveLength(count(of, 'take'))
  expect(new Set(ids).size).toBe(ids.length)
  expect((states['orders'] as { shipped: number }).shipped).toBe(count(of, 'ship'))
  expect((states['visits'] as { n: number }).n).toBe(count(of, 'count'))
}

/** Clients ask also for what is new, but only while `may` says so. */
function asking(may: (cluster: Cluster) => boolean): Pick<SimulateOptions, 'meanwhile' | 'workload'> {
  let cluster: Cluster | null = null
  const follow: WorkloadSpec['follow'] = (_, { name, seq }, dice) => {
    if (cluster === null || !dice.chance(0.4) || !may(cluster)) return null
    return dice.chance(0.5)
      ? ask(ordersTwo, 'ship', undefined)
      : ask(returns, 'take', { id: `${name}.${seq}` })
  }
  return { meanwhile: (of) => void (cluster = of), workload: { ...spec, follow } }
}

const knows = (cluster: Cluster, node: string): boolean =>
  cluster.recorder.starts.findLast((start) => start.node === node)?.version === '2'

const everybodyKnows = (cluster: Cluster): boolean => cluster.names.every((name) => knows(cluster, name))

/** What peers said about themselves. */
function heard(events: string[]): Pick<SimulateOptions, 'onPeer'> {
  return {
    onPeer: (node, core) =>
      core.observe((event) => {
        if (event.kind === 'note') events.push(`${event.event} at ${node}`)
      }),
  }
}

const said = (events: readonly string[], event: string): number =>
  events.filter((text) => text.startsWith(event)).length

describe('peers upgraded one by one under load', () => {
  it.each([
    [3, 1],
    [3, 2],
    [5, 3],
  ])('lose no call, double none and fail none (%i peers, seed %i)', (peers, seed) => {
    const names = peerNames(peers)
    const events: string[] = []
    const of = run(peers, oneByOne(names.toReversed(), '2'), {
      seed,
      forMs: 2_000 + peers * EVERY_MS,
      ...asking(everybodyKnows),
      ...heard(events),
    })
    expect(versions(of)).toEqual(names.map(() => '2'))
    expect(failed(of)).toEqual([])
    expectWhole(of)
    expect(count(of, 'count')).toBeGreaterThan(100)
    expect(Math.min(count(of, 'take'), count(of, 'ship'))).toBeGreaterThan(5)
    expect(said(events, 'snapshot-installed')).toBeGreaterThan(0)
    expect(said(events, 'state-diverged')).toBe(0)
  })

  it.each([3, 5])(
    'also in any order, stopped or killed, with everything that happens in between (%i peers)',
    (peers) => {
      const names = peerNames(peers)
      const kinds = ['crash', 'restart', 'split', 'power-off', 'pause', 'disk-slow'] as const
      let restored = 0
      for (const seed of peers === 3 ? [1, 2, 3, 4] : [5, 6]) {
        const random = seededRandom(`upgrade/${seed}`)
        const order = names.toSorted(() => random.next() - 0.5)
        const events: string[] = []
        const trouble = drawSchedule(random, {
          nodes: names,
          roles: clusterRoles,
          moments: ['server.appended', 'elected', 'restored', 'server.committed'],
          forMs: peers * EVERY_MS,
          maxFaults: 5,
          kinds,
        })
        const ways = [killed(order, '2'), oneByOne(order, '2')]
        const schedule = [...order.flatMap((_, i) => ways[i % 2]?.[i] ?? []), ...trouble]
        const of = run(peers, schedule, {
          seed,
          forMs: 1_500 + peers * EVERY_MS,
          ...asking(everybodyKnows),
          ...heard(events),
        })
        const text = JSON.stringify(schedule)
        expect(broken(of), text).toEqual([])
        expect(failed(of), text).toEqual([])
        for (const { failures } of of.history.finals) expect(failures).toEqual({})
        expect(said(events, 'state-diverged'), text).toBe(0)
        restored += said(events, 'snapshot-installed')
      }
      expect(restored).toBeGreaterThan(0)
    },
  )
})

describe('peers that go back to the build before, when the journal holds what it does not know', () => {
  const loud = (of: Run): string[] =>
    [...new Set(failed(of).map((text) => text.split(' ')[0] ?? ''))].toSorted()

  it.each([1, 2])(
    'fail these roles loudly, serve the others, and a later build has it all (seed %i)',
    (seed) => {
      const names = peerNames(3)
      const events: string[] = []
      const failures = new Set<string>()
      const look = (cluster: Cluster): void => {
        for (const name of cluster.names)
          for (const role of ['orders', 'returns', 'visits'])
            if (cluster.isRunning(name) && !knows(cluster, name))
              failures.add(cluster.peer(name)?.roles.failure(role) ?? '')
        cluster.world.schedule(cluster.world.nowMs + 50, () => look(cluster))
      }
      const { meanwhile, workload } = asking((cluster) => {
        const server = cluster.server()
        return server !== null && knows(cluster, server)
      })
      const back = names.slice(0, 2)
      const of = run(
        3,
        [...oneByOne(names, '2'), ...oneByOne(back, '1', 4_000), ...oneByOne(back, '2', 8_000)],
        {
          seed,
          forMs: 12_000,
          workload: workload!,
          meanwhile: (cluster) => {
            meanwhile?.(cluster)
            look(cluster)
          },
          ...heard(events),
        },
      )
      expectWhole(of)
      expect(loud(of).every((command) => ['place', 'cancel', 'ship', 'take'].includes(command))).toBe(true)
      const told = [...failures].join('\n')
      expect(told).toMatch(
        /'returns' is (used by the journal entry|in the snapshot).*this build does not know it/,
      )
      expect(told).not.toContain("'visits'")
      expect(said(events, 'snapshot-installed')).toBeGreaterThan(0)
      expect(said(events, 'state-diverged')).toBe(0)
    },
  )
})
