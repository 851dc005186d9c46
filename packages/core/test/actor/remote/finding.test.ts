import { BehaviorSubject } from 'rxjs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actor, type ActorRef, AskError, reply, serviceKey } from '../../../src/actor/index.js'
import { Systems } from './systems.js'

interface Worker {
  work: (m: { id: string }) => string
}
const workers = serviceKey<Worker>('workers')
const seen: string[] = []

function worker(name: string, at: Systems, on: string): ActorRef<Worker> {
  const behavior = actor({
    state: () => null,
    on: {
      work: (s, m: { id: string }) => {
        seen.push(`${name}:${m.id}`)
        return reply(s, name)
      },
    },
  })
  return at.of(on).spawn(behavior, name)
}

async function office(...names: string[]): Promise<Systems> {
  seen.length = 0
  const at = new Systems(names)
  await at.settle()
  return at
}

const names = (refs: readonly ActorRef<Worker>[]): string[] => refs.map((ref) => `${ref.node} ${ref.path}`)

describe('the receptionist', () => {
  it('knows on every peer what all offer, in the same order, and what it found works', async () => {
    const at = await office('ann', 'bob', 'cy')
    for (const [i, on] of ['cy', 'ann', 'bob', 'ann'].entries())
      at.of(on).receptionist.register(workers, worker(`w${i}`, at, on))
    await at.settle()
    for (const name of ['ann', 'bob', 'cy'])
      expect(names(at.of(name).receptionist.find(workers))).toEqual([
        'ann.1 peer/w1',
        'ann.1 peer/w3',
        'bob.1 peer/w2',
        'cy.1 peer/w0',
      ])
    const asked = at.of('bob').receptionist.find(workers)[3]!.ask.work({ id: 'a' })
    await at.settle()
    expect(await asked).toBe('w0')
  })

  it('forgets an actor that ends, one that is taken back, and all of a peer that is lost', async () => {
    const at = await office('ann', 'bob', 'cy')
    const [one, two, three] = [worker('one', at, 'bob'), worker('two', at, 'bob'), worker('three', at, 'cy')]
    for (const [on, ref] of [['bob', one] as const, ['bob', two] as const, ['cy', three] as const])
      at.of(on).receptionist.register(workers, ref)
    await at.settle()
    const found: string[][] = []
    at.of('ann')
      .receptionist.find$(workers)
      .subscribe((refs) => found.push(refs.map(({ path }) => path)))
    void at.of('bob').stop(one)
    await at.settle()
    at.of('bob').receptionist.deregister(workers, two)
    await at.settle()
    at.lose('cy')
    await at.settle()
    expect(found).toEqual([
      ['peer/one', 'peer/two', 'peer/three'],
      ['peer/two', 'peer/three'],
      ['peer/three'],
      [],
    ])
  })

  it('tells of a change once, and of other keys nothing', async () => {
    const at = await office('ann', 'bob')
    const counts: number[] = []
    at.of('bob')
      .receptionist.find$(workers)
      .subscribe((refs) => counts.push(refs.length))
    const ref = worker('one', at, 'ann')
    at.of('ann').receptionist.register(workers, ref)
    at.of('ann').receptionist.register(workers, ref)
    at.of('ann').receptionist.register(serviceKey<Worker>('others'), ref)
    await at.settle()
    expect(counts).toEqual([0, 1])
  })

  it('has a bound on what one peer registers', async () => {
    const at = await office('ann')
    const ref = worker('one', at, 'ann')
    for (let i = 0; i < 1_000; i++) at.of('ann').receptionist.register(serviceKey<Worker>(`k${i}`), ref)
    expect(() => at.of('ann').receptionist.register(serviceKey<Worker>('more'), ref)).toThrow(RangeError)
    expect(() => serviceKey('')).toThrow(TypeError)
  })
})

describe('a router', () => {
  it('goes round, over actors of several peers', async () => {
    const at = await office('ann', 'bob')
    const router = at
      .of('ann')
      .router([worker('x', at, 'ann'), at.of('ann').resolve<Worker>(worker('y', at, 'bob').toJSON())])
    const asked = ['1', '2', '3', '4'].map((id) => router.ask.work({ id }))
    await at.settle()
    const answers = await Promise.all(asked)
    expect(answers.toSorted()).toEqual(['x', 'x', 'y', 'y'])
    expect(answers[0]).not.toBe(answers[1])
  })

  it('works from another peer as well, until it is stopped', async () => {
    const at = await office('ann', 'bob')
    const router = at.of('ann').router([worker('x', at, 'ann')])
    const there = at.of('bob').resolve<Worker>(router.toJSON())
    const asked = there.ask.work({ id: '1' })
    await at.settle()
    expect(await asked).toBe('x')
    void at.of('ann').stop(router)
    const failed = there.ask.work({ id: '2' }).catch((error: AskError) => error.code)
    await at.settle()
    expect(await failed).toBe('stopped')
  })

  it('prefers the least busy: first by messages that wait, then by open asks', async () => {
    const at = await office('ann', 'bob')
    const [x, y] = [worker('x', at, 'ann'), at.of('ann').resolve<Worker>(worker('y', at, 'bob').toJSON())]
    const router = at.of('ann').router([x, y], { strategy: 'least-busy' })
    for (let i = 0; i < 5; i++) x.tell.work({ id: 'direct' })
    const asked = ['1', '2', '3', '4'].map((id) => router.ask.work({ id }))
    await at.settle()
    expect(await Promise.all(asked)).toEqual(['y', 'y', 'y', 'y'])
  })

  it('sends the same hash to the same routee, and moves only what a lost one had', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(), (count, out) => {
        const at = new Systems(['ann'])
        const all = Array.from({ length: count }, (_, i) => worker(`w${i}`, at, 'ann'))
        const refs$ = new BehaviorSubject<readonly ActorRef<Worker>[]>(all)
        const router = at.of('ann').router(refs$, {
          strategy: 'consistent-hash',
          hash: (message: { id: string }) => message.id,
        })
        const ids = Array.from({ length: 200 }, (_, i) => `id${i}`)
        const where = (): Map<string, string> => {
          seen.length = 0
          for (const id of ids) router.tell.work({ id })
          while (at.host.engine.step());
          return new Map(seen.map((text) => text.split(':').toReversed() as [string, string]))
        }
        const before = where()
        expect(where()).toEqual(before)
        const gone = `w${out % count}`
        refs$.next(all.filter(({ path }) => path !== `peer/${gone}`).toReversed())
        const after = where()
        for (const [id, name] of before) if (name !== gone) expect(after.get(id)).toBe(name)
        expect([...after.values()]).not.toContain(gone)
        const share = Math.max(
          ...all.map(({ path }) => [...before.values()].filter((name) => path === `peer/${name}`).length),
        )
        expect(share).toBeLessThan((200 / count) * 2 + 20)
      }),
      { numRuns: 20 },
    )
  })

  it('follows a service, and drops an actor that ended before it hears of it', async () => {
    const at = await office('ann', 'bob')
    const router = at.of('ann').router(workers)
    const failed = router.ask.work({ id: '0' }).catch((error: AskError) => error.code)
    expect(await failed).toBe('stopped')
    const one = worker('one', at, 'bob')
    at.of('bob').receptionist.register(workers, one)
    await at.settle()
    const asked = router.ask.work({ id: '1' })
    await at.settle()
    expect(await asked).toBe('one')
    void at.of('bob').stop(one)
    await at.settle()
    const letters: string[] = []
    at.of('ann').deadLetters$.subscribe(({ path, reason }) => letters.push(`${path} ${reason}`))
    expect(router.tell.work({ id: '2' })).toBe(false)
    expect(letters).toEqual(['~router-1 stopped'])
  })

  it('waits for a routee as long as it was told, in order', async () => {
    const at = await office('ann')
    const router = at.of('ann').router(workers, { waitMs: 1_000 })
    expect(router.tell.work({ id: '1' })).toBe(true)
    at.host.advance(500)
    const asked = router.ask.work({ id: '2' })
    const late = router.ask.work({ id: '3' }).catch((error: AskError) => error.code)
    void late
    at.of('ann').receptionist.register(workers, worker('one', at, 'ann'))
    await at.settle()
    expect(await asked).toBe('one')
    expect(seen).toEqual(['one:1', 'one:2', 'one:3'])
    const empty = at.of('ann').router(serviceKey<Worker>('none'), { waitMs: 100 })
    const failed = empty.ask.work({ id: '4' }).catch((error: AskError) => error.code)
    at.host.advance(100)
    expect(await failed).toBe('stopped')
  })

  it('by hash needs a hash', async () => {
    const at = await office('ann')
    expect(() => at.of('ann').router(workers, { strategy: 'consistent-hash' })).toThrow(TypeError)
  })
})
