import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { firstValueFrom, filter, take, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JoinError, role, startPeer } from '../../src/index.js'
import type { PeerStatus } from '../../src/index.js'
import { counter, memoryLog, Office } from './office.js'

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

const voters = (status: PeerStatus): number => status.members.filter((member) => member.voter).length

describe('a peer alone', () => {
  it('founds a cluster, serves, and decides', async () => {
    const [ann] = await office.startAll('ann')
    expect(await ann!.role(counter).add({ by: 2 })).toMatchObject({ status: 'ok', value: 2, term: 1 })
    expect(ann!.status()).toMatchObject({ role: 'leader', waitingFor: null, mode: 'consistent' })
  })

  it('finds everything again after a stop', async () => {
    const [ann] = await office.startAll('ann')
    const first = await ann!.role(counter).add({ by: 5 }, { id: 'client:1' })
    await ann!.stop()
    expect(await ann!.stopped).toBeNull()
    const again = await office.start({ name: 'ann', seeds: [] })
    await again.joined
    expect(again.id).toBe(ann!.id)
    expect(again.status().self.incarnation).toBe(2)
    expect(await again.read(counter)).toEqual({ n: 5 })
    expect(await again.role(counter).add({ by: 5 }, { id: 'client:1' })).toEqual(first)
  })
})

describe('three peers', () => {
  it('are admitted in order, vote, and answer typed commands from every member', async () => {
    const [ann, bob, cy] = await office.startAll('ann', 'bob', 'cy')
    await firstValueFrom(cy!.status$.pipe(filter((status) => voters(status) === 3)))
    const members = await firstValueFrom(bob!.members$)
    expect(members.map((member) => member.name)).toEqual(['ann', 'bob', 'cy'])
    expect(await bob!.role(counter).add({ by: 1 }).value()).toBe(1)
    expect(await cy!.role(counter).add({ by: 1 }).value()).toBe(2)
    expect(await cy!.role(counter).add({ by: 0 })).toMatchObject({
      status: 'refused',
      refusal: { code: 'not-positive', n: 2 },
    })
    await expect(cy!.role(counter).add({ by: 0 }).value()).rejects.toMatchObject({ name: 'Refused' })
    expect(await bob!.role(counter).whoAmI().value()).toBe(bob!.id)
    const stamp = await bob!.role(counter).stamp().value()
    expect(new Set(stamp.ids).size).toBe(2)
    expect(Math.abs(stamp.at - Date.now())).toBeLessThan(60_000)
    for (const peer of [ann!, bob!, cy!]) expect(await peer.read(counter)).toEqual({ n: 2 })
  })

  it('show state, server and members as they change', async () => {
    const [ann, bob] = await office.startAll('ann', 'bob')
    const states = firstValueFrom(bob!.role(counter).state$.pipe(take(3), toArray()))
    await bob!.role(counter).add({ by: 1 })
    await ann!.read(counter)
    await bob!.role(counter).add({ by: 1 })
    expect(await states).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
    expect((await firstValueFrom(bob!.server$)).server?.id).toBe(ann!.id)
    const seen = firstValueFrom(ann!.members$.pipe(filter((members) => members.length === 3)))
    await office.startAll('cy')
    expect((await seen).map((member) => member.name)).toEqual(['ann', 'bob', 'cy'])
  })

  it('hand over at the wish of the server without a failed call', async () => {
    const [ann, bob, cy] = await office.startAll('ann', 'bob', 'cy')
    await firstValueFrom(ann!.status$.pipe(filter((status) => status.successors.length === 2)))
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) calls.push(cy!.role(counter).add({ by: 1 }).value())
    await ann!.transfer()
    for (let i = 0; i < 50; i++) calls.push(ann!.role(counter).add({ by: 1 }).value())
    const values = await Promise.all(calls)
    expect(new Set(values).size).toBe(100)
    expect(
      (await firstValueFrom(ann!.server$.pipe(filter((view) => view.server?.id === bob!.id)))).server,
    ).toMatchObject({
      name: 'bob',
    })
  })

  it('go on when the server leaves for good, and forget its seat', async () => {
    const [ann, bob] = await office.startAll('ann', 'bob', 'cy')
    await firstValueFrom(bob!.status$.pipe(filter((status) => voters(status) === 3)))
    const running = bob!.role(counter).add({ by: 1 }).value()
    await ann!.leave()
    expect(await running).toBe(1)
    expect(await bob!.role(counter).add({ by: 1 }).value()).toBe(2)
    const left = await firstValueFrom(bob!.members$.pipe(filter((members) => members.length === 2)))
    expect(left.map((member) => member.name)).toEqual(['bob', 'cy'])
    expect(await ann!.role(counter).add({ by: 1 })).toMatchObject({ status: 'unavailable' })
  })

  it.each([0, 2])('answer the calls of a peer that leaves before it goes (peer %i)', async (who) => {
    const peers = await office.startAll('ann', 'bob', 'cy')
    const leaver = peers[who]!
    await firstValueFrom(leaver.status$.pipe(filter((status) => voters(status) === 3)))
    const outcomes: { status: string; executed?: string }[] = []
    const write = async (): Promise<void> => {
      for (;;) {
        const outcome = await leaver.role(counter).add({ by: 1 })
        outcomes.push(outcome)
        if (outcome.status !== 'ok') return
      }
    }
    const writers = Array.from({ length: 8 }, write)
    await leaver.leave()
    await Promise.all(writers)
    const answered = outcomes.filter((outcome) => outcome.status === 'ok').length
    expect(answered).toBeGreaterThan(8)
    // Whoever came too late is told that nothing was done; nobody is left in doubt.
    expect(outcomes.filter((outcome) => outcome.executed !== 'no').length).toBe(answered)
    expect(await peers[1]!.read(counter)).toEqual({ n: answered })
  })

  it('run onServe and onYield one after another, with a token that grows', async () => {
    const log: string[] = []
    const tokens: number[] = []
    const watched = role('watched', {
      state: () => ({}),
      events: {},
      commands: {},
      onServe: async ({ token }) => {
        tokens.push(token.term)
        log.push(`serve ${token.term}`)
        await Promise.resolve()
      },
      onYield: async ({ token, signal }) => {
        await Promise.resolve()
        log.push(`yield ${token.term} ${signal.aborted}`)
      },
    })
    const ann = await office.start({ name: 'ann', roles: [watched] })
    await ann.joined
    const bob = await office.start({ name: 'bob', roles: [watched] })
    await bob.joined
    await firstValueFrom(ann.status$.pipe(filter((status) => status.successors.length === 1)))
    await ann.transfer()
    await firstValueFrom(
      bob.status$.pipe(filter((status) => status.role === 'leader' && status.waitingFor === null)),
    )
    expect(log).toEqual([`serve ${tokens[0]}`, `yield ${tokens[0]} true`, `serve ${tokens[1]}`])
    expect(tokens[1]).toBeGreaterThan(tokens[0]!)
  })

  it('refuse a command that throws, name the logged error, and go on', async () => {
    const [ann] = await office.startAll('ann')
    const outcome = await ann!.role(counter).blowUp()
    expect(outcome).toMatchObject({ status: 'refused', refusal: { code: 'failed' } })
    expect(office.log.lines.some((line) => line.includes('kaboom'))).toBe(true)
    expect(await ann!.role(counter).add({ by: 1 }).value()).toBe(1)
  })
})

describe('a call that nobody can answer', () => {
  it('ends as unavailable and says what it waited for', async () => {
    const ann = await office.start({ name: 'ann', expect: 2 })
    const outcome = await ann.role(counter).add({ by: 1 }, { deadlineMs: 100 })
    expect(outcome).toMatchObject({ status: 'unavailable', executed: 'no' })
    expect(ann.status().waitingFor).toContain('Waiting for 2 peers to be in sight; there are 1.')
    await expect(ann.read(counter, { deadlineMs: 50 })).rejects.toThrow(/No server confirmed the read/)
    expect(await ann.read(counter, { consistency: 'local' })).toEqual({ n: 0 })
  })

  it('leaves nothing behind at a signal that lives on', async () => {
    const ann = await office.start({ name: 'ann', expect: 2 })
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...given: Parameters<typeof add>) => (listeners++, add(...given))
    signal.removeEventListener = (...given: Parameters<typeof remove>) => (listeners--, remove(...given))
    await ann.role(counter).add({ by: 1 }, { signal, deadlineMs: 50 })
    expect(listeners).toBe(0)
  })

  it('ends at once when its signal is aborted', async () => {
    const ann = await office.start({ name: 'ann', expect: 2 })
    const abort = new AbortController()
    const call = ann.role(counter).add({ by: 1 }, { signal: abort.signal })
    abort.abort()
    expect(await call).toMatchObject({ status: 'unavailable' })
  })
})

describe('what is wrong is said in a sentence', () => {
  const base = {
    app: 'office',
    secret: 'only for this loopback',
    roles: [counter],
    listen: '127.0.0.1:0',
    log: memoryLog(),
  }

  it.each([
    [{ app: 'Office!' }, /option app .* allowed is 1 to 64 lower-case/],
    [{ listen: '127.0.0.1' }, /option listen .* allowed is host:port/],
    [{ seeds: ['127.0.0.1:0'] }, /option seeds .* port from 1 to 65535/],
    [{ mode: 'sometimes' as 'available' }, /option mode .* 'consistent' or 'available'/],
    [{ expect: 0 }, /option expect .* from 1 to 16/],
    [{ app: undefined as never }, /option app is undefined/],
    [{ roles: undefined as never }, /option roles is undefined/],
    [{ roles: [counter, counter] }, /two roles called 'counter'/],
    [{ listen: '[fe80::1%eth0]:0' }, /option listen/],
    [{ membership: { beatMs: 0 } }, /option membership.beatMs .* 1 or more/],
    [
      { membership: { large: { meshMax: 1 } } },
      /option membership.large.meshMax is 1; allowed is a whole number from 2 to 64/,
    ],
    [{ membership: { large: { neighbours: 2 } } }, /membership.large.confirmations .* from 1 to 2/],
    [
      { membership: { large: { silenceMs: 600 } } },
      /membership.large.silenceMs .* at least two of membership.large.beatMs, which is 500/,
    ],
    [{ membership: { large: { suspicionMult: 0 } } }, /membership.large.suspicionMult .* greater than 0/],
    [{ membership: { large: { hubBeatMs: 0 } } }, /option membership.large.hubBeatMs .* 1 or more/],
    [{ timing: { beatMs: -1 } }, /option timing.beatMs .* milliseconds/],
  ])('option %j', async (wrong, sentence) => {
    await expect(startPeer({ ...base, data: `${office.root}/x`, ...wrong })).rejects.toThrow(sentence)
  })

  it('a data folder in use', async () => {
    await office.startAll('ann')
    await expect(startPeer({ ...base, data: `${office.root}/ann` })).rejects.toMatchObject({ code: 'data' })
  })

  it('a data folder of another application', async () => {
    const [ann] = await office.startAll('ann')
    await ann!.stop()
    const other = startPeer({ ...base, app: 'shop', data: `${office.root}/ann` })
    await expect(other).rejects.toThrow(/belongs to the application "office", not to "shop"/)
  })

  it('a port in use', async () => {
    const [ann] = await office.startAll('ann')
    const second = startPeer({ ...base, listen: ann!.address, data: `${office.root}/b` })
    await expect(second).rejects.toMatchObject({ code: 'listen' })
  })

  it('another secret: the newcomer stops, the cluster goes on', async () => {
    const [ann] = await office.startAll('ann')
    const bob = await office.start({ name: 'bob', secret: 'another one of loopback' })
    await expect(bob.joined).rejects.toThrow(/secret/)
    expect((await bob.stopped)?.code).toBe('refused')
    expect(await ann!.role(counter).add({ by: 1 }).value()).toBe(1)
  })

  it('a data folder of another cluster: the newcomer stops, both clusters are as they were', async () => {
    const [ann] = await office.startAll('ann')
    const other = await office.start({ name: 'zoe', seeds: [], timing: { settleMs: 50 } })
    await other.joined
    await other.role(counter).add({ by: 3 })
    await other.stop()
    expect(await ann!.role(counter).add({ by: 1 }).value()).toBe(1)
    const zoe = await office.start({ name: 'zoe', seeds: [ann!.address], expect: 1 })
    await expect(zoe.joined).rejects.toThrow(/belongs to cluster/)
    expect(await ann!.role(counter).add({ by: 1 }).value()).toBe(2)
  })

  it('a cluster that never had a command dissolves, and its peer joins the other as the same object', async () => {
    const [ann] = await office.startAll('ann')
    const zoe = await office.start({ name: 'zoe', seeds: [], timing: { settleMs: 50 } })
    await zoe.joined
    await zoe.role(counter).add({ by: 3 })
    await zoe.stop()
    const [before, address] = [ann!.id, ann!.address]
    const again = await office.start({ name: 'zoe', seeds: [address] })
    await firstValueFrom(ann!.status$.pipe(filter((status) => status.members.length === 2)))
    expect(await ann!.role(counter).add({ by: 1 }).value()).toBe(4)
    expect(await ann!.read(counter)).toEqual({ n: 4 })
    expect(ann!.status().clusterId).toBe(again.status().clusterId)
    expect(ann!.id).not.toBe(before)
    expect(ann!.address).toBe(address)
  })

  it('a role that this peer does not have', async () => {
    const [ann] = await office.startAll('ann')
    const stranger = role('stranger', { state: () => 0, events: {}, commands: {} })
    expect(() => ann!.role(stranger)).toThrow(
      "The role 'stranger' is not among those this peer joined with: counter.",
    )
  })

  it('has a code and a name to tell errors apart', () => {
    expect(new JoinError('data', 'x')).toMatchObject({ name: 'JoinError', code: 'data' })
  })
})

describe('a peer whose journal files were damaged', () => {
  it('comes back as a new member with all data, and keeps the damaged files', async () => {
    const [ann, bob, cy] = await office.startAll('ann', 'bob', 'cy')
    for (let i = 0; i < 5; i++) await ann!.role(counter).add({ by: 1 }).value()
    await cy!.read(counter)
    await cy!.stop()
    const data = path(office.root, 'cy')
    const [segment] = readdirSync(data).filter((name) => name.startsWith('journal-'))
    const file = path(data, segment!)
    const bytes = readFileSync(file)
    // Of what is in use: behind it are zeros, for entries to come.
    bytes[bytes.findLastIndex((byte) => byte !== 0) >> 1]! ^= 8
    writeFileSync(file, bytes)
    const again = await office.start({ name: 'cy', seeds: [ann!.address, bob!.address] })
    await again.joined
    expect(again.id).not.toBe(cy!.id)
    expect(await again.read(counter)).toEqual({ n: 5 })
    expect(readFileSync(path(data, `damaged-1-${segment}`)).equals(bytes)).toBe(true)
    expect(office.log.lines.join('\n')).toMatch(
      // Which group the flipped bit is in, and so which of the two sentences it is, depends on how the writes fell.
      /error data-lost The journal in .* was damaged \(The journal (file .* is damaged at byte|in .* ends with entry)/,
    )
    expect(again.status().waitingFor).toBeNull()
  })
})
