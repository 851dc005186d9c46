import { afterEach, describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import { contradictionsIn } from './contradictions.js'

/** Voters as peers come, go, crash and return, with clients working all the time. */

interface Office {
  readonly cluster: Cluster
  readonly workload: Workload
}

let office: Office | null = null

/** The first `started` of `peers` are a cluster; clients work. */
function open(peers: number, started: number, seed: number): Office {
  const cluster = new Cluster({ seed, peers, settings: { expect: 1 } })
  for (const name of cluster.names.slice(0, started)) {
    cluster.start(name)
    settle(cluster)
  }
  const voters = started > 2 ? started - ((started + 1) % 2) : started
  expect(cluster.world.runUntil(() => cluster.voters.length === voters, { limitMs: 10_000 })).toBe(true)
  const workload = new Workload(cluster, seed, ledgerWorkload(3, 40))
  workload.start()
  cluster.world.run({ forMs: 500 })
  office = { cluster, workload }
  return office
}

function settle(cluster: Cluster, limitMs = 20_000): void {
  const came = cluster.world.runUntil(() => cluster.settled, { limitMs })
  expect(came, `${cluster.voters.join(' ')} did not settle`).toBe(true)
}

function votersAre(cluster: Cluster, voters: readonly string[]): void {
  settle(cluster)
  cluster.world.runUntil(() => cluster.voters.join() === voters.join(), { limitMs: 10_000 })
  expect(cluster.voters).toEqual(voters)
}

/** Every test ends like this: clients are answered, and all laws hold. */
function lawsHold({ cluster, workload }: Office): void {
  workload.stop()
  const done = cluster.world.runUntil(() => workload.pending.length === 0, { limitMs: 20_000 })
  settle(cluster)
  expect(done).toBe(true)
  expect(workload.operations.length).toBeGreaterThan(10)
  expect(contradictionsIn(cluster, workload)).toEqual([])
}

afterEach(({ task }) => {
  const { cluster } = office ?? {}
  office = null
  if (task.result?.state === 'fail' && cluster) console.log(cluster.reigns)
})

describe('voters grow with the office', () => {
  it.each([1, 2, 3])('1, 2, 3, 5 and back as peers join and leave, one by one (seed %i)', (seed) => {
    const { cluster, workload } = open(5, 1, seed)
    const [ann, bob, cy, dee, eve] = cluster.names as [string, string, string, string, string]
    votersAre(cluster, [ann])
    cluster.start(bob)
    votersAre(cluster, [ann, bob])
    cluster.start(cy)
    votersAre(cluster, [ann, bob, cy])
    cluster.start(dee)
    // Four are no safer than three.
    votersAre(cluster, [ann, bob, cy])
    cluster.start(eve)
    votersAre(cluster, [ann, bob, cy, dee, eve])
    cluster.leave(eve)
    cluster.world.run({ forMs: 1_000 })
    votersAre(cluster, [ann, bob, cy])
    cluster.leave(ann)
    cluster.world.run({ forMs: 1_000 })
    votersAre(cluster, [bob, cy, dee])
    cluster.leave(bob)
    cluster.world.run({ forMs: 1_000 })
    votersAre(cluster, [cy, dee])
    cluster.leave(dee)
    cluster.world.run({ forMs: 1_000 })
    votersAre(cluster, [cy])
    lawsHold({ cluster, workload })
  })

  it.each([4, 5, 6])('with a crash of the server after each step (seed %i)', (seed) => {
    const { cluster, workload } = open(5, 3, seed)
    const again = (): void => {
      const server = cluster.server() ?? ''
      cluster.world.crash(server)
      cluster.world.run({ forMs: 700 })
      cluster.start(server)
      settle(cluster)
    }
    again()
    cluster.start('dee')
    cluster.world.run({ forMs: 60 })
    again()
    cluster.start('eve')
    cluster.world.run({ forMs: 120 })
    again()
    expect(cluster.world.runUntil(() => cluster.voters.length === 5, { limitMs: 10_000 })).toBe(true)
    const [leaver] = cluster.names.filter((name) => name !== cluster.server())
    cluster.leave(leaver ?? '')
    cluster.world.run({ forMs: 30 })
    again()
    cluster.world.run({ forMs: 2_000 })
    expect(cluster.voters).not.toContain(leaver)
    lawsHold({ cluster, workload })
  })

  it('nine peers join one after another: five vote, four learn', () => {
    const { cluster, workload } = open(9, 1, 9)
    for (const name of cluster.names.slice(1)) {
      cluster.start(name)
      settle(cluster)
    }
    votersAre(cluster, cluster.names.slice(0, 5).toSorted())
    expect(cluster.peer('ida')?.status().role).toBe('learner')
    lawsHold({ cluster, workload })
  })

  it('nine peers at once', () => {
    const { cluster, workload } = open(9, 1, 19)
    for (const name of cluster.names.slice(1)) cluster.start(name)
    settle(cluster)
    cluster.world.runUntil(() => cluster.voters.length === 5, { limitMs: 10_000 })
    expect(cluster.voters).toHaveLength(5)
    lawsHold({ cluster, workload })
  })
})

describe('a seat', () => {
  it('of a crashed voter is taken by a learner', () => {
    const { cluster, workload } = open(4, 4, 21)
    votersAre(cluster, ['ann', 'bob', 'cy'])
    cluster.world.crash('bob')
    const replaced = cluster.world.runUntil(() => cluster.voters.join() === 'ann,cy,dee', { limitMs: 10_000 })
    expect(replaced, cluster.voters.join()).toBe(true)
    cluster.start('bob')
    lawsHold({ cluster, workload })
    expect(cluster.voters).toEqual(['ann', 'cy', 'dee'])
  })

  it('of three, without a learner, is not waited for, and is its own again when it returns', () => {
    const { cluster, workload } = open(3, 3, 22)
    cluster.world.crash('cy')
    cluster.world.run({ forMs: 8_000 })
    expect(cluster.voters).toEqual(['ann', 'bob'])
    cluster.start('cy')
    votersAre(cluster, ['ann', 'bob', 'cy'])
    lawsHold({ cluster, workload })
  })

  it('is kept by a stop while a majority of seats is up, and the office goes on', () => {
    const { cluster, workload } = open(5, 5, 23)
    votersAre(cluster, cluster.names)
    cluster.stop(cluster.server() ?? '')
    cluster.world.run({ forMs: 2_000 })
    expect(cluster.voters).toEqual(cluster.names)
    lawsHold({ cluster, workload })
  })

  it('that was given up is given anew when the same data folder comes back', () => {
    const { cluster, workload } = open(3, 3, 24)
    cluster.leave('bob')
    cluster.world.run({ forMs: 1_000 })
    votersAre(cluster, ['ann', 'cy'])
    cluster.start('bob')
    votersAre(cluster, ['ann', 'bob', 'cy'])
    lawsHold({ cluster, workload })
  })
})

describe('a graceful leave', () => {
  it.each([31, 32, 33, 34])('of followers and of the server fails no call (seed %i)', (seed) => {
    const { cluster, workload } = open(5, 5, seed)
    votersAre(cluster, cluster.names)
    const left: string[] = []
    const leave = (name: string): void => {
      left.push(name)
      cluster.leave(name)
      cluster.world.run({ forMs: 1_500 })
    }
    leave(cluster.server() ?? '')
    leave(cluster.names.find((name) => !left.includes(name) && name !== cluster.server()) ?? '')
    leave(cluster.server() ?? '')
    settle(cluster)
    expect(cluster.voters).toEqual(cluster.names.filter((name) => !left.includes(name)))
    // What was asked at a leaver itself is another promise, below.
    expect(workload.unavailable.filter(({ at }) => !left.includes(at))).toEqual([])
    lawsHold({ cluster, workload })
  })

  it('answers what was asked at the leaver before it goes', () => {
    for (let seed = 40; seed < 52; seed++) {
      const { cluster, workload } = open(3, 3, seed)
      cluster.leave(cluster.names[seed % 3] ?? '')
      cluster.world.run({ forMs: 1_500 })
      expect(workload.unavailable, `seed ${seed}`).toEqual([])
      lawsHold({ cluster, workload })
    }
  })

  it('of two at once leaves one that serves', () => {
    const { cluster, workload } = open(3, 3, 35)
    const server = cluster.server() ?? ''
    const [other = ''] = cluster.names.filter((name) => name !== server)
    cluster.leave(server)
    cluster.leave(other)
    cluster.world.run({ forMs: 6_000 })
    votersAre(
      cluster,
      cluster.names.filter((name) => name !== server && name !== other),
    )
    lawsHold({ cluster, workload })
  })

  it('of the last but one, then of the last, and the journal serves again on Monday', () => {
    const { cluster, workload } = open(2, 2, 36)
    cluster.leave('ann')
    cluster.world.run({ forMs: 2_000 })
    votersAre(cluster, ['bob'])
    workload.stop()
    cluster.world.run({ forMs: 3_000 })
    cluster.stop('bob')
    cluster.world.run({ forMs: 2_000 })
    cluster.start('bob')
    votersAre(cluster, ['bob'])
    lawsHold({ cluster, workload })
  })
})
