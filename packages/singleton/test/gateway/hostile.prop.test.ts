import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { persist, role } from '../../src/index.js'
import type { AnyRole } from '../../src/index.js'
import { aHello, anything, Hall } from './raw.js'
import type { Raw } from './raw.js'

const name = fc.constantFrom('board', 'vault', 'nothing', '__proto__', 'constructor', '')
const command = fc.constantFrom('pin', 'wipe', 'who', 'put', 'toString', '__proto__', 'none')
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    1.5,
    1e308,
    2 ** 53,
    '',
    [],
    {},
    '\ud800',
    { v: 1 },
    { v: { n: 7 } },
  ),
  fc.jsonValue({ maxDepth: 3 }),
)
const number = fc.oneof(fc.nat({ max: 9 }), fc.constantFrom(-1, 0.5, 2 ** 53, 1e308))
const session = fc.oneof(
  fc.constantFrom('a^1', 'b', '~board:x', '!board:x', 'x^999999', '', 'c'.repeat(200), 't/a^1'),
  fc.string({ maxLength: 8 }),
)
const input = fc.oneof(
  odd,
  fc.constantFrom<unknown>({ v: { text: 'hi', n: 3 } }, { v: null, meta: { values: { a: ['regexp'] } } }),
)

/** Nearly what a client may say: most fields are right most of the time. */
const message: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(aHello),
  fc.record({
    t: fc.constant('call'),
    session,
    seq: number,
    floor: number,
    attempt: number,
    role: name,
    command,
    input,
    deadlineMs: fc.oneof(fc.nat({ max: 3_000 }), number),
  }),
  fc.record({ t: fc.constant('cancel'), session, seq: number }),
  fc.record({
    t: fc.constant('read'),
    n: number,
    role: name,
    deadlineMs: fc.nat({ max: 500 }),
    consistency: fc.constantFrom('local', 'linearizable', 'odd'),
    maxStaleMs: fc.oneof(fc.constant(null), number),
  }),
  fc.record({
    t: fc.constant('watch'),
    n: number,
    role: name,
    after: fc.oneof(
      fc.constant(null),
      fc.record(
        { index: number, n: number, branch: fc.constantFrom('', 'elsewhere') },
        { requiredKeys: ['index'] },
      ),
    ),
  }),
  fc.record({ t: fc.constantFrom('unwatch', 'manifest'), n: number }),
  fc.record({ t: fc.constantFrom('ping', 'pong', 'bye', 'welcome', 'result', 'redirect') }),
  odd,
)

const RUNS = 60

type Act =
  | { readonly kind: 'say'; readonly messages: readonly unknown[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'close' }
  | { readonly kind: 'wait'; readonly ms: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      messages: fc.array(message, { maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'close' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 700 }) }) },
)

function does(hall: Hall, raw: Raw, one: Act): void {
  if (one.kind === 'wait') hall.run(one.ms)
  else if (one.kind === 'close') raw.link.close()
  else if (one.kind === 'bytes') raw.bytes(one.bytes)
  else raw.say(...one.messages)
}

describe('whatever strays say, in any order', () => {
  it('the peer goes on, nothing but what is open was done, everybody else is served, and nothing of them stays', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 1 }), act), { maxLength: 24 }),
        fc.boolean(),
        (acts, pairUp) => {
          const hall = new Hall({ peers: pairUp ? 2 : 1 })
          const honest = hall.client('trusted', { from: 'honest' })
          const raws = [hall.dial('stray'), hall.dial('stray', { from: 'two' })] as const
          hall.run(50)
          for (const [who, one] of acts) {
            const raw = raws[who] as Raw
            if (raw.end !== null) continue
            does(hall, raw, one)
          }
          honest.call(1, { input: { text: 'honest' } })
          hall.until(() => honest.last('result') !== undefined, 2_000)
          for (const raw of raws) raw.link.close()
          hall.run(300)
          expect(honest.end).toBeNull()
          expect(hall.cluster.ended).toEqual([])
          expect(hall.state()).toMatchObject({ gold: 0 })
          expect(hall.state().notes).toContain('honest')
          // Nobody but an honest mind could say so.
          for (const raw of raws)
            for (const said of raw.inbox)
              if (said.t === 'state' || said.t === 'readable') expect(said.state).toHaveProperty('v.notes')
          expect(hall.cluster.desk('ann')?.status()).toEqual({
            trusted: 1,
            stray: 0,
            inFlight: 0,
            watches: 0,
          })
          for (const at of ['board', 'vault'])
            expect(hall.cluster.peer('ann')?.metrics().roles[at]?.queues).toMatchObject({
              waiting: 0,
              inFlight: 0,
            })
        },
      ),
      { numRuns: RUNS },
    )
  })
})

describe('generated roles', () => {
  const commands = ['alpha', 'beta', 'gamma']
  const definition = fc.record({
    open: fc.subarray(commands),
    readable: fc.boolean(),
  })

  function roleOf(at: number, { open, readable }: { open: string[]; readable: boolean }): AnyRole {
    return role(`role-${at}`, {
      state: (): { readonly did: readonly string[] } => ({ did: [] }),
      events: {
        did: (s: { readonly did: readonly string[] }, e: { what: string }) => ({ did: [...s.did, e.what] }),
      },
      commands: Object.fromEntries(
        commands.map((what) => [
          what,
          (_: unknown, _c: unknown, on: { did(e: { what: string }): never }) => persist(on.did({ what })),
        ]),
      ),
      schemas: Object.fromEntries(commands.map((what) => [what, anything])),
      open,
      ...(readable && { readable: 'stray' }),
    } as never) as unknown as AnyRole
  }

  it('a stray does what is open and reads what is readable, and of all the rest nothing', () => {
    fc.assert(
      fc.property(fc.array(definition, { minLength: 1, maxLength: 3 }), (definitions) => {
        const roles = definitions.map((one, at) => roleOf(at, one))
        const hall = new Hall({ roles })
        const raw = hall.client('stray')
        let seq = 0
        for (const [at, one] of roles.entries()) {
          for (const what of commands) raw.call(++seq, { role: one.name, command: what, input: null })
          raw.say({ t: 'watch', n: at, role: one.name, after: null })
          raw.say({
            t: 'read',
            n: at,
            role: one.name,
            deadlineMs: 500,
            consistency: 'linearizable',
            maxStaleMs: null,
          })
        }
        hall.run(1_000)
        for (const [at, { open, readable }] of definitions.entries()) {
          const state = hall.cluster.peer('ann')?.roles.state(`role-${at}`)
          expect(state).toEqual({ did: commands.filter((what) => open.includes(what)) })
          expect(raw.all('state').some(({ n }) => n === at)).toBe(readable)
          expect(raw.all('readable').some(({ n }) => n === at)).toBe(readable)
          if (!readable) expect(raw.all('event').some(({ n }) => n === at)).toBe(false)
        }
        expect(raw.all('result').length + raw.all('failed').length).toBe(seq)
      }),
      { numRuns: 25 },
    )
  })
})
