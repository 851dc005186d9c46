import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { suspicionMs } from '../../src/membership/doubts.js'
import { largeDefaults } from '../../src/membership/limits.js'
import { watchers } from '../../src/membership/topology.js'
import type { Accusation } from '../../src/membership/index.js'
import { idOf, Trouble, type Body } from './trouble.js'

const runs = Number(process.env['MEMBERSHIP_RUNS'] ?? 8)

/** Those that watch this member, by the view of the leader. */
function watchersOf(world: Trouble, at: number): number[] {
  return watchers(world.body(world.hubs[0] ?? 0).machine, idOf(at)).map((id) => world.atOf(id))
}

/** Fails when somebody is called gone who runs and whom most of those that watch it have heard lately. */
function judgeRemovals(world: Trouble): void {
  world.onGone = (by, about, incarnation) => {
    if (about.life === 'dead' || about.life === 'dark' || about.incarnation > incarnation) return
    const since = (body: Body): number => world.now - (body.heard.get(about.at) ?? Number.NEGATIVE_INFINITY)
    const hearing = watchersOf(world, about.at)
      .map((at) => world.body(at))
      .filter((body) => body.life === 'up' && since(body) <= largeDefaults.silenceMs)
    const text = `t=${world.now} ${by.at} calls ${about.at} gone (${about.life}), heard by ${hearing.map((b) => b.at).join()}`
    if (since(by) <= largeDefaults.silenceMs) throw new Error(`the hub itself hears it: ${text}`)
    if (hearing.length >= 3) throw new Error(text)
  }
}

describe('the suspicion timer', () => {
  it('is Lifeguard: six times the least while nobody confirms, the least with two who do', () => {
    const at = (size: number, confirmers: number): number =>
      Math.round(suspicionMs(largeDefaults, size, confirmers))
    expect([at(9, 0), at(9, 1), at(9, 2), at(9, 4)]).toEqual([9_000, 4_268, 1_500, 1_500])
    expect([at(100, 0), at(100, 1), at(100, 2)]).toEqual([18_000, 8_536, 3_000])
    expect([at(1_000, 2), at(10_000, 2)]).toEqual([4_500, 6_000])
    // Nobody could confirm.
    expect([at(2, 0), at(3, 0)]).toEqual([1_500, 1_500])
  })
})

describe('the end of a member of a large cluster', () => {
  it('a crash is proven by the hub itself, and a second member has lost it in the same moment', () => {
    const world = new Trouble(100)
    const begin = world.now
    world.crash(50).run(50)
    expect(world.gone().map(({ who }) => who)).toEqual([50])
    expect((world.gone()[0]?.at ?? 0) - begin).toBeLessThan(20)
  })

  it('power lost: gone within 6 s at 100 members, once, and nobody else', () => {
    for (const seed of [1, 2]) {
      const world = new Trouble(100, seed)
      judgeRemovals(world)
      const begin = world.now
      world.powerOff(50).run(7_000)
      expect(world.gone().map(({ who }) => who)).toEqual([50])
      const afterMs = (world.gone()[0]?.at ?? 0) - begin
      expect(afterMs).toBeGreaterThan(largeDefaults.silenceMs)
      expect(afterMs).toBeLessThan(6_000)
    }
  })

  it('the leader loses power: the next hub counts, and calls it gone', () => {
    const world = new Trouble(24)
    world.powerOff(0).run(200).lead([1, 2]).run(10_000)
    expect(world.gone(1).map(({ who }) => who)).toEqual([0])
  })

  it('both hubs lose power, nobody counts; who leads later hears of it from those that watch them', () => {
    const world = new Trouble(24)
    world.powerOff(0).powerOff(1).run(8_000)
    expect(world.seen.filter(({ event }) => event.kind === 'gone')).toEqual([])
    world.lead([2, 3]).run(8_000)
    expect(
      world
        .gone(2)
        .map(({ who }) => who)
        .toSorted((a, b) => a - b),
    ).toEqual([0, 1])
  })

  it('ten crashes at once are two changes of the view at most, ten machines without power as well', () => {
    for (const how of ['crash', 'powerOff'] as const) {
      const world = new Trouble(60, 5)
      for (let at = 5; at < 55; at += 5) world[how](at)
      world.run(12_000)
      const gone = world.gone()
      expect(gone.map(({ who }) => who).toSorted((a, b) => a - b)).toEqual([
        5, 10, 15, 20, 25, 30, 35, 40, 45, 50,
      ])
      expect(new Set(gone.map(({ at }) => at)).size, how).toBeLessThanOrEqual(2)
    }
  })

  it('half of the members lose power: the rest removes them, more slowly, and none of its own', () => {
    const world = new Trouble(40, 3)
    judgeRemovals(world)
    for (let at = 20; at < 40; at += 1) world.powerOff(at)
    world.run(40_000)
    expect(world.gone().length).toBe(20)
    expect(world.gone().every(({ who }) => who >= 20)).toBe(true)
  })
})

describe('bad links of a large cluster', () => {
  it('one bad link, in every position: one accuser, nobody is gone', () => {
    const victim = 7
    const positions = watchersOf(new Trouble(20), victim).concat(0, 1)
    for (const other of positions) {
      const world = new Trouble(20)
      world.cut(victim, other).run(25_000)
      expect(
        world.seen.filter(({ event }) => event.kind === 'gone'),
        `link to ${other}`,
      ).toEqual([])
    }
  })

  it('the hub and two of five do not hear it, three do: it stays', () => {
    const world = new Trouble(20)
    const lost = watchersOf(world, 7).filter((at) => at > 1)
    world.cut(7, 0)
    for (const at of lost.slice(0, 2)) world.cut(7, at)
    world.run(25_000)
    expect(world.gone()).toEqual([])
  })

  it('the leader is the only one left that watches it, and has a bad link to it: one alone removes nobody', () => {
    const watchedByTwo = { neighbours: 2 }
    const probe = new Trouble(20, 1, watchedByTwo)
    const ofTwo = (at: number): number[] =>
      watchers(probe.body(0).machine, idOf(at)).map((id) => probe.atOf(id))
    const victim = probe.bodies.map(({ at }) => at).find((at) => at > 1 && ofTwo(at).includes(0)) ?? -1
    const other = ofTwo(victim).find((at) => at !== 0) ?? -1
    probe.powerOff(other).cut(victim, 0).run(25_000)
    expect(probe.gone().map(({ who }) => who)).toEqual([other])
  })

  it('none of those that watch it hears it, the hubs do: it stays, and no rumour goes round', () => {
    const world = new Trouble(20)
    const before = world.sent.get('news') ?? 0
    for (const at of watchersOf(world, 7)) if (at > 1) world.cut(7, at)
    world.run(15_000)
    expect(world.gone()).toEqual([])
    expect(world.sent.get('news') ?? 0).toBe(before)
  })

  it('none of those that watch it hears it, and the hub only now and then: it stays', () => {
    const world = new Trouble(20)
    for (const at of watchersOf(world, 7)) if (at > 0) world.cut(7, at)
    for (let i = 0; i < 6; i += 1) world.cut(7, 0).run(2_900).heal(7, 0).run(450)
    expect(world.gone()).toEqual([])
  })

  it('whoever is heard by most of those that watch it is not gone, whatever links are bad', () => {
    const links = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { minLength: 5, maxLength: 80 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), links, (seed, list) => {
        const world = new Trouble(20, seed)
        for (const [a, b] of list) {
          if (a === b || world.isCut(a, b)) continue
          world.cut(a, b)
          if ([a, b].some((at) => watchersOf(world, at).filter((w) => world.isCut(at, w)).length > 2))
            world.heal(a, b)
        }
        world.run(20_000)
        expect(world.seen.filter(({ event }) => event.kind === 'gone')).toEqual([])
      }),
      { numRuns: runs },
    )
  })

  it('a link that comes and goes: neither end is gone, and its accuser trusts itself less and less', () => {
    const world = new Trouble(20)
    const [watcher = 0] = watchersOf(world, 7)
    let worst = 0
    for (let i = 0; i < 10; i += 1) {
      world.cut(7, watcher).run(2_700).heal(7, watcher).run(300)
      worst = Math.max(worst, world.body(watcher).machine.health.score)
    }
    expect(world.seen.filter(({ event }) => event.kind === 'gone')).toEqual([])
    expect(worst).toBeGreaterThan(0)
    world.run(30_000)
    expect(world.body(watcher).machine.health.score).toBe(0)
    expect(world.body(0).machine.suspicion.doubts.size).toBe(0)
  })

  it('that fail for 1 % or 80 % of the time: nobody is gone but whoever is behind all of them', () => {
    for (const share of [0.01, 0.8]) {
      const world = new Trouble(20, 4)
      judgeRemovals(world)
      const others = watchersOf(world, 7)
      for (let i = 0; i < 60; i += 1) {
        for (const other of others) {
          if (world.next() < share) world.cut(7, other)
          else world.heal(7, other)
        }
        world.run(500)
      }
      expect(world.gone().filter(({ who }) => who !== 7)).toEqual([])
      if (share < 0.5) expect(world.gone()).toEqual([])
    }
  })
})

describe('pauses in a large cluster', () => {
  const order = fc.constantFrom('timers' as const, 'messages' as const, 'mixed' as const)
  const pause = (
    max: number,
  ): fc.Arbitrary<{ who: number; ms: number; gap: number; order: 'timers' | 'messages' | 'mixed' }> =>
    fc.record({ who: fc.nat(19), ms: fc.integer({ min: 50, max }), gap: fc.nat(2_000), order })

  it('up to 1 s: nobody is suspected', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.array(pause(1_000), { maxLength: 6 }),
        (seed, pauses) => {
          const world = new Trouble(20, seed)
          for (const p of pauses) world.run(p.gap).pause(p.who).run(p.ms).wake(p.who, p.order)
          world.run(3_000)
          const said = world.seen.filter(({ event }) => event.kind === 'evidence' || event.kind === 'gone')
          expect(said).toEqual([])
          expect(world.sent.get('accuse') ?? 0).toBe(0)
        },
      ),
      { numRuns: runs },
    )
  })

  it('up to 2.5 s, several at once, with bad links about: nobody is gone, and the woken accuse nobody', () => {
    const several = fc.array(pause(2_500), { minLength: 1, maxLength: 4 })
    const rounds = fc.array(several, { minLength: 1, maxLength: 4 })
    const bad = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 6 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), rounds, bad, (seed, list, links) => {
        const world = new Trouble(20, seed)
        for (const [a, b] of links) if (a !== b) world.cut(a, b)
        for (const round of list) {
          for (const p of round) {
            world.later(p.gap, () => world.pause(p.who))
            world.later(p.gap + p.ms, () => {
              const before = world.sent.get('accuse') ?? 0
              const told = world.seen.length
              world.wake(p.who, p.order)
              const said = world.seen
                .slice(told)
                .filter(({ event }) => event.kind === 'evidence' && event.class === 'A')
              if (said.length > 0) throw new Error(`the woken ${p.who} accuses: ${JSON.stringify(said)}`)
              // Bad links are told of again when they are known; living members are none of them.
              if (links.length === 0) expect(world.sent.get('accuse') ?? 0).toBe(before)
            })
          }
          world.run(5_500)
        }
        expect(world.seen.filter(({ event }) => event.kind === 'gone')).toEqual([])
      }),
      { numRuns: runs },
    )
  })

  it('the hub sleeps while another is suspected and comes back: on waking it calls nobody gone', () => {
    for (const order of ['timers', 'messages', 'mixed'] as const) {
      const world = new Trouble(20)
      judgeRemovals(world)
      world.pause(7).run(2_300).pause(0).run(1_000).wake(7).run(8_000).wake(0, order).run(8_000)
      expect(
        world.gone().map(({ who }) => who),
        order,
      ).toEqual([])
    }
  })
})

describe('every removal', () => {
  type Fault = {
    do: 'crash' | 'power' | 'restart' | 'pause' | 'cut' | 'heal' | 'reset' | 'lead'
    a: number
    b: number
    ms: number
  }
  const fault = fc.record({
    do: fc.constantFrom('crash', 'power', 'restart', 'pause', 'pause', 'cut', 'cut', 'heal', 'reset', 'lead'),
    a: fc.nat(21),
    b: fc.nat(21),
    ms: fc.nat(4_000),
  }) as fc.Arbitrary<Fault>

  function play(world: Trouble, { do: what, a, b, ms }: Fault): void {
    const { life } = world.body(a)
    if (what === 'crash') world.crash(a)
    else if (what === 'power' && life === 'up') world.powerOff(a)
    else if (what === 'restart' && (life === 'dead' || life === 'dark')) world.restart(a)
    else if (what === 'cut' && a !== b) world.cut(a, b)
    else if (what === 'heal') world.heal(a, b)
    else if (what === 'reset') world.resetLink(a, b)
    else if (what === 'lead' && a !== b && world.inView(a) && world.inView(b)) world.lead([a, b])
    else if (what === 'pause') {
      world.pause(a)
      world.later(ms, () => world.wake(a, 'mixed'))
    }
    world.run(ms)
  }

  it('names a member that has ended, or that most of those that watch it have lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.array(fault, { maxLength: 14 }), (seed, faults) => {
        const world = new Trouble(22, seed)
        judgeRemovals(world)
        for (const one of faults) play(world, one)
        world.run(8_000)
      }),
      { numRuns: 2 * runs },
    )
  })
})

describe('an accusation', () => {
  const linkTo = (world: Trouble, by: number, at: number): number =>
    [...world.body(by).ends.values()].find((end) => end.far.at === at && end.open)?.link ?? -1

  const accuse = (world: Trouble, by: number, at: number, of: Partial<Accusation>): void => {
    const accusation: Accusation = {
      memberId: idOf(7),
      incarnation: 1,
      seq: 0,
      class: 'C',
      quietMs: 2_000,
      ...of,
    }
    world.give(world.body(at), {
      kind: 'message',
      link: linkTo(world, at, by),
      message: { t: 'accuse', accusations: [accusation] },
    })
  }
  const accusers = (world: Trouble): number =>
    world.body(0).machine.suspicion.doubts.get(idOf(7))?.by.size ?? 0

  it('counts from those that watch the accused alone, each once, and ends with the next word of the accused', () => {
    const world = new Trouble(20)
    const watching = watchersOf(world, 7).filter((at) => at > 1)
    const other =
      world.bodies.map(({ at }) => at).find((at) => at > 1 && at !== 7 && !watching.includes(at)) ?? -1
    accuse(world, other, 0, {})
    expect(accusers(world)).toBe(0)
    for (const by of watching) accuse(world, by, 0, {})
    for (const by of watching) accuse(world, by, 0, {})
    expect(accusers(world)).toBe(watching.length)
    world.run(1_100)
    expect(accusers(world)).toBe(0)
    expect(world.gone()).toEqual([])
  })

  it('that is not renewed is withdrawn', () => {
    const world = new Trouble(20)
    const [by = 0] = watchersOf(world, 7).filter((at) => at > 1)
    world.cut(7, 0)
    accuse(world, by, 0, {})
    expect(accusers(world)).toBe(1)
    world.run(2_000)
    expect(accusers(world)).toBe(0)
  })

  it('against an earlier start, or one that was refuted, is answered with what is known', () => {
    const world = new Trouble(20)
    const [by = 0] = watchersOf(world, 7).filter((at) => at > 1)
    world
      .crash(7)
      .run(300)
      .restart(7)
      .tellView(world.bodies.map(({ at }) => at))
      .run(2_000)
    const before = world.sent.get('news') ?? 0
    accuse(world, by, 0, { incarnation: 1 })
    expect(accusers(world)).toBe(0)
    expect(world.sent.get('news') ?? 0).toBe(before + 1)
    accuse(world, by, 0, { incarnation: 2 })
    expect(accusers(world)).toBe(1)
  })

  it('of class A makes the hub look for itself, once in a while', () => {
    const world = new Trouble(20)
    const before = world.dials.length
    for (let i = 0; i < 6; i += 1) {
      accuse(world, 12, 0, { class: 'A' })
      world.run(500)
    }
    expect(world.dials.slice(before).filter(({ from, to }) => from === 0 && to === 7).length).toBe(1)
    expect(world.evidence(0, 7)).toBe('D')
    expect(world.gone()).toEqual([])
  })

  it('by two members of class A is enough where this hub does not hear it', () => {
    const world = new Trouble(20)
    world.powerOff(7).run(1_500)
    for (let i = 0; i < 8; i += 1) {
      for (const by of [12, 13]) accuse(world, by, 0, { class: 'A' })
      world.run(400)
    }
    expect(world.gone().map(({ who }) => who)).toEqual([7])
  })
})
