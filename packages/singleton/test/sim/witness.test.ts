import { afterEach, describe, expect, it } from 'vitest'
import { openWitness } from '../../src/peer/index.js'
import type { WitnessCore } from '../../src/peer/index.js'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import { contradictionsIn } from './contradictions.js'

/** Two whole peers and a witness, each on a machine of its own. */
interface Office {
  readonly cluster: Cluster
  readonly workload: Workload
  readonly witness: () => WitnessCore | null
}

let office: Office | null = null

function open(seed: number): Office {
  const cluster = new Cluster({ seed, peers: 2 })
  let witness: WitnessCore | null = null
  cluster.world.node('wit', {
    address: 'wit:1',
    start: (host) =>
      openWitness(
        host,
        { app: 'sim', listen: 'wit:1', seeds: ['ann:1', 'bob:1'], data: '/witness', name: 'wit' },
        (error, opened) => {
          if (error) throw error
          witness = opened
        },
      ),
  })
  cluster.world.start('wit')
  cluster.startAll()
  const named = (): boolean =>
    cluster.settled && status(cluster)?.witness?.name === 'wit' && pairNames(cluster)
  expect(cluster.world.runUntil(named, { limitMs: 20_000 })).toBe(true)
  const workload = new Workload(cluster, seed, ledgerWorkload(3, 40))
  workload.start()
  cluster.world.run({ forMs: 1_000 })
  office = { cluster, workload, witness: () => witness }
  return office
}

const status = (cluster: Cluster) => cluster.peer(cluster.server() ?? '')?.status()
const pairNames = (cluster: Cluster): boolean => {
  const set = cluster.peer(cluster.server() ?? '')?.succession.voterSets.at(-1)
  return set?.voters.length === 2 && set.witness !== undefined
}
const otherOf = (cluster: Cluster, name: string): string => cluster.names.find((one) => one !== name) ?? ''

function servedBy(cluster: Cluster, name: string, limitMs: number): void {
  expect(
    cluster.world.runUntil(() => cluster.server() === name, { limitMs }),
    `${name} does not serve`,
  ).toBe(true)
}

function lawsHold({ cluster, workload }: Office): void {
  workload.stop()
  const done = cluster.world.runUntil(() => workload.pending.length === 0, { limitMs: 20_000 })
  expect(cluster.world.runUntil(() => cluster.settled, { limitMs: 20_000 })).toBe(true)
  expect(done).toBe(true)
  expect(workload.operations.length).toBeGreaterThan(10)
  expect(contradictionsIn(cluster, workload)).toEqual([])
}

afterEach(() => {
  office = null
})

describe('two peers and a witness', () => {
  it.each([1, 2])('go on when the machine of the server loses power (seed %i)', (seed) => {
    const { cluster, witness } = open(seed)
    const server = cluster.server() ?? ''
    cluster.world.powerOff([server])
    servedBy(cluster, otherOf(cluster, server), 3_000)
    expect(witness()?.status().grants).toBe(1)
    cluster.world.run({ forMs: 2_000 })
    cluster.start(server)
    expect(cluster.world.runUntil(() => cluster.settled && pairNames(cluster), { limitMs: 20_000 })).toBe(
      true,
    )
    lawsHold(office!)
  })

  it('go on when the other machine loses power, and the witness is restarted meanwhile', () => {
    const { cluster } = open(3)
    const server = cluster.server() ?? ''
    cluster.world.crash('wit')
    cluster.world.powerOff([otherOf(cluster, server)])
    cluster.world.run({ forMs: 500 })
    cluster.world.start('wit')
    cluster.world.runUntil(() => cluster.peer(server)?.serves === true, { limitMs: 6_000 })
    expect(cluster.peer(server)?.serves).toBe(true)
    cluster.start(otherOf(cluster, server))
    lawsHold(office!)
  })

  it('say for whom they wait when the witness is out of reach, too', () => {
    const { cluster } = open(4)
    const server = cluster.server() ?? ''
    const other = otherOf(cluster, server)
    cluster.world.powerOff(['wit', server])
    cluster.world.run({ forMs: 4_000 })
    const { waitingFor, witness } = cluster.peer(other)!.status()
    expect(waitingFor).toContain(`waiting for ${server}, or for the witness`)
    expect(witness?.reachable).toBe(false)
    cluster.world.start('wit')
    servedBy(cluster, other, 8_000)
    cluster.start(server)
    lawsHold(office!)
  })

  it('go on in one place when their link is cut', () => {
    const { cluster, witness } = open(5)
    const undo = cluster.world.split(['ann'], ['bob'])
    cluster.world.run({ forMs: 5_000 })
    expect(cluster.names.filter((name) => cluster.peer(name)?.serves)).toHaveLength(1)
    expect(witness()?.status().grants).toBe(1)
    undo()
    lawsHold(office!)
  })
})
