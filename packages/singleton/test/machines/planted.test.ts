import { seededRandom } from '@tanist/core/testing'
import type { FaultKind, Schedule } from '@tanist/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type * as election from '../../src/succession/election.js'
import { advanceCommit } from '../../src/succession/log.js'
import type * as machine from '../../src/succession/machine.js'
import type * as reign from '../../src/succession/reign.js'
import type * as state from '../../src/succession/state.js'
import type { MachineRunOptions } from '../../src/testing/machines/index.js'
import { draw, hunt } from './cases.js'
import type { Case, Found } from './cases.js'

/*
 * Proof that the laws can fail: each test breaks one rule of succession, and generated schedules must notice within
 * a budget. The production code itself is not touched.
 */

type Plant =
  | 'half of the voters are enough'
  | 'journal length is ignored'
  | 'promises are forgotten'
  | 'votes are forgotten'
  | 'old terms are counted'

const planted = vi.hoisted(() => ({ bug: null as string | null }))

vi.mock('../../src/succession/state.js', async (original) => {
  const real = await original<typeof state>()
  return {
    ...real,
    majority: (...[s]: Parameters<typeof real.majority>) =>
      planted.bug === 'half of the voters are enough'
        ? Math.max(1, Math.floor(real.voters(s).length / 2))
        : real.majority(s),
  }
})

vi.mock('../../src/succession/election.js', async (original) => {
  const real = await original<typeof election>()
  return {
    ...real,
    onVote: (...[t, from, term, message]: Parameters<typeof real.onVote>) =>
      real.onVote(
        t,
        from,
        term,
        planted.bug === 'journal length is ignored'
          ? { ...message, lastIndex: Number.MAX_SAFE_INTEGER, lastTerm: Number.MAX_SAFE_INTEGER }
          : message,
      ),
  }
})

vi.mock('../../src/succession/reign.js', async (original) => {
  const real = await original<typeof reign>()
  return {
    ...real,
    /** Raft's Figure 8: what a majority holds is taken for committed, whatever its term. */
    flushLeader: (...[t, role]: Parameters<typeof real.flushLeader>) => {
      if (planted.bug === 'old terms are counted') {
        const { s } = t
        const set = s.voterSets.at(-1)?.voters ?? []
        const matches = set
          .map((id) => (id === s.self.memberId ? s.durableIndex : (role.progress.get(id)?.match ?? 0)))
          .toSorted((a, b) => b - a)
        const index = matches[Math.floor(set.length / 2)] ?? 0
        if (index > s.commitIndex) advanceCommit(t, index)
      }
      real.flushLeader(t, role)
    },
  }
})

vi.mock('../../src/succession/machine.js', async (original) => {
  const real = await original<typeof machine>()
  return {
    ...real,
    stepSuccession: (...args: Parameters<typeof real.stepSuccession>) => {
      const [s, input] = args
      const effects = real.stepSuccession(...args)
      if (planted.bug === 'promises are forgotten') {
        if (input.kind === 'start') s.mutedUntilMs = 0
        s.promise = null
      }
      if (planted.bug === 'votes are forgotten' && s.role.kind === 'follower')
        s.hard = { ...s.hard, votedFor: null }
      return effects
    },
  }
})

afterEach(() => {
  planted.bug = null
})

interface Hunt {
  readonly within: number
  readonly by: readonly string[]
  readonly peers?: number
  readonly kinds?: readonly FaultKind[]
  readonly options?: Partial<MachineRunOptions>
}

function isFound(bug: Plant | null, { within, by, peers = 5, kinds, options }: Hunt): void {
  const cases = draw({ seed: 7, peers, count: within, ...(kinds && { kinds }) })
  planted.bug = bug
  expectFound(hunt(cases, options, by), within)
}

function expectFound(found: Found | null, within: number): void {
  expect(found, `not found by ${within} schedules`).not.toBeNull()
  console.log(`${found?.contradiction.law}, schedule ${found?.after}: ${found?.contradiction.text}`)
}

/**
 * Figure 8 needs five things in this order, which no generator without aim has put together in 3,000 schedules: a
 * leader cut off with an entry, the next one cut off before it has sent its first, the former one elected again,
 * heard by one voter that it then cannot reach, and dead. The aim is given here, the times are left to chance.
 */
function figure8(count: number): Case[] {
  const random = seededRandom('figure 8')
  const tens = (least: number, most: number): number =>
    Math.round((least + random.next() * (most - least)) / 10) * 10
  return Array.from({ length: count }, (_, seed) => {
    const at = tens(1_000, 2_000)
    const to = random.next() < 0.5 ? 'bob' : 'cy'
    const again = 'server.elected#2'
    const schedule: Schedule = [
      { at, do: 'split', a: ['server'], for: tens(300, 600) },
      { on: 'server.elected', do: 'split', a: ['server'], for: tens(600, 2_000) },
      { on: again, after: tens(0, 100), do: 'cut', from: 'server', to, for: 2_000 },
      { on: again, after: tens(100, 300), do: 'crash', who: 'server', for: 2_000 },
    ]
    return { seed, peers: 3, schedule }
  })
}

describe('a planted bug is noticed', () => {
  it('an election that half of the voters can win', () => {
    isFound('half of the voters are enough', { within: 30, peers: 4, by: ['P2', 'S1', 'S2', 'S3', 'S4'] })
  })

  it('a voter that ignores how long the journal of a candidate is', () => {
    isFound('journal length is ignored', { within: 200, by: ['S2', 'S3', 'S4', 'ends'] })
  })

  it('a voter that forgets its promise', () => {
    isFound('promises are forgotten', { within: 30, by: ['P2'] })
  })

  it('a voter that forgets its vote', () => {
    // Words that take long bring candidates that do not know of each other.
    const options = { network: { latencyMinMs: 1, latencyMaxMs: 60 } }
    isFound('votes are forgotten', {
      within: 100,
      by: ['S1', 'S5'],
      kinds: ['crash', 'restart', 'pause'],
      options,
    })
  })

  it('disks that say that they have synced', () => {
    isFound(null, { within: 300, kinds: ['power-off', 'disk-lies'], by: ['S2', 'S3', 'S4', 'S5', 'ends'] })
  })

  it('a leader that counts the copies of an old term (Figure 8)', () => {
    const options: Partial<MachineRunOptions> = {
      commandBytes: 300_000,
      pauseMs: 60,
      forMs: 6_000,
      syncMs: [20, 60],
    }
    expect(hunt(figure8(60), options), 'without the bug').toBeNull()
    planted.bug = 'old terms are counted'
    expectFound(hunt(figure8(60), options, ['S3', 'S4', 'ends']), 60)
  })
})
