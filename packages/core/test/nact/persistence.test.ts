import {
  configurePersistence,
  dispatch,
  persistentQuery,
  query,
  type Ref,
  spawnPersistent,
  start,
  stop,
} from 'nact'
import { afterEach, describe, expect, it } from 'vitest'
import {
  CodecError,
  JournalError,
  nactPersistence,
  type NactPersistence,
  NactSequenceError,
} from '../../src/index.js'
import { SimDisk } from '../../src/testing/disk.js'
import { random } from '../journal/bench.js'

const disks = (): SimDisk => new SimDisk({ schedule: (_ms, run) => setImmediate(run), random: random(1) })
const timers = {
  set(delayMs: number, fire: () => void) {
    const timer = setTimeout(fire, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}
const log = { write: () => {} }
const engineOn = (disk: SimDisk): NactPersistence =>
  nactPersistence({ host: { disk, timers, log }, folder: 'nact' })

type Message =
  | { readonly add: number }
  | { readonly ask: Ref<unknown> }
  | { readonly odd: true; readonly ask: Ref<unknown> }
interface Ctx {
  readonly persist: (message: unknown) => Promise<void>
  readonly recovering?: boolean
}

/** As nact's own documentation writes a persistent actor. */
async function sum(state: number[] | undefined, message: Message, ctx: Ctx): Promise<number[]> {
  const numbers = state ?? []
  if ('odd' in message) {
    const error: unknown = await ctx.persist({ f: () => 1 }).catch((e: unknown) => e)
    dispatch(message.ask, error)
    return numbers
  }
  if ('ask' in message) {
    dispatch(message.ask, numbers)
    return numbers
  }
  if (ctx.recovering !== true) await ctx.persist(message)
  return [...numbers, message.add]
}

const systems: Ref<never>[] = []
const actors: Ref<unknown>[] = []
function spawnSum(
  engine: NactPersistence,
  options: { snapshotEvery?: number; key?: string; crashed?: (error: unknown) => void } = {},
): Ref<Message> {
  const system = start(configurePersistence(engine))
  systems.push(system)
  const actor = spawnPersistent(system, sum as never, options.key ?? 'sum:1', 'sum', {
    ...(options.snapshotEvery === undefined ? {} : { snapshotEvery: options.snapshotEvery }),
    onCrash: ((_message: unknown, error: unknown, ctx: { resume: symbol }) => {
      options.crashed?.(error)
      return ctx.resume
    }) as never,
  }) as Ref<Message>
  actors.push(actor)
  return actor
}
const numbersOf = (actor: Ref<Message>): Promise<unknown> =>
  query(actor, (ask: Ref<unknown>) => ({ ask }), 5_000)

afterEach(() => {
  for (const actor of actors.splice(0)) stop(actor)
  for (const system of systems.splice(0)) stop(system)
})

describe('the persistence engine for nact', () => {
  it('gives a persistent actor its state again after a restart and a power cut', async () => {
    const disk = disks()
    const first = engineOn(disk)
    const actor = spawnSum(first)
    for (let i = 1; i <= 300; i++) dispatch(actor, { add: i })
    expect(await numbersOf(actor)).toHaveLength(300)
    stop(actor)
    await first.close()
    const second = engineOn(disk)
    const again = spawnSum(second)
    dispatch(again, { add: 301 })
    expect(await numbersOf(again)).toEqual(Array.from({ length: 301 }, (_, i) => i + 1))
    stop(again)
    disk.powerOff({ tear: true })
    expect(await numbersOf(spawnSum(engineOn(disk)))).toHaveLength(301)
  })

  it('recovers from a snapshot and what follows it', async () => {
    const disk = disks()
    const first = engineOn(disk)
    const actor = spawnSum(first, { snapshotEvery: 10 })
    for (let i = 1; i <= 25; i++) dispatch(actor, { add: i })
    await numbersOf(actor)
    const snapshot = await first.latestSnapshot('sum:1')
    expect(snapshot?.sequenceNumber).toBe(20)
    expect(snapshot?.data).toHaveLength(20)
    stop(actor)
    await first.close()
    const second = engineOn(disk)
    const seen: number[] = []
    await second
      .events('sum:1', 20)
      .reduce((_, { sequenceNumber }) => void seen.push(sequenceNumber), undefined)
    expect(seen).toEqual([21, 22, 23, 24, 25])
    expect(await numbersOf(spawnSum(second, { snapshotEvery: 10 }))).toEqual(
      Array.from({ length: 25 }, (_, i) => i + 1),
    )
  })

  it('leaves no hole after a failed disk: everything is refused, and what was there recovers', async () => {
    const disk = disks()
    const engine = engineOn(disk)
    const errors: unknown[] = []
    const actor = spawnSum(engine, { crashed: (error) => errors.push(error) })
    dispatch(actor, { add: 1 })
    await numbersOf(actor)
    disk.failNextSync()
    dispatch(actor, { add: 2 })
    dispatch(actor, { add: 3 })
    expect(await numbersOf(actor)).toEqual([1])
    expect(errors[0]).toBeInstanceOf(JournalError)
    expect(errors).toHaveLength(2)
    stop(actor)
    disk.powerOff()
    const again = engineOn(disk)
    const numbers: number[] = []
    await again
      .events('sum:1', 0)
      .reduce((_, { sequenceNumber }) => void numbers.push(sequenceNumber), undefined)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1))
    const next = spawnSum(again)
    dispatch(next, { add: 10 })
    expect(await numbersOf(next)).toEqual(numbers.length === 1 ? [1, 10] : [1, 2, 10])
  })

  it('writes again what a failed sync left in the cache only, before it hands it out', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const disk = new SimDisk({ schedule: (_ms, run) => setImmediate(run), random: random(seed) })
      const event = { data: 1, key: 'k', createdAt: 0, isDeleted: false, tags: [] }
      const first = engineOn(disk)
      await first.persist({ ...event, sequenceNumber: 1 })
      disk.failNextSync()
      await expect(first.persist({ ...event, sequenceNumber: 2 })).rejects.toThrow(JournalError)
      disk.crash()
      const seen = await engineOn(disk).events('k', 0)
      disk.powerOff()
      expect(await engineOn(disk).events('k', 0)).toHaveLength(seen.length)
    }
  })

  it('leaves no hole after an event that cannot be stored: the next one is refused until the actor recovers', async () => {
    const engine = engineOn(disks())
    const errors: unknown[] = []
    const actor = spawnSum(engine, { crashed: (error) => errors.push(error) })
    dispatch(actor, { add: 1 })
    const error: unknown = await query(actor, (ask: Ref<unknown>) => ({ odd: true, ask }) as const, 5_000)
    expect(error).toBeInstanceOf(CodecError)
    expect((error as CodecError).path).toBe('$.f')
    dispatch(actor, { add: 2 })
    expect(await numbersOf(actor)).toEqual([1])
    expect(errors[0]).toBeInstanceOf(NactSequenceError)
    stop(actor)
    const again = spawnSum(engine)
    dispatch(again, { add: 2 })
    expect(await numbersOf(again)).toEqual([1, 2])
  })

  it('refuses a second actor under the same key', async () => {
    const engine = engineOn(disks())
    const errors: unknown[] = []
    const one = spawnSum(engine)
    const other = spawnSum(engine, { crashed: (error) => errors.push(error) })
    await numbersOf(other)
    dispatch(one, { add: 1 })
    await numbersOf(one)
    dispatch(other, { add: 2 })
    await numbersOf(other)
    expect(String(errors[0])).toContain('another actor has stored events under this key')
  })

  it('keeps keys apart, and shares syncs among them', async () => {
    let syncs = 0
    const disk = new SimDisk({
      schedule: (_ms, run) => setTimeout(run, 1),
      random: random(1),
      syncMs: () => (syncs++, 1),
    })
    const engine = engineOn(disk)
    const persisted = Array.from({ length: 200 }, (_, i) =>
      engine.persist({ data: i, sequenceNumber: 1, key: `k${i}`, createdAt: 0, isDeleted: false, tags: [] }),
    )
    await Promise.all(persisted)
    expect(syncs).toBeLessThan(10)
    const data = await engine.events('k7', 0).reduce((seen, event) => [...seen, event.data], [] as unknown[])
    expect(data).toEqual([7])
  })

  it('answers queries of nact, with limits and tags', async () => {
    const engine = engineOn(disks())
    for (let i = 1; i <= 500; i++)
      await engine.persist({
        data: i,
        sequenceNumber: i,
        key: 'k',
        createdAt: i,
        isDeleted: false,
        tags: i % 2 === 0 ? ['even'] : [],
      })
    const system = start(configurePersistence(engine))
    systems.push(system)
    const total = persistentQuery(
      system,
      ((state: number | undefined, n: number) => (state ?? 0) + n) as never,
      'k',
    )
    expect(await total()).toBe((500 * 501) / 2)
    const events = await engine.events('k', 100, 3, ['even'])
    expect(events.map(({ data }: { data: unknown }) => data)).toEqual([102, 104, 106])
  })

  it('does not open over a damaged journal, nor twice', async () => {
    const disk = disks()
    const engine = engineOn(disk)
    expect(() => engineOn(disk)).toThrow(/in use/)
    for (let i = 1; i <= 20; i++)
      await engine.persist({
        data: 'x'.repeat(50),
        sequenceNumber: i,
        key: 'k',
        createdAt: i,
        isDeleted: false,
        tags: [],
      })
    await engine.close()
    disk.rot(disk.files().find((path) => path.includes('journal-'))!, 300)
    expect(() => engineOn(disk)).toThrow(JournalError)
    expect(() => engineOn(disk)).toThrow(JournalError)
  })
})
