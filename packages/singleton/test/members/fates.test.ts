import { describe, expect, it } from 'vitest'
import { changesBetween } from '../../src/index.js'
import type { Member } from '../../src/index.js'
import { Cluster } from '../../src/testing/index.js'

/** An office, and the story of its members as one of them tells it. */
function open(peers: number): { cluster: Cluster; by: string; story: string[] } {
  const cluster = new Cluster({ seed: 5, peers })
  cluster.startAll()
  expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 10_000 })).toBe(true)
  cluster.world.run({ forMs: 1_000 })
  const by = cluster.server() ?? ''
  const core = cluster.peer(by)!
  const story: string[] = []
  let before: readonly Member[] = core.status().members
  core.observe(({ kind }) => {
    if (kind !== 'status') return
    const { members } = core.status()
    for (const change of changesBetween(before, members, (id) => core.endOf(id))) {
      const words =
        change.kind === 'changed' ? `: ${change.what.filter((one) => one === 'state').join()}` : ''
      if (words !== ': ') story.push(`${change.member.name} ${change.kind}${words}`)
    }
    before = members
  })
  return { cluster, by, story }
}

describe('the state of a member', () => {
  it('is `suspect` while it stalls, and `up` again when it answers', () => {
    const { cluster, by, story } = open(3)
    const [other = ''] = cluster.names.filter((name) => name !== by)
    const wake = cluster.world.pause(other)
    cluster.world.run({ forMs: 1_800 })
    expect(story).toEqual([`${other} suspected`])
    wake()
    cluster.world.run({ forMs: 1_000 })
    expect(story).toEqual([`${other} suspected`, `${other} cleared`])
  })

  it('is `gone` as long as nobody can remove it, and it is removed when somebody can', () => {
    const { cluster, by, story } = open(3)
    const others = cluster.names.filter((name) => name !== by)
    for (const name of others) cluster.world.crash(name)
    cluster.world.run({ forMs: 2_000 })
    expect(story.toSorted()).toEqual(others.map((name) => `${name} changed: state`).toSorted())
    const states = cluster
      .peer(by)!
      .status()
      .members.map(({ name, state }) => [name, state])
    expect(Object.fromEntries(states)).toEqual({ [by]: 'up', [others[0]!]: 'gone', [others[1]!]: 'gone' })
  })

  it('of one that crashes needs no time: it is removed, with the reason', () => {
    const { cluster, by, story } = open(3)
    const [other = ''] = cluster.names.filter((name) => name !== by)
    const id = cluster.peer(other)!.status().self.id
    cluster.world.crash(other)
    cluster.world.run({ forMs: 500 })
    expect(story.filter((words) => !words.includes('changed'))).toEqual([`${other} removed`])
    expect(cluster.peer(by)!.endOf(id)).toMatchObject({ left: false, why: 'its end is proven' })
  })
})
