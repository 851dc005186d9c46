import { describe, expect, it } from 'vitest'
import { Latency, LATENCY_BOUNDS_MS, quantileMs } from '../../src/peer/latency.js'
import { Chronicle } from '../../src/peer/chronicle.js'
import { runSchedule, work } from '../../src/testing/index.js'
import { bag } from './reader.js'

describe('a histogram of latencies', () => {
  it('says of any times which half and which hundredth are below, within a bucket', () => {
    const times = Array.from({ length: 1_000 }, (_, i) => 1.007 ** i)
    const latency = new Latency()
    for (const ms of times) latency.record(ms)
    const read = latency.read()
    expect(read.count).toBe(1_000)
    expect(read.sumMs).toBeCloseTo(times.reduce((sum, ms) => sum + ms, 0))
    expect(read.maxMs).toBe(times.at(-1))
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const exact = times[Math.floor(share * 1_000)] ?? 0
      const told = quantileMs(read, share)
      expect(told / exact, `share ${share}`).toBeGreaterThan(0.7)
      expect(told / exact, `share ${share}`).toBeLessThan(1.42)
    }
    expect(read.p99Ms).toBe(quantileMs(read, 0.99))
  })

  it('puts every time into the bucket of its bounds, however small or long', () => {
    for (const ms of [-5, 0, 0.05, 0.1, 0.11, 1, 3.2, 1_000, 50_000, 1e9]) {
      const latency = new Latency()
      latency.record(ms)
      const at = latency.read().buckets.indexOf(1)
      expect(ms).toBeLessThanOrEqual(LATENCY_BOUNDS_MS[at] ?? 0)
      if (at > 0) expect(ms).toBeGreaterThan((LATENCY_BOUNDS_MS[at - 1] ?? 0) * 0.9999)
    }
    expect(new Latency().read()).toMatchObject({ count: 0, p50Ms: 0, p99Ms: 0 })
  })
})

describe('metrics of a cluster', () => {
  it('say what callers, the server and each replica did', () => {
    const put = (_dice: unknown, { name, seq }: { readonly name: string; readonly seq: number }) => ({
      id: `${name}:${seq}`,
      n: 2,
    })
    const { cluster, history } = runSchedule({
      seed: 5,
      peers: 3,
      roles: [bag],
      schedule: [{ at: 1_000, do: 'crash', who: 'server', for: 1_000 }],
      settings: { snapshots: { entries: 40, keepEntries: 5, keepBytes: 500 } },
      forMs: 3_000,
      workload: { work: work(bag, { put }, { reads: 0 }), clients: 3, pauseMs: 30, echo: 0 },
    })
    const all = cluster.names.map((name) => ({
      name,
      core: cluster.peer(name)!,
      metrics: cluster.peer(name)!.metrics(),
    }))
    const crashed = history.reigns[0]?.node
    for (const { name, core, metrics } of all) {
      const told = metrics.roles['bag']!
      expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics)
      expect(metrics.journal).toEqual({
        firstIndex: core.succession.config.log.firstIndex,
        lastIndex: core.succession.lastIndex,
        commitIndex: core.succession.commitIndex,
        appliedIndex: core.appliedIndex,
      })
      expect(metrics.snapshot?.index).toBe(core.status().snapshotIndex)
      expect(told.queues).toEqual({ held: 0, committing: 0, waiting: 0, inFlight: 0 })
      expect(told.effects).toBeNull()
      expect(told.decided.ok).toBeLessThanOrEqual(told.committed.commands + told.decided.repeated)
      expect(told.committed.events).toBe(2 * told.committed.commands)
      expect(told.callLatency.count).toBe(told.calls.ok + told.calls.refused + told.calls.unavailable)
      // Its process lived through the change of servers.
      if (name !== crashed) expect(metrics.takeovers).toBeGreaterThanOrEqual(1)
    }
    const successor = history.reigns[1]?.node
    const next = all.find(({ name }) => name === successor)!.metrics
    expect(next.reigns).toBe(history.reigns.filter(({ node }) => node === successor).length)
    expect(next.roleChanges).toBeGreaterThan(0)
    expect(next.roles['bag']?.commitLatency.count).toBeGreaterThan(20)
    expect(next.roles['bag']?.commitLatency.p50Ms).toBeGreaterThan(0)
    const answered = history.operations.filter(({ outcome }) => outcome?.status === 'ok').length
    expect(answered).toBeGreaterThan(50)
  })

  it('show the calls that wait while nobody serves', () => {
    const seen: number[] = []
    runSchedule({
      seed: 6,
      peers: 3,
      roles: [bag],
      schedule: [{ at: 500, do: 'split', a: ['cy'], for: 1_500 }],
      forMs: 2_500,
      workload: { work: work(bag, { put: () => ({ id: 'x', n: 1 }) }), clients: 1, pauseMs: 500 },
      meanwhile: (cluster) => {
        const { world } = cluster
        const cy = cluster.peer('cy')!
        const input = { v: { id: 'y', n: 1 } }
        world.schedule(world.nowMs + 1_500, () => {
          for (let i = 0; i < 7; i++) cy.call({ role: 'bag', command: 'put', input }, () => {})
        })
        world.schedule(world.nowMs + 1_600, () => {
          const { waiting, inFlight } = cy.metrics().roles['bag']!.queues
          seen.push(waiting + inFlight)
        })
        world.schedule(world.nowMs + 2_480, () => {
          const { waiting, inFlight } = cy.metrics().roles['bag']!.queues
          seen.push(waiting + inFlight)
        })
      },
    })
    expect(seen[0]).toBeGreaterThanOrEqual(7)
    expect(seen[1]).toBeLessThan(7)
  })
})

describe('the log', () => {
  it('tells every reign, take-over and wait with its end', () => {
    const lines: { readonly node: string; readonly event: string; readonly data: Record<string, unknown> }[] =
      []
    const { history } = runSchedule({
      seed: 5,
      peers: 3,
      roles: [bag],
      schedule: [{ at: 1_000, do: 'pause', who: 'server', for: 1_000 }],
      forMs: 3_000,
      workload: { work: work(bag, { put: () => ({ id: 'x', n: 1 }) }), clients: 1, pauseMs: 50 },
      host: (host, node) => ({
        ...host,
        log: {
          write: (level, event, text, data = {}) => {
            lines.push({ node, event, data })
            host.log.write(level, event, text, data)
          },
        },
      }),
    })
    const of = (event: string) => lines.filter((line) => line.event === event)
    expect(history.reigns.length).toBeGreaterThan(1)
    for (const { node, term } of history.reigns) {
      const at = (event: string) =>
        of(event).filter((line) => line.node === node && line.data['term'] === term)
      expect(at('reign-begun')).toHaveLength(1)
      expect(at('serving')).toHaveLength(1)
      expect(at('serving')[0]?.data['electedMs']).toBeGreaterThanOrEqual(0)
    }
    const [first, second] = history.reigns
    const ended = of('not-serving').find(({ node }) => node === first?.node)
    expect(ended?.data).toMatchObject({ term: first?.term })
    expect(ended?.data['servedMs']).toBeGreaterThan(900)
    expect(
      of('reign-ended').some(({ data }) => data['term'] === first?.term && data['why'] !== undefined),
    ).toBe(true)
    const serving = of('serving').find(({ data }) => data['term'] === second?.term)
    expect(serving?.data['awayMs']).toBeGreaterThan(100)
    expect(serving?.data['awayMs']).toBeLessThan(1_000)
    // Those who had a server before say who follows whom.
    const takeovers = of('take-over').filter(({ data }) => data['term'] === second?.term)
    expect(takeovers.length).toBeGreaterThanOrEqual(2)
    for (const { data } of takeovers) expect(data).toMatchObject({ silenceMs: expect.any(Number) as number })
    for (const node of new Set(lines.map((line) => line.node))) {
      const waits = lines.filter((line) => line.node === node && line.event.startsWith('wait-'))
      expect(waits.length).toBeGreaterThan(0)
      for (const [at, { event, data }] of waits.entries()) {
        expect(event).toBe(at % 2 === 0 ? 'wait-begun' : 'wait-ended')
        if (at % 2 === 1) expect(data['code']).toBe(waits[at - 1]?.data['code'])
      }
      expect(waits.at(-1)?.event).toBe('wait-ended')
    }
  })

  it('a wait for the same with other names is one wait', () => {
    const told: string[] = []
    const chronicle = new Chronicle((event, _text, data) =>
      told.push(`${event} ${String(data['code'])} ${String(data['ms'] ?? '')}`),
    )
    const wait = (of: string[]) => ({ code: 'majority' as const, text: 'x', for: of, sinceMs: 0 })
    const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 0 })
    chronicle.waits(wait(['a']), at(10))
    chronicle.waits(wait(['a']), at(20))
    chronicle.waits(wait(['a', 'b']), at(30))
    chronicle.waits({ ...wait([]), code: 'election' }, at(40))
    chronicle.waits(null, at(45))
    chronicle.waits(null, at(46))
    expect(told).toEqual([
      'wait-begun majority ',
      'wait-ended majority 30',
      'wait-begun election ',
      'wait-ended election 5',
    ])
  })
})
