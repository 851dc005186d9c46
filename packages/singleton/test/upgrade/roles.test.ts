import { filter, firstValueFrom } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AnyRole, Peer } from '../../src/index.js'
import { counter, Office } from '../join/office.js'
import { four, one, three } from '../role/aged.js'

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

async function start(name: string, ...roles: AnyRole[]): Promise<Peer> {
  const running = office.peers.map(({ address }) => address)
  const peer = await office.start({ name, roles: [counter, ...roles], seeds: running })
  await peer.joined
  return peer
}

async function stop(peer: Peer): Promise<void> {
  await peer.stop()
  office.peers.splice(office.peers.indexOf(peer), 1)
}

const served = (peer: Peer, by: string, voters: number): Promise<unknown> =>
  firstValueFrom(
    peer.status$.pipe(
      filter(
        ({ server, members }) =>
          server?.name === by && members.filter(({ voter }) => voter).length === voters,
      ),
    ),
  )

describe('a role that is called otherwise in the next release', () => {
  it('is served to both releases, whoever serves', async () => {
    let ann = await start('ann', one)
    const bob = await start('bob', four)
    await served(bob, 'ann', 2)
    // The old build serves: it is asked for the name that it knows.
    expect(await bob.role(four).reserve({ id: 'a', cents: 1 }).value()).toBe(1)
    expect(await ann.role(one).reserve({ id: 'b', cents: 2 }).value()).toBe(2)
    await ann.transfer()
    await served(ann, 'bob', 2)
    // The new one serves, and writes what the old one can read.
    expect(await ann.role(one).settle({ id: 'a' }).value()).toBe(1)
    expect(await bob.role(four).settle({ id: 'b' }).value()).toBe(2)
    expect(await ann.read(one)).toEqual({ open: {}, settled: 2 })
    expect(await bob.read(four)).toEqual({ open: {}, settled: 2 })
    await stop(ann)
    ann = await start('ann', four)
    await served(ann, 'bob', 2)
    expect(await ann.role(four).reserve({ id: 'c', cents: 3 }).value()).toBe(1)
    expect(await ann.read(four)).toEqual({
      open: { c: { price: { cents: 3, currency: 'EUR' } } },
      settled: 2,
    })
  })

  it('refuses what an old voter cannot read, by its name, and no longer once that one is upgraded', async () => {
    const ann = await start('ann', three)
    let bob = await start('bob', one)
    await served(ann, 'ann', 2)
    expect(await ann.role(three).reserve({ id: 'a', cents: 1 }).value()).toBe(1)
    const refused = await bob.role(one).settle({ id: 'a' })
    expect(refused).toMatchObject({
      status: 'refused',
      refusal: {
        code: 'failed',
        reason: 'not-yet',
        text: expect.stringContaining("the builds of bob cannot read version 2 of the event 'paid'"),
      },
    })
    expect(await bob.read(one)).toEqual({ open: { a: 1 }, settled: 0 })
    await stop(bob)
    bob = await start('bob', four)
    await served(bob, 'ann', 2)
    expect(await bob.role(four).settle({ id: 'a' }).value()).toBe(1)
  })
})

describe('operate.forgetRole', () => {
  it('forgets a role for good, but not while a build has it', async () => {
    let ann = await start('ann', one)
    let bob = await start('bob', one)
    await served(bob, 'ann', 2)
    await bob.role(one).reserve({ id: 'a', cents: 1 }).value()
    expect(await bob.operate.forgetRole('basket')).toEqual({
      status: 'refused',
      text: "The build of ann has the role 'basket': forget it once no build has it any more.",
    })
    await stop(ann)
    ann = await start('ann')
    await served(ann, 'bob', 2)
    await bob.transfer()
    await served(ann, 'ann', 2)
    expect(await ann.operate.forgetRole('basket')).toEqual({
      status: 'refused',
      text: "The role 'basket' is in the build of bob: forget it once no build has it any more.",
    })
    await stop(bob)
    bob = await start('bob')
    await served(bob, 'ann', 2)
    // Whoever needs it again finds it until then.
    expect(await bob.operate.forgetRole('basket')).toEqual({
      status: 'done',
      text: "The role 'basket' is forgotten on every peer.",
    })
    expect(await ann.operate.forgetRole('basket')).toEqual({
      status: 'done',
      text: "There is nothing of a role 'basket'.",
    })
    expect(await ann.role(counter).add({ by: 2 }).value()).toBe(2)
    await stop(bob)
    bob = await start('bob', one)
    await served(bob, 'ann', 2)
    expect(await bob.read(one)).toEqual({ open: {}, settled: 0 })
  })
})
