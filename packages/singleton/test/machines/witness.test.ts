import { describe, expect, it } from 'vitest'
import { describe as inWords } from '@tanist/core/testing'
import { decideGrant, emptyBook } from '../../src/succession/index.js'
import type { GrantBook, GrantRequest } from '../../src/succession/index.js'
import { SuccessionWorld } from '../../src/testing/machines/world.js'
import { seedOf, share } from '../sim/campaign.js'
import { hunt } from './cases.js'
import { drawPairs } from './pair-cases.js'

function ask(book: GrantBook, request: Partial<GrantRequest>): ReturnType<typeof decideGrant> {
  return decideGrant(book, {
    branch: 'b',
    set: [3, 1],
    from: 'x',
    committed: true,
    leads: false,
    notice: false,
    ...request,
  })
}

describe('the book of a witness', () => {
  it('grants a set once, to the first that asks, and says so to everybody for ever', () => {
    const first = ask(emptyBook, { from: 'x' })
    expect(first.to).toBe('x')
    for (const from of ['y', 'x', 'y'])
      expect(ask(first.book, { from })).toMatchObject({ book: first.book, to: 'x' })
  })

  it('decides each set, term and branch by itself', () => {
    const { book } = ask(emptyBook, { from: 'x' })
    expect(ask(book, { from: 'y', set: [4, 1] }).to).toBe('y')
    expect(ask(book, { from: 'y', set: [3, 2] }).to).toBe('y')
    expect(ask(book, { from: 'y', branch: 'other' }).to).toBe('y')
  })

  it('grants nothing about a set that nobody knows to be committed', () => {
    expect(ask(emptyBook, { committed: false })).toMatchObject({ book: emptyBook, to: null })
    const noticed = ask(emptyBook, { notice: true })
    expect(noticed.to).toBeNull()
    expect(ask(noticed.book, { committed: false, from: 'y' })).toMatchObject({ to: 'y', committed: true })
  })

  it('grants it to a leader all the same, and tells that this proves nothing about the set', () => {
    const led = ask(emptyBook, { committed: false, leads: true })
    expect(led).toMatchObject({ to: 'x', committed: false })
    expect(ask(led.book, { committed: false })).toMatchObject({ to: 'x', committed: false })
    expect(ask(led.book, { committed: true, from: 'y' })).toMatchObject({ to: 'x', committed: true })
  })

  it('forgets old rows without ever granting them anew', () => {
    let book = ask(emptyBook, { from: 'x' }).book
    for (let index = 4; index < 400; index++) book = ask(book, { set: [index, 1] }).book
    expect(book.grants).toHaveLength(256)
    expect(ask(book, { from: 'y' })).toMatchObject({ book, to: null })
    expect(ask(book, { from: 'y', set: [399, 1] }).to).toBe('x')
  })
})

function pair(seed: number): SuccessionWorld {
  const world = new SuccessionWorld({ seed, peers: 2, witness: true })
  const named = (): boolean => world.settled && world.leader?.state.voterSets.at(-1)?.witness === 'wit'
  expect(world.plain.runUntil(named, { limitMs: 10_000 })).toBe(true)
  world.clients.begin()
  world.plain.run(1_000)
  return world
}

const other = (world: SuccessionWorld, name: string): string => world.names.find((one) => one !== name) ?? ''
const setOf = (world: SuccessionWorld): string => world.leader?.state.voterSets.at(-1)?.voters.join('+') ?? ''

/** Somebody serves before so much time is over. */
function serves(world: SuccessionWorld, name: string, limitMs: number): void {
  expect(world.plain.runUntil(() => world.peer(name)?.serves === true, { limitMs })).toBe(true)
}

function ends(world: SuccessionWorld): void {
  world.healAll()
  expect(world.plain.runUntil(() => world.settled, { limitMs: 20_000 })).toBe(true)
  expect(world.laws.contradictions).toEqual([])
}

describe('a pair with a witness', () => {
  it.each([1, 2, 3])('survives that the machine of its server loses power (seed %i)', (seed) => {
    const world = pair(seed)
    const server = world.server?.name ?? ''
    world.powerOff([server], true)
    serves(world, other(world, server), 2_000)
    ends(world)
  })

  it.each([4, 5])(
    'survives that the other machine loses power, and then the server restarts (seed %i)',
    (seed) => {
      const world = pair(seed)
      const server = world.server?.name ?? ''
      world.powerOff([other(world, server)], true)
      world.plain.run(2_000)
      expect(setOf(world)).toBe(server)
      world.restart(server)
      serves(world, server, 3_000)
      ends(world)
    },
  )

  it.each([6, 7])('begins again with one machine after a power cut of both (seed %i)', (seed) => {
    const world = pair(seed)
    const server = world.server?.name ?? ''
    const undo = world.powerOff([server], false)
    world.powerOff([other(world, server)], false)
    world.plain.run(1_000)
    undo()
    serves(world, server, 4_000)
    ends(world)
  })

  it.each([8, 9, 10])('whose link is cut goes on in one place (seed %i)', (seed) => {
    const world = pair(seed)
    const [a, b] = world.names.map((name) => world.id(name)) as [number, number]
    world.plain.cut(a, b)
    world.plain.cut(b, a)
    world.plain.run(6_000)
    expect(world.names.filter((name) => world.peer(name)?.serves)).toHaveLength(1)
    ends(world)
  })

  it('does not need it while both are there, and does without it when it is gone', () => {
    const world = pair(11)
    const server = world.server?.name ?? ''
    world.powerOff(['wit'], false)
    world.plain.run(500)
    expect(world.peer(server)?.serves).toBe(true)
    const plain = (): boolean => {
      const set = world.leader?.state.voterSets.at(-1)
      return set?.pair === true && set.witness === undefined
    }
    expect(world.plain.runUntil(plain, { limitMs: 6_000 })).toBe(true)
    // A pair as any other: proof of death is enough again.
    world.plain.run(500)
    world.crash(server)
    serves(world, other(world, server), 300)
    ends(world)
  })

  it('renews its set when the witness was asked and both are there again', () => {
    const world = pair(12)
    const before = world.leader?.state.voterSets.at(-1)
    const undo = world.plain.pause(world.id(other(world, world.server?.name ?? '')))
    world.plain.run(1_500)
    undo()
    const renewed = (): boolean => {
      const set = world.leader?.state.voterSets.at(-1)
      return set?.witness === 'wit' && set.index > (before?.index ?? 0)
    }
    expect(world.plain.runUntil(renewed, { limitMs: 8_000 })).toBe(true)
    ends(world)
  })

  for (const [peers, least] of [
    [2, 150],
    [3, 60],
  ] as const) {
    const count = share(least)
    const title = `keeps every law under ${count} volleys aimed at the three, ${peers} peers`
    it(title, { timeout: 60_000 + count * 500 }, () => {
      const total = { acknowledged: 0, granted: 0 }
      const found = hunt(
        drawPairs(seedOf(41), count, peers, true),
        { witness: true, snapshots: { entries: 1e6, bytes: 1e9 } },
        undefined,
        (run) => {
          const sets = run.world.running[0]?.state.voterSets ?? []
          total.acknowledged += run.acknowledged
          total.granted += sets.filter(({ voters }, i) => voters.length === 1 && sets[i - 1]?.witness).length
        },
      )
      const { one, contradiction } = found ?? {}
      expect(
        found,
        `${contradiction?.text} seed ${one?.seed}\n${inWords(one?.schedule ?? []).join('\n')}`,
      ).toBeNull()
      if (count < 50) return
      expect(total.acknowledged).toBeGreaterThan(20 * count)
      expect(total.granted).toBeGreaterThan(count / 4)
    })
  }
})
