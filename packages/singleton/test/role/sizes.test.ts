import { Table, table } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCalls, createRoleHost, persist, role, stepCalls, toEncoded } from '../../src/role/index.js'
import type { Decided, RoleHost } from '../../src/role/index.js'
import { growth } from '../../src/role/sizes.js'
import type { AnyRole } from '../../src/role/types.js'

interface Pages {
  readonly pages: Table<number, string>
  readonly reads: number
}

const book = role('book', {
  state: (): Pages => ({ pages: table(), reads: 0 }),
  events: {
    put: (s, e: { page: number; text: string }) => ({ ...s, pages: s.pages.set(e.page, e.text) }),
    torn: (s, e: { page: number }) => ({ ...s, pages: s.pages.delete(e.page) }),
    read: (s) => ({ ...s, reads: s.reads + 1 }),
  },
  commands: {
    put: (_s, c: { page: number; text: string }, on) => persist(on.put(c)),
    put2: (_s, c: { page: number; text: string }, on) =>
      persist(on.put(c), on.put({ ...c, text: `${c.text}!` })),
    tear: (_s, c: { page: number }, on) => persist(on.torn(c)),
    read: (_s, _c: void, on) => persist(on.read()),
  },
  limits: { inputBytes: 1_000, eventBytes: 600, stateBytes: 20_000 },
})

/** A host that commits everything at once. */
function serving(of: AnyRole = book): { host: RoleHost; run: (command: string, input?: unknown) => Decided } {
  const host = createRoleHost([of])
  host.beginReign()
  let index = 0
  const run = (command: string, input?: unknown): Decided => {
    index++
    const request = {
      session: 'caller',
      seq: index,
      floor: index - 1,
      role: of.name,
      command,
      input: toEncoded(input),
      caller: { level: 'member' as const },
    }
    const decided = host.decide(request, { index, term: 1, atMs: 0, branch: 'b' })
    if (decided.kind === 'append') host.apply({ index, term: 1, payload: decided.payload })
    return decided
  }
  return { host, run }
}

const refusal = (reason: string, text: RegExp): object => ({
  kind: 'failed',
  refusal: { reason, text: expect.stringMatching(text) },
})

describe('limits of a role', () => {
  it('refuse an input that is too large, with both numbers, and take one that is just not', () => {
    const { run } = serving()
    // With {"v":{"page":1,"text":""}} around it 1000 bytes: it is run, and its event is too large.
    expect(run('put', { page: 1, text: 'é'.repeat(487) })).toMatchObject(
      refusal('too-large', /^book.put made/),
    )
    expect(run('put', { page: 1, text: 'é'.repeat(600) })).toMatchObject(
      refusal('too-large', /^The input of book.put has 1226 bytes; 1000 are allowed\.$/),
    )
  })

  it('refuse a command that makes an event that is too large; several that are not may be larger together', () => {
    const { run, host } = serving()
    expect(run('put2', { page: 1, text: 'x'.repeat(500) }).kind).toBe('append')
    const before = host.state('book')
    expect(run('put2', { page: 2, text: 'x'.repeat(570) })).toMatchObject(
      refusal('too-large', /^book.put2 made an event 'put' of 6\d\d bytes; 600 are allowed\.$/),
    )
    expect(host.state('book')).toBe(before)
  })

  it('refuse what adds to a full state, and nothing else', () => {
    const { run, host } = serving()
    let page = 0
    while (run('put', { page: ++page, text: 'x'.repeat(200) }).kind === 'append')
      expect(page).toBeLessThan(200)
    const bytes = JSON.stringify(host.state('book')).length
    expect(bytes).toBeGreaterThan(20_000 * 0.85)
    expect(bytes).toBeLessThan(20_000)
    expect(run('put', { page, text: 'x'.repeat(200) })).toMatchObject(
      refusal(
        'too-large',
        /^The state of the role 'book' has about 1\d{4} bytes, and book.put would add to it; 20000 are allowed\.$/,
      ),
    )
    for (let i = 0; i < 500; i++) expect(run('read').kind).toBe('append')
    expect(run('put', { page: 1, text: 'y'.repeat(190) }).kind).toBe('append')
    for (let i = 1; i < page / 2; i++) expect(run('tear', { page: i }).kind).toBe('append')
    expect(run('put', { page, text: 'x'.repeat(200) }).kind).toBe('append')
  })

  it('count what a state holds, not what was ever journalled', () => {
    const { run } = serving()
    for (let i = 0; i < 2_000; i++)
      expect(run('put', { page: i % 10, text: `${i}`.repeat(20) }).kind).toBe('append')
  })

  it('count what a snapshot wrote and what another replica restores', () => {
    const { run, host } = serving({ ...book, limits: { stateBytes: 1_000_000 } })
    for (let i = 0; i < 150; i++) run('put', { page: i, text: 'x'.repeat(200) })
    const capture = host.capture()
    const small = createRoleHost([book])
    const restore = small.restore()
    for (let bytes = capture.next(); bytes !== null; bytes = capture.next()) restore.write(bytes)
    restore.finish()
    small.beginReign()
    const request = { session: 'c', seq: 1, floor: 0, role: 'book', caller: { level: 'member' as const } }
    const at = { index: 1_000, term: 2, atMs: 0, branch: 'b' }
    const input = toEncoded({ page: 1_000, text: 'x' })
    expect(small.decide({ ...request, command: 'put', input }, at)).toMatchObject(
      refusal('too-large', /^The state of the role 'book' has about 3\d{4} bytes/),
    )
    expect(small.decide({ ...request, command: 'read', input: null }, at).kind).toBe('append')
  })

  it('end a call at once whose input no link could carry', () => {
    const calls = createCalls({ session: 'me:1' })
    const input = toEncoded('x'.repeat(5_000_000))
    const call = { kind: 'call' as const, callId: 1, role: 'book', command: 'put', input }
    const now = { monotonicMs: 0, wallMs: 0 }
    const effects = stepCalls(calls, call, now, { next: () => 0, id: () => '' })
    expect(effects).toMatchObject([{ kind: 'resolve', callId: 1, outcome: { status: 'refused' } }])
    expect(JSON.stringify(effects)).toMatch(/The input of book.put has 5000008 bytes; 1048576 are allowed\./)
  })

  it('are checked by role(...)', () => {
    const part = { state: () => 0, events: {}, commands: {} }
    const bad: readonly [object, RegExp][] = [
      [
        { inputBytes: 0 },
        /^role\('x'\): limits.inputBytes must be a whole number of bytes from 1 to 1048576\.$/,
      ],
      [{ eventBytes: 2_000_000 }, /limits.eventBytes must be a whole number of bytes from 1 to 1048576/],
      [{ stateBytes: 1.5 }, /limits.stateBytes must be/],
      [
        { bytes: 1 },
        /^role\('x'\): there is no limit 'bytes'; there are inputBytes, eventBytes, stateBytes\.$/,
      ],
    ]
    for (const [limits, text] of bad) expect(() => role('x', { ...part, limits })).toThrow(text)
  })
})

describe('the growth of a state', () => {
  it('is the same by whatever steps it came about', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string({ maxLength: 9 }),
        fc.integer(),
        fc.constantFrom(null, true, new Map([['a', 'b']]), new Set([1]), new Uint8Array(3)),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 3 }), tie('any'), { maxKeys: 4 }),
        fc
          .array(fc.tuple(fc.string({ maxLength: 3 }), tie('any')), { maxLength: 4 })
          .map((entries) => table<string, unknown>(entries)),
      ),
    })).any
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(growth(a, b) + growth(b, c)).toBe(growth(a, c))
        expect(growth(a, b) + growth(b, a)).toBe(0)
        expect(growth(a, a)).toBe(0)
      }),
      { numRuns: 500 },
    )
  })
})
