import { World } from '@tanist/core/testing'
import type { Host } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { persist, role, startPeer } from '../../src/index.js'
import type { LostCommand, Peer } from '../../src/index.js'

/** What a branch that lost had acknowledged comes back through `reconcile`: the faces that applications use. */

const NAMES = ['ann', 'bob', 'cy']

interface Desk {
  readonly world: World
  readonly peers: Map<string, Peer>
  readonly handed: { readonly at: string; readonly lost: readonly LostCommand[] }[]
}

type How = 'again' | 'fails-once' | 'none'

interface Items {
  readonly items: readonly string[]
}

const parts = {
  state: (): Items => ({ items: [] }),
  events: { put: (s: Items, e: { item: string }): Items => ({ items: [...s.items, e.item] }) },
}

/** The same role without anybody who reconciles. */
const silent = role('stock', {
  ...parts,
  commands: { put: (_, c: { item: string }, on) => persist(on.put(c)).reply((next) => next.items.length) },
})

function stockOf(name: string, handed: Desk['handed'][number][], how: How): typeof silent {
  let failures = how === 'fails-once' ? 1 : 0
  if (how === 'none') return silent
  return role('stock', {
    ...parts,
    commands: { put: (_, c: { item: string }, on) => persist(on.put(c)).reply((next) => next.items.length) },
    reconcile: async (lost, { call, state }) => {
      handed.push({ at: name, lost })
      expect(state().items).toContain('common')
      if (failures-- > 0) throw new Error('the paper jams')
      for (const { id, events } of lost) {
        // oxlint-disable-next-line no-await-in-loop -- in the order in which they were done
        for (const { payload } of events) await call('put', payload, { id }).value()
      }
    },
  })
}

type Stock = typeof silent

async function open(how: How): Promise<Desk & { readonly stocks: Map<string, Stock> }> {
  const peers = new Map<string, Peer>()
  const stocks = new Map<string, Stock>()
  const handed: Desk['handed'][number][] = []
  const made = new World({ seed: 'reconcile' })
  for (const name of NAMES) {
    made.node(name, {
      address: `${name}:1`,
      start: (host: Host) => {
        const stock = stockOf(name, handed, how)
        stocks.set(name, stock)
        void startPeer({
          app: 'stock',
          roles: [stock],
          name,
          listen: `${name}:1`,
          seeds: NAMES.filter((other) => other !== name).map((other) => `${other}:1`),
          data: '/data',
          expect: 3,
          host,
        }).then((peer) => peers.set(name, peer))
      },
    })
    made.start(name)
  }
  const desk = { world: made, peers, handed, stocks }
  await until(desk, () => NAMES.every((name) => voters(desk, name) === 3))
  return desk
}

const voters = ({ peers }: Desk, name: string): number =>
  peers
    .get(name)
    ?.status()
    .members.filter((member) => member.voter).length ?? 0

async function until({ world: made }: Desk, what: () => boolean, limitMs = 40_000): Promise<void> {
  for (let ms = 0; ms < limitMs; ms += 20) {
    if (what()) return
    // oxlint-disable-next-line no-await-in-loop -- virtual time passes in this order
    await made.runAsync({ forMs: 20 })
  }
  throw new Error(`never came: ${what.toString()}`)
}

async function run<T>(desk: Desk, promise: Promise<T>): Promise<T> {
  let over = false
  promise.then(
    () => (over = true),
    () => (over = true),
  )
  await until(desk, () => over)
  return promise
}

/** cy is cut off, forced to go on, and puts two things; the others put one. */
async function fork(desk: Awaited<ReturnType<typeof open>>): Promise<void> {
  const { world: made, peers, stocks } = desk
  const put = (name: string, item: string): Promise<number> =>
    run(
      desk,
      (peers.get(name) as Peer)
        .role(stocks.get(name) as Stock)
        .put({ item })
        .value(),
    )
  await put('ann', 'common')
  made.split(['cy'])
  await until(desk, () => peers.get('cy')?.status().server === null)
  await made.runAsync({ forMs: 4_000 })
  await run(desk, (peers.get('cy') as Peer).operate.continueHere('the cellar drowned'))
  await put('cy', 'lost 1')
  await put('cy', 'lost 2')
  await put('bob', 'kept')
}

const items = (desk: Awaited<ReturnType<typeof open>>, name: string): Promise<readonly string[]> =>
  run(
    desk,
    (desk.peers.get(name) as Peer).read(desk.stocks.get(name) as Stock).then((state) => state.items),
  )

describe('reconcile', () => {
  it('gets what was acknowledged in the branch that lost, and can do it again exactly once', async () => {
    const desk = await open('again')
    await fork(desk)
    const before = desk.peers.get('cy')?.id
    desk.world.healAll()
    await until(desk, () => desk.handed.length > 0)
    await until(desk, () => desk.peers.get('cy')?.status().setAside.length === 0)
    expect(await items(desk, 'cy')).toEqual(['common', 'kept', 'lost 1', 'lost 2'])
    expect(await items(desk, 'ann')).toEqual(['common', 'kept', 'lost 1', 'lost 2'])
    const [{ at, lost }] = desk.handed as [Desk['handed'][number]]
    expect(at).toBe('cy')
    expect(lost).toMatchObject([
      { command: 'put', committed: true, outcome: { status: 'ok', value: 2 } },
      { command: 'put', committed: true, outcome: { status: 'ok', value: 3 } },
    ])
    expect(lost[0]?.id).toBe(`lost-${lost[0]?.branch}:${lost[0]?.index}`)
    // The same peer, to those who hold it, under another identity.
    expect(desk.peers.get('cy')?.id).not.toBe(before)
  })

  it('is asked again until it has handled everything, and nothing happens twice', async () => {
    const desk = await open('fails-once')
    await fork(desk)
    desk.world.healAll()
    await until(desk, () => desk.handed.length > 1)
    await until(desk, () => desk.peers.get('cy')?.status().setAside.length === 0)
    expect(await items(desk, 'bob')).toEqual(['common', 'kept', 'lost 1', 'lost 2'])
  })

  it('that nobody wrote leaves the file to an operator, and status says so', async () => {
    const desk = await open('none')
    await fork(desk)
    desk.world.healAll()
    await until(desk, () => /operator/.test(desk.peers.get('cy')?.status().setAside[0]?.text ?? ''))
    expect(desk.peers.get('cy')?.status().setAside).toMatchObject([{ commands: 2 }])
    desk.world.restart('cy')
    desk.peers.delete('cy')
    await until(desk, () => /operator/.test(desk.peers.get('cy')?.status().setAside[0]?.text ?? ''))
    expect(await items(desk, 'cy')).toEqual(['common', 'kept'])
  })
})
