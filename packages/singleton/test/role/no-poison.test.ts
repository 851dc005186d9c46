import { digestOf, fromEncoded, toEncoded } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRoleHost, persist, refuse, role } from '../../src/role/index.js'
import type { AnyRole, CommandRequest, Decided } from '../../src/role/index.js'
import { Server } from './ledger.js'

/** Given to commands by the test: what no caller can send, but a command can make. */
let given: unknown = null

class Money {
  readonly cents = 1
}
type State = { kept: unknown; others: readonly number[] }

const safe = role('safe', {
  state: (): State => ({ kept: null, others: [1, 2, 3] }),
  events: {
    kept: (s, e: { value: unknown }) => ({ ...s, kept: e.value }),
    /** What an event makes is of the role's own code: it need not have been carried by anything. */
    made: (s) => ({ ...s, kept: given }),
  },
  commands: {
    keep: (_s, _c: void, on) => persist(on.kept({ value: given })),
    make: (_s, _c: void, on) => persist(on.made()),
    answer: () => persist().reply(() => given),
    decline: () => refuse(given),
    echo: (_s, c: unknown, on) => persist(on.kept({ value: c })).reply(() => c),
  },
})

const roles: readonly AnyRole[] = [safe]
const request = (seq: number, command: string, input?: unknown): CommandRequest => ({
  session: 'ann',
  seq,
  floor: 0,
  role: 'safe',
  command,
  input: toEncoded(input),
  caller: { level: 'member' },
})

/** A server, and two that only read its journal: one as it comes, one by a snapshot. */
function office() {
  const server = new Server(roles)
  const follower = createRoleHost(roles)
  let seq = 0
  return {
    server,
    decide: (command: string, input?: unknown): Decided => server.decide(request(++seq, command, input)),
    /** Everybody has read everything, and is alike. */
    alike: (): void => {
      for (const record of server.commit()) follower.apply(record)
      const capture = server.host.capture()
      const restore = createRoleHost(roles).restore()
      for (let bytes = capture.next(); bytes !== null; bytes = capture.next()) restore.write(bytes)
      restore.finish()
      expect(follower.digest()).toBe(server.host.digest())
      expect(digestOf(follower.state('safe'))).toBe(digestOf(server.host.state('safe')))
    },
  }
}

const uncarried: readonly [string, () => unknown][] = [
  ['a function', () => () => 1],
  ['a symbol', () => Symbol('x')],
  ['an instance of a class', () => ({ price: new Money() })],
  ['a promise', () => Promise.resolve(1)],
  ['an Error', () => new Error('x')],
  ['an invalid Date', () => [new Date(Number.NaN)]],
  ['a Buffer', () => Buffer.from('x')],
  ['a regular expression', () => new Map([['k', /x/]])],
  ['a function deep in new parts', () => ({ a: [{ b: new Set([() => 1]) }] })],
  ['the name of a prototype', () => JSON.parse('{"a":{"__proto__":{"x":1}}}') as unknown],
]

describe('no command is a poison for those who read the journal', () => {
  describe.each(uncarried)('%s', (_what, make) => {
    it.each(['keep', 'make', 'answer', 'decline'])(
      'by %s fails the command, and nothing is journalled',
      (command) => {
        given = make()
        const { server, decide, alike } = office()
        expect(decide(command)).toMatchObject({ kind: 'failed', refusal: { reason: 'threw' } })
        expect(server.tail).toHaveLength(0)
        given = 'good'
        expect(decide(command).kind).toBe('append')
        alike()
      },
    )
  })

  it('what a snapshot would not hold is found when it is made, also where the state was frozen before', () => {
    const { decide, alike } = office()
    given = Object.freeze({ tools: Object.freeze([Object.freeze({ run: () => 1 })]) })
    expect(decide('make')).toMatchObject({ kind: 'failed', refusal: { reason: 'threw' } })
    alike()
  })

  it('a reply, a refusal or an event that its command changes later stays as it was journalled', () => {
    for (const command of ['keep', 'answer', 'decline']) {
      const mine = { list: [1] }
      given = mine
      const { decide, alike } = office()
      const decided = decide(command)
      const before = JSON.stringify(decided.kind === 'append' && decided.outcome)
      mine.list.push(2)
      expect(JSON.stringify(decided.kind === 'append' && decided.outcome)).toBe(before)
      alike()
    }
  })

  it('a reply with a toJSON or a getter that changes its mind is not kept in two ways', () => {
    let reads = 0
    const fickle = {
      get n() {
        return ++reads
      },
    }
    for (const value of [fickle, Object.assign([1], { toJSON: () => 'other' })]) {
      given = value
      const { server, decide, alike } = office()
      const decided = decide('answer')
      if (decided.kind === 'append') {
        const { outcome } = JSON.parse(new TextDecoder().decode(server.tail[0]?.payload)) as {
          outcome: unknown
        }
        expect(decided.outcome).toEqual(outcome)
      }
      alike()
    }
  })

  it('an input that is more than the role takes is refused before it is run', () => {
    const { server, decide } = office()
    expect(decide('echo', 'x'.repeat(300_000))).toMatchObject({ refusal: { reason: 'too-large' } })
    expect(server.tail).toHaveLength(0)
  })

  it('whatever an input is, what is journalled of it is read alike by everybody', () => {
    const values = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
    })
    fc.assert(
      fc.property(fc.array(values, { maxLength: 6 }), (inputs) => {
        const { decide, alike } = office()
        for (const input of inputs) {
          let sent: unknown
          try {
            sent = fromEncoded(toEncoded(input))
          } catch {
            // Refused to its caller.
            continue
          }
          expect(decide('echo', sent).kind).toBe('append')
        }
        alike()
      }),
      { numRuns: 60 },
    )
  })
})
