import { encodeEvents, encodeText, toEncoded } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeEntry, parseRoleEntry } from '../../src/role/entry.js'
import { scanEntry } from '../../src/role/entry-scan.js'

const name = fc.stringMatching(/^[a-z][a-zA-Z0-9_-]{0,20}$/)
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string({ maxLength: 80 }),
    fc.constantFrom(null, true, false, 0, -0, 1.5, 1e21, 2 ** 53, '', 'é', '\u2028', '"', '\\', '__proto__'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(name, fc.string({ maxLength: 5 })), tie('value'), { maxKeys: 4 }),
  ),
})).value
const rich = fc.constantFrom(undefined, new Date(5), new Map([['a', 1]]), 12n, { a: undefined })

const entries = fc
  .record({
    role: name,
    command: name,
    session: fc.oneof(fc.constantFrom('a:1^12', 'b:1^12'), fc.string({ maxLength: 80 })),
    seq: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.maxSafeNat()),
    floor: fc.nat(2_000),
    atMs: fc.oneof(fc.constant(1_700_000_000_000), fc.double({ noNaN: true, noDefaultInfinity: true })),
    events: fc.array(fc.record({ type: name, payload: fc.oneof({ weight: 5, arbitrary: plain }, rich) }), {
      maxLength: 3,
    }),
    ok: fc.boolean(),
    value: fc.oneof({ weight: 5, arbitrary: plain }, rich),
  })
  .filter(({ events, value }) => !JSON.stringify([events, value], safely).includes('__proto__":'))
  .map(({ events, ok, value, ...entry }) => {
    const outcome = ok
      ? { status: 'ok' as const, value: toEncoded(value) }
      : { status: 'refused' as const, refusal: toEncoded(value) }
    return encodeEntry({ ...entry, outcome }, encodeEvents(events))
  })

function safely(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value
}

/** What a reader gets, to the order of the keys; or that there is nothing to get. */
function found(read: () => unknown): unknown {
  try {
    const entry = read()
    return entry === null ? null : { entry, text: JSON.stringify(entry, safely) }
  } catch {
    return 'an error'
  }
}

describe('the short way to read an entry', () => {
  it('finds what the long way finds, or nothing', () => {
    let short = 0
    fc.assert(
      fc.property(entries, (payload) => {
        const scanned = found(() => scanEntry(payload))
        if (scanned === null) return
        short++
        expect(scanned).toEqual(found(() => parseRoleEntry(payload)))
      }),
      { numRuns: 1_500 },
    )
    expect(short).toBeGreaterThan(100)
  })

  it('finds what the long way finds, or nothing, in what nobody wrote', () => {
    const digits = '{}[]",:0123456789.-+eE\\ntrufalsv\u0000\u007f\u00e9 '
    const mutation = fc.record({
      at: fc.nat(1_000),
      drop: fc.nat(2),
      put: fc.oneof(
        fc.string({ maxLength: 2, unit: fc.constantFrom(...Array.from(digits)) }),
        fc.constantFrom(
          ',"react":[0]',
          ',"ran":["k"]',
          ',2',
          '"__proto__":1,',
          '"constructor":{},',
          'null',
          '{"v":1}',
        ),
      ),
    })
    let short = 0
    fc.assert(
      fc.property(entries, fc.array(mutation, { minLength: 1, maxLength: 3 }), (payload, mutations) => {
        let text = new TextDecoder().decode(payload)
        for (const { at, drop, put } of mutations) {
          const begin = at % (text.length + 1)
          text = text.slice(0, begin) + put + text.slice(begin + drop)
        }
        const mutated = encodeText(text)
        const scanned = found(() => scanEntry(mutated))
        if (scanned === null) return
        short++
        expect(scanned).toEqual(found(() => parseRoleEntry(mutated)))
      }),
      // One in a hundred stays readable.
      { numRuns: 12_000 },
    )
    expect(short).toBeGreaterThan(20)
  })

  it('knows no session before it has read one', () => {
    const written = { role: 'r', command: 'c', session: 'here', seq: 1, floor: 0, atMs: 0 }
    const events = encodeEvents([{ type: 'e', payload: null }])
    const entry = encodeEntry({ ...written, outcome: { status: 'ok', value: toEncoded(null) } }, events)
    expect(scanEntry(entry)).not.toBeNull()
    for (const put of ['{}', '', '\u0000', '\ufffd']) {
      const broken = encodeText(new TextDecoder().decode(entry).replace('here","seq":', put))
      expect(scanEntry(broken)).toBeNull()
    }
  })

  it('keeps nothing of the memory that an entry was read from, which may soon hold another one', () => {
    const parts = ['role', 'command', 'session', 'type', 'field', 'text'] as const
    // Two texts of one hash, so that one would be looked for where the other was kept.
    const entry = (part: string, text: string): Uint8Array => {
      const of = (place: string): string => (place === part ? text : place)
      const base = {
        role: of('role'),
        command: of('command'),
        session: of('session'),
        seq: 1,
        floor: 0,
        atMs: 0,
      }
      const events = encodeEvents([{ type: of('type'), payload: { [of('field')]: of('text') } }])
      return encodeEntry({ ...base, outcome: { status: 'ok', value: toEncoded(null) } }, events)
    }
    for (const part of parts) {
      const memory = Buffer.from(entry(part, 'Aa'))
      for (let i = 0; i < 20; i++) expect(scanEntry(memory)).not.toBeNull()
      memory.set(entry(part, 'BB'))
      const other = entry(part, 'BB')
      expect(scanEntry(other)).toEqual(parseRoleEntry(other))
    }
  })

  it('finds what the long way finds, or nothing, for each unusual value', () => {
    const values = [
      '-0',
      '01',
      '-01',
      '1.5',
      '1e3',
      '1E3',
      '-',
      '+1',
      '.5',
      '1234567890123456',
      '9'.repeat(400),
    ]
    const texts = [
      '"\\u0041"',
      '"\u0007"',
      '"\u007f"',
      '"é"',
      '"',
      '""',
      `"${'x'.repeat(65)}"`,
      `"${'é'.repeat(65)}"`,
    ]
    const others = [
      '{"__proto__":1}',
      '{"constructor":1}',
      '{"prototype":{}}',
      '{"toJSON":1}',
      '{"a":1,"a":2}',
    ]
    const broken = [
      'tru',
      'nul',
      '[1,]',
      '{"a":1,}',
      ' 1',
      '[]',
      '{}',
      '[,]',
      '{"2":1,"1":2}',
      '{"v":1,"w":2}',
      '',
    ]
    const deep = [`${'['.repeat(30)}1${']'.repeat(30)}`, `${'['.repeat(70)}1${']'.repeat(70)}`]
    for (const value of [...values, ...texts, ...others, ...broken, ...deep]) {
      const places = [`"value":{"v":${value}}`, `"value":${value}`, `"x":${value}`]
      for (const place of places) {
        for (const event of ['["e",{"v":1}]', `["e",{"v":${value}}]`, `["e",${value}]`]) {
          const head =
            '{"role":"a","command":"b","session":"c","seq":1,"floor":0,"at":5,"outcome":{"status":"ok",'
          const payload = encodeText(`${head}${place}},"events":[${event}]}`)
          const scanned = found(() => scanEntry(payload))
          if (scanned !== null) expect(scanned).toEqual(found(() => parseRoleEntry(payload)))
        }
      }
    }
  })

  it('leaves fields and parts of events that it does not know to the long way', () => {
    const known =
      '{"role":"a","command":"b","session":"c","seq":1,"floor":0,"at":5,"outcome":{"status":"ok","value":null},"events":[["e",{"v":1}]]}'
    expect(scanEntry(encodeText(known))).toMatchObject({ role: 'a', events: [{ type: 'e', payload: 1 }] })
    for (const other of [
      known.replace(/\}$/, ',"react":[0]}'),
      known.replace('"events"', '"ran":["k"],"events"'),
      known.replace('{"v":1}]', '{"v":1},2]'),
      '{"expire":["a"]}',
    ])
      expect(scanEntry(encodeText(other))).toBeNull()
  })
})
