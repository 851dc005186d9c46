import { describe, expect, it } from 'vitest'
import { persist, role } from '../../src/index.js'
import { checkClient, openClient } from '../../src/client/index.js'
import type { Client } from '../../src/client/index.js'
import type { AnyRole } from '../../src/role/index.js'
import { anything, board, Hall, vault } from '../gateway/raw.js'
import { QUICK } from './world.js'

/** Keeps who said what. */
const guests = role('guests', {
  state: (): { readonly said: readonly string[] } => ({ said: [] }),
  events: { said: (s, e: { by: string }) => ({ said: [...s.said, e.by] }) },
  commands: {
    say: (_, c: { text: string }, on, { caller }) =>
      persist(on.said({ by: `${caller.level} ${c.text}` })).reply(() => caller.level),
  },
  schemas: { say: anything },
  open: ['say'],
  readable: 'stray',
})

const LEVELS = ['stray', 'trusted'] as const

function callers(hall: Hall, to: readonly string[]): readonly Client[] {
  const addresses = to.map((name) => `${name}:1`)
  const roles = [guests] as unknown as readonly AnyRole[]
  const clients = LEVELS.map((level) => {
    const settings = { app: 'sim', roles, addresses, reconnect: QUICK, level }
    return openClient(hall.host(level), checkClient(settings, true)).client
  })
  hall.until(() => clients.every((client) => client.status().state === 'connected'))
  return clients
}

function said(hall: Hall): readonly string[] {
  const state = hall.cluster.peer(hall.server)?.roles.state('guests') as { said: readonly string[] }
  return state.said.toSorted()
}

const under = (clients: readonly Client[]): number =>
  clients.reduce((sum, client) => sum + client.status().inFlight + client.status().waiting, 0)

describe('the level that a command sees of its caller', () => {
  it('is that of the client, also when the server is lost and its successor executes the call', async () => {
    const hall = new Hall({ peers: 3, roles: [board, vault, guests] })
    const clients = callers(hall, [hall.followers[1]])
    const before = hall.server
    hall.world.pause(before)
    const calls = clients.map((client) => client.role(guests).say({ text: 'a' }))
    hall.run(50)
    expect(under(clients)).toBe(2)
    hall.world.crash(before)
    hall.until(() => under(clients) === 0)
    expect(hall.server).not.toBe(before)
    expect(await Promise.all(calls)).toMatchObject(LEVELS.map((value) => ({ status: 'ok', value })))
    expect(said(hall)).toEqual(['stray a', 'trusted a'])
    expect(clients.map((client) => client.status().links)).toEqual([1, 1])
  })

  it('is that of the client, also when the call is repeated by way of another member', async () => {
    const hall = new Hall({ peers: 3, roles: [board, vault, guests] })
    const [other, at] = hall.followers
    const clients = callers(hall, [at, other])
    // Its followers hear no word of a commit: nothing can be answered.
    const heal = hall.world.split([hall.server], [at])
    const calls = clients.map((client) => client.role(guests).say({ text: 'a' }))
    hall.run(50)
    expect(under(clients)).toBe(2)
    hall.world.crash(at)
    heal()
    hall.until(() => under(clients) === 0)
    expect(await Promise.all(calls)).toMatchObject(LEVELS.map((value) => ({ status: 'ok', value })))
    expect(said(hall)).toEqual(['stray a', 'trusted a'])
    expect(clients.map((client) => client.status().links)).toEqual([2, 2])
  })

  it('is the first one, when the call had been executed and only its answer was lost', async () => {
    const hall = new Hall({ peers: 3, roles: [board, vault, guests] })
    const [other, at] = hall.followers
    const clients = callers(hall, [at, other])
    const calls = clients.map((client) => client.role(guests).say({ text: 'a' }))
    hall.until(() => said(hall).length === 2)
    hall.world.crash(at)
    hall.until(() => under(clients) === 0)
    expect(await Promise.all(calls)).toMatchObject(LEVELS.map((value) => ({ status: 'ok', value })))
    expect(said(hall)).toEqual(['stray a', 'trusted a'])
  })
})
