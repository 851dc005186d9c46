import { describe, expect, it } from 'vitest'
import { createRoleHost, role } from '../../src/role/index.js'

const base = {
  state: () => 0,
  events: { set: (_s: number, e: number) => e, cleared: () => 0 },
  commands: {},
}
const up = (old: unknown): unknown => old

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a program without types may do
const define = role as unknown as (name: string, definition: unknown) => { readonly name: string }

describe('what a role says of its age', () => {
  it.each<[string, object, RegExp]>([
    ['versions that are no object', { versions: 2 }, /role\('x'\): 'versions' must be an object by event/],
    [
      'a version of no event',
      { versions: { sett: 2 } },
      /versions\.sett is about an event that there is not; there are set, cleared/,
    ],
    [
      'a version that is no number',
      { versions: { set: '2' } },
      /versions\.set is 2; versions are whole numbers from 1/,
    ],
    ['a broken version', { versions: { set: 1.5 } }, /versions\.set is 1\.5/],
    ['version zero', { versions: { set: 0 } }, /versions\.set is 0/],
    [
      'no steps up',
      { versions: { set: 2 } },
      /upcast\.set\[1\] is missing: version 2 needs a step up from each/,
    ],
    ['a missing step', { versions: { set: 3 }, upcast: { set: { 1: up } } }, /upcast\.set\[2\] is missing/],
    [
      'a step too many',
      { versions: { set: 2 }, upcast: { set: { 1: up, 2: up } } },
      /upcast\.set\[2\] leads nowhere/,
    ],
    ['steps of version 1', { upcast: { set: { 1: up } } }, /upcast\.set\[1\] leads nowhere/],
    [
      'steps of no event',
      { upcast: { sett: { 1: up } } },
      /upcast\.sett is about an event that there is not/,
    ],
    [
      'a step that is no function',
      { versions: { set: 2 }, upcast: { set: { 1: 3 } } },
      /upcast\.set\[1\] must be a function/,
    ],
    [
      'a step from no version',
      { versions: { set: 2 }, upcast: { set: { one: up } } },
      /upcast\.set\.one is no version/,
    ],
    ['a way down from nowhere', { downcast: { set: { 2: up } } }, /downcast\.set\[2\] comes from nowhere/],
    [
      'a way down with a gap',
      { versions: { set: 3 }, upcast: { set: { 1: up, 2: up } }, downcast: { set: { 2: up } } },
      /downcast\.set\[3\] is missing: the way down begins at today's version 3/,
    ],
    ['a way down of no event', { downcast: { sett: { 2: up } } }, /downcast\.sett is about an event/],
    ['a state version that is none', { stateVersion: -1 }, /role\('x'\): stateVersion is -1/],
    ['no way up for the state', { stateVersion: 2 }, /upcastState\[1\] is missing: stateVersion 2 needs/],
    ['a way up of the state to nowhere', { upcastState: { 1: up } }, /upcastState\[1\] leads nowhere/],
    [
      'a former name of nothing',
      { renamed: { put: 'sett' } },
      /renamed\.put must name one of today's events: set, cleared/,
    ],
    [
      'a former name that is a name',
      { renamed: { cleared: 'set' } },
      /renamed\.cleared: 'cleared' is the name of an event today/,
    ],
    ['a former name that is none', { renamed: { 'a-b': 'set' } }, /renamed\.a-b cannot have been the name/],
    ['former names that are no list', { formerly: 'y' }, /'formerly' must be a list/],
    [
      'a former name of a role that is none',
      { formerly: ['Y'] },
      /formerly\[0\] cannot have been the name of a role/,
    ],
    ['its own name', { formerly: ['x'] }, /formerly\[0\] is its name today/],
    ['one twice', { formerly: ['y', 'y'] }, /formerly\[1\] stands there twice/],
  ])('refuses %s with a sentence that names the place', (_what, more, sentence) => {
    expect(() => define('x', { ...base, ...more })).toThrow(sentence)
  })

  it('refuses roles of which the journal could mean either', () => {
    const x = role('x', { ...base, formerly: ['z'] })
    expect(() => createRoleHost([x, role('z', base)])).toThrow(
      /'x' was formerly called 'z', and so is the role 'z'/,
    )
    expect(() => createRoleHost([x, role('y', { ...base, formerly: ['z'] })])).toThrow(/so is the role 'x'/)
  })
})
