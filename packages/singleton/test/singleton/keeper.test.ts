import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { announcement, createKeeper, memories, stepKeeper } from '../../src/singleton/keeper.js'
import type { Keeper, KeeperEffect, KeeperInput } from '../../src/singleton/keeper.js'
import { mergeRecords, recordFromWire } from '../../src/singleton/record.js'
import type { SingletonRecord } from '../../src/singleton/record.js'

const name = 'board'
const windowMs = 60_000
const keeper = (server: string): Keeper => createKeeper(`${server}.1`, server, [{ name, windowMs }])
const token = (term: number): { term: number; index: number } => ({ term, index: term * 10 })

function run(k: Keeper, monotonicMs: number, ...inputs: KeeperInput[]): KeeperEffect[] {
  return inputs.flatMap((input) => stepKeeper(k, input, { monotonicMs, wallMs: 0 }))
}
const kinds = (effects: KeeperEffect[]): string[] => effects.map(({ kind }) => kind)
const state = (k: Keeper): string | undefined => announcement(k, 0)[0]?.state
const text = (k: Keeper): string | undefined => announcement(k, 0)[0]?.text
const serve = (term: number): KeeperInput => ({ kind: 'serve', token: token(term) })
const started: KeeperInput = { kind: 'started', name, at: 'tanist:x/y#1' }
const failed: KeeperInput = { kind: 'ended', name, why: 'failed', text: 'Error: boom' }
const stopped: KeeperInput = { kind: 'stopped', name }
const restart: KeeperInput = { kind: 'restart', name }

/** What one tells the others, as they hear it. */
function tell(from: Keeper, to: Keeper, nowMs: number): KeeperEffect[] {
  const records = announcement(from, nowMs).map((row) => [row.name, row.record] as const)
  return run(to, nowMs, { kind: 'known', records })
}

describe('the keeper of singletons', () => {
  it('starts them when it serves, and stops them when it does not', () => {
    const ann = keeper('ann')
    expect(kinds(run(ann, 0, serve(1)))).toEqual(['start', 'announce'])
    expect(kinds(run(ann, 0, started))).toEqual(['announce'])
    expect(state(ann)).toBe('running')
    expect(kinds(run(ann, 0, { kind: 'yield' }))).toEqual(['stop', 'announce'])
    expect(state(ann)).toBe('away')
  })

  it('starts the next one only after the former has ended', () => {
    const ann = keeper('ann')
    run(ann, 0, serve(1), started, { kind: 'yield' })
    expect(kinds(run(ann, 0, serve(1)))).toEqual(['announce'])
    expect(kinds(run(ann, 0, stopped))).toEqual(['start', 'announce'])
  })

  it('says why before it hands over, and to nobody twice within the window', () => {
    const ann = keeper('ann')
    run(ann, 0, serve(1), started)
    expect(kinds(run(ann, 0, failed))).toEqual(['log', 'announce', 'hand-over'])
    expect(kinds(run(ann, 0, { kind: 'yield' }))).toEqual(['announce'])
    // Somebody else had it meanwhile, and it came back.
    const bob = keeper('bob')
    tell(ann, bob, 0)
    run(bob, 0, serve(2), started)
    tell(bob, ann, 0)
    expect(kinds(run(ann, 9_000, serve(3), started))).toEqual(['start', 'announce', 'announce'])
    expect(kinds(run(ann, 9_000, failed))).toEqual(['log', 'announce'])
    expect(text(ann)).toContain('handed over for it a short while ago')
  })

  it('hands over again after the window', () => {
    const ann = keeper('ann')
    run(ann, 0, serve(1), started, failed, { kind: 'yield' })
    const bob = keeper('bob')
    tell(ann, bob, 0)
    run(bob, 0, serve(2), started)
    expect(kinds(run(bob, windowMs, failed))).toContain('hand-over')
  })

  it('gives up when it fails alike on the next server, whoever that is, and on all after it', () => {
    const [ann, bob, cy] = [keeper('ann'), keeper('bob'), keeper('cy')]
    run(ann, 0, serve(1), started, failed)
    tell(ann, bob, 0)
    run(ann, 0, { kind: 'yield' })
    run(bob, 100, serve(2), started)
    expect(kinds(run(bob, 200, failed))).toEqual(['log', 'announce'])
    expect(state(bob)).toBe('given-up')
    expect(text(bob)).toMatch(/limit on bob .* failed on ann before .* until an operator starts it again/)
    tell(bob, cy, 300)
    expect(kinds(run(cy, 400, serve(3)))).toEqual(['log', 'announce'])
    expect(state(cy)).toBe('given-up')
    expect(kinds(run(cy, 500, restart))).toEqual(['start', 'announce'])
    run(cy, 500, started)
    // Everything is forgotten: it may be handed over again.
    expect(kinds(run(cy, 600, failed))).toContain('hand-over')
    tell(cy, ann, 700)
    expect(announcement(ann, 700)[0]!.record.givenUp).toBeNull()
  })

  it('stays stopped where nobody could take over, and is started by the next server', () => {
    const ann = keeper('ann')
    run(ann, 0, serve(1), started, failed)
    const said = run(ann, 0, { kind: 'not-handed-over', name, text: 'There is no reachable voter.' })
    expect(kinds(said)).toEqual(['log', 'announce'])
    expect(text(ann)).toMatch(/boom.*Nobody took over: There is no reachable voter\./)
    run(ann, 0, { kind: 'yield' })
    expect(kinds(run(ann, 10, serve(1)))).toEqual(['log', 'announce'])
    const bob = keeper('bob')
    tell(ann, bob, 10)
    expect(kinds(run(bob, 20, serve(2)))).toEqual(['start', 'announce'])
  })

  it('hears from members what its predecessor could not say', () => {
    const [ann, bob, cy] = [keeper('ann'), keeper('bob'), keeper('cy')]
    run(ann, 0, serve(1), started, failed)
    tell(ann, cy, 0)
    run(bob, 100, serve(2), started)
    run(bob, 100, { kind: 'known', records: memories(cy, 100) })
    run(bob, 200, failed)
    expect(state(bob)).toBe('given-up')
  })

  it('stops what was given up elsewhere, also when it hears of it late, until somebody starts it again', () => {
    const [ann, bob, cy] = [keeper('ann'), keeper('bob'), keeper('cy')]
    run(ann, 0, serve(1), started, failed)
    tell(ann, bob, 0)
    run(bob, 0, serve(2), started, failed)
    run(cy, 0, serve(3), started)
    expect(kinds(tell(bob, cy, 0))).toEqual(['stop', 'announce'])
    run(cy, 0, stopped)
    expect(state(cy)).toBe('given-up')
    run(bob, 0, { kind: 'yield' }, serve(4), restart, { kind: 'yield' }, stopped)
    run(cy, 0, { kind: 'yield' }, serve(5))
    expect(kinds(run(cy, 0, { kind: 'known', records: memories(bob, 0) }))).toEqual(['start', 'announce'])
  })

  it('takes one that ended by its own wish as ended until the next reign', () => {
    const ann = keeper('ann')
    run(ann, 0, serve(1), started, { kind: 'ended', name, why: 'stopped', text: '' })
    expect(state(ann)).toBe('stopped')
    expect(kinds(run(ann, 0, restart))).toEqual(['start', 'announce'])
  })
})

describe('what members remember', () => {
  const failure = fc.record({
    node: fc.constantFrom('ann.1', 'bob.1', 'cy.2'),
    server: fc.constant('somebody'),
    term: fc.integer({ min: 1, max: 6 }),
    text: fc.constant('boom'),
    atMs: fc.integer({ min: 0, max: 100 }),
  })
  const record: fc.Arbitrary<SingletonRecord> = fc
    .record({
      epoch: fc.integer({ min: 0, max: 2 }),
      startedTerm: fc.integer({ min: 0, max: 6 }),
      failures: fc.array(failure, { maxLength: 10 }),
      givenUp: fc.constantFrom(null, null, 'a', 'b'),
    })
    .map((one) => mergeRecords(one, one))

  it('is joined in any order and as often as one likes', () => {
    const plain = ({ failures, ...rest }: SingletonRecord): unknown => ({
      ...rest,
      failures: failures.map(({ node, term, atMs }) => `${term} ${node} ${atMs}`),
    })
    fc.assert(
      fc.property(record, record, record, (a, b, c) => {
        expect(plain(mergeRecords(a, b))).toEqual(plain(mergeRecords(b, a)))
        expect(plain(mergeRecords(a, mergeRecords(b, c)))).toEqual(plain(mergeRecords(mergeRecords(a, b), c)))
        expect(plain(mergeRecords(mergeRecords(a, b), b))).toEqual(plain(mergeRecords(a, b)))
      }),
    )
  })

  it('keeps the age of a failure between clocks that differ', () => {
    const ann = keeper('ann')
    run(ann, 500, serve(1), started, failed)
    const [[, wire] = []] = memories(ann, 1_500)
    expect(recordFromWire(wire!, 90_000).failures[0]!.atMs).toBe(89_000)
  })
})
