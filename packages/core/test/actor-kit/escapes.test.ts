import { readFile } from 'node:fs/promises'
import { setTimeout as realSleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { actor, type Ctx } from '../../src/actor/index.js'
import { type ActorTest, actorTest, checkActors } from '../../src/testing/index.js'

type Step = (t: ActorTest, ctx: Ctx) => unknown

/** `clerk` does one thing that it should not, in its handler `sell`. */
async function office(t: ActorTest, step: Step): Promise<void> {
  const idle = actor({ state: () => 0, on: { go: (n) => n } })
  const slow = actor({
    state: () => 0,
    on: { wait: async (n) => (await new Promise<void>((resolve) => void t.host.timers.set(5, resolve)), n) },
  })
  const clerk = actor({
    state: () => 0,
    on: {
      open: (n, _m, ctx) => (ctx.spawn(idle, 'idle').tell.go(), n),
      sell: async (n, _m, ctx) => (await step(t, ctx), n + 1),
    },
  })
  const ref = t.system.spawn(clerk, 'clerk')
  t.system.spawn(slow, 'slow').tell.wait()
  ref.tell.open()
  ref.tell.sell()
  await t.advance(1_000)
}

const sleep = (t: ActorTest, ms: number): Promise<void> =>
  new Promise<void>((resolve) => void t.host.timers.set(ms, resolve))

describe('an actor that leaves the world is named with its handler', () => {
  it.each<[what: string, step: Step, instead: string]>([
    ['Math.random', () => Math.random(), 'host.random'],
    ['Date.now', () => Date.now(), 'host.clock'],
    ['new Date()', () => new Date(), 'host.clock'],
    ['performance.now', () => performance.now(), 'host.clock'],
    ['setTimeout', () => setTimeout(() => {}, 1), 'host.timers'],
    ['fetch', () => fetch('http://127.0.0.1:1/'), 'host.network'],
    ['crypto.randomUUID', () => crypto.randomUUID(), 'host.random'],
  ])('by %s', async (what, step, instead) => {
    await expect(office(actorTest(), step)).rejects.toThrow(
      `test used ${what} in turn of test/clerk, in its handler sell, at 0 ms: in the world use ${instead}`,
    )
  })

  it('when it does so after it awaited something, among those that may have', async () => {
    const late: Step = async (t) => (await sleep(t, 2), Math.random())
    await expect(office(actorTest(), late)).rejects.toThrow(
      /test used Math.random in timer, behind one of: .*turn of test\/clerk, in its handler sell.*, at 2 ms/,
    )
  })

  it('and exactly it by checkActors, which follows promises', async () => {
    const late: Step = async (t) => (await sleep(t, 2), Math.random())
    await expect(checkActors((t) => office(t, late))).rejects.toThrow(
      'test used Math.random in turn of test/clerk, in its handler sell, at 2 ms',
    )
  })

  it('when it waits for a file or for a real timer of another module', async () => {
    const file = fileURLToPath(import.meta.url)
    await expect(checkActors((t) => office(t, () => readFile(file)))).rejects.toThrow(
      'test used a file in turn of test/clerk, in its handler sell, at 0 ms: in the world use host.disk',
    )
    const slept: Step = async (t) => (await sleep(t, 2), realSleep(1))
    await expect(checkActors((t) => office(t, slept))).rejects.toThrow(
      'test used a real timer in turn of test/clerk, in its handler sell, at 2 ms',
    )
  })

  it('when it waits for something that never comes: as stuck, and after a minute', async () => {
    const t = actorTest()
    await office(t, () => new Promise(() => {}))
    await t.advance(11_000)
    await t.expectFailure({ kind: 'stuck', path: 'test/clerk', during: 'sell' })
    await expect(t.advance(60_000)).rejects.toThrow(
      'the turn of test/clerk, in its handler sell on test awaits something outside the world: it waits since 0 ms',
    )
  })

  it('when its run differs for a reason that no global tells', async () => {
    let runs = 0
    const drawn: Step = (_t, ctx) => ctx.log.write('info', 'drawn', `run ${++runs}`)
    await expect(checkActors((t) => office(t, drawn))).rejects.toThrow(
      /Two runs from seed 1 differ .*"info drawn: run 1.*" on test.*the last turn there before it was the turn of test\/clerk/s,
    )
  })
})
