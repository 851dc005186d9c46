import { filter, firstValueFrom, map, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyChange, owner } from '../../src/index.js'
import type { Member, MembershipChange, Peer } from '../../src/index.js'
import { Office } from '../join/office.js'

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

const rowOf = (peer: Peer, name: string): Member | undefined =>
  peer.status().members.find((one) => one.name === name)
const until = async (peer: Peer, holds: (members: readonly Member[]) => boolean): Promise<unknown> =>
  firstValueFrom(peer.members$.pipe(filter(holds)))
const has =
  (name: string, fits: (row: Member) => boolean = () => true) =>
  (members: readonly Member[]) =>
    members.some((row) => row.name === name && fits(row))

/** What a story says of those who come and go, without what changes in between. */
function plot(story: readonly MembershipChange[]): string[] {
  return story.flatMap((change) => {
    if (change.kind === 'snapshot')
      return [`snapshot of ${change.members.map(({ name }) => name).join(', ')}`]
    const said = ['joined', 'returned', 'left', 'removed'].includes(change.kind)
    return said ? [`${change.member.name} ${change.kind}`] : []
  })
}

describe('the story of the members', () => {
  it('tells who joined, returned, left and was removed, and gives the present list', async () => {
    const [ann] = await office.startAll('ann')
    const story: MembershipChange[] = []
    let told: readonly Member[] = []
    ann!.membership$.subscribe((change) => {
      story.push(change)
      told = applyChange(told, change)
    })
    const whole = firstValueFrom(ann!.membership$.pipe(toArray()))
    const [bob, cy] = await office.startAll('bob', 'cy')
    await until(
      ann!,
      has('cy', ({ voter }) => voter),
    )
    await cy!.leave()
    await until(ann!, (members) => !has('cy')(members))
    await bob!.stop()
    await until(ann!, (members) => !has('bob')(members))
    await office.start({ name: 'bob' })
    await until(
      ann!,
      has('bob', ({ incarnation, reachable }) => incarnation === 2 && reachable),
    )

    expect(plot(story)).toEqual([
      'snapshot of ann',
      'bob joined',
      'cy joined',
      'cy left',
      'bob removed',
      'bob returned',
    ])
    const removed = story.find((change) => change.kind === 'removed')
    expect(removed).toMatchObject({ why: expect.stringContaining('said bye') })
    const plain = (members: readonly Member[]) => members.map((row) => ({ ...row, roundTripMs: null }))
    expect(plain(told)).toEqual(plain(ann!.status().members))
    const late = await firstValueFrom(ann!.membership$)
    expect(late.kind === 'snapshot' && late.members.map(({ name }) => name)).toEqual(['ann', 'bob'])

    // It ends with the peer, for all who listen.
    await ann!.stop()
    expect(plot(await whole)).toEqual(plot(story))
  })

  it('tells what members say of themselves, as their rows do', async () => {
    const ann = await office.start({ name: 'ann', about: { version: '1.2.0', roles: ['print'] } })
    await ann.joined
    const bob = await office.start({ name: 'bob', expect: 2 })
    await bob.joined
    await until(
      bob,
      has('ann', ({ about }) => about?.version === '1.2.0'),
    )
    const changed = firstValueFrom(bob.membership$.pipe(filter(({ kind }) => kind === 'changed')))
    ann.announce({ clients: 3 })
    await until(
      bob,
      has('ann', ({ about }) => about?.clients === 3),
    )
    expect(await changed).toMatchObject({ what: ['about'], member: { name: 'ann' } })
    expect(rowOf(bob, 'ann')?.about).toEqual({ version: '1.2.0', roles: ['print'], clients: 3 })
    expect(rowOf(ann, 'ann')?.about).toEqual({ version: '1.2.0', roles: ['print'], clients: 3 })
    expect(rowOf(ann, 'bob')?.about).toBeNull()
    expect(() => ann.announce({ clients: 1.5 })).toThrow('about.clients is 1.5; allowed is a whole number')
  })

  it('of two peers gives keys the same owners on both', async () => {
    const [ann, bob] = await office.startAll('ann', 'bob')
    await until(ann!, has('bob'))
    const keys = Array.from({ length: 20 }, (_, at) => `room ${at}`)
    const owners = (peer: Peer) =>
      firstValueFrom(peer.members$.pipe(map((members) => keys.map((key) => owner(members, key).name))))
    expect(await owners(ann!)).toEqual(await owners(bob!))
    expect(new Set(await owners(ann!)).size).toBe(2)
  })
})

describe('the load of this process', () => {
  it("is measured by itself with load: 'auto'", async () => {
    const ann = await office.start({ name: 'ann', about: { version: '1', load: 'auto' } })
    await ann.joined
    expect(rowOf(ann, 'ann')?.about).toEqual({ version: '1' })
    await until(
      ann,
      has('ann', ({ about }) => about?.load !== undefined),
    )
    const load = rowOf(ann, 'ann')?.about?.load
    expect(load).toBeGreaterThanOrEqual(0)
    expect(load).toBeLessThanOrEqual(1)
  })
})

describe('an `about` that is not allowed', () => {
  it.each([
    [{ load: 'high' }, 'The option about.load is "high"; allowed is a number from 0 to 1000.'],
    [{ colour: 'red' }, 'The option about.colour is unknown'],
    [null, 'The option about is null'],
    ['v2', 'The option about is "v2"'],
  ])('as %j stops the start by a sentence', async (about, text) => {
    await expect(office.start({ name: 'ann', about: about as never })).rejects.toMatchObject({
      name: 'JoinError',
      code: 'option',
      message: expect.stringContaining(text),
    })
  })

  it("as load: 'auto' of another host's process stops it, too", async () => {
    const host = {} as never
    await expect(office.start({ name: 'ann', about: { load: 'auto' }, host })).rejects.toThrow(
      'The option about.load',
    )
  })
})
