import { afterEach, describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import type { PeerSettings } from '../../src/peer/index.js'
import { contradictionsIn } from './contradictions.js'

/** Offices that empty one by one, and what the last one may do alone. Clients work all the time. */

interface Office {
  readonly cluster: Cluster
  readonly workload: Workload
}

let office: Office | null = null

function open(peers: number, seed: number, settings: Partial<PeerSettings> = {}): Office {
  const cluster = new Cluster({ seed, peers, settings })
  cluster.startAll()
  const wanted = Math.min(5, peers - ((peers + 1) % 2))
  expect(cluster.world.runUntil(() => cluster.settled, { limitMs: 20_000 })).toBe(true)
  expect(
    cluster.world.runUntil(() => cluster.voters.length >= Math.max(wanted, Math.min(peers, 2)), {
      limitMs: 10_000,
    }),
  ).toBe(true)
  const workload = new Workload(cluster, seed, ledgerWorkload(3, 40))
  workload.start()
  cluster.world.run({ forMs: 1_000 })
  office = { cluster, workload }
  return office
}

function settle(cluster: Cluster, limitMs = 20_000): void {
  expect(
    cluster.world.runUntil(() => cluster.settled, { limitMs }),
    cluster.voters.join(),
  ).toBe(true)
}

/** Virtual milliseconds until somebody serves again. */
function servesWithin(cluster: Cluster, limitMs: number): number {
  const fromMs = cluster.world.nowMs
  const came = cluster.world.runUntil(() => cluster.server() !== undefined && cluster.server() !== null, {
    limitMs,
  })
  expect(came, `nobody serves after ${limitMs} ms`).toBe(true)
  return cluster.world.nowMs - fromMs
}

function lawsHold({ cluster, workload }: Office): void {
  workload.stop()
  const done = cluster.world.runUntil(() => workload.pending.length === 0, { limitMs: 20_000 })
  settle(cluster)
  expect(done).toBe(true)
  expect(contradictionsIn(cluster, workload)).toEqual([])
}

afterEach(({ task }) => {
  const { cluster } = office ?? {}
  office = null
  if (task.result?.state === 'fail' && cluster) console.log(cluster.reigns)
})

describe('an office that empties', () => {
  it.each([1, 2, 3])('nine peers lose eight, the server each time, and still serve (seed %i)', (seed) => {
    const { cluster, workload } = open(9, seed)
    for (let left = 8; left >= 1; left--) {
      const server = cluster.server() ?? ''
      cluster.giveUp(server, 'it crashed for good')
      cluster.world.run({ forMs: 300 })
      servesWithin(cluster, 100)
      expect(cluster.names.filter((name) => cluster.isRunning(name))).toHaveLength(left)
    }
    expect(cluster.voters).toHaveLength(1)
    lawsHold({ cluster, workload })
  })

  it.each([4, 5])('nine peers lose eight by power, followers one after another (seed %i)', (seed) => {
    const { cluster, workload } = open(9, seed)
    const server = cluster.server() ?? ''
    for (const name of cluster.names.filter((one) => one !== server)) {
      cluster.world.powerOff([name])
      cluster.world.run({ forMs: 4_500 })
      expect(cluster.server()).toBe(server)
    }
    expect(cluster.voters).toEqual([server])
    for (const name of cluster.names.filter((one) => one !== server)) cluster.start(name)
    lawsHold({ cluster, workload })
  })

  it.each([6, 7, 8])(
    'Monday morning: the last to stop begins alone, the others wait and say for whom (seed %i)',
    (seed) => {
      const { cluster, workload } = open(3, seed)
      const order: string[] = []
      for (let i = 0; i < 3; i++) {
        const name =
          seed % 2 === 0
            ? (cluster.server() ?? '')
            : (cluster.names.find((one) => !order.includes(one) && one !== cluster.server()) ??
              cluster.server() ??
              '')
        order.push(name)
        cluster.stop(name)
        cluster.world.run({ forMs: 400 })
      }
      const [first = '', second = '', last = ''] = order
      workload.stop()
      cluster.world.run({ forMs: 60_000 })
      cluster.start(first)
      cluster.world.run({ forMs: 5_000 })
      cluster.start(second)
      cluster.world.run({ forMs: 5_000 })
      expect(cluster.server() ?? null).toBeNull()
      expect(cluster.peer(second)?.status().waitingFor).toContain(last)
      cluster.start(last)
      expect(servesWithin(cluster, 3_000)).toBeLessThan(3_000)
      expect(cluster.server()).toBe(last)
      cluster.world.runUntil(() => cluster.voters.length === 3, { limitMs: 10_000 })
      expect(cluster.voters).toHaveLength(3)
      lawsHold({ cluster, workload })
    },
  )

  it('stopped all at once, it begins again when a majority is back', () => {
    const { cluster, workload } = open(3, 9)
    workload.stop()
    for (const name of cluster.names) cluster.stop(name)
    cluster.world.run({ forMs: 10_000 })
    for (const name of cluster.names) cluster.start(name)
    servesWithin(cluster, 10_000)
    lawsHold({ cluster, workload })
  })

  it('the server of a pair whose other machine has lost power stops only when it can begin alone', () => {
    const { cluster, workload } = open(2, 10)
    const server = cluster.server() ?? ''
    const [other = ''] = cluster.names.filter((name) => name !== server)
    cluster.world.powerOff([other])
    cluster.stop(server)
    workload.stop()
    cluster.world.run({ forMs: 5_000 })
    expect(cluster.isRunning(server)).toBe(false)
    cluster.start(server)
    servesWithin(cluster, 2_000)
    cluster.start(other)
    lawsHold({ cluster, workload })
  })
})

describe('a pair', () => {
  it.each([11, 12, 13, 14])('loses its server process and goes on at once (seed %i)', (seed) => {
    const { cluster, workload } = open(2, seed)
    const server = cluster.server() ?? ''
    cluster.world.crash(server)
    expect(servesWithin(cluster, 200)).toBeLessThan(100)
    cluster.world.run({ forMs: 500 })
    cluster.start(server)
    settle(cluster)
    cluster.world.runUntil(() => cluster.voters.length === 2, { limitMs: 5_000 })
    expect(cluster.voters).toHaveLength(2)
    lawsHold({ cluster, workload })
  })

  it('whose server machine loses power waits for it, says so, and loses nothing', () => {
    const { cluster, workload } = open(2, 15)
    const server = cluster.server() ?? ''
    const [other = ''] = cluster.names.filter((name) => name !== server)
    cluster.world.powerOff([server])
    cluster.world.run({ forMs: 30_000 })
    expect(cluster.server() ?? null).toBeNull()
    const { waitingFor } = cluster.peer(other)!.status()
    expect(waitingFor).toBe(
      `Nobody serves: both of a pair are needed, because ${server} may have gone on alone; waiting for ${server}.`,
    )
    cluster.start(server)
    lawsHold({ cluster, workload })
  })

  it('whose link is cut goes on with its server after two seconds; the other one waits', () => {
    const { cluster, workload } = open(2, 16)
    const server = cluster.server() ?? ''
    const undo = cluster.world.split(
      [server],
      cluster.names.filter((name) => name !== server),
    )
    cluster.world.run({ forMs: 1_500 })
    expect(cluster.peer(server)?.serves).toBe(false)
    expect(cluster.peer(server)?.status().waitingFor).toContain('goes on alone after 2 s')
    cluster.world.run({ forMs: 1_000 })
    expect(cluster.peer(server)?.serves).toBe(true)
    undo()
    settle(cluster)
    lawsHold({ cluster, workload })
  })
})

describe('minCopies', () => {
  it('keeps the founder from serving alone, and a pair from going on alone', () => {
    const cluster = new Cluster({ seed: 17, peers: 2, settings: { minCopies: 2, expect: 1 } })
    office = { cluster, workload: new Workload(cluster, 17, ledgerWorkload(2, 40)) }
    cluster.start('ann')
    cluster.world.run({ forMs: 5_000 })
    expect(cluster.peer('ann')?.joined).toBe(true)
    expect(cluster.peer('ann')?.serves).toBe(false)
    expect(cluster.peer('ann')?.status().waitingFor).toContain('2 copies are asked for (minCopies)')
    cluster.start('bob')
    servesWithin(cluster, 10_000)
    office.workload.start()
    cluster.world.run({ forMs: 1_000 })
    cluster.world.crash('bob')
    cluster.world.run({ forMs: 8_000 })
    expect(cluster.peer('ann')?.serves).toBe(false)
    expect(cluster.voters).toEqual(['ann', 'bob'])
    cluster.start('bob')
    servesWithin(cluster, 10_000)
    lawsHold(office)
  })

  it('of three keeps three seats, and replaces a lost one without missing a copy', () => {
    const { cluster, workload } = open(4, 18, { minCopies: 3 })
    const server = cluster.server() ?? ''
    const seats = cluster.voters
    const [lost = ''] = seats.filter((name) => name !== server)
    cluster.world.crash(lost)
    expect(cluster.world.runUntil(() => !cluster.voters.includes(lost), { limitMs: 5_000 })).toBe(true)
    expect(cluster.voters).toHaveLength(3)
    expect(cluster.reigns.at(-1)?.node ?? server).toBe(server)
    cluster.start(lost)
    lawsHold({ cluster, workload })
  })
})
