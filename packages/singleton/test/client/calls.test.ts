import { describe, expect, it } from 'vitest'
import { fromEncoded } from '@tanist/core'
import { checkClient, openClient } from '../../src/client/index.js'
import type { ClientSettings } from '../../src/client/index.js'
import type { AnyRole } from '../../src/role/index.js'
import { persist, role } from '../../src/index.js'
import { anything, board, Hall, vault } from '../gateway/raw.js'
import { QUICK } from './world.js'

const ID = '0123456789abcdef0123456789abcdef'

/** Takes what a link carries at most. */
const wide = role('wide', {
  state: () => ({}),
  events: {},
  commands: { take: (_, c: { text: string }) => persist().reply(() => c.text.length) },
  schemas: { take: anything },
  open: ['take'],
  limits: { inputBytes: 1_048_576 },
})

function open(hall: Hall, settings: Partial<ClientSettings> = {}): ReturnType<typeof openClient> {
  const roles = [board, vault, wide] as unknown as readonly AnyRole[]
  const level = settings.level ?? 'trusted'
  const all = { app: 'sim', roles, addresses: ['ann:1'], reconnect: QUICK, ...settings, level }
  return openClient(hall.host('web'), checkClient(all, true))
}

function linked(hall: Hall, settings: Partial<ClientSettings> = {}): ReturnType<typeof openClient> {
  const opened = open(hall, settings)
  hall.until(() => opened.client.status().state === 'connected')
  return opened
}

/** The machine of the client stands still for good, and starts again. */
function restart(hall: Hall): void {
  hall.world.crash('web')
  hall.world.start('web')
  hall.run(10)
}

describe('calls of a client that has no link yet', () => {
  it('as many wait as may, one more ends at once as not executed, and those that wait come in their order', async () => {
    const hall = new Hall()
    hall.world.crash('ann')
    const { client } = open(hall, { bufferMax: 3 })
    const calls = ['1', '2', '3', '4'].map((text) => client.role(board).pin({ text }))
    expect(await calls[3]).toMatchObject({
      status: 'unavailable',
      executed: 'no',
      reason: expect.stringMatching(/^busy: 3 calls and 4194304 bytes/) as string,
    })
    expect(client.status()).toMatchObject({ waiting: 3, inFlight: 0 })
    hall.cluster.start('ann')
    hall.until(() => client.status().waiting + client.status().inFlight === 0)
    expect(await Promise.all(calls.slice(0, 3))).toMatchObject([{ value: 1 }, { value: 2 }, { value: 3 }])
    expect(hall.state().notes).toEqual(['1', '2', '3'])
  })

  it('their inputs have room in bytes, not in characters, and what ends leaves its room to others', async () => {
    const hall = new Hall()
    hall.world.crash('ann')
    const { client } = open(hall, { bufferBytes: 100 })
    const first = new AbortController()
    const [some, more] = ['x'.repeat(60), 'ü'.repeat(60)]
    const one = client.role(board).pin({ text: some }, { signal: first.signal })
    const two = await client.role(board).pin({ text: more })
    expect(two).toMatchObject({ status: 'unavailable', executed: 'no' })
    expect(await client.role(board).pin({ text: some })).toMatchObject({ executed: 'no' })
    first.abort()
    expect(await one).toMatchObject({ executed: 'no' })
    // Two bytes each: alone it is too much.
    expect(await client.role(board).pin({ text: more })).toMatchObject({ executed: 'no' })
    const last = client.role(board).pin({ text: some })
    hall.cluster.start('ann')
    hall.until(() => client.status().waiting + client.status().inFlight === 0)
    expect(await last).toMatchObject({ status: 'ok' })
    expect(hall.state().notes).toEqual([some])
  })

  it('the room is for the time without a link: with one, more than that may be under way', () => {
    const hall = new Hall()
    const { client } = linked(hall, { bufferMax: 1 })
    for (let i = 0; i < 20; i++) void client.role(board).pin({ text: `${i}` })
    hall.until(() => hall.state().notes.length === 20)
  })
})

describe('a call that is cancelled', () => {
  it('before there was a link was not executed, and never will be', async () => {
    const hall = new Hall()
    hall.world.crash('ann')
    const { client } = open(hall)
    const given = new AbortController()
    const call = client.role(board).pin({ text: 'no' }, { signal: given.signal })
    const other = client.role(board).pin({ text: 'yes' })
    given.abort()
    expect(await call).toMatchObject({ status: 'unavailable', executed: 'no' })
    hall.cluster.start('ann')
    hall.until(() => client.status().waiting + client.status().inFlight === 0)
    expect(await other).toMatchObject({ status: 'ok' })
    expect(hall.state().notes).toEqual(['yes'])
  })

  it('before it was made was not executed, though there is a link', async () => {
    const hall = new Hall()
    const { client } = linked(hall)
    const call = client.role(board).pin({ text: 'no' }, { signal: AbortSignal.abort() })
    expect(await call).toMatchObject({ status: 'unavailable', executed: 'no' })
    hall.run(500)
    expect(hall.state().notes).toEqual([])
  })

  it('after it was sent ends as unknown at once, and its member works on it no more', async () => {
    const hall = new Hall({ peers: 3 })
    const [at, other] = hall.followers
    const { client } = linked(hall, { addresses: [`${at}:1`] })
    for (const name of [hall.server, other]) hall.world.crash(name)
    const given = new AbortController()
    const call = client.role(board).pin({ text: 'perhaps' }, { signal: given.signal })
    hall.run(200)
    expect(hall.cluster.desk(at)?.status().inFlight).toBe(1)
    given.abort()
    expect(await call).toMatchObject({ status: 'unavailable', executed: 'unknown' })
    hall.run(200)
    expect(hall.cluster.desk(at)?.status().inFlight).toBe(0)
    expect(client.status()).toMatchObject({ waiting: 0, inFlight: 0 })
  })

  it('after its outcome keeps it, and nothing of the call stays at its signal', async () => {
    const hall = new Hall()
    const { client } = linked(hall)
    const given = new AbortController()
    const kept = new Set<unknown>()
    const { signal } = given
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...[type, listener, ...more]: Parameters<typeof add>) => {
      kept.add(listener)
      add(type, listener, ...more)
    }
    signal.removeEventListener = (...[type, listener, ...more]: Parameters<typeof remove>) => {
      kept.delete(listener)
      remove(type, listener, ...more)
    }
    const call = client.role(board).pin({ text: 'done' }, { signal })
    expect(kept.size).toBe(1)
    hall.until(() => client.status().inFlight === 0)
    given.abort()
    expect(await call).toMatchObject({ status: 'ok', value: 1 })
    expect(kept.size).toBe(0)
  })
})

describe('an input', () => {
  it.each([
    ['stray', 65_536 - 2_048],
    ['trusted', 1_048_576 - 2_048],
  ] as const)(
    'of a %s client is carried up to %i bytes; more is refused where it is made',
    async (level, most) => {
      const hall = new Hall({ roles: [board, vault, wide] })
      const { client } = linked(hall, { level })
      const around = '{"v":{"text":""}}'.length
      const over = await client.role(wide).take({ text: 'x'.repeat(most - around + 1) })
      const place = 'The input of wide.take has'
      expect(over).toMatchObject({
        status: 'refused',
        refusal: {
          code: 'failed',
          reason: 'too-large',
          text: `${place} ${most + 1} bytes; ${most} are allowed.`,
        },
      })
      expect(client.status()).toMatchObject({ waiting: 0, inFlight: 0 })
      const fits = client.role(wide).take({ text: 'x'.repeat(most - around) })
      hall.until(() => client.status().inFlight === 0)
      expect(await fits).toMatchObject({ status: 'ok' })
      expect(client.status().links).toBe(1)
    },
  )
})

describe('a process that is started again with its session', () => {
  it('has what it repeats executed once, and gets the first outcome', async () => {
    const hall = new Hall({ peers: 3 })
    const [at] = hall.followers
    const first = linked(hall, { session: ID, addresses: [`${at}:1`] }).client
    const id = `${ID}.order:1`
    void first.role(board).pin({ text: 'once' }, { id })
    hall.until(() => hall.state(hall.server).notes.length === 1)
    restart(hall)
    const { client } = linked(hall, { session: ID, addresses: ['cy:1', 'bob:1'] })
    expect(client.id).toBe(ID)
    const other = client.role(board).pin({ text: 'between' })
    hall.until(() => client.status().inFlight === 0)
    const again = client.role(board).pin({ text: 'once' }, { id })
    hall.until(() => client.status().inFlight === 0)
    expect(await other).toMatchObject({ value: 2 })
    expect(await again).toMatchObject({ status: 'ok', value: 1 })
    expect(hall.state(hall.server).notes).toEqual(['once', 'between'])
  })

  it('asks by the id that was drawn for a call whose outcome it never saw', async () => {
    const hall = new Hall({ peers: 3 })
    const addresses = hall.followers.map((name) => `${name}:1`)
    const first = linked(hall, { session: ID, addresses }).client
    const given = new AbortController()
    const call = first.role(board).pin({ text: 'once' }, { signal: given.signal })
    hall.until(() => hall.state(hall.server).notes.length === 1)
    given.abort()
    const lost = await call
    if (lost.status !== 'unavailable') throw new Error('It should have been given up.')
    expect(lost.executed).toBe('unknown')
    restart(hall)
    const { client } = linked(hall, { session: ID, addresses })
    const again = client.role(board).pin({ text: 'once' }, { id: lost.id })
    hall.until(() => client.status().inFlight === 0)
    expect(await again).toMatchObject({ status: 'ok', value: 1 })
    expect(hall.state(hall.server).notes).toEqual(['once'])
  })

  it('draws no id that an earlier run has drawn', async () => {
    const hall = new Hall()
    hall.world.crash('ann')
    const seen: string[] = []
    for (let run = 0; run < 5; run++) {
      const { client } = open(hall, { session: ID, bufferMax: 0 })
      for (let i = 0; i < 3; i++) {
        const out = await client.role(board).pin({ text: 'x' })
        if (out.status === 'unavailable') seen.push(out.id)
      }
      restart(hall)
    }
    expect(new Set(seen).size).toBe(15)
    expect(seen.every((id) => id.startsWith(`${ID}.`))).toBe(true)
  })

  it('is another caller than all others: what a call says of itself has its level', () => {
    const hall = new Hall()
    const { core } = linked(hall, { session: ID, level: 'stray' })
    const seen: unknown[] = []
    core.call({ role: 'board', command: 'who', input: null }, (out) => {
      if (out.status === 'ok') seen.push(fromEncoded(out.value))
    })
    hall.until(() => seen.length === 1)
    expect(seen[0]).toMatchObject({ level: 'stray' })
  })
})
