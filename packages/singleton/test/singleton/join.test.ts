import { actor, reply } from '@tanist/core'
import type { ActorRef } from '@tanist/core'
import { firstValueFrom, filter } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { singleton, startPeer } from '../../src/index.js'
import type { Peer, PeerStatus } from '../../src/index.js'
import { counter as role, memoryLog, Office } from '../join/office.js'

interface Board {
  write: (m: { line: string }) => number
  lines: () => readonly string[]
  fail: () => void
}
const board = singleton(
  'board',
  actor({
    state: () => ({ lines: [] as readonly string[] }),
    on: {
      write: (s, m: { line: string }) => reply({ lines: [...s.lines, m.line] }, s.lines.length + 1),
      lines: (s) => reply(s, s.lines),
      fail: (): { lines: readonly string[] } => {
        throw new Error('told to')
      },
    },
    restarts: { max: 1, windowMs: 60_000 },
  }),
)
const singletons = [board]
/** So that no lease lapses on a busy machine. */
const timing = { settleMs: 50, silenceMinMs: 5_000 }

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

async function two(): Promise<readonly [Peer, Peer]> {
  const ann = await office.start({ name: 'ann', singletons, timing })
  await ann.joined
  const bob = await office.start({ name: 'bob', singletons, timing: { ...timing, settleMs: 10_000 } })
  await bob.joined
  const voters = ({ members }: PeerStatus): boolean => members.filter(({ voter }) => voter).length === 2
  await firstValueFrom(ann.status$.pipe(filter((status) => voters(status) && status.successors.length === 1)))
  // With the second vote the lease is proven anew, and the actor begins anew with it: a read comes after that.
  await ann.read(role)
  await firstValueFrom(bob.status$.pipe(filter((status) => status.singletons[0]?.state === 'running')))
  return [ann, bob]
}

describe('peer.singleton', () => {
  it('waits for the first server, also at a peer that has joined nothing yet', async () => {
    const ann = await office.start({ name: 'ann', singletons, expect: 2, timing })
    const early = [1, 2, 3].map((n) =>
      ann
        .singleton(board)
        .askWithin(30_000)
        .write({ line: `ann ${n}` }),
    )
    await expect(ann.singleton(board).askWithin(50).lines()).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/'board': it ran nowhere within 50 ms\. Waiting for 2 peers/),
    })
    expect(ann.status().singletons).toMatchObject([{ name: 'board', state: 'waiting' }])
    const bob = await office.start({ name: 'bob', singletons, expect: 2, timing })
    expect(await Promise.all(early)).toEqual([1, 2, 3])
    expect(await bob.singleton(board).ask.write({ line: 'bob' })).toBe(4)
    expect(await ann.singleton(board).ask.lines()).toEqual(['ann 1', 'ann 2', 'ann 3', 'bob'])
  })

  it('keeps the order of a caller, and is the same ref each time', async () => {
    const [ann, bob] = await two()
    const ref = bob.singleton(board)
    expect(bob.singleton(board)).toBe(ref)
    for (let i = 0; i < 500; i++) expect(ref.tell.write({ line: String(i) })).toBe(true)
    expect((await ref.ask.lines()).map(Number)).toEqual(Array.from({ length: 500 }, (_, i) => i))
    await ann.transfer()
    // It begins anew: what must be kept belongs into a role.
    expect(await ref.ask.lines()).toEqual([])
    expect(await ann.singleton(board).ask.write({ line: 'again' })).toBe(1)
  })

  it('can be sent to others, and follows the server there as well', async () => {
    const [ann, bob] = await two()
    const clerk = actor({
      state: () => ({ to: null as ActorRef<Board> | null }),
      on: {
        hire: (_s, m: { to: ActorRef<Board> }) => ({ to: m.to }),
        work: async (s) => reply(s, await s.to!.ask.write({ line: 'by the clerk' })),
      },
    })
    const here = ann.actors.spawn(clerk, 'clerk')
    const there = bob.actors.resolve<{
      hire: (m: { to: ActorRef<Board> }) => void
      work: () => number
    }>(here.toJSON())
    await there.ask.hire({ to: bob.singleton(board) })
    expect(await there.ask.work()).toBe(1)
    await ann.transfer()
    expect(await there.ask.work()).toBe(1)
    await bob.transfer()
    expect(await there.ask.work()).toBe(1)
  })

  it('refuses at the sender what cannot be sent, with the way to it', async () => {
    const [, bob] = await two()
    await bob.singleton(board).ask.lines()
    const line = (() => 'text') as unknown as string
    expect(() => bob.singleton(board).tell.write({ line })).toThrow(/\.line/)
    await expect(bob.singleton(board).ask.write({ line })).rejects.toThrow(/\.line/)
  })

  it('of a lone peer stays stopped with a sentence when it fails for good, until an operator starts it', async () => {
    const ann = await office.start({ name: 'ann', singletons })
    await ann.joined
    const ref = ann.singleton(board)
    for (let i = 0; i < 2; i++) await expect(ref.ask.fail()).rejects.toMatchObject({ name: 'AskError' })
    const { singletons: after } = await firstValueFrom(
      ann.status$.pipe(filter((status) => status.singletons[0]?.state === 'stopped')),
    )
    expect(after[0]).toMatchObject({
      text: expect.stringMatching(/limit on ann \(Error: told to\)\. Nobody took over: .*no reachable/),
      failures: [{ server: 'ann', text: 'Error: told to' }],
    })
    await expect(ref.ask.lines()).rejects.toMatchObject({
      code: 'stopped',
      message: expect.stringContaining('told to'),
    })
    expect(ref.tell.write({ line: 'x' })).toBe(false)
    expect(office.log.lines.some((line) => line.startsWith('error singleton-stopped'))).toBe(true)
    expect(await ann.operate.restartSingleton(board)).toMatchObject({ status: 'done' })
    expect(await ref.ask.lines()).toEqual([])
  })

  it('leads on when its peer goes on under another identity', async () => {
    const ann = await office.start({ name: 'ann', singletons, timing })
    await ann.joined
    const zoe = await office.start({ name: 'zoe', seeds: [], singletons, timing })
    await zoe.joined
    await zoe.role(role).add({ by: 3 })
    await zoe.stop()
    const ref = ann.singleton(board)
    expect(await ref.ask.write({ line: 'before' })).toBe(1)
    const id = ann.id
    const again = await office.start({ name: 'zoe', seeds: [ann.address], singletons, timing })
    await firstValueFrom(ann.status$.pipe(filter(({ members }) => members.length === 2)))
    expect(ann.id, 'its own cluster had no command and dissolved').not.toBe(id)
    await again.read(role)
    await again.singleton(board).ask.write({ line: 'zoe' })
    expect(await ref.ask.lines()).toContain('zoe')
    await firstValueFrom(again.status$.pipe(filter(({ successors }) => successors.length === 1)))
    await again.transfer()
    await ref.ask.write({ line: 'ann' })
    expect(await again.singleton(board).ask.lines()).toContain('ann')
  })

  it('ends with its peer', async () => {
    const ann = await office.start({ name: 'ann', singletons, expect: 2 })
    const waiting = ann.singleton(board).ask.lines()
    const ended = waiting.catch((error: unknown) => error)
    await ann.stop()
    expect(await ended).toMatchObject({
      code: 'stopped',
      message: expect.stringMatching(/this peer has stopped/),
    })
    await expect(ann.singleton(board).ask.lines()).rejects.toMatchObject({ code: 'stopped' })
    expect(ann.singleton(board).tell.write({ line: 'x' })).toBe(false)
    expect(await ann.operate.restartSingleton(board)).toMatchObject({ status: 'refused' })
  })
})

describe('what is wrong is said in a sentence', () => {
  const base = { app: 'office', roles: [role], listen: '127.0.0.1:0', log: memoryLog() }

  it.each([
    [{ singletons: 'board' as never }, /option singletons is "board"; allowed is a list of what singleton/],
    [{ singletons: [board, board] }, /option singletons has two singletons called 'board'/],
    [{ singletons: [{}] as never }, /option singletons\[0\]/],
    [{ singletons: [role] as never }, /option singletons holds 'counter', which is not what singleton/],
    [{ roles: [board] as never }, /option roles holds 'board', which is not what role/],
  ])('option %#', async (wrong, sentence) => {
    await expect(startPeer({ ...base, data: `${office.root}/x`, ...wrong })).rejects.toThrow(sentence)
  })

  it('a definition that is none', () => {
    expect(() => singleton('Board!', actor({ state: () => 0, on: {} }))).toThrow(/no name for a singleton/)
    expect(() => singleton('board', null as never)).toThrow(/'board' needs a behavior/)
    expect(() => singleton('board', actor({ state: () => 0, on: {} }), { waitMs: -1 })).toThrow(/waitMs/)
  })

  it('a singleton that this peer was not given', async () => {
    const ann = await office.start({ name: 'ann', singletons })
    const other = singleton('other', actor({ state: () => 0, on: {} }))
    const sentence = "The singleton 'other' is not among those this peer joined with: board."
    expect(() => ann.singleton(other)).toThrow(sentence)
    await expect(ann.operate.restartSingleton(other)).rejects.toThrow(sentence)
  })
})
