import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { CodecError } from '../../../src/index.js'
import { type AnyRef, isRef, makeRef, refText, type Target } from '../../../src/actor/index.js'
import { pack, unpack } from '../../../src/actor/remote/parcel.js'

const nobody: Target = {
  handlers: null,
  load: 0,
  tell: () => false,
  ask: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  watch: () => {},
  unwatch: () => {},
}
const ref = (name: string): AnyRef => makeRef('m.1', `peer/${name}`, 1, nobody)
const byText = (text: string): AnyRef => ref(/\/(\w+)#/.exec(text)?.[1] ?? '?')

function travelled(value: unknown): unknown {
  return unpack(JSON.parse(JSON.stringify(pack(value, refText))), byText)
}

describe('refs in messages', () => {
  it('arrive at any depth, in objects, arrays, Maps and Sets', () => {
    const [a, b, c] = ['a', 'b', 'c'].map(ref)
    const value = {
      one: a,
      list: [1, b, [c]],
      map: new Map<unknown, unknown>([
        [a, 'key'],
        ['value', new Set([b, c, 'text'])],
      ]),
      when: new Date(5),
    }
    expect(travelled(value)).toEqual(value)
  })

  it('arrive when the message is nothing but a ref', () => {
    const arrived = travelled(ref('a'))
    expect(isRef(arrived) && refText(arrived)).toBe('tanist:m.1/peer/a#1')
  })

  it('leave a value without refs as it is, and do not change what was sent', () => {
    const sent = { a: ref('a'), rest: { n: 1 } }
    const before = sent.a
    pack(sent, refText)
    expect(sent.a).toBe(before)
    expect(pack({ n: 1 }, refText)).toEqual({ value: { v: { n: 1 } } })
  })

  it('do not hide what cannot be sent: the error has the path to it', () => {
    const wrong = { ref: ref('a'), list: [{ f: () => 1 }] }
    expect(() => pack(wrong, refText)).toThrow(/^\$\.list\[0\]\.f: a function cannot be sent/)
  })

  it('are refused where they work only in one system, with the path', () => {
    expect(() => pack({ list: [ref('a')] }, () => null)).toThrow(
      /^\$\.list\[0\]: the ref peer\/a leads to no actor/,
    )
  })

  it('survive in generated values', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.constantFrom('a', 'b', 'c').map(ref),
      fc.constant(undefined),
      fc.date({ noInvalidDate: true }),
    )
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('x', 'y', 'a.b', '0'), tie('tree')),
        fc.array(fc.tuple(leaf, tie('tree')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
        fc.array(fc.string(), { maxLength: 3 }).map((items) => new Set<unknown>([...items, ref('s')])),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(textual(travelled(value))).toEqual(textual(value))
      }),
      { numRuns: 500 },
    )
  })

  it('that lead nowhere in the value are refused, and never reach a prototype', () => {
    for (const path of [
      ['__proto__'],
      ['constructor'],
      ['b'],
      [0],
      ['list', 7],
      ['map', 0],
      ['map', 0, 'side'],
      ['n', 'x'],
    ])
      expect(() =>
        unpack(
          {
            value: pack({ list: [1], map: new Map([[1, 2]]), n: 1 }, refText).value,
            refs: [[path, 'tanist:m.1/a#1']],
          },
          byText,
        ),
      ).toThrow(CodecError)
  })
})

/** Refs as texts, so that equality sees nothing else. */
function textual(value: unknown): unknown {
  if (isRef(value)) return refText(value)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [textual(key), textual(item)]))
  if (value instanceof Set) return new Set([...value].map(textual))
  if (Array.isArray(value)) return value.map(textual)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, textual(item)]))
}
