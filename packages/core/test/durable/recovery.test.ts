import { describe, expect, it } from 'vitest'
import { AskError, durable, DurableError, persist, refuse } from '../../src/index.js'
import { account, type AccountRef } from './account.js'
import { Machine } from './machine.js'

const small = { snapshot: { every: 10, segmentBytes: 1_500 } }

async function answered<T>(machine: Machine, ask: Promise<T>): Promise<T> {
  ask.catch(() => {})
  await machine.settle()
  return ask
}

/** Why the actor does not answer. */
async function reason(machine: Machine, ask: Promise<unknown>): Promise<DurableError> {
  const error: unknown = await answered(machine, ask).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(AskError)
  expect((error as AskError).cause).toBeInstanceOf(DurableError)
  expect(machine.failures.at(-1)).toMatchObject({ action: 'stop', error: (error as AskError).cause })
  return (error as AskError).cause as DurableError
}

async function deposits(machine: Machine, ref: AccountRef, count: number, from = 0): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const asked = ref.ask.move({ by: 1, note: `n${i}`.padEnd(100, '.') })
    await machine.settle()
    expect(await asked).toMatchObject({ status: 'ok' })
  }
}

const files = (machine: Machine, part: string): string[] =>
  machine.disk.files().filter((path) => path.includes(part))

describe('snapshots of a durable actor', () => {
  it('are taken by count, the last two are kept, and the journal before them goes', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account('account', small))
    await deposits(machine, ref, 95)
    expect(files(machine, '.snap').map((path) => path.slice(-21))).toEqual([
      '0000000000000080.snap',
      '0000000000000090.snap',
    ])
    const segments = files(machine, '/journal-')
    expect(segments.length).toBeGreaterThan(0)
    expect(segments.some((path) => path.includes('0000000001.'))).toBe(false)
  })

  it('are taken by bytes', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account('account', { snapshot: { bytes: 1_000 } }))
    await deposits(machine, ref, 12)
    expect(files(machine, '.snap').length).toBeGreaterThan(0)
  })

  it('give with the tail what the whole journal gives', async () => {
    const machine = new Machine()
    const plain = machine.spawn(account('plain', { snapshot: { every: 1_000 } }), 'plain')
    const snapped = machine.spawn(account('snapped', small), 'snapped')
    await deposits(machine, plain, 37)
    await deposits(machine, snapped, 37)
    machine.powerOff()
    const full = await answered(machine, machine.spawn(account('plain'), 'plain').ask.whole())
    const tail = await answered(machine, machine.spawn(account('snapped'), 'snapped').ask.whole())
    expect(tail).toEqual(full)
    expect(tail.notes).toHaveLength(37)
  })

  it('do not get rarer by restarts', async () => {
    const machine = new Machine()
    for (let life = 0; life < 5; life++) {
      await deposits(machine, machine.spawn(account('account', small)), 4, life * 4)
      machine.crash()
    }
    // 20 commands, 10 between two: whatever the restarts, the second one is due with the 20th or at the next.
    await deposits(machine, machine.spawn(account('account', small)), 1, 20)
    expect(files(machine, '.snap')).toHaveLength(2)
  })

  it('a state that the codec cannot carry is told, and the journal gives it all the same', async () => {
    const machine = new Machine()
    const behavior = durable('odd', {
      state: () => ({ n: 0, f: () => 1 }),
      events: { added: (s) => ({ ...s, n: s.n + 1 }) },
      commands: { add: (_s, _c, on) => persist(on.added()) },
      queries: { get: (s) => s.n },
      snapshot: { every: 3 },
    })
    const ref = machine.spawn(behavior)
    for (let i = 0; i < 7; i++) await answered(machine, ref.ask.add())
    expect(machine.events).toContain('durable-snapshot-failed')
    machine.crash()
    expect(await answered(machine, machine.spawn(behavior).ask.get())).toBe(7)
  })

  it('are never ahead of the journal, however slow that is', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const machine = new Machine(seed)
      const ref = machine.spawn(account('account', { snapshot: { every: 2 } }))
      await machine.settle()
      for (const note of ['a', 'b']) {
        ref.tell.move({ by: 1, note })
        await machine.turns()
      }
      machine.sync()
      await machine.turns()
      // All but the sync of the second entry, which is the oldest one.
      while (machine.syncing > 1) {
        machine.sync(1)
        await machine.turns()
      }
      machine.powerOff()
      const { notes } = await answered(machine, machine.spawn(account()).ask.whole())
      expect(['a', 'ab']).toContain(notes.join(''))
    }
  })

  it('a full disk during a snapshot costs the snapshot, no answer', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account('account', small))
    await deposits(machine, ref, 9)
    const asked = ref.ask.move({ by: 1, note: 'x' })
    await machine.turns()
    machine.sync()
    machine.disk.full = true
    await machine.settle()
    machine.disk.full = false
    expect(await asked).toEqual({ status: 'ok', value: 10 })
    await deposits(machine, ref, 11, 10)
    expect(files(machine, '.snap').length).toBeGreaterThan(0)
  })
})

describe('the recovery of a durable actor', () => {
  it('goes on numbering behind a snapshot that covers the whole journal', async () => {
    const machine = new Machine()
    await deposits(machine, machine.spawn(account('account', small)), 20)
    machine.crash()
    const ref = machine.spawn(account('account', small))
    await deposits(machine, ref, 15, 20)
    machine.crash()
    const whole = await answered(machine, machine.spawn(account('account', small)).ask.whole())
    expect(whole.cents).toBe(35)
    expect(whole.notes.map((note) => note.replaceAll('.', ''))).toEqual(
      Array.from({ length: 35 }, (_, i) => `n${i}`),
    )
  })

  it('takes the snapshot before a damaged one, and the journal behind it', async () => {
    const machine = new Machine()
    await deposits(machine, machine.spawn(account('account', small)), 95)
    machine.crash()
    machine.disk.rot(files(machine, '.snap').at(-1)!, 200)
    expect(
      (await answered(machine, machine.spawn(account('account', small)).ask.whole())).notes,
    ).toHaveLength(95)
    expect(machine.events).toContain('snapshot-damaged')
  })

  it('stops loudly when the history was dropped and both snapshots are damaged', async () => {
    const machine = new Machine()
    await deposits(machine, machine.spawn(account('account', small)), 95)
    machine.crash()
    for (const path of files(machine, '.snap')) machine.disk.rot(path, 200)
    const before = machine.disk.files()
    expect(await reason(machine, machine.spawn(account('account', small)).ask.whole())).toMatchObject({
      code: 'damaged',
    })
    expect(machine.disk.files()).toEqual(before)
    // It does not begin anew the next time either.
    expect(await reason(machine, machine.spawn(account('account', small), 'b').ask.whole())).toMatchObject({
      code: 'damaged',
    })
  })

  it('stops loudly when the journal ends before its snapshot', async () => {
    const machine = new Machine()
    await deposits(machine, machine.spawn(account('account', small)), 25)
    machine.crash()
    const folder = machine.disk.openFolder('data/durable-account')
    for (const name of folder.list()) if (!name.endsWith('.snap')) folder.remove(name)
    folder.close()
    expect(await reason(machine, machine.spawn(account('account', small)).ask.whole())).toMatchObject({
      code: 'damaged',
    })
  })

  it('stops loudly at damage in the middle, and changes nothing', async () => {
    const machine = new Machine()
    await deposits(machine, machine.spawn(account()), 20)
    machine.crash()
    const [path] = files(machine, '/journal-')
    machine.disk.rot(path!, 500)
    const before = machine.disk.content(path!)
    expect(await reason(machine, machine.spawn(account()).ask.whole())).toMatchObject({ code: 'damaged' })
    expect(machine.disk.content(path!)).toEqual(before)
  })

  it('lets others have their turn', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    for (let i = 0; i < 3_000; i++) ref.tell.move({ by: 1, note: 'x'.repeat(100) })
    await machine.settle()
    machine.crash()
    machine.timersFired = 0
    expect(await answered(machine, machine.spawn(account()).ask.balance())).toBe(3_000)
    // 3,000 entries of about 170 bytes, 128 KiB a slice.
    expect(machine.timersFired).toBeGreaterThanOrEqual(4)
  })

  it('can be stopped in the middle, and gives its folder back', async () => {
    const machine = new Machine()
    await deposits(machine, machine.spawn(account()), 3)
    machine.crash()
    const ref = machine.spawn(account())
    const asked = ref.ask.balance().catch((error: unknown) => error)
    await machine.stop(ref)
    expect(await asked).toMatchObject({ code: 'stopped' })
    expect(await answered(machine, machine.spawn(account(), 'b').ask.balance())).toBe(3)
  })
})

const old = durable('shop', {
  state: () => ({ total: 0 }),
  events: { sold: (s, e: { price: number }) => ({ total: s.total + e.price }) },
  commands: { sell: (_s, c: { price: number }, on) => persist(on.sold(c)) },
  snapshot: { every: 3 },
})

/** Version 2 counts in cents, has another name for the event, and splits it. */
const current = durable('shop', {
  version: 2,
  state: () => ({ cents: 0, sales: 0 }),
  events: {
    earned: (s, e: { cents: number }) => ({ ...s, cents: s.cents + e.cents }),
    counted: (s) => ({ ...s, sales: s.sales + 1 }),
  },
  commands: { sell: (_s, c: { cents: number }, on) => persist(on.earned(c), on.counted()) },
  queries: { whole: (s) => s },
  upcast: {
    event: ({ type, payload }) =>
      type === 'sold'
        ? [
            { type: 'earned', payload: { cents: (payload as { price: number }).price * 100 } },
            { type: 'counted', payload: undefined },
          ]
        : [],
    state: (stored) => ({ cents: (stored as { total: number }).total * 100, sales: 3 }),
  },
  snapshot: { every: 3 },
})

describe('events and snapshots of an older version', () => {
  it.each([2, 5])('are brought up before `events` sees them (%i of them)', async (count) => {
    const machine = new Machine()
    const before = machine.spawn(old)
    for (let i = 1; i <= count; i++) await answered(machine, before.ask.sell({ price: i }))
    machine.crash()
    const after = machine.spawn(current)
    const cents = (count * (count + 1) * 100) / 2
    expect(await answered(machine, after.ask.whole())).toEqual({ cents, sales: count })
    await answered(machine, after.ask.sell({ cents: 1 }))
    machine.crash()
    expect(await answered(machine, machine.spawn(current).ask.whole())).toEqual({
      cents: cents + 1,
      sales: count + 1,
    })
  })

  it('newer ones stop an older application', async () => {
    const machine = new Machine()
    await answered(machine, machine.spawn(current).ask.sell({ cents: 1 }))
    machine.crash()
    const error = await reason(machine, machine.spawn(old).ask.sell({ price: 1 }))
    expect(error).toMatchObject({ code: 'newer' })
    expect(error.message).toContain('version 2')
  })

  const parts = { state: () => 0, commands: { touch: () => refuse('no') } }
  const writes = durable('many', {
    ...parts,
    events: { a: (n) => n + 1, b: (n) => n + 1 },
    commands: { both: (_n, _c, on) => persist(on.a(), on.b()) },
  })

  it('an event that is unknown now stops the recovery with its position', async () => {
    const machine = new Machine()
    const ref = machine.spawn(writes)
    await answered(machine, ref.ask.both())
    machine.crash()
    const error = await reason(
      machine,
      machine.spawn(durable('many', { ...parts, events: { a: (n) => n } })).ask.touch(),
    )
    expect(error).toMatchObject({ code: 'unknown-event', position: { index: 1, event: 2 } })
    expect(error.message).toContain("'b' (number 2 of entry 1 of many)")
  })

  it('an event function that throws stops the recovery with its position', async () => {
    const machine = new Machine()
    const ref = machine.spawn(writes)
    await answered(machine, ref.ask.both())
    await answered(machine, ref.ask.both())
    machine.crash()
    const throws = durable('many', {
      ...parts,
      events: {
        a: (n) => n + 1,
        b: (n) => {
          if (n > 2) throw new Error('three')
          return n + 1
        },
      },
    })
    const error = await reason(machine, machine.spawn(throws).ask.touch())
    expect(error).toMatchObject({
      code: 'event',
      position: { index: 2, event: 2 },
      cause: { message: 'three' },
    })
  })

  it('an upcast that throws or gives no event stops the recovery with its position', async () => {
    for (const event of [
      () => ({ kind: 'a' }) as never,
      () => {
        throw new Error('cannot')
      },
    ]) {
      const machine = new Machine()
      await answered(machine, machine.spawn(writes).ask.both())
      machine.crash()
      const next = durable('many', {
        ...parts,
        version: 2,
        events: { a: (n) => n },
        upcast: { event, state: () => 0 },
      })
      expect(await reason(machine, machine.spawn(next).ask.touch())).toMatchObject({
        code: 'upcast',
        position: { index: 1, event: 1 },
      })
    }
  })
})
