import { filter, firstValueFrom, take, toArray } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { role } from '../../src/index.js'
import type { EventPosition, Followed, Peer } from '../../src/index.js'
import { counter, Office } from '../join/office.js'

type Item = Followed<{ n: number }, typeof counter.events>

const office: { now: Office | null } = { now: null }
afterEach(async () => {
  await office.now?.close()
  office.now = null
})

async function room(...names: string[]): Promise<{ readonly room: Office; readonly peers: Peer[] }> {
  const made = (office.now = new Office())
  return { room: made, peers: await made.startAll(...names) }
}

async function add(peer: Peer, times: number): Promise<void> {
  for (let by = 1; by <= times; by++) await peer.role(counter).add({ by: 1 }).value()
}

/** Takes items until the sum of what was added is this. */
async function followTo(peer: Peer, after: EventPosition | 'now', n: number): Promise<Item[]> {
  const items: Item[] = []
  let sum = 0
  for await (const item of peer.role(counter).events$({ after })) {
    items.push(item)
    sum = item.kind === 'state' ? item.state.n : sum + item.payload.by
    if (sum === n) break
  }
  return items
}

describe('reading on real sockets', () => {
  it('follows events on any member, goes on after a restart, and selects what changes', {
    timeout: 60_000,
  }, async () => {
    const { room: at, peers } = await room('ann', 'bob')
    const [ann, bob] = peers as [Peer, Peer]
    const selected: boolean[] = []
    bob
      .role(counter)
      .select(({ n }) => n >= 5)
      .subscribe((big) => selected.push(big))
    const following = followTo(bob, { index: 0 }, 10)
    await add(bob, 10)
    const items = await following
    expect(items.map(({ kind }) => kind)).toEqual(Array.from({ length: 10 }, () => 'event'))
    expect(selected).toEqual([false, true])

    // Kept beside a read model, as JSON; the peer is another process next time.
    const { position } = items[6] as Item
    await bob.stop()
    at.peers.pop()
    const again = await at.start({ name: 'bob' })
    await again.joined
    await add(ann, 2)
    const rest = await followTo(again, JSON.parse(JSON.stringify(position)) as EventPosition, 5)
    expect(rest.every(({ kind }) => kind === 'event')).toBe(true)
    expect(rest).toHaveLength(5)
    const [state] = await followTo(again, 'now', 12)
    expect(state).toMatchObject({ kind: 'state', state: { n: 12 } })
  })

  it('pushes to a subscriber what it pulls by an iterator, and ends both when the peer stops', async () => {
    const { peers } = await room('ann')
    const [ann] = peers as [Peer]
    const pushed = firstValueFrom(ann.role(counter).events$().pipe(take(4), toArray()))
    await add(ann, 3)
    expect(await pushed).toEqual([
      expect.objectContaining({ kind: 'state', state: { n: 0 } }),
      ...Array.from(
        { length: 3 },
        () => expect.objectContaining({ kind: 'event', type: 'added' }) as unknown,
      ),
    ])
    const iterator = ann.role(counter).events$()[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toMatchObject({ kind: 'state', state: { n: 3 } })
    const waiting = iterator.next()
    let completed = false
    ann
      .role(counter)
      .events$()
      .subscribe({ complete: () => (completed = true) })
    await ann.stop()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(completed).toBe(true)
    expect(await ann.role(counter).events$()[Symbol.asyncIterator]().next()).toMatchObject({ done: true })
  })

  it('a subscriber that goes away in the middle of a piece gets nothing more', async () => {
    const { peers } = await room('ann')
    const [ann] = peers as [Peer]
    await add(ann, 5)
    const seen: unknown[] = []
    const subscription = ann
      .role(counter)
      .events$({ after: { index: 0 } })
      .subscribe((item) => {
        seen.push(item)
        if (seen.length === 2) queueMicrotask(() => subscription.unsubscribe())
      })
    await add(ann, 5)
    expect(seen.length).toBeLessThanOrEqual(5)
    expect(
      await firstValueFrom(
        ann
          .role(counter)
          .events$({ after: { index: 0 } })
          .pipe(take(2), toArray()),
      ),
    ).toHaveLength(2)
  })

  it('reads locally with a bound on staleness, and says what is wrong with the options', async () => {
    const { peers } = await room('ann', 'bob')
    const [ann, bob] = peers as [Peer, Peer]
    await add(ann, 3)
    const many = Array.from({ length: 20 }, () => bob.read(counter, { consistency: 'local', maxStaleMs: 0 }))
    expect(new Set((await Promise.all(many)).map(({ n }) => n))).toEqual(new Set([3]))
    expect(await bob.read(counter, { consistency: 'local', maxStaleMs: 60_000 })).toEqual({ n: 3 })
    await expect(bob.read(counter, { maxStaleMs: 5 })).rejects.toThrow("with consistency: 'local'")
    await expect(bob.read(counter, { consistency: 'local', maxStaleMs: -1 })).rejects.toThrow('0 or more')
    for (const after of [
      { index: -1 },
      { index: 1.5 },
      { index: 1, n: -1 },
      { index: 1, branch: 7 },
      3,
      null,
    ])
      expect(() => bob.role(counter).events$({ after: after as unknown as EventPosition })).toThrow(
        "events$ of 'counter': after must be 'now' or a position",
      )
  })

  it('counts what was done, as plain data and as a stream that ends', { timeout: 60_000 }, async () => {
    const { peers } = await room('ann', 'bob')
    const [ann, bob] = peers as [Peer, Peer]
    await add(bob, 8)
    await bob.role(counter).add({ by: 0 })
    await bob.role(counter).blowUp()
    // The answer to a call may be here before the word that its entry is committed.
    const first = await firstValueFrom(
      bob.metrics$.pipe(filter(({ roles }) => roles['counter']!.committed.commands >= 9)),
    )
    const { calls, callLatency, committed } = first.roles['counter']!
    expect(calls).toEqual({ ok: 8, refused: 2, unavailable: 0 })
    expect(callLatency.count).toBe(10)
    expect(callLatency.p99Ms).toBeGreaterThan(0)
    expect(callLatency.p99Ms).toBeLessThanOrEqual(callLatency.maxMs)
    expect(committed).toMatchObject({ commands: 9, events: 8 })
    const { decided, commitLatency } = ann.metrics().roles['counter']!
    expect(decided).toEqual({ ok: 8, refused: 1, failed: 1, expired: 0, repeated: 0 })
    expect(commitLatency.count).toBe(9)
    expect(ann.metrics().reigns).toBe(1)
    const told = firstValueFrom(ann.metrics$.pipe(take(2), toArray()))
    expect((await told).map(({ roles }) => roles['counter']?.decided.ok)).toEqual([8, 8])
    let over = false
    bob.metrics$.subscribe({ complete: () => (over = true) })
    await bob.stop()
    expect(over).toBe(true)
    expect(await firstValueFrom(bob.metrics$, { defaultValue: null })).toBeNull()
  })

  it('refuses a role with a command that would hide what the handle offers', () => {
    expect(() =>
      role('x', { state: () => 0, events: {}, commands: { select: () => ({ kind: 'refuse', refusal: 1 }) } }),
    ).toThrow("role('x'): commands.select cannot be used as a name")
  })

  it('takes a tracer and a meter, and says what it does not take', async () => {
    const made = (office.now = new Office())
    const names: string[] = []
    const span = {
      spanContext: () => ({
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        spanId: '00f067aa0ba902b7',
        traceFlags: 1,
      }),
      setAttribute: () => span,
      addEvent: () => span,
      setStatus: () => span,
      end: () => {},
    }
    const startSpan = (name: string) => {
      names.push(name)
      return span
    }
    const ann = await made.start({ name: 'ann', telemetry: { tracer: { startSpan } } })
    await ann.joined
    await add(ann, 1)
    expect(names).toEqual(['tanist.call', 'tanist.decide', 'tanist.commit'])
    const wrong = { tracer: {} } as unknown as NonNullable<Parameters<Office['start']>[0]['telemetry']>
    await expect(made.start({ name: 'bob', telemetry: wrong })).rejects.toThrow('The option telemetry takes')
  })
})
