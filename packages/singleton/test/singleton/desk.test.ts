import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDesk, stepDesk } from '../../src/singleton/desk.js'
import type { Desk, DeskEffect, DeskInput } from '../../src/singleton/desk.js'

const config = { name: 'board', waiting: 3, waitMs: 1_000 }
const nowhere = {
  kind: 'place',
  instance: null,
  open: false,
  refusal: null,
  waitingFor: 'Nobody serves.',
} as const
const at = (instance: string, open = true): DeskInput => ({
  kind: 'place',
  instance,
  open,
  refusal: null,
  waitingFor: 'There is no link.',
})
const refused = (text: string): DeskInput => ({
  kind: 'place',
  instance: null,
  open: false,
  refusal: text,
  waitingFor: text,
})
const tell = (message: unknown): DeskInput => ({ kind: 'tell', handler: 'write', message })
const ask = (id: number, forMs = 500): DeskInput => ({
  kind: 'ask',
  id,
  handler: 'write',
  message: id,
  forMs,
})

function run(desk: Desk, monotonicMs: number, ...inputs: DeskInput[]): DeskEffect[] {
  return inputs.flatMap((input) => stepDesk(desk, input, { monotonicMs, wallMs: 0 }))
}

const told = (effects: DeskEffect[]): string[] =>
  effects.flatMap((effect) => {
    if (effect.kind === 'send') return [`${effect.instance}: ${String(effect.message)}`]
    if (effect.kind === 'fail') return [`${effect.id} ${effect.code}`]
    if (effect.kind === 'dead') return [`dead ${String(effect.message)} ${effect.reason}`]
    return effect.kind === 'answer' ? [`${effect.id} = ${String(effect.value)}`] : []
  })

describe('the desk of a singleton', () => {
  it('lets messages wait for the first server, and sends them in their order', () => {
    const desk = createDesk(config)
    expect(told(run(desk, 0, tell('a'), ask(1), tell('b')))).toEqual([])
    expect(told(run(desk, 100, at('x')))).toEqual(['x: a', 'x: 1', 'x: b'])
    expect(told(run(desk, 100, tell('c')))).toEqual(['x: c'])
  })

  it('sends an ask on with the time that is left of it', () => {
    const desk = createDesk(config)
    run(desk, 0, ask(1, 500))
    expect(run(desk, 400, at('x'))).toMatchObject([{ kind: 'send', forMs: 100 }])
  })

  it('fails asks under way at once when their instance ends, and never sends them again', () => {
    const desk = createDesk(config)
    run(desk, 0, at('x'), ask(1), ask(2))
    expect(told(run(desk, 1, { kind: 'answered', id: 1, value: 'one' }))).toEqual(['1 = one'])
    const lost = run(desk, 2, nowhere)
    expect(lost).toMatchObject([
      { id: 2, code: 'lost', text: expect.stringContaining('may have been handled') },
    ])
    expect(told(run(desk, 3, { kind: 'answered', id: 2, value: 'late' }, at('y')))).toEqual([])
  })

  it('keeps what was not sent for the next instance', () => {
    const desk = createDesk(config)
    run(desk, 0, at('x'), at('x', false), ask(1), tell('a'))
    expect(told(run(desk, 9, at('y')))).toEqual(['y: 1', 'y: a'])
  })

  it('lets asks under way wait while the link to their instance is down', () => {
    const desk = createDesk(config)
    run(desk, 0, at('x'), ask(1))
    expect(told(run(desk, 1, at('x', false), at('x'), { kind: 'answered', id: 1, value: 'yes' }))).toEqual([
      '1 = yes',
    ])
  })

  it('refuses more than may wait, and says for what they wait', () => {
    const desk = createDesk(config)
    run(desk, 0, nowhere, tell('a'), tell('b'), tell('c'))
    expect(told(run(desk, 0, tell('d')))).toEqual(['dead d full'])
    const [dead, fail] = run(desk, 0, ask(1))
    expect(dead).toMatchObject({ kind: 'dead', reason: 'full' })
    expect(fail).toMatchObject({ code: 'full', text: expect.stringContaining('Nobody serves.') })
  })

  it('ends what waited too long: tells as dead letters, asks with what they waited for', () => {
    const desk = createDesk(config)
    expect(run(desk, 0, nowhere, tell('a'), ask(1, 200))).toMatchObject([
      { kind: 'timer', afterMs: 1_005 },
      { kind: 'timer', afterMs: 205 },
    ])
    const late = run(desk, 205, { kind: 'timer' })
    expect(late).toMatchObject([
      { kind: 'dead' },
      {
        id: 1,
        code: 'timeout',
        text: "write of the singleton 'board': it ran nowhere within 200 ms. Nobody serves.",
      },
      { kind: 'timer', afterMs: 800 },
    ])
    expect(told(run(desk, 1_005, { kind: 'timer' }))).toEqual(['dead a stopped'])
  })

  it('ends an ask under way by its deadline, also when the instance never says anything', () => {
    const desk = createDesk(config)
    run(desk, 0, at('x'), ask(1, 200))
    expect(told(run(desk, 205, { kind: 'timer' }))).toEqual(['1 timeout'])
  })

  it('fails everything at once, with the sentence, while it was given up, and goes on after that', () => {
    const desk = createDesk(config)
    run(desk, 0, nowhere, ask(1))
    const said = run(desk, 1, refused('It failed on ann.'), ask(2))
    expect(said.filter(({ kind }) => kind === 'fail')).toMatchObject([
      { id: 1, code: 'stopped', text: expect.stringContaining('It failed on ann.') },
      { id: 2, code: 'stopped', text: expect.stringContaining('It failed on ann.') },
    ])
    expect(told(run(desk, 2, at('x'), ask(3)))).toEqual(['x: 3'])
  })

  it('tells what a handler threw as it is, and an end as a loss', () => {
    const desk = createDesk(config)
    run(desk, 0, at('x'), ask(1), ask(2))
    const failed = { kind: 'failed', text: 'boom', cause: null } as const
    const effects = run(desk, 0, { ...failed, id: 1, code: 'failed' }, { ...failed, id: 2, code: 'stopped' })
    expect(effects).toMatchObject([{ code: 'failed', text: 'boom' }, { code: 'lost' }])
  })

  it('ends everything with its peer', () => {
    const desk = createDesk(config)
    run(desk, 0, at('x'), ask(1), at('x', false), ask(2))
    expect(told(run(desk, 0, { kind: 'stop' }, ask(3)))).toEqual([
      '1 lost',
      'dead 2 stopped',
      '2 stopped',
      'dead 3 stopped',
      '3 stopped',
    ])
  })
})

describe('whatever happens around a desk', () => {
  const inputs = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('tell' as const) }) },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('ask' as const), forMs: fc.integer({ min: 1, max: 300 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('place' as const),
          instance: fc.option(fc.integer({ min: 1, max: 3 })),
          open: fc.boolean(),
          refused: fc.integer({ min: 0, max: 9 }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('reply' as const), nth: fc.nat(5), ok: fc.boolean() }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }),
      },
    ),
    { maxLength: 60 },
  )

  it('every ask ends once, every tell is sent or a dead letter, and what is sent is in order, to open instances', () => {
    fc.assert(
      fc.property(inputs, (steps) => {
        const desk = createDesk({ ...config, waiting: 5 })
        let nowMs = 0
        let timerAtMs = Infinity
        let last = 0
        const sent: { n: number; to: string; id: number | null }[] = []
        const ended = new Map<number, number>()
        const dead = new Set<number>()
        const asks: number[] = []
        const tells: number[] = []
        let place: { instance: string | null; open: boolean } = { instance: null, open: false }
        const feed = (input: DeskInput): void => {
          for (const effect of stepDesk(desk, input, { monotonicMs: nowMs, wallMs: 0 })) {
            if (effect.kind === 'timer') timerAtMs = nowMs + effect.afterMs
            else if (effect.kind === 'dead') dead.add(effect.message as number)
            else if (effect.kind === 'send') {
              expect(place).toEqual({ instance: effect.instance, open: true })
              sent.push({ n: effect.message as number, to: effect.instance, id: effect.id })
            } else ended.set(effect.id, (ended.get(effect.id) ?? 0) + 1)
          }
        }
        const pass = (ms: number): void => {
          const untilMs = nowMs + ms
          while (timerAtMs <= untilMs) {
            nowMs = timerAtMs
            timerAtMs = Infinity
            feed({ kind: 'timer' })
          }
          nowMs = untilMs
        }
        for (const step of steps) {
          if (step.kind === 'tell' || step.kind === 'ask') {
            last += 1
            if (step.kind === 'tell') tells.push(last)
            else asks.push(last)
            if (step.kind === 'tell') feed({ kind: 'tell', handler: 'h', message: last })
            else feed({ kind: 'ask', id: last, handler: 'h', message: last, forMs: step.forMs })
          } else if (step.kind === 'pass') pass(step.ms)
          else if (step.kind === 'reply') {
            const one = sent.filter(({ id }) => id !== null)[step.nth]
            if (one?.id == null) continue
            if (step.ok) feed({ kind: 'answered', id: one.id, value: 1 })
            else feed({ kind: 'failed', id: one.id, code: 'failed', text: '', cause: null })
          } else {
            const instance = step.instance === null ? null : `i${step.instance}`
            const refusal = step.refused === 0 ? 'no' : null
            place = { instance, open: step.open && instance !== null && refusal === null }
            feed({ kind: 'place', instance, open: step.open, refusal, waitingFor: '' })
          }
        }
        pass(5_000)
        expect(asks.filter((id) => ended.get(id) !== 1)).toEqual([])
        const numbers = sent.map(({ n }) => n)
        expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
        expect(tells.filter((n) => dead.has(n) === numbers.includes(n))).toEqual([])
        expect(desk.queue.length + desk.under.size).toBe(0)
      }),
      { numRuns: 500 },
    )
  })
})
