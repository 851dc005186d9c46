import { createWorld } from '@tanist/core/testing'
import type { World } from '@tanist/core/testing'
import { describe, expect, it } from 'vitest'
import { role } from '../../src/index.js'
import type { Reign } from '../../src/index.js'
import { NoAnswer, Outside } from '../../src/testing/index.js'
import type { History, PeerEnv } from '../../src/testing/index.js'

/** Machines without peers: only what a role would do is done here, by hand. */
function office(names: readonly string[]): { world: World; env: (node: string) => PeerEnv } {
  const world = createWorld({ seed: 1 })
  const envs = new Map<string, PeerEnv>()
  for (const node of names) {
    world.node(node, {
      start: (host, life) => void envs.set(node, { node, life, host, version: '', nowMs: () => world.nowMs }),
    })
    world.start(node)
  }
  return { world, env: (node) => envs.get(node) as PeerEnv }
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('an outside service', () => {
  it('answers after a while, and keeps who asked what, when and with which token', async () => {
    const { world, env } = office(['ann', 'bob'])
    const outside = new Outside(1)
    outside.attach(world)
    const bank = outside.service('bank', (cents: number) => cents * 2, { latencyMs: 40 })
    const replies: unknown[] = []
    world.run({ forMs: 100 })
    void bank
      .for(env('ann'))(5, { term: 3, index: 7 })
      .then((reply) => replies.push(reply))
    await world.runAsync({ forMs: 50 })
    expect(replies).toEqual([10])
    expect(bank.calls).toHaveLength(1)
    const [call] = bank.calls
    expect(call).toMatchObject({
      n: 1,
      node: 'ann',
      life: 1,
      token: { term: 3, index: 7 },
      request: 5,
      reply: 10,
    })
    expect(call).toMatchObject({ calledAtMs: 100, heard: true })
    expect(call?.handledAtMs).toBeGreaterThan(100)
    expect(call?.handledAtMs).toBeLessThanOrEqual(120)
    expect(call && bank.event(call)).toEqual({
      atMs: 100,
      node: 'ann',
      text: 'call 1 of bank: 5 with the token 3.7',
    })
  })

  it('does what it was asked although the caller crashed, and the caller never hears of it', async () => {
    const { world, env } = office(['ann'])
    const outside = new Outside(1)
    outside.attach(world)
    const bank = outside.service('bank', () => 'paid', { latencyMs: 1_000 })
    let heard = 0
    void bank
      .for(env('ann'))(undefined)
      .finally(() => heard++)
    world.crash('ann')
    await world.runAsync({ forMs: 5_000 })
    await settle()
    expect(bank.calls[0]).toMatchObject({ reply: 'paid', heard: false })
    expect(heard).toBe(0)
  })

  it('loses calls on the way there and answers on the way back, and says neither', async () => {
    const { world, env } = office(['ann'])
    const outside = new Outside(1)
    outside.attach(world)
    const bank = outside.service('bank', () => 'paid', { failRate: 0.5, timeoutMs: 300 })
    const ends = { paid: 0, silent: 0 }
    for (let i = 0; i < 400; i++)
      void bank
        .for(env('ann'))(undefined)
        .then(
          () => ends.paid++,
          (error: unknown) => {
            expect(error).toBeInstanceOf(NoAnswer)
            ends.silent++
          },
        )
    await world.runAsync({ forMs: 299 })
    expect(ends.silent).toBe(0)
    await world.runAsync({ forMs: 10 })
    await settle()
    expect(ends.paid + ends.silent).toBe(400)
    const handled = bank.calls.filter(({ handledAtMs }) => handledAtMs !== null).length
    // Some were handled and not heard, some were never handled: both halves of what failed.
    expect(ends.paid).toBeGreaterThan(150)
    expect(handled).toBeGreaterThan(ends.paid + 50)
    expect(handled).toBeLessThan(350)
  })

  it('gives the caller what the handler throws', async () => {
    const { world, env } = office(['ann'])
    const outside = new Outside(1)
    outside.attach(world)
    const bank = outside.service('bank', (): string => {
      throw new Error('no cover')
    })
    let told: unknown
    bank
      .for(env('ann'))(undefined)
      .catch((error: unknown) => (told = error))
    await world.runAsync({ forMs: 100 })
    expect(told).toEqual(new Error('no cover'))
    expect(bank.calls[0]).toMatchObject({ error: 'no cover', reply: null, heard: true })
  })

  it('knows the true time of calls that were made before it was attached to a world', async () => {
    const { world, env } = office(['ann', 'bob'])
    const outside = new Outside(1)
    const bank = outside.service('bank', () => 'paid')
    world.run({ forMs: 250 })
    void bank.for(env('bob'))(undefined)
    await world.runAsync({ forMs: 750 })
    outside.attach(world)
    expect(bank.calls[0]?.calledAtMs).toBe(250)
    expect(bank.calls[0]?.handledAtMs).toBeGreaterThanOrEqual(250)
  })

  it('does the same for the same seed', async () => {
    const run = async (seed: number): Promise<unknown> => {
      const { world, env } = office(['ann'])
      const outside = new Outside(seed)
      outside.attach(world)
      const bank = outside.service('bank', () => 1, { failRate: 0.3 })
      for (let i = 0; i < 20; i++)
        void bank
          .for(env('ann'))(i)
          .catch(() => {})
      await world.runAsync({ forMs: 2_000 })
      return bank.calls.map(({ handledAtMs, heard }) => [handledAtMs, heard])
    }
    expect(await run(1)).toEqual(await run(1))
    expect(await run(1)).not.toEqual(await run(2))
  })
})

describe('recorded reigns', () => {
  const clerk = role('clerk', { state: () => 0, events: {}, commands: {} })
  const reign = (term: number): Reign<number> => ({
    token: { term, index: term },
    state: () => 0,
    signal: new AbortController().signal,
  })
  const starts = (...lives: readonly [string, number][]): History =>
    ({
      starts: lives.map(([node, life]) => ({ node, life })),
      endings: [],
      operations: [{}],
      endMs: 10_000,
    }) as unknown as History

  async function recorded(): Promise<{ world: World; outside: Outside; on: (node: string) => typeof clerk }> {
    const { world, env } = office(['ann', 'bob'])
    const outside = new Outside(1)
    outside.attach(world)
    return { world, outside, on: (node) => outside.recordReigns(clerk, env(node)) }
  }

  const broken = (outside: Outside, history: History): string[] =>
    outside.reigns.laws().flatMap((one) => one.check(history).contradictions.map(({ text }) => text))

  it('say when handlers began and ended, with the token', async () => {
    const { world, outside, on } = await recorded()
    const ann = on('ann')
    const first = reign(3)
    world.run({ forMs: 100 })
    await ann.onServe?.(first)
    world.run({ forMs: 100 })
    await ann.onYield?.(first)
    expect(outside.reigns.records).toHaveLength(1)
    expect(outside.reigns.records[0]).toMatchObject({
      node: 'ann',
      life: 1,
      role: 'clerk',
      term: 3,
      serveMs: 100,
      servedMs: 100,
      yieldMs: 200,
      yieldedMs: 200,
    })
  })

  it('hold when each ended before the next began, or its process did', async () => {
    const { world, outside, on } = await recorded()
    const [ann, bob] = [on('ann'), on('bob')]
    await ann.onServe?.(reign(1))
    world.run({ forMs: 100 })
    world.restart('ann')
    await bob.onServe?.(reign(2))
    expect(broken(outside, starts(['ann', 1], ['bob', 1], ['ann', 2]))).toEqual([])
  })

  it('are broken when an old one goes on beside a new one, and when a token does not grow', async () => {
    const { world, outside, on } = await recorded()
    const [ann, bob] = [on('ann'), on('bob')]
    await ann.onServe?.(reign(2))
    world.run({ forMs: 100 })
    await bob.onServe?.(reign(1))
    const told = broken(outside, starts(['ann', 1], ['bob', 1]))
    expect(told[0]).toMatch(
      /the reign of bob over 'clerk' \(token 1\.1\) began after the reign of ann .* not greater/,
    )
    expect(told[1]).toMatch(/the reign of ann over 'clerk' \(token 2\.2\) never ended, and the reign of bob/)
  })
})
