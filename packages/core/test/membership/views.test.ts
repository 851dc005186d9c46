import { describe, expect, it } from 'vitest'
import type { ViewPosition } from '../../src/membership/index.js'
import { NewsWorld } from './news-world.js'

const positions = (world: NewsWorld): ViewPosition[] => world.machines.map(({ viewAt }) => viewAt)

describe('views', () => {
  it('A missed a view: one of the others tells it after two beats, and it says so', () => {
    const world = new NewsWorld(4).view([1, 1]).linkAll().run(600)
    world.view([1, 2], world.rows([0, 1, 2]), [1, 2]).run(1_200)
    expect(positions(world)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(world.eventsOf(0, 'view')).toEqual([{ kind: 'view', at: [1, 2], members: world.rows([0, 1, 2]) }])
    expect(world.machine(0).index.digest).toBe(world.machine(1).index.digest)
    expect(world.eventsOf(1, 'view')).toEqual([])
    // Two had it, and two did not.
    expect(world.count('view')).toBeLessThanOrEqual(6)
  })

  it('the journal brings it within a beat: nobody tells it', () => {
    const world = new NewsWorld(4).view([1, 1]).linkAll().run(600)
    world.view([1, 2], world.rows([0, 1, 2]), [1, 2, 3]).run(240)
    world.view([1, 2], world.rows([0, 1, 2]), [0]).run(5_000)
    expect(world.count('view')).toBe(0)
  })

  it('an older view changes nothing, whoever has it', () => {
    const world = new NewsWorld(2).view([2, 5]).linkAll().run(600)
    const link = world.lines[0]?.number ?? 0
    for (const at of [
      [2, 5],
      [1, 9],
      [0, 99],
    ] as const)
      world.give(0, { kind: 'message', link, message: { t: 'view', at, members: [] } })
    expect(world.machine(0).view).toHaveLength(2)
    expect(world.eventsOf(0, 'view')).toEqual([])
  })

  it('a journal that comes later to what others have told changes nothing; that of another branch does', () => {
    const world = new NewsWorld(3).view([1, 1]).linkAll().run(600)
    world.view([2, 9], world.rows([0, 1]), [1, 2]).run(1_500)
    expect(positions(world)[0]).toEqual([2, 9])
    world.view([2, 4], world.rows([0]), [0])
    expect(world.machine(0).view).toHaveLength(2)
    world.give(0, { kind: 'self', self: { ...world.machine(0).self, branch: 'other' } })
    world.view([1, 4], world.rows([0]), [0])
    expect(positions(world)[0]).toEqual([1, 4])
  })

  it('one with nothing gets the view; what counts without the journal compares with nothing', () => {
    const world = new NewsWorld(3).view([1, 7], undefined, [0, 1]).linkAll().run(1_200)
    expect(positions(world)[2]).toEqual([1, 7])
    const counted = new NewsWorld(2)
    counted.give(0, { kind: 'view', members: counted.rows() })
    counted.give(0, { kind: 'view', members: counted.rows([0]) })
    counted.give(1, { kind: 'view', members: counted.rows() })
    counted.linkAll().run(5_000)
    expect(counted.count('view')).toBe(0)
  })

  it('members of another branch or without a cluster are told nothing', () => {
    for (const other of [{ branch: 'b' }, { clusterId: null }]) {
      const world = new NewsWorld(2)
      Object.assign(world.machine(1), { self: { ...world.machine(1).self, ...other } })
      world.view([1, 2], undefined, [0]).linkAll().run(5_000)
      expect(world.count('view')).toBe(0)
    }
  })

  it('where the machine spreads views, the hub tells all its links at once', () => {
    const world = new NewsWorld(6, { spreadsViews: true }).view([1, 1]).hubs(2).linkAll().run(600)
    world.view([1, 2], world.rows([0, 1, 2, 3]), [2]).run(2)
    expect(new Set(positions(world).map(String))).toEqual(new Set(['1,2']))
    expect(world.count('view')).toBe(5)
  })
})
