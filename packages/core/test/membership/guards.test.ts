import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/membership/limits.js'
import { Trouble } from './trouble.js'

/** What looks like the end of a member and is none; sizes up to 16 are a full mesh, 20 is a large cluster. */

const sizes = [4, 20]
const refused = { kind: 'refused' } as const
const goneOf = (world: Trouble): number[] =>
  world.seen.flatMap(({ event }) => (event.kind === 'gone' ? [world.atOf(event.memberId)] : []))

describe('a reset and a refusal that are forged', () => {
  it('a firewall between the leader and one member: the others hear it, so it stays', () => {
    for (const size of sizes) {
      const world = new Trouble(size)
      for (const key of ['0 3', '3 0']) world.forged.set(key, refused)
      world.resetLink(0, 3).run(20_000)
      expect(world.evidence(0, 3), 'the wait for a server ends').toContain('A')
      expect(goneOf(world), `${size} members`).toEqual([])
    }
  })

  it('the member ends behind that firewall: the others lose it as well, and it is gone', () => {
    for (const size of sizes) {
      const world = new Trouble(size)
      for (const key of ['0 3', '3 0']) world.forged.set(key, refused)
      world.resetLink(0, 3).run(3_000).crash(3).run(2_000)
      expect(new Set(goneOf(world)), `${size} members`).toEqual(new Set([3]))
    }
  })

  it('a witness that has not seen the end yet is asked again: gone a moment after it has', () => {
    const world = new Trouble(4)
    const begin = world.now
    // The last frames of the dead are still on their way to the others.
    for (const witness of [1, 2]) world.cut(3, witness)
    world.later(25, () => world.replug(3))
    world.crash(3).run(1_000)
    expect(world.gone().map(({ who }) => who)).toEqual([3])
    expect((world.gone()[0]?.at ?? 0) - begin).toBeLessThan(500)
  })

  it('witnesses that do not answer hold up nobody for longer than a beat', () => {
    const world = new Trouble(4)
    const begin = world.now
    world.pause(1).pause(2).crash(3).run(400)
    expect(world.gone().map(({ who }) => who)).toEqual([3])
    expect((world.gone()[0]?.at ?? 0) - begin).toBeGreaterThan(200)
  })

  it('of two members nobody else can be asked: the proof counts at once', () => {
    const world = new Trouble(2)
    world.crash(1).run(20)
    expect(goneOf(world)).toEqual([1])
  })
})

describe('an address that another has now', () => {
  it('another member answers there: nothing is proven', () => {
    for (const size of sizes) {
      const world = new Trouble(size)
      world.powerOff(3).run(100)
      world.replace(3, 'f'.repeat(32)).run(700)
      expect(world.evidence(0, 3)).not.toContain('A')
      expect(goneOf(world)).toEqual([])
    }
  })

  it('another application answers there: nothing is proven, it is asked seldom', () => {
    const world = new Trouble(4)
    const rejected = { kind: 'rejected', code: 'application', text: 'another application' } as const
    for (const from of [0, 1, 2]) {
      world.forged.set(`${from} 3`, rejected).set(`3 ${from}`, rejected)
      world.resetLink(from, 3)
    }
    const before = world.dials.length
    world.run(4_000)
    for (const by of [0, 1, 2]) expect(world.evidence(by, 3)).not.toContain('A')
    expect(world.dials.length - before).toBeLessThanOrEqual(6)
  })
})

describe('the redial', () => {
  it('is repeated at once, then after 1, 2, 4 ms, while the host resets, eight times, then as every failed dial', () => {
    const world = new Trouble(4)
    for (const from of [0, 1, 2]) world.forged.set(`${from} 3`, { kind: 'reset' })
    const begin = world.now
    world.crash(3).run(400)
    const times = world.dials
      .filter(({ from, to, at }) => from === 0 && to === 3 && at >= begin)
      .map(({ at }) => at)
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0) - 2)
    expect(gaps.slice(0, limits.resetTries)).toEqual([0, 1, 2, 4, 8, 16, 32, 64])
    expect(gaps.length).toBeLessThan(limits.resetTries + 4)
    expect(world.evidence(0, 3)).not.toContain('A')
  })

  it('a connect is no proof of life: a frozen process accepts and is not up, nor proven dead', () => {
    for (const size of sizes) {
      const world = new Trouble(size)
      world.pause(3)
      for (let by = 0; by < size; by += 1) if (by !== 3) world.resetLink(by, 3)
      const ups = (): number => world.events(0, 'up').filter(({ hello }) => hello.name === 'm3').length
      const before = ups()
      world.run(1_500)
      expect(ups()).toBe(before)
      expect(world.evidence(0, 3)).not.toContain('A')
      expect(world.evidence(0, 3)).toContain('B')
      expect(goneOf(world)).toEqual([])
    }
  })
})

describe('a late timer of mine is my fault', () => {
  const orders = ['timers', 'messages', 'mixed'] as const

  it('a close that may be older than two seconds proves nothing, in whatever order it is found', () => {
    for (const size of sizes)
      for (const order of orders) {
        const world = new Trouble(size, 3)
        world.forged.set('0 3', refused).set('3 0', refused)
        world.pause(0).resetLink(0, 3).run(3_500).wake(0, order).run(200)
        expect(world.evidence(0, 3), `${size} ${order}`).not.toContain('A')
        const awake = new Trouble(size, 3)
        awake.forged.set('0 3', refused).set('3 0', refused)
        awake.pause(0).resetLink(0, 3).run(1_000).wake(0, order).run(200)
        expect(awake.evidence(0, 3), `${size} ${order}`).toContain('A')
      }
  })

  it('whoever wakes accuses nobody: any pause, any order, any number of frozen members', () => {
    const pauses = fc.array(fc.record({ who: fc.nat(4), ms: fc.integer({ min: 50, max: 9_000 }) }), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        pauses,
        fc.constantFrom(...orders),
        (seed, list, order) => {
          const world = new Trouble(5, seed)
          world.removes = false
          for (const { who, ms } of list) world.pause(who).later(ms, () => world.wake(who, order))
          for (const until = world.now + 10_000; world.now < until; ) {
            const before = world.seen.length
            const woken = world.bodies
              .filter((b) => b.life === 'up' && world.now - b.wokeMs <= 200)
              .map((b) => b.at)
            world.run(1)
            const said = world.seen
              .slice(before)
              .filter(
                ({ by, event }) => woken.includes(by) && (event.kind === 'evidence' || event.kind === 'gone'),
              )
            expect(said.filter(({ by }) => world.now - world.body(by).wokeMs <= 200)).toEqual([])
          }
        },
      ),
      { numRuns: 10 },
    )
  })
})

describe('"it is me"', () => {
  it('the cable of one is out: it says so, accuses nobody, and takes it back when it is heard', () => {
    for (const size of sizes) {
      const world = new Trouble(size)
      const before = world.sent.get('accuse') ?? 0
      world.removes = false
      world.unplug(5 % size).run(8_000)
      const at = 5 % size
      expect(world.events(at, 'cut-off').map((event) => event.cutOff)).toEqual([true])
      expect(world.events(at, 'gone')).toEqual([])
      const { doubts } = world.body(at).machine.suspicion
      expect(doubts.size).toBe(0)
      if (size <= 16) expect(world.sent.get('accuse') ?? 0).toBe(before)
      world.replug(at).run(4_000)
      expect(world.events(at, 'cut-off').map((event) => event.cutOff)).toEqual([true, false])
    }
  })

  it('its host has no way to anybody: said at once, and why', () => {
    const world = new Trouble(4)
    for (const to of [1, 2, 3]) {
      world.forged.set(`0 ${to}`, { kind: 'unreachable' })
      world.cut(0, to)
    }
    for (const end of world.body(0).ends.values())
      world.give(world.body(0), {
        kind: 'closed',
        link: end.link,
        end: { kind: 'broken', text: 'no network' },
      })
    world.run(300)
    const [said] = world.events(0, 'cut-off')
    expect(said?.text).toContain('no way to them')
  })

  it('the others have crashed, their hosts refuse: its network works', () => {
    const world = new Trouble(4)
    world.removes = false
    world.crash(1).crash(2).crash(3).run(5_000)
    expect(world.events(0, 'cut-off')).toEqual([])
    expect(new Set(goneOf(world))).toEqual(new Set([1, 2, 3]))
  })

  it('of two nobody can tell', () => {
    const world = new Trouble(2)
    world.unplug(0).run(5_000)
    expect(world.events(0, 'cut-off')).toEqual([])
  })
})
