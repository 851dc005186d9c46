import { describe, expect, it } from 'vitest'
import { memberId, NewsWorld } from './news-world.js'

describe('news in a full mesh', () => {
  it('A says something of itself: B and C know it with the next message', () => {
    const world = new NewsWorld(3).view([1, 1]).linkAll().run(500)
    world.about(0, '2.1').run(2)
    for (const n of [1, 2]) {
      expect(world.known(n, 0)).toMatchObject({ seq: 1, fate: 'up', about: { version: '2.1' } })
      expect(world.eventsOf(n, 'about')).toEqual([
        { kind: 'about', memberId: memberId(0), about: { version: '2.1' } },
      ])
    }
    expect(world.eventsOf(0, 'about')).toEqual([])
    expect(world.run(2_000).differences()).toEqual([])
  })

  it('an idle cluster exchanges no news at all', () => {
    const world = new NewsWorld(5).view([1, 1]).linkAll().run(500)
    world.about(0, 'x').about(1, 'y').run(3_000)
    world.sent.length = 0
    world.run(10_000)
    expect(new Set(world.sent.map(({ message }) => message.t))).toEqual(new Set(['beat']))
  })
})
