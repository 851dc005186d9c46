import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

describe('another address under a running peer', () => {
  it.each([
    ['a follower', 1],
    ['the server', 2],
  ])('of %s: all learn it, and it keeps its place, its seat and its start (seed %i)', (who, seed) => {
    const office = new Office({ seed, peers: 3 })
    const { cluster } = office
    const [follower = ''] = office.followers
    const moved = who === 'the server' ? office.server : follower
    const before = cluster.names.map((name) => office.row(name, moved))
    const { voters } = cluster
    cluster.world.changeAddress(moved)
    const address = cluster.world.address(moved)
    expect(address).not.toBe(before[0]?.address)
    const known = (): boolean => cluster.names.every((name) => office.row(name, moved)?.address === address)
    expect(cluster.world.runUntil(known, { limitMs: 6_000 })).toBe(true)
    office.run(5_000)
    for (const [i, name] of cluster.names.entries()) {
      const { seniority, incarnation } = before[i]!
      expect(office.row(name, moved)).toMatchObject({ seniority, incarnation, address, reachable: true })
    }
    expect(cluster.voters).toEqual(voters)
    expect(cluster.peer(moved)?.status().self.address).toBe(address)
    office.end()
  })

  it('a peer that was told what to advertise keeps saying that', () => {
    const office = new Office({
      seed: 5,
      peers: 3,
      settingsOf: (node) => (node === 'cy' ? { advertise: 'cy:1' } : {}),
    })
    office.cluster.world.changeAddress('cy')
    office.run(8_000)
    expect(office.row('ann', 'cy')?.address).toBe('cy:1')
    office.cluster.world.healAll()
    office.end()
  })

  it('a peer that listens at one address alone says that it is gone', () => {
    const settingsOf = (node: string): { listen: string } => ({
      listen: node === 'cy' ? '10.0.0.3:1' : '0.0.0.0:1',
    })
    const hosts = { now: ['10.0.0.3', '10.0.0.7'] }
    const office = new Office({
      seed: 6,
      peers: 3,
      settingsOf,
      host: (host, node) => {
        if (node !== 'cy') return host
        const { network } = host
        const listen: typeof network.listen = (_address, handlers) =>
          network.listen('0.0.0.0:1', {
            ...handlers,
            listening: () => handlers.listening('10.0.0.3:1'),
          })
        return {
          ...host,
          network: {
            ...network,
            listen,
            dial: (...args) => network.dial(...args),
            interfaces: () => hosts.now,
          },
        }
      },
    })
    office.run(5_000)
    expect(office.events('cy', 0)).not.toContain('address-lost')
    hosts.now = ['10.0.0.7']
    office.run(5_000)
    expect(office.events('cy', 0).filter((event) => event === 'address-lost')).toEqual(['address-lost'])
    expect(office.row('cy', 'cy')?.address).toBe('10.0.0.3:1')
  })
})

describe('sleep', () => {
  it.each(['a follower', 'the server'])(
    'of %s: it wakes as a stranger to all, comes back as the youngest, accuses nobody',
    (who) => {
      const office = new Office({ seed: 11, peers: 3 })
      const { cluster } = office
      const [follower = ''] = office.followers
      const sleeper = who === 'the server' ? office.server : follower
      const { seniority = 0 } = office.row(sleeper, sleeper) ?? {}
      cluster.world.sleep(sleeper)
      office.run(8_000)
      // An hour by every clock that went on.
      cluster.world.clockJump(sleeper, 3_592_000)
      for (const other of office.followers) expect(office.row(other, sleeper)).toBeUndefined()
      const wokeMs = cluster.world.nowMs
      cluster.world.wake(sleeper)
      // What it believes until it learns better must not make it serve.
      expect(cluster.peer(sleeper)?.wouldServe).toBe(false)
      office.run(4_000)
      expect(office.events(sleeper, wokeMs)).toContain('resumed')
      const accused = office.notes.filter(
        ({ node, atMs, event }) => node === sleeper && atMs >= wokeMs && event === 'evidence',
      )
      expect(accused).toEqual([])
      const row = office.row(office.server, sleeper)
      expect(row?.seniority).toBeGreaterThan(seniority)
      expect(row?.seniority).toBe(Math.max(...office.members(office.server).map((one) => one.seniority)))
      expect(row?.voter).toBe(true)
      office.end()
    },
  )
})

describe('a peer that was removed while it was frozen', () => {
  it.each([21, 22])('learns it and comes back: one member, one start, no accusation (seed %i)', (seed) => {
    const office = new Office({ seed, peers: 3 })
    const { cluster } = office
    const frozen = seed === 21 ? office.server : (office.followers[0] ?? '')
    const { incarnation } = office.row(frozen, frozen)!
    const wake = cluster.world.pause(frozen)
    office.run(10_000)
    expect(office.row(office.server, frozen)).toBeUndefined()
    const wokeMs = cluster.world.nowMs
    wake()
    const back = (): boolean => office.row(office.server, frozen)?.reachable === true
    expect(cluster.world.runUntil(back, { limitMs: 3_000 })).toBe(true)
    expect(office.row(office.server, frozen)?.incarnation).toBe(incarnation)
    office.run(2_000)
    const accused = office.notes.filter(
      ({ node, atMs, event }) => node === frozen && atMs >= wokeMs && event === 'evidence',
    )
    expect(accused).toEqual([])
    office.end()
  })
})

describe('a quick restart on the same port', () => {
  it.each([31, 32, 33])('is one member all the time, by its next start at once (seed %i)', (seed) => {
    const office = new Office({ seed, peers: 3 })
    const { cluster } = office
    const [again = '', other = ''] = office.followers
    const { incarnation = 0 } = office.row(other, again) ?? {}
    // In the second run its end reaches nobody before its next start does.
    if (seed === 32) cluster.world.powerOff([again])
    cluster.world.restart(again)
    const known = (): boolean => office.row(other, again)?.incarnation === incarnation + 1
    expect(cluster.world.runUntil(known, { limitMs: 400 })).toBe(true)
    expect(office.members(other).filter(({ name }) => name === again).length).toBe(1)
    office.end()
  })
})
