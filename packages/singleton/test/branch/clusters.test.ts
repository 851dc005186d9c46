import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

/** Clusters of one application that were founded apart and meet later. */

/** ann and bob found one, cy and dee another. */
function twoClusters(seed: number): Office {
  const made = new Office({ seed, peers: 4, settings: { expect: 1 } })
  made.cluster.world.split(['ann', 'bob'])
  made.cluster.startAll()
  const pair = (a: string, b: string): boolean =>
    [a, b].every(
      (name) =>
        made.cluster
          .peer(name)
          ?.status()
          .members.filter((m) => m.voter).length === 2,
    )
  made.until(() => pair('ann', 'bob') && pair('cy', 'dee'))
  expect(clusterOf(made, 'ann')).not.toBe(clusterOf(made, 'cy'))
  return made
}

const clusterOf = (made: Office, name: string): string | null => made.core(name).status().clusterId

function together(made: Office): string | null {
  made.until(() => made.cluster.settled && made.core('ann').status().members.length === 4)
  made.until(() => made.cluster.voters.length === 3)
  return clusterOf(made, 'ann')
}

const SEEDS = [1, 2, 3]

describe('two clusters meet', () => {
  it.each(SEEDS)('the one without any command dissolves and joins the other (seed %i)', (seed) => {
    const made = twoClusters(seed)
    const worker = seed % 2 === 0 ? 'ann' : 'cy'
    const id = made.add(worker)
    const stays = clusterOf(made, worker)
    made.cluster.world.healAll()
    expect(together(made)).toBe(stays)
    for (const name of made.cluster.names) expect(made.ids(name)).toContain(id)
    for (const name of made.cluster.names) expect(made.setAside(name)).toEqual([])
    made.add('bob')
    made.judge('ann')
  })

  it.each(SEEDS)('of two without a command the lower id stays (seed %i)', (seed) => {
    const made = twoClusters(seed)
    const [one, other] = [clusterOf(made, 'ann') ?? '', clusterOf(made, 'cy') ?? '']
    const lower = one < other ? one : other
    made.cluster.world.healAll()
    expect(together(made)).toBe(lower)
    made.add('dee')
    made.judge('ann')
  })

  it('two with work of their own serve on, and say so', () => {
    const made = twoClusters(4)
    const [one, other] = [made.add('ann'), made.add('cy')]
    made.cluster.world.healAll()
    made.run(10_000)
    const [a, b] = [made.core('ann').status(), made.core('cy').status()]
    expect(a.otherClusters).toMatchObject([{ clusterId: b.clusterId }])
    expect(b.otherClusters).toMatchObject([{ clusterId: a.clusterId }])
    made.add('bob')
    made.add('dee')
    expect(made.ids('bob')).toContain(one)
    expect(made.ids('dee')).toContain(other)
    expect(made.cluster.ended).toEqual([])
  })
})
