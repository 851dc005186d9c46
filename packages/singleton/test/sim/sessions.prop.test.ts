import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toEncoded } from '../../src/role/index.js'
import type { CallOutcome } from '../../src/role/index.js'
import { ledger, ledgerWork, runSchedule } from '../../src/testing/index.js'
import type { Cluster } from '../../src/testing/index.js'
import { acts, caseArbitrary, seedOf, share } from './campaign.js'

/** Calls without an id of their own, as most are, from all peers; each leaves its mark in the ledger. */
class Callers {
  readonly outcomes = new Map<string, CallOutcome | null>()

  begin(cluster: Cluster): void {
    const { world } = cluster
    const call = (at: number, until: number): void =>
      world.schedule(at, () => {
        for (const name of cluster.names) {
          const core = cluster.peer(name)
          if (core?.joined !== true) continue
          const mark = `${name} ${at}`
          const request = { role: 'ledger', command: 'add', input: toEncoded({ id: mark }), deadlineMs: 700 }
          this.outcomes.set(mark, null)
          core.call(request, (outcome) => this.outcomes.set(mark, outcome))
        }
        if (at < until) call(at + 90, until)
      })
    call(world.nowMs + 1, world.nowMs + 6_000)
  }
}

/** Sessions end all the time, also while they are used: by far more often than any setting would have it. */
describe('sessions that expire after 0.2 s', () => {
  it('no command is run twice, none is lost, whatever fails', { timeout: 300_000 }, () => {
    const seen = new Map<string, number>()
    let expired = 0
    const property = fc.property(caseArbitrary(3), ({ seed, peers, schedule }) => {
      const callers = new Callers()
      const run = runSchedule({
        seed,
        peers,
        schedule,
        acts,
        roles: [ledger],
        settings: { sessionMs: 200 },
        workload: { work: ledgerWork, retries: 'none', echo: 0, clients: 2 },
        forMs: 6_000,
        meanwhile: (cluster) => callers.begin(cluster),
      })
      // The calls beside the workload are unknown to what counts how many there may be.
      const unsafe = run.contradictions.filter(({ law }) => law.startsWith('S'))
      expect(unsafe.map(({ text }) => text)).toEqual([])
      const state = run.history.finals[0]?.states['ledger'] as ReturnType<typeof ledger.state>
      const marks = [...state.full.flat(), ...state.open]
      expect(new Set(marks).size).toBe(marks.length)
      const kept = new Set(marks)
      for (const [mark, outcome] of callers.outcomes) {
        const end = outcome?.status === 'unavailable' ? outcome.executed : (outcome?.status ?? 'none')
        const how = `${end} ${kept.has(mark) ? 1 : 0}`
        expect(how, mark).toMatch(/^(ok 1|no 0|unknown [01]|none [01])$/)
        seen.set(how, (seen.get(how) ?? 0) + 1)
        if (outcome?.status === 'unavailable' && outcome.reason.includes('has expired')) expired++
      }
      const payloads = run.history.journal.filter(({ kind }) => kind === 'command').length
      expect(payloads).toBeGreaterThan(0)
    })
    fc.assert(property, { numRuns: share(8), seed: seedOf(91), endOnFailure: true })
    expect(seen.get('ok 1')).toBeGreaterThan(500)
    // That it matters: some calls hear of it.
    expect(expired).toBeGreaterThan(0)
  })
})
