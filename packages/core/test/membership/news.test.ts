import { describe, expect, it } from 'vitest'
import { isMemberRecord, isMembershipForm, type MemberRecord } from '../../src/membership/index.js'
import { sayBad } from '../../src/membership/records.js'
import { put } from '../../src/membership/records-store.js'
import { watched } from '../../src/membership/topology.js'
import { indexOf } from '../../src/membership/view-index.js'
import { memberId, NewsWorld } from './news-world.js'

const mesh = (count: number): NewsWorld => new NewsWorld(count).view([1, 1]).linkAll().run(600)

/** Ring neighbours are linked to each other, everybody to the hubs. */
function ring(count: number, hubs: readonly number[], seed = 1): NewsWorld {
  const world = new NewsWorld(count, { seed, large: { meshMax: 4 } }).view([1, 1]).hubs(...hubs)
  for (const [n, machine] of world.machines.entries()) {
    for (const id of watched(machine)) world.link(n, Number(id.slice(0, 4)))
    for (const hub of hubs) world.link(n, hub)
  }
  return world.run(6_000)
}

const knowing = (world: NewsWorld, of: number, text: string): number =>
  world.alive().filter((n) => n !== of && world.known(n, of)?.about?.version === text).length

describe('news in a full mesh', () => {
  it('A says something of itself: B and C know it with the next message', () => {
    const world = mesh(3)
    world.about(0, '2.1').run(2)
    for (const n of [1, 2]) {
      expect(world.known(n, 0)).toMatchObject({ seq: 1, fate: 'up', about: { version: '2.1' } })
      const about = { kind: 'about', memberId: memberId(0), about: { version: '2.1' } }
      expect(world.eventsOf(n, 'about')).toEqual([about])
    }
    expect(world.eventsOf(0, 'about')).toEqual([])
    expect(world.differences()).toEqual([])
  })

  it('what is said again is no news; what is taken back is', () => {
    const world = mesh(2)
    world.about(0, 'x').run(2).about(0, 'x').run(2)
    expect(world.count('news')).toBe(1)
    world.give(0, { kind: 'about', about: null })
    world.run(2)
    expect(world.eventsOf(1, 'about').map(({ about }) => about)).toEqual([{ version: 'x' }, null])
    expect(world.machine(1).records.digest).toBe(0)
  })

  it('an idle cluster exchanges no news at all', () => {
    const world = mesh(5)
    world.about(0, 'x').about(1, 'y').note(2, 3, 'suspect').run(3_000)
    world.sent.length = 0
    world.run(10_000)
    expect(new Set(world.sent.map(({ message }) => message.t))).toEqual(new Set(['beat']))
  })

  it('all news of one step is one message for each member', () => {
    const world = mesh(4)
    world.sent.length = 0
    world.act(0, (s) => {
      sayBad(s, [memberId(3)])
      s.state.records.news.set(memberId(2), null)
    })
    expect(world.count('news')).toBe(3)
    expect(world.run(2).known(1, 0)?.bad).toEqual([memberId(3)])
  })

  it('A tells B, but not C: two beats later C has it, by one exchange', () => {
    const world = mesh(3)
    world.carries = (message, _, to) => (message.t === 'news' && to === 2 ? [] : [1])
    world.about(0, 'x').run(5)
    expect(knowing(world, 0, 'x')).toBe(1)
    world.carries = () => [1]
    world.sent.length = 0
    expect(world.until(() => knowing(world, 0, 'x') === 2, 5_000)).toBeLessThanOrEqual(600)
    world.run(3_000)
    expect(world.differences()).toEqual([])
    // Both others may have asked at the same beat.
    expect(world.count('buckets')).toBeLessThanOrEqual(2)
  })

  it('a newcomer has all that is known with its first beat', () => {
    const world = mesh(4)
    for (const n of [0, 1, 2]) world.about(n, `a${n}`)
    world.run(1_000).crash(3).boot(3)
    world.run(300).view([1, 2]).linkAll()
    expect(world.until(() => world.differences().length === 0, 5_000)).toBeLessThanOrEqual(300)
  })

  it('what a joiner says before it is admitted is known when it is', () => {
    const world = new NewsWorld(3)
    world
      .view([1, 1], world.rows([0, 1]))
      .linkAll()
      .run(600)
    world.about(2, 'early').run(20)
    expect(world.eventsOf(0, 'about')).toEqual([])
    world.view([1, 2]).run(5)
    expect(world.eventsOf(0, 'about')).toMatchObject([{ memberId: memberId(2), about: { version: 'early' } }])
    expect(world.differences()).toEqual([])
  })

  it('a start that does not remember what it said speaks above it', () => {
    const world = mesh(2)
    world.about(0, 'a').about(0, 'b').about(0, 'c').run(5)
    Object.assign(world.machine(0).records, { own: { seq: 0, about: null } })
    world.about(0, 'new')
    expect(world.until(() => knowing(world, 0, 'new') === 1, 5_000)).toBeLessThan(5_000)
    expect(world.run(1_000).differences()).toEqual([])
  })
})

describe('refutation', () => {
  it('A accuses B, which lives: B answers, and only A ever thought so', () => {
    const world = mesh(4)
    world.note(0, 1, 'dead').run(10)
    expect(world.eventsOf(0, 'fate')).toEqual([
      { kind: 'fate', memberId: memberId(1), incarnation: 1, fate: 'dead', own: true },
      { kind: 'fate', memberId: memberId(1), incarnation: 1, fate: 'up', own: false },
    ])
    for (const n of [1, 2, 3]) expect(world.eventsOf(n, 'fate')).toEqual([])
    expect(world.fates(1)).toBe('up up up')
    expect(world.machine(1).records.own.seq).toBeGreaterThan(0)
  })

  it('A | B: A tells C, C hears B, tells it, and B answers', () => {
    const world = new NewsWorld(3).view([1, 1]).link(0, 2).link(2, 1).run(600)
    world.note(0, 1, 'suspect').run(10)
    expect(world.fates(1)).toBe('up up')
    expect(world.machine(1).records.own.seq).toBe(1)
  })

  it('who missed the one refutation gets it with the answer to its next accusation (the hole of memberlist)', () => {
    const world = mesh(4).cut(0, 1).run(10)
    world.carries = (message, _, to) => (message.t === 'news' && to === 0 ? [] : [1])
    world.note(0, 1, 'suspect').run(10)
    expect(world.known(2, 1)).toMatchObject({ fate: 'up', seq: 1 })
    expect(world.known(0, 1)).toMatchObject({ fate: 'suspect', seq: 0 })
    world.carries = () => [1]
    world.note(0, 1, 'dead')
    world.run(10)
    expect(world.fates(1)).toBe('up up up')
  })

  it('an accusation of an earlier start is answered with the present one', () => {
    const world = mesh(3)
    world.crash(1).boot(1)
    world.run(300).view([1, 1], world.rows(), [1, 2]).linkAll().run(600).cut(0, 1)
    expect(world.known(0, 1)?.incarnation).toBe(1)
    world.note(0, 1, 'dead', 1).run(5)
    expect(world.known(0, 1)).toMatchObject({ incarnation: 2, fate: 'up' })
    expect(world.fates(1)).toBe('up up')
  })

  it('what is proven stays proven when the last words arrive after it', () => {
    const world = mesh(3)
    world.about(1, 'last words')
    world.crash(1)
    world.note(0, 1, 'dead')
    const last: MemberRecord = {
      memberId: memberId(1),
      incarnation: 1,
      seq: 1,
      fate: 'up',
      about: { version: 'w' },
    }
    const link = world.lines.find((l) => l.ends.includes(0) && l.ends.includes(2))?.number ?? 0
    world.give(0, { kind: 'message', link, message: { t: 'news', records: [last] } })
    world.run(1_000)
    expect(world.fates(1)).toBe('dead dead')
    expect(world.differences()).toEqual([])
  })

  it('whoever hears a member again believes its ears', () => {
    const world = mesh(3).cut(0, 1).run(10)
    world.carries = (message) => (message.t === 'news' ? [] : [1])
    world.note(0, 1, 'suspect').run(10).link(0, 1).run(300)
    expect(world.eventsOf(0, 'fate').map(({ fate, own }) => [fate, own])).toEqual([
      ['suspect', true],
      ['up', true],
    ])
    world.carries = () => [1]
    expect(world.run(3_000).differences()).toEqual([])
    expect(world.eventsOf(0, 'fate')).toHaveLength(2)
  })

  it('an ear that goes deaf again believes what is said', () => {
    const world = mesh(3)
    world.carries = (message, _, to) => (message.t === 'news' && to === 1 ? [] : [1])
    world.cut(0, 1).note(0, 1, 'dead').run(10)
    expect(world.eventsOf(2, 'fate')).toEqual([])
    world.crash(1).run(10)
    expect(world.eventsOf(2, 'fate').map(({ fate, own }) => [fate, own])).toEqual([['dead', false]])
  })
})

describe('the dead stay dead', () => {
  it('a late word of one that was removed brings nobody back, and a minute later nothing is kept', () => {
    const world = mesh(3)
    world.about(2, 'x').run(5).crash(2).note(0, 2, 'dead').run(5)
    world.view([1, 2], world.rows([0, 1])).run(5)
    const late: MemberRecord = {
      memberId: memberId(2),
      incarnation: 1,
      seq: 1,
      fate: 'up',
      about: { version: 'x' },
    }
    const link = world.lines.find((l) => l.open)?.number ?? 0
    world.give(0, { kind: 'message', link, message: { t: 'news', records: [late] } })
    expect(world.known(0, 2)?.fate).toBe('dead')
    world.run(61_000)
    for (const n of [0, 1])
      expect([world.machine(n).records.rows.size, world.machine(n).records.told.size]).toEqual([0, 0])
  })

  it('the end of a start that the view does not know yet is kept, and an older start changes nothing (al8n/memberlist#197)', () => {
    const world = mesh(3)
    const row = (incarnation: number, fate: MemberRecord['fate']): MemberRecord => ({
      memberId: memberId(2),
      incarnation,
      seq: 0,
      fate,
      about: null,
    })
    world.crash(2)
    const link = world.lines.find((l) => l.open)?.number ?? 0
    for (const records of [[row(3, 'dead')], [row(2, 'up')], [row(3, 'up')]])
      world.give(0, { kind: 'message', link, message: { t: 'news', records } })
    expect(world.known(0, 2)).toMatchObject({ incarnation: 3, fate: 'dead' })
    world.run(2_000)
    expect(world.known(1, 2)).toMatchObject({ incarnation: 3, fate: 'dead' })
    expect(world.differences()).toEqual([])
  })

  it('all restart, some with lower starts: no death of before outlives the admission (hashicorp/memberlist#311)', () => {
    const world = mesh(5)
    const old = (n: number): MemberRecord => ({
      memberId: memberId(n),
      incarnation: 9,
      seq: 4,
      fate: 'dead',
      about: null,
    })
    for (const n of [0, 1, 2, 3, 4]) {
      if (n > 0) world.crash(n).boot(n)
    }
    world.run(300).linkAll().run(10)
    const link = world.lines.find((l) => l.open)?.number ?? 0
    world.give(0, { kind: 'message', link, message: { t: 'news', records: [1, 2, 3, 4].map(old) } })
    world.run(2_000).view([2, 1]).run(2_000)
    for (const n of [1, 2, 3, 4]) expect(world.fates(n)).toBe('up up up up')
    expect(world.differences()).toEqual([])
  })
})

describe('news in a large cluster', () => {
  it('goes to the first hub and from it to all, once', () => {
    const world = ring(40, [0, 1])
    world.sent.length = 0
    world.about(7, 'x')
    expect(world.until(() => knowing(world, 7, 'x') === 39, 5_000)).toBeLessThanOrEqual(150)
    world.run(8_000)
    expect(world.count('news')).toBe(39)
    expect(world.count('buckets')).toBe(0)
  })

  it('a death is handed on in the same step, a suspicion with the batch', () => {
    const known = (fate: 'dead' | 'suspect'): number => {
      const world = ring(40, [0, 1])
      world.crash(9)
      world.note(7, 9, fate).run(2)
      return world
        .fates(9)
        .split(' ')
        .filter((one) => one === fate).length
    }
    expect(known('dead')).toBe(39)
    expect(known('suspect')).toBe(2)
  })

  it.each([[[0, 1]], [[0]]])('the hub dies in the middle of telling, hubs %j: nobody misses it', (hubs) => {
    const world = ring(40, hubs)
    let told = 0
    world.carries = (message, from) => {
      if (message.t !== 'news' || from !== 0) return [1]
      told += 1
      return told <= 12 ? [1] : []
    }
    world.about(7, 'x').run(110).crash(0)
    world.carries = () => [1]
    expect(knowing(world, 7, 'x')).toBeLessThan(20)
    expect(world.until(() => knowing(world, 7, 'x') === 38, 5_000)).toBeLessThanOrEqual(
      hubs.length > 1 ? 150 : 500,
    )
    expect(world.run(5_000).differences()).toEqual([])
  })

  it('no hub: the ring tells everybody, and stops', () => {
    for (const seed of [1, 2, 3]) {
      const world = ring(30, [], seed)
      world.sent.length = 0
      world.about(7, 'x')
      expect(world.until(() => knowing(world, 7, 'x') === 29, 5_000)).toBeLessThanOrEqual(50)
      world.run(5_000)
      expect(world.count('news')).toBeLessThan(30 * (10 + 9))
      world.sent.length = 0
      world.run(10_000)
      expect(new Set(world.sent.map(({ message }) => message.t))).toEqual(new Set(['beat']))
    }
  })

  it('a hub that is heard again gets what it missed, and no round follows', () => {
    const world = ring(40, [])
    for (const n of world.alive()) world.link(n, 3)
    world.about(7, 'x').run(10).hubs(3).run(400)
    for (const machine of world.machines) expect(machine.records.gossip.size).toBe(0)
  })
})

describe('bounds', () => {
  it('no message holds more than 1,024 rows, and 6,000 rows are repaired by one exchange', () => {
    const world = new NewsWorld(2)
    const many = Array.from({ length: 6_000 }, (_, n) => ({
      ...world.rows([0])[0]!,
      memberId: memberId(n),
      address: `10.0.0.${n}:1`,
    }))
    for (const machine of world.machines)
      Object.assign(machine, { view: many, index: indexOf(many), viewAt: [1, 1] })
    // Each holds every second one.
    for (const by of [0, 1])
      world.act(by, (s) => {
        for (let n = 2 + by; n < 6_000; n += 2)
          put(s, { memberId: memberId(n), incarnation: 1, seq: 1, fate: 'up', about: { version: `v${n}` } })
      })
    world.linkAll().run(1_000)
    expect(world.differences().length).toBe(0)
    expect(world.count('buckets')).toBe(1)
    expect(world.machine(0).records.rows.size).toBe(5_998)
    for (const { message } of world.sent) {
      if (message.t === 'news') expect(message.records.length).toBeLessThanOrEqual(1_024)
      if (message.t === 'marks') expect(message.marks.length).toBeLessThanOrEqual(1_024)
    }
  })

  it('a hub with a thousand bad links names 64 of them, in a row that others take', () => {
    const world = mesh(2)
    world.act(0, (s) =>
      sayBad(
        s,
        Array.from({ length: 1_000 }, (_, n) => memberId(n)),
      ),
    )
    const row = world.run(2).known(1, 0)
    expect(row?.bad).toHaveLength(64)
    expect(isMemberRecord(row)).toBe(true)
  })

  it('rows without the form of a row are none', () => {
    const good = { memberId: memberId(1), incarnation: 1, seq: 0, fate: 'up', about: null }
    expect(isMemberRecord(good)).toBe(true)
    expect(isMemberRecord({ ...good, about: { tags: { a: 'ü'.repeat(1_000) } } })).toBe(true)
    const bad = [
      { ...good, seq: Number.NaN },
      { ...good, seq: 2 ** 53 },
      { ...good, incarnation: -1 },
      { ...good, fate: 'alive' },
      { ...good, memberId: '' },
      { ...good, memberId: 'x'.repeat(65) },
      { ...good, about: undefined },
      { ...good, about: { load: Number.POSITIVE_INFINITY } },
      { ...good, about: { roles: [1] } },
      { ...good, about: { tags: { a: 'ü'.repeat(1_100) } } },
      { ...good, bad: Array.from({ length: 65 }, () => 'x') },
    ]
    for (const row of bad) expect([row, isMemberRecord(row)]).toEqual([row, false])
    expect(isMembershipForm({ t: 'news', records: [good] })).toBe(true)
    expect(isMembershipForm({ t: 'news', records: Array.from({ length: 1_025 }, () => good) })).toBe(false)
    expect(isMembershipForm({ t: 'view', at: [1, -1], members: [] })).toBe(false)
    expect(isMembershipForm({ t: 'marks', buckets: [1], marks: [['x', 1, 1, 'gone']] })).toBe(false)
    expect(isMembershipForm({ t: 'beat', hears: [], digest: [1] })).toBe(false)
  })
})
