import { describe, expect, it } from 'vitest'
import { AskError, CodecError, durable, DurableError, persist, refuse } from '../../src/index.js'
import { account, type Account } from './account.js'
import { Machine } from './machine.js'

async function outcome<T>(machine: Machine, ask: Promise<T>): Promise<T> {
  ask.catch(() => {})
  await machine.settle()
  return ask
}

async function failure(machine: Machine, ask: Promise<unknown>): Promise<AskError> {
  return outcome(machine, ask).then(
    (value) => expect.unreachable(`it was answered with ${JSON.stringify(value)}`),
    (error: unknown) => {
      expect(error).toBeInstanceOf(AskError)
      return error as AskError
    },
  )
}

describe('a durable actor', () => {
  it('answers commands with what they decided, and queries with what they read', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    expect(await outcome(machine, ref.ask.move({ by: 5, note: 'a' }))).toEqual({ status: 'ok', value: 5 })
    expect(await outcome(machine, ref.ask.move({ by: -6, note: 'b' }))).toEqual({
      status: 'refused',
      refusal: { code: 'short', have: 5 },
    })
    expect(await outcome(machine, ref.ask.balance())).toBe(5)
    expect(await outcome(machine, ref.ask.touch())).toEqual({ status: 'ok', value: undefined })
    expect(machine.failures).toEqual([])
  })

  it('has its state again after a stop, a crash and a power cut', async () => {
    const machine = new Machine()
    let ref = machine.spawn(account())
    await outcome(machine, ref.ask.move({ by: 5, note: 'a' }))
    await machine.stop(ref)
    ref = machine.spawn(account())
    await outcome(machine, ref.ask.move({ by: 2, note: 'b' }))
    machine.crash()
    ref = machine.spawn(account())
    await outcome(machine, ref.ask.move({ by: 1, note: 'c' }))
    machine.powerOff()
    ref = machine.spawn(account())
    expect(await outcome(machine, ref.ask.whole())).toEqual({ cents: 8, notes: ['a', 'b', 'c'] })
  })

  it('recovers when it is spawned, and messages wait for it', async () => {
    const machine = new Machine()
    let ref = machine.spawn(account())
    await outcome(machine, ref.ask.move({ by: 5, note: 'a' }))
    machine.crash()
    ref = machine.spawn(account())
    const asked = ref.ask.balance()
    let answered = false
    void asked.then(() => (answered = true))
    await machine.turns()
    // What the former process wrote may be lost in a power cut: nothing is said before it is synced.
    expect(answered).toBe(false)
    await machine.settle()
    expect(await asked).toBe(5)
  })

  it('answers nothing before it is durable, and then in the order of the questions', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    await machine.settle()
    const told: string[] = []
    const note = (what: string) => (): void => void told.push(what)
    void ref.ask.move({ by: 5, note: 'a' }).then(note('first'))
    void ref.ask.move({ by: -9, note: 'b' }).then(note('refused'))
    void ref.ask.balance().then(note('query'))
    void ref.ask.fail().then(note('failed'), note('failed'))
    void ref.ask.move({ by: 1, note: 'c' }).then(note('second'))
    await machine.turns()
    expect(told).toEqual([])
    machine.sync()
    await machine.turns()
    expect(told).toEqual(['first', 'refused', 'query', 'failed'])
    await machine.settle()
    expect(told.at(-1)).toBe('second')
  })

  it('answers in order also what nothing has to be synced for', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    await machine.settle()
    const told: string[] = []
    void ref.ask.fail().catch(() => told.push('failed'))
    void ref.ask.balance().then(() => told.push('query'))
    await machine.settle()
    expect(told).toEqual(['failed', 'query'])
  })

  it('lets commands in flight share a sync', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    await machine.settle()
    const asks = Array.from({ length: 1_000 }, (_, i) => ref.ask.move({ by: 1, note: `${i}` }))
    await machine.turns()
    let syncs = 0
    while (machine.sync()) {
      syncs++
      await machine.turns()
    }
    expect(await Promise.all(asks)).toHaveLength(1_000)
    expect(syncs).toBeLessThan(5)
  })

  it('takes tells as well', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    ref.tell.move({ by: 5, note: 'a' })
    ref.tell.fail()
    await machine.settle()
    expect(await outcome(machine, ref.ask.balance())).toBe(5)
    expect(machine.failures).toMatchObject([{ during: 'fail', action: 'resume' }])
  })

  it('goes on unchanged after a command that throws, whose caller gets the error', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    await outcome(machine, ref.ask.move({ by: 5, note: 'a' }))
    const error = await failure(machine, ref.ask.fail())
    expect(error).toMatchObject({ code: 'failed', cause: { message: 'the command threw' } })
    expect(await outcome(machine, ref.ask.whole())).toEqual({ cents: 5, notes: ['a'] })
  })

  it('journals nothing that the codec cannot carry, and names the place', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    const error = await failure(machine, ref.ask.keep({ note: { deep: [1, () => 2] } }))
    expect(error.code).toBe('failed')
    expect(error.cause).toBeInstanceOf(CodecError)
    expect((error.cause as CodecError).path).toBe('$.note.deep[1]')
    machine.crash()
    const again = machine.spawn(account())
    expect(await outcome(machine, again.ask.whole())).toEqual({ cents: 0, notes: [] })
  })

  it('refuses a command whose event throws, so that no recovery meets it', async () => {
    const machine = new Machine()
    const behavior = durable('picky', {
      state: () => 0,
      events: {
        set: (_n, to: number) => {
          if (to > 9) throw new RangeError('too much')
          return to
        },
      },
      commands: { set: (_n, to: number, on) => persist(on.set(to)) },
      queries: { get: (n) => n },
    })
    const ref = machine.spawn(behavior)
    await outcome(machine, ref.ask.set(3))
    expect((await failure(machine, ref.ask.set(10))).cause).toBeInstanceOf(RangeError)
    machine.crash()
    expect(await outcome(machine, machine.spawn(behavior).ask.get())).toBe(3)
  })

  it('does not see what its caller does to a message later', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    await machine.settle()
    const note = { text: 'before' }
    const asked = ref.ask.keep({ note })
    await machine.turns()
    note.text = 'after'
    await outcome(machine, asked)
    expect((await outcome(machine, ref.ask.whole())).notes).toEqual([{ text: 'before' }])
  })

  it('runs once at a time: another one with its name fails, and may run when it has stopped', async () => {
    const machine = new Machine()
    const first = machine.spawn(account(), 'one')
    await machine.settle()
    const second = machine.spawn(account(), 'two')
    const error = await failure(machine, second.ask.balance())
    expect(error.cause).toBeInstanceOf(DurableError)
    expect(error.cause).toMatchObject({ code: 'in-use' })
    expect(machine.failures).toMatchObject([{ path: 'here/two', action: 'stop', error: { code: 'in-use' } }])
    await machine.stop(first)
    const third = machine.spawn(account(), 'three')
    expect(await outcome(machine, third.ask.balance())).toBe(0)
  })

  it('keeps names apart that file systems would not', async () => {
    const machine = new Machine()
    const names = ['A', 'a', 'a/b', 'a.b', 'a%2fb', 'ä', 'con', '..']
    for (const [i, name] of names.entries()) {
      const ref = machine.spawn(account(name), `n${i}`)
      await outcome(machine, ref.ask.move({ by: i + 1, note: name }))
    }
    expect(machine.failures).toEqual([])
    machine.crash()
    for (const [i, name] of names.entries())
      expect(await outcome(machine, machine.spawn(account(name), `n${i}`).ask.whole())).toEqual({
        cents: i + 1,
        notes: [name],
      } satisfies Account)
  })
})

describe('a disk that fails', () => {
  it('stops the actor loudly: what waits is not answered, and the reason is told', async () => {
    const machine = new Machine()
    const ref = machine.spawn(account())
    await outcome(machine, ref.ask.move({ by: 5, note: 'a' }))
    machine.disk.failNextSync()
    const errors = [failure(machine, ref.ask.move({ by: 1, note: 'b' })), failure(machine, ref.ask.balance())]
    for (const error of await Promise.all(errors)) expect(error.cause).toMatchObject({ code: 'disk' })
    expect(machine.failures.at(-1)).toMatchObject({ path: 'here/a', action: 'stop', error: { code: 'disk' } })
    const late = await failure(machine, ref.ask.balance())
    expect(late).toMatchObject({ code: 'stopped', cause: { code: 'disk' } })
  })

  it('restarts it from the disk where that was asked for', async () => {
    const machine = new Machine()
    const behavior = durable('patient', {
      state: () => 0,
      events: { added: (n, by: number) => n + by },
      commands: { add: (_n, by: number, on) => persist(on.added(by)) },
      queries: { get: (n) => n },
      restarts: { max: 3, windowMs: 1_000 },
    })
    const ref = machine.spawn(behavior)
    await outcome(machine, ref.ask.add(1))
    machine.disk.failNextSync()
    await failure(machine, ref.ask.add(2))
    // Whether the command that was not answered is there is open, and it is there once at most.
    expect([1, 3]).toContain(await outcome(machine, ref.ask.get()))
    expect(await outcome(machine, ref.ask.add(10))).toMatchObject({ status: 'ok' })
  })

  it('writes again what a failed sync left in the cache only, before it counts', async () => {
    const machine = new Machine(7)
    for (let life = 0; life < 20; life++) {
      const name = `a${life}`
      const ref = machine.spawn(account(name), 'before')
      await machine.settle()
      machine.disk.failNextSync()
      await failure(machine, ref.ask.move({ by: 1, note: 'x' }))
      const { notes } = await outcome(machine, machine.spawn(account(name), 'seen').ask.whole())
      machine.powerOff()
      expect(await outcome(machine, machine.spawn(account(name), 'after').ask.whole())).toMatchObject({
        notes,
      })
      machine.crash()
    }
  })

  it('says what is missing without a disk or a folder', async () => {
    const machine = new Machine()
    const bare = durable('bare', { state: () => 0, events: {}, commands: { no: () => refuse('no') } })
    machine.bootBare()
    const ref = machine.spawn(bare)
    expect((await failure(machine, ref.ask.no())).cause).toMatchObject({ code: 'no-folder' })
  })
})
