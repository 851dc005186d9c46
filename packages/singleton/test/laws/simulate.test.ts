import type { Host } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import {
  always,
  ask,
  clusterRoles,
  Cluster,
  law,
  ledger,
  linearizable,
  passed,
  runSchedule,
  simulate,
  work,
} from '../../src/testing/index.js'
import type { History, PeerEnv, SimulateOptions } from '../../src/testing/index.js'
import { persist, role } from '../../src/role/index.js'
import type { Accept, AnyRole, Make, Role } from '../../src/role/index.js'
import { shopping, stock } from './shop.js'
import type { Stock } from './shop.js'

const crash = [{ at: 500, do: 'crash', who: 'server', for: 500 }] as const
const short = { seed: 5, peers: 3, roles: [stock], workload: shopping, forMs: 2_500 } as const

const lawsBroken = (options: SimulateOptions): string[] => [
  ...new Set(runSchedule(options).contradictions.map((one) => one.law)),
]

describe('a run', () => {
  it('is the same whether or not promises settle in it, and the same again', async () => {
    const options = { ...short, schedule: crash }
    const [a, b] = [await simulate(options), runSchedule(options)]
    expect(a.digest).toBe(b.digest)
    expect(a.history.operations).toEqual(b.history.operations)
    expect(runSchedule({ ...options, seed: 6 }).digest).not.toBe(a.digest)
    expect(passed(a)).toEqual({ ok: true, why: expect.any(String) as string })
  })

  it('records what happened as data: operations, reigns, journal, starts and endings of reigns', () => {
    const { history, reigns } = runSchedule({ ...short, schedule: crash })
    expect(reigns).toBe(2)
    const [first, second] = history.reigns
    expect(first?.toMs).toBeLessThan(second!.fromMs)
    expect(history.journal.map(({ index }) => index)).toEqual(history.journal.map((_, i) => i + 1))
    expect(history.starts.map(({ life }) => life)).toEqual([1, 1, 1, 2])
    const take = history.operations.find(({ command, outcome }) => command === 'take' && outcome)!
    expect(take.input).toEqual({ id: take.id })
    expect(history.journal[take.index - 1]?.command).toMatchObject({
      role: 'stock',
      events: [{ type: 'taken', payload: { id: take.id } }],
    })
    expect(JSON.stringify(history.finals)).toContain('"left"')
  })

  it('lets faults wait for a vote, which is written down once in a term and not yet synced', () => {
    const seen: string[] = []
    const run = runSchedule({
      ...short,
      schedule: [...crash, { on: 'a voter.voted', do: 'power-off', who: ['a follower'], for: 300 }],
      meanwhile: (cluster) =>
        void cluster.world.onMoment((node, name) => {
          if (name === 'voted') seen.push(`${node} ${cluster.peer(node)?.succession.hard.term}`)
        }),
    })
    expect(seen.length).toBeGreaterThan(1)
    expect(new Set(seen).size).toBe(seen.length)
    expect(run.fired.map(({ fault }) => fault.do)).toEqual(['crash', 'power-off'])
    expect(run.contradictions).toEqual([])
  })

  it('says which faults waited in vain for their moment', () => {
    const schedule = [
      { on: 'server.appended#5', do: 'crash', who: 'server', for: 400 },
      { on: 'server.serves#99', do: 'crash', who: 'server' },
    ] as const
    const run = runSchedule({ ...short, schedule })
    expect(run.fired.map(({ fault }) => fault)).toEqual([schedule[0]])
    expect(run.unfired).toEqual([schedule[1]])
    expect(run.contradictions).toEqual([])
  })

  it('lets peers leave as an act, and does without them', () => {
    const schedule = [{ at: 500, do: 'act', act: 'leave', who: 'a follower' }] as const
    const run = runSchedule({ ...short, peers: 4, schedule })
    expect(run.contradictions).toEqual([])
    expect(run.history.healing?.missing).toEqual([
      { node: run.fired[0]?.hit[0], why: 'it was asked to leave' },
    ])
    expect(run.history.finals).toHaveLength(3)
  })

  it('explains why a cluster that lost a majority of disks stops, instead of blaming it', () => {
    const rot = (who: string) =>
      ({ at: 1_900, do: 'rot', who, file: 'journal-0000000000000001.seg' }) as const
    const schedule = [
      rot('bob'),
      rot('cy'),
      { at: 2_000, do: 'power-off', who: ['bob', 'cy'], for: 300 },
    ] as const
    const { history, verdicts, contradictions } = runSchedule({ ...short, schedule, healMs: 4_000 })
    expect(contradictions).toEqual([])
    expect(history.healing?.missing.map(({ node }) => node)).toEqual(['bob', 'cy'])
    for (const id of ['L1', 'L2', 'L3']) {
      const stopped = verdicts.find(({ law: name }) => name === id)
      expect(stopped?.verdict).toBe('not applicable')
      expect(stopped?.note).toMatch(
        /It stops, and rightly: 2 of the voters ann, bob, cy are needed.*missing: bob \(its disk has lost who it was/,
      )
    }
  })

  it('counts a wiped seat as gone, although its machine runs again', () => {
    const schedule = [
      { at: 1_000, do: 'wipe', who: 'bob' },
      { at: 1_000, do: 'wipe', who: 'cy' },
    ] as const
    const { history, verdicts, contradictions } = runSchedule({ ...short, schedule, healMs: 4_000 })
    expect(history.healing?.core).toEqual(['ann'])
    expect(contradictions.filter(({ law: id }) => /^L|ends/.test(id))).toEqual([])
    expect(verdicts.find(({ law: id }) => id === 'L1')?.note).toMatch(
      /2 of the voters ann, bob, cy are needed.*bob \(its disk has lost who it was, and the seat with it\)/,
    )
  })

  it('takes no peer for excused that hangs while it opens its files', () => {
    const never = (host: Host): Host => ({
      ...host,
      disk: {
        openFolder: (path) => {
          const folder = host.disk.openFolder(path)
          const open: typeof folder.open = (name, mode) =>
            Object.assign(folder.open(name, mode), { sync: () => {} })
          return { ...folder, path: folder.path, open }
        },
      },
    })
    const schedule = ['bob', 'cy'].map((who) => ({ at: 500, do: 'restart' as const, who }))
    const { history, verdicts } = runSchedule({
      ...short,
      schedule,
      healMs: 4_000,
      host: (host, node, life) => (node !== 'ann' && life > 1 ? never(host) : host),
    })
    expect(history.endings).toEqual([])
    expect(history.healing?.core).toEqual(['ann', 'bob', 'cy'])
    expect(verdicts.find(({ law: id }) => id === 'L1')?.verdict).toBe('broken')
  })

  it('with strangers hears them out and lets none of them in', () => {
    const { verdicts, contradictions } = runSchedule({ ...short, strangers: 2, schedule: crash })
    expect(contradictions).toEqual([])
    const s11 = verdicts.find(({ law: id }) => id === 'S11')!
    expect(s11.verdict).toBe('holds')
    expect(s11.exercised).toBeGreaterThan(20)
  })
})

describe('a cluster', () => {
  it('may have more peers than there are short names, and finds them by what they do', () => {
    const cluster = new Cluster({ seed: 1, peers: 12 })
    expect(cluster.names.slice(8)).toEqual(['ida', 'p10', 'p11', 'p12'])
    cluster.startAll()
    expect(cluster.world.runUntil(() => cluster.settled, { limitMs: 20_000 })).toBe(true)
    const found = Object.fromEntries(clusterRoles.map((word) => [word, cluster.resolve(word)]))
    expect(found['server']).toEqual([cluster.server()])
    expect(found['a voter']).toEqual(expect.arrayContaining(cluster.voters))
    expect(found['a follower']).toHaveLength(found['a voter']!.length - 1)
    expect(found['a voter']!.length + found['a learner']!.length).toBe(12)
    expect(cluster.resolve('the cat')).toEqual([])
  })

  it('makes the roles of every life anew, so that memory outside the journal is forgotten and found', () => {
    const seen: string[] = []
    const roles = ({ node, life }: PeerEnv): AnyRole[] => {
      seen.push(`${node} ${life}`)
      return [forgetful()]
    }
    const counting = work(forgetful(), { count: () => undefined })
    const broken = lawsBroken({ ...short, roles, workload: counting, schedule: crash })
    expect(seen).toEqual(expect.arrayContaining(['ann 1', 'bob 1', 'cy 1', 'witness 1']))
    expect(seen.some((life) => life.endsWith(' 2'))).toBe(true)
    expect(broken).toContain('S4')
  })

  it('starts from the data folders of another run, and goes on where that one was', () => {
    const before = runSchedule({ ...short, schedule: crash })
    const { world, names } = before.cluster
    for (const name of names) world.crash(name)
    const disks = Object.fromEntries(
      names.map((name) => {
        const disk = world.disk(name)
        return [
          name,
          Object.fromEntries(disk.files().map((file) => [file.slice('/data/'.length), disk.content(file)])),
        ]
      }),
    )
    const cluster = new Cluster({ seed: 9, peers: 3, roles: [stock], disks })
    cluster.startAll()
    expect(cluster.world.runUntil(() => cluster.settled, { limitMs: 20_000 })).toBe(true)
    const states = cluster.names.map((name) => cluster.peer(name)?.roles.state('stock'))
    expect(states).toEqual(states.map(() => before.history.finals[0]?.states['stock']))
  })

  it('runs another version after an upgrade', () => {
    const versions: string[] = []
    const roles = ({ version }: PeerEnv): AnyRole[] => {
      versions.push(version)
      return [stock]
    }
    const schedule = [{ at: 500, do: 'upgrade', who: 'server', to: 'v2' }] as const
    const run = runSchedule({ ...short, roles, versions: { v2: roles }, schedule })
    expect(versions).toContain('v2')
    expect(run.history.starts.at(-1)?.version).toBe('v2')
    expect(run.contradictions).toEqual([])
  })
})

/** Counts in its own memory: what a replica holds depends on how long its process runs. */
function forgetful(): Role<
  { n: number },
  { counted: (s: { n: number }) => { n: number } },
  {
    count: (
      s: { n: number },
      c: void,
      on: Make<{ n: number }, { counted: (s: { n: number }) => { n: number } }>,
    ) => Accept<number>
  }
> {
  let decided = 0
  return role('forgetful', {
    state: () => ({ n: 0 }),
    events: { counted: (s) => ({ n: s.n + decided }) },
    commands: {
      count: (_, __: void, on) => {
        decided++
        return persist(on.counted()).reply((next: { n: number }) => next.n)
      },
    },
  })
}

describe('a workload', () => {
  const lossy = [
    { at: 300, do: 'pause', who: 'server', for: 900 },
    { at: 1_500, do: 'crash', who: 'server', for: 900 },
  ] as const
  const busy = { ...short, schedule: lossy, forMs: 3_500 }

  it('with clients that ask again under a new id breaks S7, with the same id it does not', () => {
    const spec = { work: shopping, clients: 8, pauseMs: 20, deadlineMs: 60 }
    const schedule = [{ at: 300, do: 'slow', who: 'server', byMs: 40, for: 1_500 }] as const
    expect(lawsBroken({ ...busy, schedule, workload: spec })).toEqual([])
    expect(lawsBroken({ ...busy, schedule, workload: { ...spec, retries: 'new id' } })).toContain('S7')
  })

  it('with clients that take unavailable for an end records it as the outcome', () => {
    const spec = { work: shopping, clients: 6, pauseMs: 20, deadlineMs: 60, retries: 'none' } as const
    const { history, contradictions } = runSchedule({ ...busy, workload: spec })
    expect(contradictions).toEqual([])
    const given = history.operations.filter(({ outcome }) => outcome?.status === 'unavailable')
    expect(given.length).toBeGreaterThan(0)
    expect(given.every(({ tries }) => tries === 1)).toBe(true)
  })

  it('with clients that vanish does not wait for them', () => {
    const spec = { work: shopping, vanish: 0.3 }
    const { history, contradictions } = runSchedule({ ...busy, workload: spec })
    expect(contradictions).toEqual([])
    expect(history.operations.filter(({ vanished }) => vanished).length).toBeGreaterThan(5)
  })

  it('goes on as the last outcome says, with ids that the application chose', () => {
    const follow: NonNullable<Extract<SimulateOptions['workload'], { follow?: unknown }>['follow']> = (
      last,
    ) =>
      last.command === 'take' && last.outcome !== null
        ? ask(stock, 'fill', undefined, `refill-${last.id}`)
        : null
    const { history, contradictions } = runSchedule({ ...busy, workload: { work: shopping, follow } })
    expect(contradictions).toEqual([])
    const fills = history.operations.filter(({ id }) => id.startsWith('refill-'))
    expect(fills.length).toBeGreaterThan(0)
    expect(fills.every(({ outcome }) => outcome?.status === 'ok')).toBe(true)
  })

  it('asks several roles, and sees the replica of the peer that it talks to', () => {
    const seen: (number | undefined)[] = []
    const both = [
      work(stock, {
        take: (_, client) => {
          seen.push(client.state(stock)?.left)
          return { id: `${client.name}:${client.seq}` }
        },
      }),
      work(ledger, { add: (_, { name, seq }) => ({ id: `${name}:${seq}` }) }, { weight: 2 }),
    ]
    const { history, contradictions } = runSchedule({
      ...short,
      roles: [stock, ledger],
      workload: both,
      schedule: crash,
    })
    expect(contradictions).toEqual([])
    expect(new Set(history.operations.map((one) => one.role))).toEqual(new Set(['stock', 'ledger']))
    expect(seen).toContain(20)
    expect(seen.some((left) => left !== undefined && left < 20)).toBe(true)
  })

  it('that names no command of its role is told so', () => {
    const make = (): unknown => work(stock, { steal: () => ({}) } as never)
    expect(make).toThrow(
      'The workload names stock.steal, which is no command of the role; it has take, fill.',
    )
  })
})

describe('a schedule', () => {
  it('begins when all seats are taken: before that a founder cannot be done without', () => {
    const seats = [1, 2, 3, 4, 5, 6].map((seed) => {
      let voters = 0
      const meanwhile = (cluster: { readonly voters: readonly string[] }): void =>
        void (voters = cluster.voters.length)
      runSchedule({ seed, peers: 5, schedule: [], forMs: 100, meanwhile })
      return voters
    })
    expect(seats).toEqual([5, 5, 5, 5, 5, 5])
  })
})

describe('a law of your own', () => {
  it('about a state is looked at after every position, and names the events that led to the wrong one', () => {
    const few = always(stock, 'never fewer than 18 left', ({ left }: Stock) => left >= 18 || `${left} left`)
    const { verdicts, contradictions } = runSchedule({ ...short, schedule: crash, ownLaws: [few] })
    expect(verdicts.at(-1)?.verdict).toBe('broken')
    expect(contradictions).toHaveLength(1)
    expect(contradictions[0]?.text).toMatch(/^17 left \(state of stock after position \d+\)$/)
    expect(contradictions[0]?.events.map(({ text }) => text)).toEqual([
      expect.stringMatching(/takes effect at position \d+: (taken|filled)/),
      expect.stringMatching(/stock\.take c\d:\d+ takes effect at position \d+: taken/),
    ])
  })

  it('about a whole run may answer with a sentence', () => {
    const none = law('no sale', 'nothing is sold', ({ journal }: History) =>
      journal.some(({ command }) => command?.command === 'take') ? 'something was sold' : null,
    )
    const { contradictions } = runSchedule({ ...short, schedule: crash, ownLaws: [none] })
    expect(contradictions[0]).toMatchObject({ law: 'no sale', text: 'something was sold' })
    // A sentence names no events, and none are made up.
    expect(contradictions[0]?.events).toEqual([])
  })

  it('about a role that the cluster does not have is told so', () => {
    const lost = always(ledger, 'anything', () => true)
    expect(() => runSchedule({ ...short, schedule: crash, ownLaws: [lost] })).toThrow(
      'The law "anything" is about the role ledger, which the cluster does not have (stock).',
    )
  })
})

describe('linearizability by search', () => {
  /** What a shop with one shelf answers: how many are left. */
  const shelf = (first: number) =>
    linearizable<number>(stock, {
      initial: first,
      step: (left, { command }, outcome) => {
        if (outcome?.status === 'read') return (outcome.value as Stock).left === left ? left : null
        if (outcome?.status === 'refused') return left === 0 ? left : null
        const next = command === 'take' ? left - 1 : left + 5
        return outcome?.status === 'ok' && outcome.value === next ? next : null
      },
      unknown: (left, { command }) => (command === 'take' ? Math.max(0, left - 1) : left + 5),
    })
  const { history } = runSchedule({ ...short, schedule: crash, workload: { work: shopping, vanish: 0.02 } })

  it('explains an honest run without looking at its journal', () => {
    expect(shelf(20).check(history)).toMatchObject({ verdict: 'holds', contradictions: [] })
  })

  it('finds no order when one answer is wrong, and names it', () => {
    expect(shelf(19).check(history).verdict).toBe('broken')
    const read = history.operations.findLast(({ outcome }) => outcome?.status === 'read')!
    const outcome = { status: 'read', value: { left: 4_711 }, applied: 1 } as const
    const operations = history.operations.map((one) => (one === read ? { ...one, outcome } : one))
    const found = shelf(20).check({ ...history, operations })
    expect(found.verdict).toBe('broken')
    expect(found.contradictions[0]?.text).toContain(read.id)
  })

  it('is undecided, which is no pass, when the budget is spent', () => {
    const never = { initial: 20, step: () => 20, unknown: () => 20 }
    const found = linearizable<number>(stock, never, { budget: 3 }).check(history)
    expect(found.verdict).toBe('undecided')
    expect(found.note).toMatch(/given up after \d+ steps/)
  })
})
