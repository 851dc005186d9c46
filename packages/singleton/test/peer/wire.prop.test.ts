import { encodeEntries, encodeFrame } from '@tanist/core'
import type { Entry } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeWire } from '../../src/peer/wire.js'
import { Stage } from '../succession/stage.js'

const of = { index: 5, term: 1, bytes: 900, checksum: 7 }
const point = { id: 'z', index: 1, held: 1, of: 1 }
const claim = { chain: [point], lastIndex: 9, commitIndex: 9, held: 1, of: 1, leads: true, beaten: ['y'] }
const set = [1, 1]
const sent = [1, 2]

/** One of every kind that succession knows, with every field. */
const messages: readonly Readonly<Record<string, unknown>>[] = [
  {
    t: 'append',
    prevIndex: 2,
    prevTerm: 1,
    commit: 2,
    round: 1,
    sent,
    line: ['b'],
    pair: { set, echo: [1, 2, 3], soloMs: 9 },
  },
  {
    t: 'appended',
    round: 1,
    sent,
    match: -1,
    hint: { rejected: 2, index: 1, term: 1 },
    promiseMs: 9,
    tag: sent,
    stalled: true,
    spent: true,
  },
  {
    t: 'vote',
    pre: false,
    lastIndex: 9,
    lastTerm: 9,
    transfer: false,
    dead: { memberId: 'a', incarnation: 1 },
    pair: { set, incarnation: 1 },
  },
  { t: 'voted', pre: true, asked: 2, granted: true },
  { t: 'snapshot', of, offset: 0 },
  { t: 'received', of, offset: 3, match: -1 },
  { t: 'fetch', from: 3, diverged: 3 },
  { t: 'prepare', to: 'b' },
  { t: 'prepared' },
  { t: 'stand', stay: true },
  { t: 'stand', vote: true },
  { t: 'admit', member: { memberId: 'd', incarnation: 1, name: 'd', address: 'd:1' }, rejoin: true },
  { t: 'leave' },
  { t: 'left' },
  { t: 'canvass' },
  { t: 'canvassed' },
  { t: 'operate', id: 1, operation: { op: 'evict', memberId: 'c' } },
  { t: 'operated', id: 1, status: 'done', text: '' },
  { t: 'evicted', incarnation: 1, why: '' },
  { t: 'branch', claim },
  { t: 'concede', claim },
  { t: 'conceded', claim, runs: [[1, 1]] },
  { t: 'fork', by: 'operator', lastIndex: 1, lastTerm: 1 },
  { t: 'forked', refused: 'newer' },
  { t: 'dissolve', towards: 'z:1' },
  { t: 'grant', set, committed: true, leads: true, notice: false },
  { t: 'granted', set, to: 'a', committed: true },
]

const odd = fc.constantFrom<unknown>(
  null,
  -1,
  -7,
  0,
  0.5,
  3,
  1e15,
  2 ** 53,
  '',
  'x',
  true,
  [],
  {},
  [null],
  [1],
  [[]],
  [{}],
  ['x', 'y', 'z'],
)

/** Replaces, or takes away, what is somewhere in a message. */
function spoil(value: unknown, path: readonly number[], by: { readonly value: unknown } | null): unknown {
  const [at, ...rest] = path
  if (at === undefined || typeof value !== 'object' || value === null) return by?.value
  const keys = Object.keys(value)
  if (keys.length === 0) return by?.value
  const key = keys[at % keys.length] ?? ''
  const copy: Record<string, unknown> = { ...value }
  const next = spoil(copy[key], rest, by)
  if (next === undefined) delete copy[key]
  else copy[key] = next
  return Array.isArray(value) ? Object.values(copy) : copy
}

const path = fc.array(fc.nat(12), { minLength: 1, maxLength: 4 })
const spoiled = fc
  .record({
    message: fc.constantFrom(...messages),
    term: fc.constantFrom(0, 1, 2, 1e12),
    branch: fc.constantFrom<unknown>('own', null, 'z', 4),
    changes: fc.array(fc.record({ path, by: fc.option(fc.record({ value: odd }), { freq: 4 }) }), {
      maxLength: 3,
    }),
    data: fc.option(
      fc.record({ first: fc.integer({ min: 1, max: 9 }), bytes: fc.constantFrom(0, 10, 2_000) }),
      { freq: 2 },
    ),
  })
  .map(({ message, term, branch, changes, data }) => {
    const { t, ...fields } = message
    let body: unknown = { term, branch, ...fields }
    for (const { path: at, by } of changes) body = spoil(body, at, by)
    return { body: { ...(body as object), t }, data }
  })

/** A leader, a follower, somebody without a journal, and one of a pair. */
function peers(): { readonly stage: Stage; readonly name: string; readonly branch: string | null }[] {
  const [three, two, none] = [new Stage(), new Stage(), new Stage()]
  three.cluster('a', 'b', 'c')
  three.propose('a', 'x', 'y')
  two.cluster('a', 'b')
  none.start('a')
  const row = (stage: Stage, name: string) => ({
    stage,
    name,
    branch: stage.state(name).founding?.branchId ?? null,
  })
  return [row(three, 'a'), row(three, 'c'), row(none, 'a'), row(two, 'a'), row(two, 'b')]
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error))

describe('a message of a member', () => {
  it('of every kind is understood', () => {
    for (const message of messages) {
      const body = { term: 1, branch: 'own', ...message }
      expect(decodeWire(encodeFrame([{ channel: 's', body }]))).toMatchObject([{ channel: 's', body }])
    }
  })

  it('with whatever in it, is refused by its form or breaks nothing', { timeout: 60_000 }, () => {
    let taken = 0
    let refused = 0
    const property = fc.property(fc.array(spoiled, { minLength: 20, maxLength: 20 }), (all) => {
      const machines = peers()
      for (const { body, data } of all) {
        for (const { stage, name, branch } of machines) {
          const addressed = 'branch' in body && body.branch === 'own' ? { ...body, branch } : body
          const entries: Entry[] =
            data === null
              ? []
              : [{ index: data.first, term: 1, kind: 5, payload: new Uint8Array(data.bytes) }]
          const bytes = entries.length === 0 ? {} : { data: encodeEntries(entries) }
          let decoded
          try {
            decoded = decodeWire(encodeFrame([{ channel: 's', body: addressed, ...bytes }]))
          } catch {
            refused += 1
            continue
          }
          const [wire] = decoded
          if (wire?.channel !== 's') throw new Error('another channel')
          taken += 1
          const from = name === 'a' ? 'b' : 'a'
          const message = { from, incarnation: 1, message: wire.body, entries: wire.entries }
          try {
            stage.step(name, { kind: 'message', ...message })
          } catch (error) {
            // What no form can tell: a member that says it leads the own reign.
            expect(text(error), JSON.stringify(addressed)).toMatch(/two leaders in term/)
          }
        }
      }
    })
    fc.assert(property, { numRuns: 60, seed: 12 })
    expect(taken).toBeGreaterThan(500)
    expect(refused).toBeGreaterThan(500)
  })
})

/** The two messages that come with every command, with what they hold then. */
const usual: readonly Readonly<Record<string, unknown>>[] = [
  { t: 'append', prevIndex: 2, prevTerm: 1, commit: 2, round: 1, sent, line: null, branch: 'z', term: 1 },
  { t: 'appended', round: 1, sent, match: 2, promiseMs: 150.5, branch: 'z', term: 1 },
]
/** JSON can say all of them; the last two are what it says of infinity and of what is not there. */
const said = fc.constantFrom<unknown>(
  ...[0, 1, -1, -2, 0.5, 2 ** 47, 2 ** 47 + 1, 2 ** 53, '', 'z', true, [], [1, 2], [1], [1, 'z'], {}, set],
  ...[null, undefined],
)

describe('a usual message', () => {
  it('is taken exactly when the tables take it, whatever its fields hold', () => {
    const takes = (body: Readonly<Record<string, unknown>>): boolean => {
      try {
        return decodeWire(encodeFrame([{ channel: 's', body }])).length === 1
      } catch {
        return false
      }
    }
    const seen = { taken: 0, refused: 0 }
    const property = fc.property(
      fc.constantFrom(...usual),
      fc.array(fc.tuple(fc.nat(8), said), { maxLength: 2 }),
      fc.boolean(),
      (message, changes, more) => {
        const names = Object.keys(message).slice(1)
        const changed = changes.map(([at, value]) => [names[at % names.length] ?? '', value] as const)
        // A field that nobody knows is for the tables, which take no notice of it.
        const body = { ...message, ...Object.fromEntries(changed) }
        const wrong = more ? { ...body, hint: 'none' } : body
        const taken = takes(wrong)
        expect(taken, JSON.stringify(wrong)).toBe(takes({ ...wrong, unknown: 1 }))
        // Else the short way would be compared with itself.
        if (more) expect(taken, JSON.stringify(wrong)).toBe(false)
        seen[taken ? 'taken' : 'refused'] += 1
      },
    )
    fc.assert(property, { numRuns: 3_000, seed: 7 })
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(300)
  })
})
