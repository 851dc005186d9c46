import { describe, expect, it } from 'vitest'
import { linkStates } from '../../src/membership/index.js'
import { watched } from '../../src/membership/topology.js'
import { idOf, Trouble } from './trouble.js'

/** Number of the member that this one watches and that is no hub. */
function subjectOf(crowd: Trouble, at: number): number {
  const ids = new Map(crowd.bodies.map((body) => [idOf(body.at), body.at]))
  const all = watched(crowd.bodies[at]!.machine).map((id) => ids.get(id) ?? -1)
  return all.find((other) => !crowd.hubs.includes(other)) ?? -1
}

function link(crowd: Trouble, from: number, to: number): ReturnType<typeof linkStates>[number] | undefined {
  return linkStates(crowd.bodies[from]!.machine).find(({ memberId }) => memberId === idOf(to))
}

/** By whom anything was reported of own links. */
function reporters(crowd: Trouble): number[] {
  const own = crowd.seen.filter(({ by, event }) => event.kind === 'bad-link' && event.from === idOf(by))
  return [...new Set(own.map(({ by }) => by))].toSorted((a, b) => a - b)
}

const gone = (crowd: Trouble): number => crowd.seen.filter(({ event }) => event.kind === 'gone').length

describe('one bad link of a large cluster', () => {
  it.each([40])('%i members, between a watcher and its subject: gone round by a hub', (size) => {
    const crowd = new Trouble(size, 2)
    const [a, b] = [7, subjectOf(crowd, 7)]
    crowd.cut(a, b).run(15_000)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(link(crowd, from, to)).toMatchObject({ state: 'bad', by: { via: idOf(0) } })
    }
    expect(reporters(crowd)).toEqual([a, b].toSorted((x, y) => x - y))
    crowd.heal(a, b).run(20_000)
    expect([link(crowd, a, b)?.state, link(crowd, b, a)?.state]).toEqual(['ok', 'ok'])
    expect(gone(crowd)).toBe(0)
  })

  it('between the leader and a member: gone round by the successor, nobody removed', () => {
    const crowd = new Trouble(40, 3)
    crowd.cut(0, 20).run(30_000)
    expect(link(crowd, 20, 0)).toMatchObject({ state: 'bad', by: { via: idOf(1) } })
    expect(link(crowd, 0, 20)).toMatchObject({ state: 'bad', by: { via: idOf(1) } })
    expect(reporters(crowd)).toEqual([0, 20])
    expect(gone(crowd)).toBe(0)
  })

  it('a member whose power is gone is no bad link of anybody', () => {
    const crowd = new Trouble(40, 4)
    crowd.removes = false
    crowd.powerOff(20)
    crowd.run(20_000)
    expect(reporters(crowd)).toEqual([])
    expect(gone(crowd)).toBeGreaterThan(0)
  })
})
