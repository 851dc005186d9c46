import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { largeDefaults } from '../../src/membership/index.js'
import { observersOf, subjectsOf } from '../../src/membership/view-index.js'
import { Crowd, memberId } from './crowd.js'

/** Whom a member shall be linked to, told apart from how the machine finds out: either side's wish counts. */
function wished(
  crowd: Crowd,
  at: number,
  hubs: readonly number[],
  keep: readonly number[] = [],
): Set<string> {
  const { index } = crowd.body(at).machine
  const self = memberId(at)
  const all = new Set([...subjectsOf(index, self, 5), ...observersOf(index, self, 5), ...hubs.map(memberId)])
  if (hubs.includes(at)) for (const row of crowd.view) all.add(row.memberId)
  if (keep.includes(at)) for (const k of keep) all.add(memberId(k))
  all.delete(self)
  return all
}

function strays(crowd: Crowd, hubs: readonly number[], keep: readonly number[] = []): string[] {
  return [...crowd.bodies.values()]
    .filter((b) => b.running)
    .flatMap(({ at }) => {
      const [is, should] = [crowd.linked(at), wished(crowd, at, hubs, keep)]
      const missing = [...should].filter((id) => !is.has(id)).length
      const extra = [...is].filter((id) => !should.has(id)).length
      return missing + extra > 0 ? [`m${at} lacks ${missing} and has ${extra} too many`] : []
    })
}

const ofKind = (crowd: Crowd, ...kinds: string[]): string[] =>
  crowd.seen.filter(({ event }) => kinds.includes(event.kind)).map((e) => JSON.stringify(e))

/** Links that nobody wants are not kept for long, so that a second of virtual time shows what stays. */
const brisk = { large: { ...largeDefaults, lingerMs: 1_000 } }

describe('who is linked to whom', () => {
  it.each([17, 18, 40, 200, 1_000])(
    '%i members: each is linked to exactly those that either side wants',
    (size) => {
      const crowd = new Crowd().found(size, brisk).run(1_500)
      const keep = [0, 1, 2, 3, 4]
      for (const at of keep) {
        const members = keep.map(memberId).filter((id) => id !== memberId(at))
        crowd.give(crowd.body(at), { kind: 'keep', members })
      }
      crowd.run(2_500)
      expect(strays(crowd, [0, 1], keep)).toEqual([])
      expect(ofKind(crowd, 'gone', 'evidence', 'refused')).toEqual([])
      for (const { at, machine } of crowd.bodies.values()) {
        const most = at < 2 ? size - 1 : 2 * 5 + 2 + (at < 5 ? 4 : 0)
        expect(machine.links.size).toBeLessThanOrEqual(most)
      }
    },
  )

  it('one that comes or goes moves the links of its neighbours alone', () => {
    const crowd = new Crowd().found(60, brisk).run(5_000)
    const before = crowd.pairs()
    crowd.boot(60, [30])
    crowd.run(1_000).admit(60).run(6_000)
    expect(strays(crowd, [0, 1])).toEqual([])
    const after = crowd.pairs()
    const changed = [...before, ...after].filter((pair) => !before.has(pair) || !after.has(pair))
    // Its own ten and two hubs come, and the five pairs that it parts go.
    expect(changed.length).toBeLessThanOrEqual(17)
    crowd.leave(60).run(6_000)
    expect(crowd.pairs()).toEqual(before)
    expect(ofKind(crowd, 'refused')).toEqual([])
  })

  it('a newcomer that knows one member finds the hubs, and keeps no more links than others once it is admitted', () => {
    const crowd = new Crowd().found(40, brisk).run(5_000)
    crowd.boot(40, [23])
    crowd.run(200)
    expect(crowd.linked(40)).toEqual(new Set([23, 0, 1].map(memberId)))
    crowd.admit(40).run(6_000)
    expect(strays(crowd, [0, 1])).toEqual([])
  })

  it('other hubs: all link them and let the former ones go, whoever was told first', () => {
    const crowd = new Crowd().found(40, brisk).run(5_000)
    const hubs = [memberId(7), memberId(8)]
    // Only the new leader knows of its reign; the others hear of it from each other.
    crowd.give(crowd.body(7), { kind: 'hubs', term: 9, hubs })
    crowd.run(6_000)
    expect(strays(crowd, [7, 8])).toEqual([])
    // News of a reign before is no news.
    crowd.give(crowd.body(20), { kind: 'hubs', term: 8, hubs: [memberId(3)] })
    crowd.run(2_000)
    expect(crowd.body(20).machine.topology.hubs.map((hub) => hub.memberId)).toEqual(hubs)
    expect(ofKind(crowd, 'gone', 'evidence', 'refused')).toEqual([])
  })

  it('a link that is asked for is there at once, stays while it is asked for, and ends without suspicion', () => {
    const crowd = new Crowd().found(40, brisk).run(5_000)
    const strangers = [...crowd.bodies.keys()].filter((at) => at > 2 && !crowd.linked(2).has(memberId(at)))
    const [other] = strangers
    const need = { kind: 'need', memberId: memberId(other!) } as const
    crowd.give(crowd.body(2), need)
    crowd.run(50)
    expect(crowd.linked(2).has(need.memberId)).toBe(true)
    crowd.run(25_000).give(crowd.body(2), need)
    crowd.run(25_000)
    expect(crowd.linked(2).has(need.memberId)).toBe(true)
    crowd.run(10_000)
    expect(strays(crowd, [0, 1])).toEqual([])
    expect(ofKind(crowd, 'gone', 'evidence', 'refused')).toEqual([])
  })

  it('one whose neighbours and hubs have all changed while it was away finds them again', () => {
    const crowd = new Crowd().found(40, brisk).run(3_000)
    const lost = crowd.body(20)
    lost.running = false
    for (const link of [...lost.ends.keys()]) lost.ends.delete(link)
    for (const id of [...lost.machine.topology.wanted.keys()]) {
      const at = [...crowd.bodies.keys()].find((b) => memberId(b) === id)!
      crowd.crash(at).remove(at)
    }
    const hubs = [...crowd.bodies.values()].filter((b) => b.running && b.at !== 20).slice(0, 2)
    crowd.lead(hubs.map((b) => b.at)).run(3_000)
    const back = crowd.boot(20, [], false, brisk)
    crowd.give(back, { kind: 'view', members: lost.machine.view, at: [1, 1] })
    crowd.give(back, { kind: 'hubs', term: 2, hubs: [memberId(0), memberId(1)] })
    crowd.run(20_000)
    expect(back.machine.topology.hubs.map((hub) => hub.memberId)).toEqual(hubs.map((b) => memberId(b.at)))
  })
})

describe('beats of a large cluster', () => {
  it('a hub speaks to a part of its links at a time, and to each as often as it promised', () => {
    const crowd = new Crowd().found(120).run(8_000)
    crowd.keepsMessages = true
    crowd.run(10_000)
    const perTick = new Map<number, number>()
    for (const { at, from, message } of crowd.sent)
      if (from === 0 && message.t === 'beat') perTick.set(at, (perTick.get(at) ?? 0) + 1)
    expect(Math.max(...perTick.values())).toBeLessThan(119 / 2)
    const beats = [...perTick.values()].reduce((a, b) => a + b, 0)
    // Once a second to each, and twice to those that watch it.
    expect(beats).toBeGreaterThanOrEqual(10 * 119)
    expect(beats).toBeLessThan(10 * 119 * 1.2)
  })

  it('a member sends as many at 30 as at 300', () => {
    const rate = (size: number): number => {
      const crowd = new Crowd().found(size).run(3_000)
      crowd.keepsMessages = true
      crowd.run(4_000)
      return crowd.sent.filter(({ from }) => from > 1).length / (size - 2) / 4
    }
    const [few, many] = [rate(30), rate(300)]
    expect(Math.max(few, many) / Math.min(few, many)).toBeLessThan(1.2)
    expect(many).toBeLessThan(16)
  })
})

describe('between the modes', () => {
  it('growing and shrinking around 16 members interrupts no link that stays wanted, and suspects nobody', () => {
    const change = fc.record({ grow: fc.boolean(), afterMs: fc.integer({ min: 20, max: 14_000 }) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.array(change, { maxLength: 8 }), (seed, changes) => {
        const crowd = new Crowd(seed).found(16).run(2_000)
        let next = 16
        const since = crowd.now
        const wronged: string[] = []
        let checked = 0
        const check = (): void => {
          for (const { by, event } of crowd.seen.slice(checked)) {
            if (!('memberId' in event) || !['down', 'gone', 'evidence'].includes(event.kind)) continue
            const other = [...crowd.bodies.values()].find((b) => memberId(b.at) === event.memberId)!
            if (!other.running || !crowd.body(by).running) continue
            const stays = [crowd.body(by), other].some(({ machine }, side) => {
              const id = side === 0 ? event.memberId : memberId(by)
              return !machine.topology.large || machine.topology.wanted.has(id)
            })
            if (event.kind !== 'down' || stays)
              wronged.push(`${crowd.now - since} ms: m${by} ${JSON.stringify(event)}`)
          }
          checked = crowd.seen.length
        }
        for (const { grow, afterMs } of changes) {
          if (grow && crowd.view.length < 18) {
            crowd.boot(next, [next % 2 === 0 ? 5 : 0])
            crowd.run(150).admit(next)
            next += 1
          } else if (!grow && crowd.view.length > 15) crowd.leave(lastRunning(crowd))
          for (let left = afterMs; left > 0; left -= 50) {
            crowd.run(Math.min(50, left))
            check()
          }
        }
        expect(wronged).toEqual([])
      }),
      { numRuns: 10, examples: [[1, flapping]] },
    )
  })
})

/** Large, a mesh and large again: the beats of the first time were thought to be still promised. */
const flapping = [
  { grow: true, afterMs: 122 },
  { grow: false, afterMs: 27 },
  { grow: true, afterMs: 1_108 },
]

const lastRunning = (crowd: Crowd): number =>
  [...crowd.bodies.values()].findLast(
    (b) => b.running && crowd.view.some((r) => r.memberId === memberId(b.at)),
  )!.at
