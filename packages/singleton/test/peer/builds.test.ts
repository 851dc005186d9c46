import { encodeFrame } from '@tanist/core'
import type { Hello } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { hashOfReads, readsOf, role } from '../../src/role/index.js'
import { Builds } from '../../src/peer/builds.js'
import { Forgetting } from '../../src/peer/forgetting.js'
import { decodeWire } from '../../src/peer/wire.js'
import { four, one, two } from '../role/aged.js'

const hello = (memberId: string, reads?: string, more: Partial<Hello> = {}): Hello => ({
  protocol: 1,
  memberId,
  incarnation: 1,
  name: memberId,
  address: memberId,
  clusterId: null,
  mode: 'consistent',
  known: [],
  ...(reads === undefined ? {} : { reads }),
  ...more,
})
const of = (...roles: Parameters<typeof readsOf>[0][number][]): Builds => new Builds(roles)
const nameOf = (id: string): string => id.toUpperCase()

describe('what peers know of the builds of others', () => {
  it('peers of one build say nothing but a hash, and cost nothing', () => {
    const builds = of(two)
    expect(builds.up(hello('a', of(two).hash))).toBe(false)
    expect(builds.readers(['a', 'b'], nameOf)).toEqual([])
  })

  it('another build is told, and its last word counts while it is away', () => {
    const builds = of(two)
    expect(builds.up(hello('a', of(one).hash))).toBe(true)
    builds.heard('a', of(one).message)
    expect(builds.readers(['a', 'b'], nameOf)).toEqual([{ name: 'A', reads: readsOf([one]) }])
    builds.keep((id) => id === 'a')
    expect(builds.readers(['a'], nameOf)).toHaveLength(1)
    // Back with another build.
    expect(builds.up(hello('a', of(two).hash))).toBe(false)
    expect(builds.readers(['a'], nameOf)).toEqual([])
  })

  it('witnesses, builds that never say and members without a vote do not count', () => {
    const builds = of(two)
    expect(builds.up(hello('w', 'x', { witness: true }))).toBe(false)
    expect(builds.up(hello('old'))).toBe(false)
    builds.up(hello('learner', of(one).hash))
    builds.heard('learner', of(one).message)
    expect(builds.readers(['w', 'old'], nameOf)).toEqual([])
  })

  it('a hello stays short with 1,000 roles, and tells any two builds apart', () => {
    const plain = { state: () => 0, events: { set: (_s: number, e: number) => e }, commands: {} }
    const newer = { ...plain, versions: { set: 2 }, upcast: { set: { 1: (n: number) => n } } } as const
    const roles = (version: 1 | 2) =>
      Array.from({ length: 1_000 }, (_, i) =>
        i === 999 && version === 2 ? role(`r${i}`, newer) : role(`r${i}`, plain),
      )
    const [before, after] = [hashOfReads(readsOf(roles(1))), hashOfReads(readsOf(roles(2)))]
    expect(before).toHaveLength(16)
    expect(after).not.toBe(before)
    expect(hashOfReads(readsOf(roles(1).toReversed()))).toBe(before)
  })

  it('a call goes by the name that its server knows', () => {
    const builds = of(four)
    const call = {
      t: 'call',
      session: 's',
      seq: 1,
      floor: 0,
      attempt: 1,
      role: 'orders',
      command: 'reserve',
      input: {},
    } as const
    builds.heard('a', of(one).message)
    builds.heard('b', of(four).message)
    expect(['a', 'b', 'c'].map((id) => builds.forServer(id, call as never).role)).toEqual([
      'basket',
      'orders',
      'orders',
    ])
  })
})

describe('the message that says what a build reads', () => {
  const decode = (roles: unknown): unknown =>
    decodeWire(encodeFrame([{ channel: 'r', body: { t: 'reads', roles } }]))

  it('travels, and is taken in no other form', () => {
    expect(decode(readsOf([four]))).toMatchObject([
      { body: { roles: { orders: { reserved: 3 }, basket: { settled: 2 } } } },
    ])
    for (const wrong of [
      [],
      null,
      { a: 1 },
      { a: { b: 0 } },
      { a: { b: '1' } },
      { a: [] },
      { a: { b: 1.5 } },
    ])
      expect(() => decode(wrong)).toThrow(TypeError)
  })
})

describe('a role is forgotten only when nobody has it', () => {
  function asked(name: string, builds: Builds): string {
    const answers: string[] = []
    const forgetting = new Forgetting({
      timers: { set: () => ({ cancel: () => {} }) },
      self: 'me',
      leader: () => null,
      send: (_to, message) =>
        void (message.t === 'forgot' && answers.push(`${message.status}: ${message.text}`)),
      builds,
      voters: () => ['me', 'a', 'b'],
      nameOf,
      drop: (_role, done) => done('committed'),
    })
    forgetting.message('b', { t: 'forget', id: 1, role: name })
    return answers.join()
  }

  it('voters that were never heard may have it', () => {
    const builds = of(two)
    builds.up(hello('a', builds.hash))
    expect(asked('gone', builds)).toBe(
      "refused: Nobody knows whether B still has the role 'gone': start it, or evict it, first.",
    )
    builds.heard('b', of().message)
    expect(asked('gone', builds)).toMatch(/^done/)
    expect(asked('basket', builds)).toMatch(/^refused: The build of ME has the role 'basket'/)
    builds.heard('b', of(role('gone', { state: () => 0, events: {}, commands: {} })).message)
    expect(asked('gone', builds)).toMatch(/^refused: The role 'gone' is in the build of B/)
  })
})
