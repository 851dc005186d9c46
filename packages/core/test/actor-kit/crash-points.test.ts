import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actor, reply } from '../../src/actor/index.js'
import { crashPointsArbitrary } from '../../src/testing/arbitraries.js'
import { actorTest, crashPlaces, crashPoints, InjectedCrash } from '../../src/testing/index.js'

/** What was paid is kept outside, as a till of steel would. */
function till(drawer: { cents: number }) {
  return actor({
    state: () => drawer.cents,
    on: {
      pay: (n, m: { cents: number }) => (drawer.cents = n + m.cents),
      total: async (n) => reply(n, n),
    },
    postStop: () => {},
    restarts: { max: 100, windowMs: 1_000 },
  })
}

describe('crash points', () => {
  it('are at handlers and hooks', () => {
    expect(crashPlaces(till({ cents: 0 }))).toEqual(['pay', 'total', 'state()', 'postStop()'])
    expect(() => crashPoints(till({ cents: 0 }), [{ in: 'refund', call: 1, when: 'before' }])).toThrow(
      'there is no "refund" to crash in; there is pay, total, state(), postStop()',
    )
  })

  it('lose a message before, and only its result after it was handled', async () => {
    const t = actorTest()
    const drawer = { cents: 0 }
    const points = [
      { in: 'pay', call: 2, when: 'before' },
      { in: 'pay', call: 3, when: 'after' },
      { in: 'total', call: 1, when: 'after' },
    ] as const
    const ref = t.system.spawn(crashPoints(till(drawer), points), 'till')
    for (const cents of [1, 10, 100, 1000]) ref.tell.pay({ cents })
    await expect(t.outcome(ref.ask.total())).rejects.toMatchObject({
      code: 'failed',
      cause: new InjectedCrash(points[2]),
    })
    expect(await t.outcome(ref.ask.total())).toBe(1101)
    expect(t.failures.map(({ during }) => during)).toEqual(['pay', 'pay', 'total'])
    await t.expectNoSurprises()
  })

  it('are drawn, and a till that keeps its drawer loses no more than what crashed before', async () => {
    const drawn = crashPointsArbitrary(till({ cents: 0 }), { places: ['pay'], calls: 5 })
    await fc.assert(
      fc.asyncProperty(drawn, async (points) => {
        const t = actorTest()
        const drawer = { cents: 0 }
        const ref = t.system.spawn(crashPoints(till(drawer), points), 'till')
        for (let n = 0; n < 5; n++) ref.tell.pay({ cents: 1 })
        await t.settle()
        const lost = new Set(points.flatMap((point) => (point.when === 'before' ? [point.call] : [])))
        expect(drawer.cents).toBe(5 - lost.size)
        await t.expectNoSurprises()
      }),
      { numRuns: 50 },
    )
  })
})
