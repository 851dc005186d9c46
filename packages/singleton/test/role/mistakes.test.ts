import { describe, expect, it } from 'vitest'
import { persist, role } from '../../src/role/index.js'

/** Mistakes that the compiler lets pass, or that JavaScript makes: each is found where the role is defined. */

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what JavaScript may pass
const define = role as unknown as (name: string, definition: unknown) => unknown
const good = {
  state: () => ({ a: 1 }),
  events: { set: (_s: unknown, e: { v: number }) => ({ a: e.v }) },
  commands: { put: () => persist() },
}
const run = (): void => {}
const schema = { '~standard': { version: 1, vendor: 'by hand', validate: (value: unknown) => ({ value }) } }
class Money {
  readonly cents = 1
}
const circle: Record<string, unknown> = {}
circle['self'] = circle

describe('role()', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'reactions that are no object',
      { reactions: [] },
      "role('x'): 'reactions' must be an object with a function or { run } by event.",
    ],
    [
      'a reaction to an unknown event',
      { reactions: { sett: run } },
      "role('x'): reactions.sett reacts to no event of the role; it has set.",
    ],
    [
      'a reaction that is no function',
      { reactions: { set: 3 } },
      "role('x'): reactions.set must be a function, or an object with 'run'.",
    ],
    [
      'a reaction without run',
      { reactions: { set: { attempts: 3 } } },
      "role('x'): reactions.set.run must be a function.",
    ],
    [
      'an unknown option of a reaction',
      { reactions: { set: { run, tries: 3 } } },
      "role('x'): reactions.set has no option tries; there are run, lane, attempts, timeoutMs, backoffMs, maxBackoffMs.",
    ],
    [
      'a lane that is no function',
      { reactions: { set: { run, lane: 'a' } } },
      "role('x'): reactions.set.lane must be a function of the event that returns a text.",
    ],
    [
      'no attempt',
      { reactions: { set: { run, attempts: 0 } } },
      "role('x'): reactions.set.attempts must be a whole number, 1 or more.",
    ],
    [
      'half an attempt',
      { reactions: { set: { run, attempts: 1.5 } } },
      "role('x'): reactions.set.attempts must be a whole number, 1 or more.",
    ],
    [
      'a time without end',
      { reactions: { set: { run, timeoutMs: Infinity } } },
      "role('x'): reactions.set.timeoutMs must be a number of milliseconds above 0, at most 2147483647.",
    ],
    [
      'a pause below nothing',
      { reactions: { set: { run, backoffMs: -1 } } },
      "role('x'): reactions.set.backoffMs must be a number of milliseconds above 0, at most 2147483647.",
    ],
    [
      'pauses that shrink',
      { reactions: { set: { run, backoffMs: 100, maxBackoffMs: 50 } } },
      "role('x'): reactions.set.maxBackoffMs is less than backoffMs.",
    ],
    [
      'a due that is no function',
      { due: [] },
      "role('x'): 'due' must be a function of the state that returns what run.COMMAND(...) gives.",
    ],
    [
      'schemas that are no object',
      { schemas: schema },
      "role('x'): schemas.~standard is for no command of the role; it has put.",
    ],
    [
      'a schema of an unknown command',
      { schemas: { pet: schema } },
      "role('x'): schemas.pet is for no command of the role; it has put.",
    ],
    [
      'a schema that is none',
      { schemas: { put: { parse: run } } },
      "role('x'): schemas.put is no validator with Standard Schema, version 1 (zod, valibot and others make such).",
    ],
    [
      'a schema of another version',
      { schemas: { put: { '~standard': { version: 2, validate: run } } } },
      "role('x'): schemas.put is no validator with Standard Schema, version 1 (zod, valibot and others make such).",
    ],
    ['open that is no list', { open: 'put' }, "role('x'): 'open' must be a list of commands."],
    [
      'open with an unknown command',
      { open: ['pet'] },
      "role('x'): 'open' names pet, which is no command of the role; it has put.",
    ],
    [
      'open without a schema',
      { open: ['put'] },
      "role('x'): 'open' names put, so strays may call it; it needs a schema in 'schemas'.",
    ],
    [
      'an unknown limit',
      { limits: { bytes: 1 } },
      "role('x'): there is no limit 'bytes'; there are inputBytes, eventBytes, stateBytes.",
    ],
    [
      'a limit of nothing',
      { limits: { inputBytes: 0 } },
      "role('x'): limits.inputBytes must be a whole number of bytes from 1 to 1048576.",
    ],
    [
      'a function in the state',
      { state: () => ({ a: [{ f: run }] }) },
      "role('x'): the first state cannot be kept: state.a[0].f: a function cannot be sent or kept.",
    ],
    [
      'a symbol in the state',
      { state: () => ({ a: Symbol('a') }) },
      "role('x'): the first state cannot be kept: state.a: a symbol cannot be sent or kept.",
    ],
    [
      'an instance of a class in the state',
      { state: () => ({ price: new Money() }) },
      "role('x'): the first state cannot be kept: state.price: a value of class Money cannot be sent or kept; give a plain object.",
    ],
    [
      'a promise for a state',
      { state: async () => ({}) },
      "role('x'): the first state cannot be kept: state: a value of class Promise cannot be sent or kept; give a plain object.",
    ],
    ['a circle in the state', { state: () => circle }, 'nested more than 64 levels deep, or in a circle'],
  ])('refuses %s', (_what, wrong, sentence) => {
    expect(() => define('x', { ...good, ...wrong })).toThrow(sentence)
    expect(() => define('x', { ...good, ...wrong })).toThrow(TypeError)
  })

  it('takes what is right', () => {
    const validator = Object.assign(() => {}, schema)
    expect(() =>
      define('x', {
        ...good,
        state: () => ({
          when: new Date(0),
          many: new Map([[1, new Set(['a'])]]),
          bytes: new Uint8Array(3),
          none: undefined,
        }),
        reactions: {
          set: { run, lane: () => 'a', attempts: 1, timeoutMs: 5, backoffMs: 1, maxBackoffMs: 1 },
        },
        due: () => [],
        schemas: { put: validator },
        open: ['put'],
        limits: { inputBytes: 5 },
      }),
    ).not.toThrow()
  })
})
