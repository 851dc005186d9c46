import { seededRandom } from '@tanist/core/testing'
import type { LinkEnd } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { createConnection, stepConnection } from '../../src/client/connection.js'
import type { ConnectionEffect, ConnectionInput } from '../../src/client/connection.js'
import { defaultReconnect } from '../../src/client/settings.js'

type Step = ConnectionInput extends infer I ? (I extends { link: number } ? Omit<I, 'link'> : I) : never

/** The machine in virtual time; `wallMs` goes on by itself in a sleep. */
class Bench {
  nowMs = 0
  wallMs = 1_000_000
  readonly did: string[] = []
  readonly dialledAt: number[] = []
  readonly connection
  readonly #random
  #link = 0
  #timerAtMs: number | null = null

  constructor(given: readonly string[], seed = 1) {
    this.connection = createConnection(given, defaultReconnect)
    this.#random = seededRandom(seed)
  }

  /** About the present link, where it is about one. */
  put(...steps: readonly Step[]): this {
    const alone = ['begin', 'found', 'check', 'timer', 'stop']
    for (const step of steps) {
      const link = alone.includes(step.kind) ? {} : { link: this.#link }
      this.#run({ ...link, ...step } as ConnectionInput)
    }
    return this
  }

  /** What was done since the last time this was asked. */
  take(): string[] {
    return this.did.splice(0)
  }

  pass(forMs: number): this {
    const untilMs = this.nowMs + forMs
    while (this.#timerAtMs !== null && this.#timerAtMs <= untilMs) {
      this.#goTo(Math.max(this.nowMs, this.#timerAtMs))
      this.#timerAtMs = null
      this.#run({ kind: 'timer' })
    }
    this.#goTo(untilMs)
    return this
  }

  /** Until the next dial. */
  wait(): this {
    const before = this.dialledAt.length
    while (this.dialledAt.length === before) this.pass(Math.max(1, (this.#timerAtMs ?? 0) - this.nowMs))
    return this
  }

  up(members: readonly string[] = []): this {
    return this.put({ kind: 'opened' }, { kind: 'welcome', members })
  }

  #goTo(ms: number): void {
    this.wallMs += ms - this.nowMs
    this.nowMs = ms
  }

  #run(input: ConnectionInput): void {
    const now = { monotonicMs: this.nowMs, wallMs: this.wallMs }
    for (const effect of stepConnection(this.connection, input, now, this.#random)) this.#note(effect)
  }

  #note(effect: ConnectionEffect): void {
    if (effect.kind === 'timer') {
      this.#timerAtMs = effect.afterMs === null ? null : this.nowMs + effect.afterMs
      return
    }
    if (effect.kind === 'dial') {
      this.#link = effect.link
      this.dialledAt.push(this.nowMs)
      this.did.push(`dial ${effect.address}`)
    } else if (effect.kind === 'close') this.did.push(`close ${effect.code}`)
    else if (effect.kind === 'fail') this.did.push(`fail ${effect.refusal.code}`)
    else this.did.push(effect.kind)
  }
}

const refused: Step = { kind: 'closed', end: { kind: 'refused' } }
const rejected = (code: 'secret' | 'limit'): Step => ({
  kind: 'closed',
  end: { kind: 'rejected', code, text: `It is the ${code}.` } satisfies LinkEnd,
})
const redirect = (...to: string[]): Step => ({ kind: 'redirect', to, text: 'Go there.' })

describe('which member a client is linked to', () => {
  it('those given in their order and at once, then the members of the view 250 ms apart', () => {
    const bench = new Bench(['a:1', 'b:1']).put({ kind: 'begin' }, refused)
    expect(bench.take()).toEqual(['dial a:1', 'dial b:1'])
    expect(bench.up(['b:1', 'c:1', 'd:1', 'e:1']).take()).toEqual(['greet', 'up'])
    bench.pass(10_000).put({ kind: 'closed', end: { kind: 'remote', code: 'reset', reason: '' } })
    expect(bench.connection.why).toBe('The member at b:1 closed the link (reset).')
    for (let i = 0; i < 5; i++) bench.pass(250).put(refused)
    const [first, given, ...viewed] = bench.take()
    expect([first, given]).toEqual(['down', 'dial a:1'])
    // Who was just lost comes last; the others in an order of this client's own.
    expect(viewed.slice(0, 3).toSorted()).toEqual(['dial c:1', 'dial d:1', 'dial e:1'])
    expect(viewed[3]).toBe('dial b:1')
    const [, , ...times] = bench.dialledAt
    const apart = times.slice(1, 4).map((at, i) => at - (times[i] ?? 0))
    expect(apart).toEqual([250, 250, 250])
  })

  it('comes back within firstMs after a loss, then at random below a bound that doubles up to maxMs', () => {
    const firsts: number[] = []
    const pauses: number[][] = []
    for (let seed = 1; seed <= 200; seed++) {
      const bench = new Bench(['a:1'], seed).put({ kind: 'begin' }).up().pass(6_000)
      bench.put({ kind: 'closed', end: { kind: 'broken', text: '?' } })
      let fromMs = bench.nowMs
      for (let round = 0; round < 12; round++) {
        bench.wait()
        const afterMs = (bench.dialledAt.at(-1) ?? 0) - fromMs
        if (round === 0) firsts.push(afterMs)
        else (pauses[round] ??= []).push(afterMs)
        bench.put(refused)
        fromMs = bench.nowMs
      }
    }
    expect(Math.max(...firsts)).toBeLessThanOrEqual(250)
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(200)
    for (const [round, all] of pauses.entries()) {
      if (round === 0) continue
      const bound = Math.min(20_000, 250 * 2 ** (round - 1))
      expect(Math.max(...all)).toBeLessThanOrEqual(bound + 1)
      expect(Math.max(...all)).toBeGreaterThan(bound * 0.9)
      expect(Math.min(...all)).toBeLessThan(bound * 0.1)
    }
  })

  it('fails when somebody says that there can be none, and nobody in the round asks for patience', () => {
    const told = new Bench(['a:1', 'b:1']).put({ kind: 'begin' }, rejected('secret'), refused)
    expect(told.take()).toEqual(['dial a:1', 'dial b:1', 'fail secret'])
    expect(told.pass(60_000).take()).toEqual([])

    const patient = new Bench(['a:1', 'b:1']).put({ kind: 'begin' }, rejected('secret'), rejected('limit'))
    expect(patient.take()).toEqual(['dial a:1', 'dial b:1'])
    expect(patient.pass(1_000).take()).toContain('dial a:1')
    expect(patient.connection.why).toBe('It is the limit.')

    // It was linked once: whoever refuses it may be changed before the others.
    const known = new Bench(['a:1']).put({ kind: 'begin' }).up()
    known.put({ kind: 'closed', end: { kind: 'broken', text: '?' } }).pass(1_000)
    expect(known.put(rejected('secret')).pass(1_000).take().at(-1)).toBe('dial a:1')
    expect(known.connection.why).toBe('It is the secret.')
  })

  it('follows redirects in their order, never back, never to port 0, and five at most', () => {
    const bench = new Bench(['a:1']).put({ kind: 'begin' }).up()
    expect(bench.put(redirect('a:1', 'b:0', 'b:99999', 'b', 'b:1')).take()).toEqual([
      'dial a:1',
      'greet',
      'up',
      'close moved',
      'down',
      'dial b:1',
    ])
    // In a circle: nobody is left, so the list is gone through after a pause.
    expect(bench.put({ kind: 'opened' }, redirect('a:1')).take()).toEqual(['greet', 'close moved'])
    expect(bench.pass(1_000).take()).toEqual(['dial a:1'])

    const chain = new Bench(['m0:1']).put({ kind: 'begin' })
    for (let i = 1; i <= 1_000; i++) chain.put({ kind: 'opened' }, redirect(`m${i}:1`))
    const dials = chain.take().filter((what) => what.startsWith('dial'))
    expect(dials).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5'].map((name) => `dial ${name}:1`))
    expect(chain.pass(1_000).take()[0]).toBe('dial m0:1')
  })

  it('is never led in circles, by members that all send it on to each other and to nowhere', () => {
    const random = seededRandom(9)
    const names = ['a:1', 'b:1', 'c:1', 'd:1', 'e:1', 'f:1', 'g:1', 'h:1', 'a:0', 'b:70000', 'nowhere']
    const some = (): string[] => names.filter(() => random.next() < 0.4)
    for (let seed = 1; seed <= 200; seed++) {
      const bench = new Bench(['a:1', 'b:1'], seed).put({ kind: 'begin' })
      for (let chain = 0; chain < 5; chain++) {
        // Between two pauses: the first one, and as many as it may be sent on to.
        for (let i = 0; i < 50 && bench.connection.phase.kind === 'dialling'; i++) {
          bench.put({ kind: 'opened' })
          if (random.next() < 0.3) bench.put({ kind: 'welcome', members: [] })
          bench.put(redirect(...some()))
        }
        const dials = bench.take().filter((what) => what.startsWith('dial'))
        expect(dials.length).toBeGreaterThan(0)
        expect(dials.length).toBeLessThanOrEqual(6)
        expect(dials.every((what) => /^dial [a-h]:1$/.test(what))).toBe(true)
        // Nobody is asked twice in one chain.
        expect(new Set(dials).size).toBe(dials.length)
        expect(bench.connection.phase.kind).toBe('pause')
        bench.wait()
        expect(['dial a:1', 'dial b:1']).toContain(bench.did.at(-1))
      }
    }
  })

  it('asks a silent link before it gives it up', () => {
    const bench = new Bench(['a:1']).put({ kind: 'begin' }).up()
    bench.take()
    expect(bench.pass(24_999).take()).toEqual([])
    expect(bench.pass(1).take()).toEqual(['ask'])
    bench.pass(6_000).put({ kind: 'heard' })
    expect(bench.pass(24_000).take()).toEqual([])
    expect(bench.pass(1_000).take()).toEqual(['ask'])
    expect(bench.pass(6_249).take()).toEqual([])
    expect(bench.pass(1).take()).toEqual(['close silent', 'down'])
    expect(bench.connection.why).toBe('The member at a:1 is silent.')
  })

  it('a process that stood still while it waited for the answer asks once more', () => {
    const bench = new Bench(['a:1']).put({ kind: 'begin' }).up().pass(25_000)
    bench.take()
    // What had come meanwhile was not read yet.
    bench.nowMs += 60_000
    bench.wallMs += 60_000
    expect(bench.put({ kind: 'timer' }).take()).toEqual(['ask'])
    expect(bench.pass(6_250).take()).toEqual(['close silent', 'down'])
  })

  it('a machine that slept asks at once, and does not sit out a pause', () => {
    const bench = new Bench(['a:1']).put({ kind: 'begin' }).up()
    bench.take()
    bench.pass(1_000).wallMs += 3_600_000
    expect(bench.pass(5_000).take()).toEqual(['ask'])

    const waiting = new Bench(['a:1'], 3).put({ kind: 'begin' })
    const dials = (): number => waiting.dialledAt.length
    for (let i = 0; i < 10; i++) {
      waiting.put(refused).wait()
    }
    waiting.put(refused)
    const { phase } = waiting.connection
    const leftMs = phase.kind === 'pause' ? phase.untilMs - waiting.nowMs : 0
    expect(leftMs).toBeGreaterThan(5_000)
    const before = dials()
    waiting.wallMs += 3_600_000
    waiting.pass(5_000)
    expect(dials()).toBe(before + 1)
  })

  it('whoever discovery sees is asked at once, and nobody is waited for where nobody is known', () => {
    const bench = new Bench([]).put({ kind: 'begin' }).pass(60_000)
    expect(bench.take()).toEqual([])
    expect(bench.connection.phase.kind).toBe('idle')
    bench.put({ kind: 'found', addresses: ['a:1', 'nonsense', 'a:0'] })
    expect(bench.take()).toEqual(['dial a:1'])
    for (let i = 0; i < 9; i++) bench.put(refused).pass(20_000)
    bench.put(refused).take()
    bench.put({ kind: 'found', addresses: ['b:1'] }).pass(250)
    expect(bench.take()).toContain('dial b:1')
  })

  it('what an older link still says is not heard', () => {
    const bench = new Bench(['a:1', 'b:1']).put({ kind: 'begin' }, refused)
    bench.take()
    const now = { monotonicMs: 0, wallMs: 0 }
    const old = { kind: 'welcome', link: 1, members: ['x:1'] } as const
    expect(stepConnection(bench.connection, old, now, seededRandom(1))).toEqual([])
    expect(bench.connection.book.view).toEqual([])
  })
})
