import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { loadOn } from './load.js'
import { call, Fleet, until } from './processes.js'
import type { RegisterProcess, Reply } from './processes.js'

let fleet: Fleet | null = null
afterEach(async () => {
  await fleet?.end()
  fleet = null
})

/** A restarted voter grants no vote for 1 s: kills that follow each other faster are a test of their own. */
const MUTED_MS = 1_200
const COMMAND = { op: 'add', by: 1 }

/** Milliseconds from a kill to the next acknowledged command that was issued after it, at any survivor. */
async function nextAcknowledged(survivors: readonly RegisterProcess[]): Promise<number> {
  const beganMs = performance.now()
  const ask = async ({ address }: RegisterProcess): Promise<void> => {
    const reply = await call(address, 'POST', '/v1/registers/probe', COMMAND)
    if (reply.status !== 200) throw new Error(`answered ${reply.status}: ${JSON.stringify(reply.body)}`)
  }
  await Promise.any(survivors.map(ask))
  return performance.now() - beganMs
}

function print(what: string, takeoversMs: readonly number[]): void {
  const sorted = takeoversMs.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  const all = takeoversMs.map((ms) => ms.toFixed(0)).join(', ')
  console.log(`${what}: median ${median.toFixed(0)} ms of ${all}`)
}

async function killServer(of: Fleet): Promise<{ victim: RegisterProcess; ms: number }> {
  const victim = await of.leader()
  victim.kill('SIGKILL')
  const ms = await nextAcknowledged(of.peers.filter((peer) => peer !== victim && peer.alive))
  await victim.exit
  return { victim, ms }
}

describe('when the server is killed', () => {
  it('a repeated id gets the first outcome and position from the next server', async () => {
    fleet = await Fleet.started(3)
    const leader = await fleet.leader()
    const [first, second] = fleet.without(leader) as [RegisterProcess, RegisterProcess]
    const command = { ...COMMAND, id: 'client:1' }
    const before = await first.post('/v1/registers/once', command)
    const refused = await first.post('/v1/registers/none', { op: 'cas', from: 1, to: 2, id: 'client:2' })
    expect([before.status, refused.status]).toEqual([200, 409])
    await killServer(fleet)
    for (const peer of [second, first]) {
      expect((await peer.post('/v1/registers/once', command)).body).toEqual(before.body)
      const again = await peer.post('/v1/registers/none', { op: 'cas', from: 1, to: 2, id: 'client:2' })
      expect(again).toMatchObject({ status: 409, body: refused.body })
    }
    expect((await second.get('/v1/registers/once')).body['value']).toBe(1)
  })

  it.each([
    [3, 3],
    [5, 3],
  ])('%i peers under load lose and double nothing, and the killed one comes back', async (size, kills) => {
    fleet = await Fleet.started(size)
    const load = loadOn(fleet)
    const takeoversMs: number[] = []
    for (let i = 0; i < kills; i++) {
      await load.more(100)
      const { victim, ms } = await killServer(fleet)
      takeoversMs.push(ms)
      await load.more(100)
      victim.start()
      await fleet.whole(size)
      await sleep(MUTED_MS)
    }
    await load.stop()
    await load.check(fleet.peers)
    print(
      `Take-over after SIGKILL under load, ${size} peers, ${load.acknowledged.length} acknowledged`,
      takeoversMs,
    )
  })

  it('again and again, faster than voters regain their votes, nothing is lost or doubled', async () => {
    fleet = await Fleet.started(3)
    const load = loadOn(fleet)
    for (let i = 0; i < 4; i++) {
      await load.more(50)
      // It may be the only voter that is left: then nobody serves until it is back, so nothing is awaited before.
      const victim = await fleet.leader()
      victim.kill('SIGKILL')
      await victim.exit
      victim.start()
    }
    await load.more(50)
    await load.stop()
    await fleet.whole(3)
    await load.check(fleet.peers)
  })

  it('five peers lose two at once, and serve on', async () => {
    fleet = await Fleet.started(5)
    const load = loadOn(fleet)
    await load.more(100)
    const leader = await fleet.leader()
    const [follower] = fleet.without(leader)
    leader.kill('SIGKILL')
    follower?.kill('SIGKILL')
    await load.more(200)
    await load.stop()
    await load.check(fleet.without(leader, follower as RegisterProcess))
  })

  it('on a quiet cluster the next command is answered by the next server', async () => {
    fleet = await Fleet.started(5)
    const takeoversMs: number[] = []
    for (let i = 0; i < 5; i++) {
      const { victim, ms } = await killServer(fleet)
      takeoversMs.push(ms)
      victim.start()
      await fleet.whole(5)
      await sleep(MUTED_MS)
    }
    expect((await fleet.peers[0]?.get('/v1/registers/probe'))?.body['value']).toBeGreaterThanOrEqual(5)
    print('Take-over after SIGKILL, 5 quiet peers', takeoversMs)
  })
})

describe('when the server is frozen and resumed', () => {
  it('the next one serves meanwhile, and the resumed one says nothing stale', async () => {
    fleet = await Fleet.started(3)
    const load = loadOn(fleet)
    await load.more(100)
    const frozen = await fleet.leader()
    const others = fleet.without(frozen)
    const probe = others[0] as RegisterProcess
    await probe.post('/v1/registers/fresh', { op: 'put', value: 'before' })
    frozen.kill('SIGSTOP')
    // These wait in the frozen process's socket, and are the first things that it sees.
    const early = Array.from({ length: 5 }, () => frozen.get('/v1/registers/fresh'))
    const late = frozen.post('/v1/registers/race', { op: 'cas', from: null, to: 'frozen', id: 'race:1' })
    await load.more(200)
    expect((await probe.post('/v1/registers/fresh', { op: 'put', value: 'after' })).status).toBe(200)
    const race = await probe.post('/v1/registers/race', { op: 'cas', from: null, to: 'next' })
    expect(race.status).toBe(200)
    await sleep(2_000)
    frozen.kill('SIGCONT')
    for (const reply of await Promise.all(early)) expect(freshness(reply)).not.toBe('before')
    for (let i = 0; i < 20; i++) expect(freshness(await frozen.get('/v1/registers/fresh'))).not.toBe('before')
    expect((await late).status).not.toBe(200)
    expect((await probe.get('/v1/registers/race')).body['value']).toBe('next')
    await load.more(100)
    await load.stop()
    await fleet.whole(3)
    await load.check(fleet.peers)
  })
})

function freshness({ status, body }: Reply): unknown {
  return status === 200 ? body['value'] : `answered ${status}`
}

describe('when everybody is killed', () => {
  it('everything acknowledged is still there after the restart', async () => {
    fleet = await Fleet.started(5)
    const load = loadOn(fleet)
    await load.more(400)
    for (const peer of fleet.peers) peer.kill('SIGKILL')
    await Promise.all(fleet.peers.map((peer) => peer.exit))
    for (const peer of fleet.peers) peer.start()
    await load.more(100)
    await load.stop()
    await fleet.whole(5)
    await load.check(fleet.peers)
  })

  it('without a majority nothing is acknowledged, and a repeated id is answered once there is one', async () => {
    fleet = await Fleet.started(3)
    const leader = await fleet.leader()
    const [one, two] = fleet.without(leader) as [RegisterProcess, RegisterProcess]
    await one.post('/v1/registers/x', { op: 'put', value: 1 })
    // After it the replica of this peer has the value, too.
    await one.get('/v1/registers/x')
    leader.kill('SIGKILL')
    two.kill('SIGKILL')
    const [put, read] = await Promise.all([
      one.post('/v1/registers/x', { op: 'put', value: 2, id: 'c:1' }),
      one.get('/v1/registers/x'),
    ])
    expect(put).toMatchObject({ status: 503, body: { ok: false, executed: 'unknown' } })
    expect(read).toMatchObject({ status: 503, body: { ok: false, executed: 'no' } })
    for (const { body } of [put, read]) {
      expect(body['unavailable']).toEqual(expect.any(String))
      expect(body['since']).toBeGreaterThan(Date.now() - 60_000)
    }
    expect((await one.get('/v1/registers/x?consistency=local')).body['value']).toBe(1)
    two.start()
    await until('a server', async () => (await one.get('/v1/registers/x')).status === 200)
    const again = await one.post('/v1/registers/x', { op: 'put', value: 2, id: 'c:1' })
    expect(again).toMatchObject({ status: 200, body: { value: 2 } })
  })

  it('without a majority the status names nobody as server and says for whom it waits', async () => {
    fleet = await Fleet.started(3)
    const leader = await fleet.leader()
    const [one, two] = fleet.without(leader) as [RegisterProcess, RegisterProcess]
    leader.kill('SIGKILL')
    two.kill('SIGKILL')
    await until('a wait', async () => (await one.status()).server === null)
    expect((await one.status()).waitingFor).toContain('2 of 3 voters are needed')
    const { body } = await one.get('/v1/registers/x')
    expect(body['unavailable']).toContain('2 of 3 voters are needed')
  })
})
