import { describe, expect, it } from 'vitest'
import {
  checkLaws,
  contradictionsOf,
  effectiveFaults,
  laws,
  legitimateStop,
  passed,
  runSchedule,
} from '../../src/testing/index.js'
import type { History, Operation, Verdict } from '../../src/testing/index.js'
import { shopping, stock } from './shop.js'

/** One honest run with two take-overs; every test takes it and falsifies one thing. */
const run = runSchedule({
  seed: 11,
  peers: 3,
  roles: [stock],
  workload: { work: shopping, clients: 4, pauseMs: 60, echo: 0.3 },
  strangers: 1,
  quietMs: 500,
  schedule: [
    { at: 400, do: 'crash', who: 'server', for: 600 },
    { at: 1_800, do: 'pause', who: 'server', for: 800 },
  ],
  forMs: 4_000,
})
const { history } = run

const verdict = (id: string, changed: Partial<History>): Verdict =>
  laws[id]!.check({ ...history, ...changed })
const answered = history.operations.filter(
  ({ kind, outcome }) => kind === 'command' && outcome !== null && outcome.status === 'ok',
)
const reads = history.operations.filter(({ outcome }) => outcome?.status === 'read')
const middle = answered[Math.floor(answered.length / 2)]!
const change = (one: Operation, to: Partial<Operation>): readonly Operation[] =>
  history.operations.map((operation) => (operation === one ? { ...operation, ...to } : operation))
const broken = (id: string, changed: Partial<History>, text: RegExp, events = 1): void => {
  const found = verdict(id, changed)
  expect(found.verdict, `${id}: ${found.note}`).toBe('broken')
  expect(found.contradictions[0]?.law).toBe(id)
  expect(found.contradictions[0]?.text).toMatch(text)
  expect(found.contradictions[0]?.events.length).toBeGreaterThanOrEqual(events)
}

describe('an honest run', () => {
  it('holds every law that it exercises, and says of the others that they were not', () => {
    expect(run.contradictions).toEqual([])
    expect(run.acknowledged).toBeGreaterThan(50)
    const holding = run.verdicts.filter((one) => one.verdict === 'holds').map(({ law }) => law)
    expect(holding).toEqual(
      expect.arrayContaining(['S1', 'P2', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11', 'S12']),
    )
    expect(holding).toEqual(expect.arrayContaining(['L1', 'L2', 'L3', 'L4', 'L5']))
    expect(verdict('S10', {})).toMatchObject({ verdict: 'not applicable', note: /sandboxes/ })
    expect(passed(run)).toEqual({ ok: true, why: expect.any(String) as string })
  })
})

describe('each law is broken by', () => {
  const [first, second] = history.reigns

  it('S1: a second server of a term', () => {
    const twin = { ...first!, node: first!.node === 'ann' ? 'bob' : 'ann' }
    broken('S1', { reigns: [...history.reigns, twin] }, /both served in term/, 2)
  })

  it('S1: an answer of an older term at a later position', () => {
    const last = answered.at(-1)!
    broken('S1', { operations: change(last, { term: 0 }) }, /in the earlier term 0/, 2)
  })

  it('P2: a reign that begins beside another', () => {
    const beside = [{ node: first!.node, term: first!.term }]
    broken('P2', { reigns: [first!, { ...second!, beside }] }, /would still answer/, 2)
  })

  it('S2: two commands at one position', () => {
    const other = answered.find((one) => one !== middle)!
    broken('S2', { operations: change(other, { index: middle.index }) }, /both acknowledged at position/, 2)
  })

  it('S3: a journal with something else at an acknowledged position', () => {
    const journal = history.journal.map((entry) =>
      entry.index === middle.index ? { ...entry, kind: 'start', command: null } : entry,
    )
    broken('S3', { journal }, /acknowledged at position \d+ and is lost: there start is committed/, 2)
  })

  it('S3: a journal that ends before an acknowledged position', () => {
    const journal = history.journal.slice(0, middle.index - 1)
    broken('S3', { journal }, /nobody ever had that position committed/)
  })

  it('S3: a later server whose reign begins before it', () => {
    const reign = { ...second!, term: middle.term + 1, index: middle.index }
    broken('S3', { reigns: [first!, reign] }, /without it/, 2)
  })

  it('S3: a healed peer that does not have it', () => {
    const finals = history.finals.map((replica, i) => (i === 0 ? { ...replica, applied: 2 } : replica))
    broken('S3', { finals }, /has only 2 positions after healing/, 2)
  })

  it('S4: another entry committed at the same position', () => {
    const at = (node: string) => ({ atMs: 1, node, text: 'a command of term 2' })
    const conflicts = [{ index: 7, first: at('ann'), other: at('bob') }]
    broken('S4', { conflicts }, /bob has a command of term 2 committed at position 7/, 2)
  })

  it('S4: a replica in another state, by name of role and peer', () => {
    const finals = history.finals.map((replica, i) =>
      i === 1 ? { ...replica, states: { stock: { left: 1_000, sold: [] } } } : replica,
    )
    broken('S4', { finals }, /state of the role stock at bob is not what the same journal gives/, 2)
  })

  it('S4: a role that a replica gave up', () => {
    const finals = history.finals.map((replica, i) =>
      i === 2 ? { ...replica, failures: { stock: 'it threw' } } : replica,
    )
    broken('S4', { finals }, /cy gave the role stock up: it threw/)
  })

  it('S5: a restart that has forgotten a term', () => {
    const restart = history.starts.find(({ life }) => life > 1)!
    const starts = history.starts.map((start) => (start === restart ? { ...start, term: 0 } : start))
    broken('S5', { starts }, /served in term \d+ and starts its life 2 in term 0/, 2)
  })

  it('S5: not by a machine whose disk was wiped', () => {
    const restart = history.starts.find(({ life }) => life > 1)!
    const starts = history.starts.map((start) => (start === restart ? { ...start, term: 0 } : start))
    const wiped = { atMs: 1, fault: { at: 1, do: 'wipe', who: restart.node } as const, hit: [restart.node] }
    expect(verdict('S5', { starts, fired: [wiped] }).contradictions).toEqual([])
    const later = { ...wiped, atMs: restart.atMs + 1 }
    broken('S5', { starts, fired: [later] }, /starts its life 2 in term 0/)
  })

  it('S6: an answer whose position is before what had ended when it began', () => {
    const last = answered.at(-1)!
    broken('S6', { operations: change(last, { index: 3 }) }, /began after .* had been answered/, 3)
  })

  it('S6: but not a command that is asked for again by its id, and gets its first answer', () => {
    const [early] = answered
    const again = { ...early!, invokedAtMs: history.endMs - 1, endedAtMs: history.endMs }
    expect(verdict('S6', { operations: [...history.operations, again] }).contradictions).toEqual([])
    const other = { ...again, id: 'c9:1', ids: ['c9:1'] }
    broken('S6', { operations: [...history.operations, other] }, /began after/, 3)
  })

  it('S7: an id that stands in the journal twice', () => {
    const entry = history.journal[middle.index - 1]!
    const again = { ...entry, index: history.journal.length + 1 }
    broken('S7', { journal: [...history.journal, again] }, /took effect twice, at positions/, 2)
  })

  it('S7: a retry that hears another answer', () => {
    const echo = { atMs: 1, node: 'cy', outcome: { status: 'ok', value: -5 } as const, term: 1, index: 1 }
    broken('S7', { operations: change(middle, { echoes: [echo] }) }, /was answered ok .*, and later ok -5/, 2)
  })

  it('S7: an answer that is not the journalled one', () => {
    const outcome = { status: 'ok', value: 77 } as const
    broken('S7', { operations: change(middle, { outcome, echoes: [] }) }, /stands in the journal with ok/, 2)
  })

  it('S7: one intention under two ids that both took effect', () => {
    const takes = answered.filter(({ command }) => command === 'take')
    const ids = [takes[0]!.id, takes[1]!.id]
    broken('S7', { operations: change(takes[1]!, { ids }) }, /took effect 2 times: it asked again/, 2)
  })

  it('S8: a position that was left out', () => {
    const lives = history.lives.map((life, i) =>
      i === 0 ? { ...life, leaps: [{ atMs: 5, from: 3, to: 5 }] } : life,
    )
    broken('S8', { lives }, /went from position 3 to 5/)
  })

  it('S9: a read that misses what was acknowledged before it', () => {
    broken('S9', { operations: change(reads.at(-1)!, { index: 1 }) }, /saw 1 positions, but began after/, 3)
  })

  it('S9: a read of a state that never was', () => {
    const outcome = { ...(reads.at(-1)!.outcome as { status: 'read'; applied: number }), value: { left: -9 } }
    broken('S9', { operations: change(reads.at(-1)!, { outcome }) }, /does not give/)
  })

  it('S11: a term that only a stranger spoke of', () => {
    const finals = history.finals.map((replica) => ({ ...replica, term: 1_000_001 }))
    broken('S11', { finals }, /only a stranger/)
  })

  it('S12: one process as two members, one member twice, and members out of order', () => {
    const [older, younger] = history.members.findLast(({ rows }) => rows.length > 1)!.rows
    const told = (...rows: (typeof older)[]): Partial<History> => ({
      members: [{ node: 'bob', atMs: 9, rows: rows.map((row) => row!) }],
    })
    broken('S12', told(older, { ...younger!, process: older!.process }), /two members that are the process/)
    broken('S12', told(older, { ...younger!, id: older!.id }), /twice/)
    broken('S12', told(younger, older), /out of order/)
    expect(verdict('S12', told(older, younger)).verdict).toBe('holds')
  })

  it('S13: a frame of another peer that is none', () => {
    broken('S13', { refusedFrames: [{ node: 'bob', atMs: 9, text: 'no frame of ours' }] }, /no frame of ours/)
  })

  it('ends: a process that stops by itself', () => {
    const endings = [{ node: 'bob', life: 1, atMs: 9, code: 'broken', text: 'it gave up' }]
    broken('ends', { endings }, /bob ended its life 1 by itself: it gave up/)
  })

  it('ends: not because of its own disk, but for any other reason, before that fault, or by the disk of another', () => {
    const ending = { node: 'bob', life: 1, atMs: 9, code: 'data', text: 'no space' }
    const full = { atMs: 5, fault: { at: 5, do: 'disk-full', who: 'bob' } as const, hit: ['bob'] }
    const check = (changed: Partial<typeof ending>): string =>
      verdict('ends', { endings: [{ ...ending, ...changed }], fired: [full] }).verdict
    expect(check({})).toBe('holds')
    expect(check({ code: 'broken' })).toBe('broken')
    expect(check({ atMs: 4 })).toBe('broken')
    expect(check({ node: 'cy' })).toBe('broken')
  })

  it('L1: no server after healing', () => {
    const healing = { ...history.healing!, serverAfterMs: null, healed: false }
    broken('L1', { healing }, /came never/, 2)
  })

  it('L2: a command without an answer, unless nobody waits for it', () => {
    const open = { endedAtMs: null, outcome: null }
    broken('L2', { operations: change(middle, open) }, /has no answer/, 2)
    expect(verdict('L2', { operations: change(middle, { ...open, vanished: true }) }).verdict).toBe('holds')
  })

  it('L3: peers that count other members', () => {
    const finals = history.finals.map((replica, i) => (i === 2 ? { ...replica, members: ['cy'] } : replica))
    broken('L3', { finals }, /counts .* as members, cy cy/, 2)
  })

  it('L3: a cluster that never comes together, although one server was followed for a moment', () => {
    const healing = { ...history.healing!, healed: false, text: 'ann waits for bob' }
    expect(verdict('L1', { healing }).verdict).toBe('holds')
    broken('L3', { healing }, /has not come together in \d+ ms after healing\. ann waits for bob/, 2)
  })

  it('L4: a tail longer than what was ever asked', () => {
    const samples = [{ atMs: 1, frames: 1, bytes: 1, bufferedBytes: 0, tail: 100_000 }]
    broken('L4', { samples }, /100000 journal entries wait/)
  })

  it('L5: a storm in a quiet time', () => {
    const quiet = { fromMs: 1, forMs: 500, frames: 10_000, beforeFrames: 100 }
    broken('L5', { healing: { ...history.healing!, quiet } }, /10000 frames were sent in 500 ms/)
  })

  it('L6: take-overs because of one flapping follower', () => {
    const others = history.names.filter((name) => name !== first!.node)
    const fired = [{ atMs: 1, fault: { at: 1, do: 'restart', who: others[0]! } as const, hit: [others[0]!] }]
    broken('L6', { fired }, new RegExp(`only ${others[0]} was hit, and there were`), 2)
  })
})

describe('a stop', () => {
  const healing = { ...history.healing!, voters: ['ann', 'bob', 'cy'], healed: false, serverAfterMs: null }

  it('is legitimate without a majority of voters, and names who is missing and why', () => {
    const stopped = { ...healing, core: ['ann'], missing: [{ node: 'bob', why: 'its disk is broken' }] }
    expect(legitimateStop(stopped)).toBe(
      'It stops, and rightly: 2 of the voters ann, bob, cy are needed, and of those only ann can be there; missing: bob (its disk is broken), cy.',
    )
    expect(verdict('L1', { healing: stopped })).toMatchObject({
      verdict: 'not applicable',
      contradictions: [],
    })
  })

  it('is none with a majority', () => {
    expect(legitimateStop({ ...healing, core: ['ann', 'cy'] })).toBeNull()
  })
})

describe('a run is no pass', () => {
  it('when no fault hit anybody', () => {
    const missed = [{ atMs: 1, fault: { at: 1, do: 'cut', from: 'ann', to: 'ann' } as const, hit: ['ann'] }]
    const parted = { at: 1, do: 'split', a: ['ann'], b: ['bob', 'cy'] } as const
    const real = [{ atMs: 1, fault: parted, hit: ['ann', 'bob', 'cy'] }]
    expect(effectiveFaults({ fired: real, names: history.names })).toEqual(real)
    for (const fired of [[], missed]) {
      expect(effectiveFaults({ fired, names: history.names })).toEqual([])
      const without = { ...history, fired }
      expect(passed({ history: without, verdicts: checkLaws(without) }).why).toMatch(/No fault hit anybody/)
    }
  })

  it('when nothing was acknowledged', () => {
    const operations = history.operations.map((one) => ({ ...one, outcome: null, endedAtMs: null }))
    const without = { ...history, operations }
    const verdicts = checkLaws(without, [laws['S3']!])
    expect(verdicts[0]?.verdict).toBe('unexercised')
    expect(passed({ history: without, verdicts })).toEqual({
      ok: false,
      why: 'No command was acknowledged in this run, so there was nothing to lose.',
    })
  })

  it('when a required law had no chance to be broken', () => {
    const verdicts = checkLaws({ ...history, operations: answered.slice(0, 1) }, [laws['S6']!])
    expect(passed({ history, verdicts }).why).toMatch(/The law S6 .* is unexercised in this run: that is no/)
  })

  it('when a law is undecided, whether or not it is required', () => {
    const undecided = { ...verdict('S9', {}), verdict: 'undecided', note: 'The budget is spent.' } as const
    expect(passed({ history, verdicts: [undecided] })).toMatchObject({
      ok: false,
      why: expect.stringMatching(/The law S9 .* is undecided in this run: The budget is spent\./) as string,
    })
  })

  it('when a law is broken: the sentence is its contradiction', () => {
    const verdicts = checkLaws({ ...history, conflicts: [], journal: [] }, [laws['S3']!])
    const [first] = contradictionsOf(verdicts)
    expect(passed({ history, verdicts }).why).toBe(`S3 is broken: ${first?.text}`)
  })
})
