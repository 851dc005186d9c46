import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { envelopes, faultKinds, parseNdjson } from '@tanist/core/testing'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { persist, role } from '../../src/index.js'
import type { AnyRole } from '../../src/index.js'
import { always, law, linearizable, work } from '../../src/testing/index.js'
import type { Outside } from '../../src/testing/index.js'
import {
  clusterProperty,
  ClusterTestError,
  runArbitrary,
  testCluster,
} from '../../src/testing/property/index.js'
import type { CampaignOptions, KeptCase } from '../../src/testing/property/index.js'

type Tickets = Readonly<Record<number, readonly string[]>>

/** Numbers of tickets: counted in the process, which is the bug, or in the state. */
const tickets = (cured: boolean) => {
  let next = 1
  return role('tickets', {
    state: (): Tickets => ({}),
    events: {
      drawn: (s, e: { no: number; holder: string }) => ({ ...s, [e.no]: [...(s[e.no] ?? []), e.holder] }),
    },
    commands: {
      draw: (s, c: { holder: string }, on) => {
        const no = cured ? Object.keys(s).length + 1 : next++
        return persist(on.drawn({ no, holder: c.holder })).reply(() => no)
      },
    },
  })
}

const example = tickets(true)
const oneHolder = always(example, 'a ticket has one holder', (s) => {
  const shared = Object.entries(s).find(([, holders]) => holders.length > 1)
  return shared === undefined || `ticket ${shared[0]} was given to ${shared[1].join(' and ')}`
})

/** Short runs, as every test here has some. */
const test = (cured: boolean): CampaignOptions => ({
  roles: () => [tickets(cured)],
  workload: work(example, { draw: (_dice, client) => ({ holder: `${client.name}-${client.seq}` }) }),
  laws: [oneHolder],
  forMs: 2_000,
  runs: 20,
  seed: 1,
  shrink: { runs: 30, limitMs: Infinity },
  reports: null,
})

const failureOf = async (options: CampaignOptions): Promise<ClusterTestError> => {
  const error: unknown = await testCluster(options).catch((thrown: unknown) => thrown)
  if (error instanceof ClusterTestError) return error
  throw error instanceof Error ? error : new Error('nothing was found')
}

const told = async (options: CampaignOptions): Promise<string> => {
  const error: unknown = await testCluster(options).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TypeError)
  return (error as Error).message
}

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tanist-users-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a campaign', () => {
  it('passes roles that keep their laws, and says what it tried', async () => {
    const tally = await testCluster({ ...test(true), runs: 5 })
    expect(tally.runs).toBe(5)
    expect(tally.acknowledged).toBeGreaterThan(5)
    expect(tally.faults).toBeGreaterThanOrEqual(5)
    expect(tally.exercised['a ticket has one holder']).toBeGreaterThan(5)
    expect(tally.exercised['S3']).toBeGreaterThan(5)
  })

  it('says which law is broken, by which events, under which schedule, and where its files are', async () => {
    const { message, found, files, runs } = await failureOf({ ...test(false), reports: folder })
    expect(message).toMatch(
      /^The law "a ticket has one holder" is broken: must hold in every state of tickets\n {2}ticket 1 was given to/,
    )
    expect(message).toMatch(/\n {2}\d+\.\d{3} s {2}\w+ {2}tickets\.draw .* takes effect at position \d+/)
    // The two that contradict each other, whatever came between them.
    const [, one, other] = /ticket 1 was given to ([\w-]+) and ([\w-]+)/.exec(message) ?? []
    const drawn = [...message.matchAll(/takes effect .*: drawn \{ no: (\d+), holder: '([\w-]+)' \}/g)]
    expect(drawn.map(([, no, holder]) => [no, holder])).toEqual([
      ['1', one],
      ['1', other],
    ])
    expect(message).toMatch(/The schedule \(3 peers, seed \d+\):\n {2}[\d.]+ s {2}\w+/)
    expect(message).toMatch(/as it fired:\n {2}[\d.]+ s/)
    expect(found.schedule.length).toBeLessThanOrEqual(2)
    expect(runs.shrinking).toBeLessThanOrEqual(31)
    expect(files.map((file) => file.replace(/^.*\./, ''))).toEqual(['json', 'ndjson', 'html'])
    for (const file of files) {
      expect(message).toContain(file)
      expect(existsSync(file)).toBe(true)
    }
    const [json = '', lines = '', html = ''] = files.map((file) => readFileSync(file, 'utf8'))
    expect(JSON.parse(json)).toEqual(found)
    expect(parseNdjson(lines).nodes).toEqual(['ann', 'bob', 'cy'])
    expect(html).toContain('a ticket has one holder')
  })

  it('is the same for the same seed, and replays a failure by what its message names', async () => {
    const first = await failureOf({ ...test(false), reports: folder })
    const again = await failureOf({ ...test(false), reports: folder })
    expect(again.message).toBe(first.message)

    const [file = ''] = first.files
    const kept = await failureOf({ ...test(false), replay: file })
    expect(kept.message).toContain(
      `The kept schedule ${file} fails:\nThe law "a ticket has one holder" is broken`,
    )
    expect(kept.found).toEqual(first.found)

    const [, seed, path] = /\{ seed: (-?\d+), path: '([\d:]+)' \}/.exec(first.message) ?? []
    const drawn = await failureOf({ ...test(false), replay: { seed: Number(seed), path: path ?? '' } })
    expect(drawn.found).toEqual(first.found)
    expect(drawn.runs.finding).toBe(1)

    const bare = await failureOf({ ...test(false), seed: first.found.seed, replay: first.found.schedule })
    expect(bare.found).toEqual(first.found)
    expect((await testCluster({ ...test(true), replay: file })).runs).toBe(1)
  })

  it('replays kept schedules before it draws', async () => {
    const { found } = await failureOf(test(false))
    writeFileSync(join(folder, 'tickets-twice.json'), JSON.stringify(found))
    writeFileSync(join(folder, 'notes.txt'), 'no schedule')
    const kept = await failureOf({ ...test(false), regressions: folder })
    expect(kept.message).toMatch(/^The kept schedule .*tickets-twice\.json fails:/)
    expect(kept.runs).toEqual({ finding: 1, shrinking: 0 })
    const tally = await testCluster({ ...test(true), runs: 1, regressions: folder })
    expect(tally.runs).toBe(2)
  })

  it('gives outside systems to roles and laws, anew for every run', async () => {
    const made: Outside[] = []
    const { laws: _laws, outside: _outside, roles: _roles, workload: _workload, ...budget } = test(true)
    const tally = await testCluster({
      ...budget,
      workload: work(example, { draw: (_dice, client) => ({ holder: `${client.name}-${client.seq}` }) }),
      runs: 2,
      outside: (outside) => {
        made.push(outside)
        return { display: outside.service('display', (no: number) => no) }
      },
      roles: (env, { display }): readonly AnyRole[] => [
        { ...example, onServe: (reign) => void display.for(env)(env.life, reign.token) },
      ],
      laws: ({ display }) => [
        law('display', 'The display hears of every reign.', ({ reigns }) =>
          display.calls.length >= reigns.length
            ? null
            : `${display.calls.length} calls, ${reigns.length} reigns`,
        ),
      ],
    })
    expect(tally.runs).toBe(2)
    expect(made.length).toBeGreaterThanOrEqual(2)
    expect(new Set(made).size).toBe(made.length)
  })

  it('upgrades peers to other versions of the roles in mid-run', async () => {
    const tally = await testCluster({
      ...test(true),
      runs: 2,
      versions: { two: [tickets(true)] },
      schedules: { kinds: ['upgrade'] },
    })
    expect(tally.faults).toBeGreaterThanOrEqual(2)
  })

  it('tells of roles that do something else when they are run again', async () => {
    let runs = 0
    const moody = law('moody', 'Everything is fine.', () => (++runs === 1 ? 'the first run is not' : null))
    const { message } = await failureOf({ ...test(true), laws: [moody] })
    expect(message).toContain(
      'Repeated, it did something else: the roles or laws use something outside of the world.',
    )
    expect(message).not.toContain('Written')
  })
})

describe('a test that proves nothing gets a sentence', () => {
  it('when the workload asks a role that the cluster does not have', async () => {
    const other = role('other', { state: () => 0, events: {}, commands: { ask: () => persist() } })
    const workload = work(other, { ask: () => undefined })
    const sentence = "The workload asks the role 'other', which is not in the cluster: its roles are tickets."
    expect(await told({ ...test(true), workload })).toBe(sentence)
    expect(await told({ ...test(true), roles: [example], workload })).toBe(sentence)
  })

  it('when the workload gives a command that the role does not have', () => {
    // @ts-expect-error there is no such command
    expect(() => work(example, { drwa: () => ({ holder: 'x' }) })).toThrow(
      /names tickets\.drwa, which is no command/,
    )
  })

  it('when the envelope excludes all faults', async () => {
    const envelope = { ...envelopes.safety(3), name: 'calm', kinds: ['slow' as const] }
    expect(await told({ ...test(true), schedules: { kinds: ['crash'], envelope } })).toMatch(
      /The envelope 'calm' excludes every fault asked for \(crash\); it allows slow\./,
    )
    expect(await told({ ...test(true), schedules: { kinds: [] } })).toMatch(/kinds is empty/)
    // One that would never be drawn is told, too.
    expect(await told({ ...test(true), schedules: { kinds: ['crash', 'refuse'] } })).toMatch(
      /schedules\.kinds asks for 'refuse', which is never drawn: .*leaves the envelope "safety of 3 machines"/,
    )
    expect(await told({ ...test(true), schedules: { kinds: ['crash', 'upgrade'] } })).toMatch(
      /'upgrade', which is never drawn: .*need `versions`/,
    )
    expect(
      await told({
        ...test(true),
        schedules: { envelope: { ...envelope, kinds: ['wipe'], maxDisksLost: 0 } },
      }),
    ).toMatch(/no fault of the kinds asked for is possible/)
  })

  it('when no run counts', async () => {
    // Faults would begin long after the run is over.
    const sentence = await told({
      ...test(true),
      runs: 1,
      forMs: 200,
      schedules: { forMs: 10_000_000, maxFaults: 1 },
    })
    expect(sentence).toMatch(
      /^None of \d+ runs counted: in the others either no fault hit anybody or no command was acknowledged/,
    )
  })

  it('when every command throws, with what the first one said', async () => {
    const careless = role('careless', {
      state: () => 0,
      events: { counted: (n) => n + 1 },
      commands: {
        count: () => {
          throw new RangeError('no such counter')
        },
      },
    })
    const sentence = await told({
      roles: [careless],
      workload: work(careless, { count: () => undefined }),
      laws: [always(careless, 'counts', () => true)],
      runs: 2,
    })
    expect(sentence).toMatch(
      /^None of \d+ runs counted: .*no command was acknowledged.*\d+ commands threw; the first said: .*no such counter/,
    )
  })

  it('when a law was never exercised in the whole campaign', async () => {
    const idle = law('refunds', 'Refunds are right.', () => null, { exercised: () => 0 })
    expect(await told({ ...test(true), runs: 2, laws: [oneHolder, idle] })).toMatch(
      /^'refunds' was never exercised in 2 runs: nothing happened that could have broken it, so this is no pass\./,
    )
  })

  it('when a law is undecided: by search, with too small a budget', async () => {
    const never = { initial: 0, step: () => 0, unknown: () => 0 }
    const doubt = linearizable(example, never, { budget: 1 })
    expect(await told({ ...test(true), runs: 2, laws: [oneHolder, doubt] })).toMatch(
      /^'linearizable tickets' was undecided in 2 of 2 runs, so this is no pass\. The search .* was given up/,
    )
  })

  it('when a kept schedule shows nothing any more', async () => {
    const replay = [{ on: 'server.serves#99', do: 'crash', who: 'server' }] as const
    expect(await told({ ...test(true), replay })).toMatch(
      /^The schedule shows nothing any more: no fault hit anybody\./,
    )
    // One that needed no fault is to be replayed without one.
    expect((await testCluster({ ...test(true), replay: [] })).idle).toBe(1)
  })

  it('when its own code throws: that error, and no search for a smaller schedule', async () => {
    let runs = 0
    const typo = law('typo', 'Everything is fine.', () => {
      runs += 1
      throw new RangeError('no such field')
    })
    await expect(testCluster({ ...test(true), laws: [typo] })).rejects.toThrow(
      new RangeError('no such field'),
    )
    expect(runs).toBe(1)
    const stranger = role('stranger', { state: () => 0, events: {}, commands: {} })
    const lost = always(stranger, 'it is there', () => true)
    expect(await told({ ...test(true), laws: [lost] })).toMatch(
      /about the role stranger, which the cluster does not have/,
    )
  })

  it('when the time limit is over before anything ran', async () => {
    expect(await told({ ...test(true), limitMs: -1 })).toMatch(/time limit was over before the first run/)
  })

  it('when a number or a file is not right', async () => {
    expect(await told({ ...test(true), runs: 0 })).toMatch(/runs is 0/)
    expect(await told({ ...test(true), peers: 1.5 })).toMatch(/peers is 1\.5/)
    expect(await told({ ...test(true), regressions: join(folder, 'none') })).toMatch(
      /There is no folder .*none/,
    )
    const file = join(folder, 'bad.json')
    writeFileSync(file, '{"seed": 1}')
    expect(await told({ ...test(true), replay: file })).toMatch(
      /bad\.json is not right: .*a schedule is a list of faults/,
    )
    writeFileSync(file, JSON.stringify({ seed: 1, schedule: [{ at: 0, do: 'explode' }] }))
    expect(await told({ ...test(true), replay: file })).toMatch(
      /bad\.json is not right: .*fault 1 of the schedule: .*explode/,
    )
    writeFileSync(file, '{')
    expect(await told({ ...test(true), replay: file })).toMatch(/bad\.json cannot be read/)
  })
})

describe('with plain fast-check', () => {
  it('a cluster is a property, which fast-check makes smaller', async () => {
    await fc.assert(clusterProperty(test(true)), { seed: 1, numRuns: 3 })
    const error: unknown = await fc
      .assert(clusterProperty(test(false)), { seed: 1, numRuns: 20, includeErrorInReport: true })
      .catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('The law "a ticket has one holder" is broken')
  })

  it('cases are of all kinds that the promises of Tanist survive, unless some are asked for', () => {
    const drawn = (options: CampaignOptions): Set<string> => {
      const cases = fc.sample(runArbitrary(options), { seed: 1, numRuns: 400 })
      return new Set(cases.flatMap(({ schedule }) => schedule.map((fault) => fault.do)))
    }
    const without = (...left: string[]): string[] =>
      faultKinds.filter((kind) => !left.includes(kind)).toSorted()
    const outside = ['refuse']
    expect([...drawn(test(true))].toSorted()).toEqual(without('act', 'upgrade', ...outside))
    const versions = { two: [tickets(true)] }
    expect([...drawn({ ...test(true), versions })].toSorted()).toEqual(without('act', ...outside))
  })

  it('cases can be drawn for properties of your own', () => {
    const cases: KeptCase[] = fc
      .sample(runArbitrary({ ...test(true), peers: 5, schedules: { kinds: ['crash'], maxFaults: 2 } }), {
        seed: 1,
        numRuns: 50,
      })
      .map((one) => ({ ...one, peers: 5 }))
    expect(cases.every(({ schedule }) => schedule.length >= 1 && schedule.length <= 2)).toBe(true)
    expect(new Set(cases.flatMap(({ schedule }) => schedule.map((fault) => fault.do)))).toEqual(
      new Set(['crash']),
    )
    expect(new Set(cases.map(({ seed }) => seed)).size).toBeGreaterThan(40)
  })
})
