import { describe, expect, it } from 'vitest'
import { actor, reply } from '../../src/actor/index.js'
import { actorTest, seededRandom } from '../../src/testing/index.js'

const counter = actor({
  state: () => 0,
  on: {
    inc: (n, m: { by: number }) => {
      if (m.by < 0) throw new RangeError('only upwards')
      return n + m.by
    },
    get: (n) => reply(n, n),
  },
})

describe('actorTest', () => {
  it('runs actors without waiting, and time passes only on request', async () => {
    const t = actorTest({ name: 'shop' })
    const ref = t.system.spawn(counter, 'counter')
    ref.tell.inc({ by: 2 })
    await t.settle()
    expect(await t.outcome(ref.ask.get())).toBe(2)
    expect(t.nowMs).toBe(0)
    await t.advance(86_400_000)
    expect(t.nowMs).toBe(86_400_000)
    expect(ref.path).toBe('shop/counter')
    await t.shutdown()
    await t.expectNoSurprises()
  })

  it('gives the outcome of a promise, or its error, or says that it stays open', async () => {
    const t = actorTest()
    await expect(t.outcome(Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(t.outcome(new Promise(() => {}), 500)).rejects.toThrow(
      'a promise is still open after 500 ms of virtual time',
    )
  })

  it('lets actors await what the test gives later', async () => {
    const t = actorTest()
    const rate = t.later<number>()
    const bank = actor({ state: () => 0, on: { rate: async (n) => reply(n, await rate.promise) } })
    const asked = t.system.spawn(bank, 'bank').askWithin(60_000).rate()
    await t.advance(5_000)
    rate.resolve(4)
    expect(await t.outcome(asked)).toBe(4)
    expect(t.nowMs).toBe(5_000)
  })

  it('finds nothing surprising in what was expected', async () => {
    const t = actorTest()
    const ref = t.system.spawn(counter, 'counter')
    ref.tell.inc({ by: -1 })
    const failure = await t.expectFailure({ path: 'test/counter', during: 'inc', message: 'upwards' })
    expect(failure.action).toBe('restart')
    await t.outcome(t.system.stop(ref))
    ref.tell.inc({ by: 5 })
    expect(await t.expectDeadLetter({ reason: 'stopped' })).toMatchObject({ message: { by: 5 } })
    await t.expectLog('dead-letter', 'warn')
    await t.expectNoSurprises()
  })

  it('names everything that was not expected', async () => {
    const t = actorTest()
    const ref = t.system.spawn(counter, 'counter')
    ref.tell.inc({ by: -1 })
    await t.settle()
    await t.outcome(t.system.stop(ref))
    ref.tell.inc({ by: 5 })
    t.host.log.write('error', 'paper-jam', 'the printer is stuck')
    await expect(t.expectNoSurprises()).rejects.toThrow(
      [
        '3 surprises:',
        'failure: test/counter threw RangeError: only upwards in inc, so: restart',
        'dead letter: inc({ by: 5 }) to test/counter, stopped',
        'log line: error paper-jam: the printer is stuck',
      ].join('\n  '),
    )
    await t.expectDeadLetter()
    await expect(t.expectDeadLetter()).rejects.toThrow('a dead letter {} was expected; there is none')
    await expect(t.expectFailure({ during: 'get' })).rejects.toThrow(
      "a failure { during: 'get' } was expected; there is\n  failure: test/counter threw RangeError",
    )
  })

  it('has its random numbers from the seed', () => {
    const draws = (seed: number): number[] =>
      [actorTest({ seed }), actorTest({ seed })].map((t) => t.host.random.next())
    expect(new Set(draws(1)).size).toBe(1)
    expect(draws(1)[0]).not.toBe(draws(2)[0])
    expect(seededRandom(1).next()).toBe(seededRandom(1).next())
  })
})
