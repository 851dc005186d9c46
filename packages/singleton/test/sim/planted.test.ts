import { readFileSync, rmSync } from 'node:fs'
import type { Disk, DiskFile, Folder, Host, Now } from '@tanist/core'
import { describe as inWords } from '@tanist/core/testing'
import type { FaultKind } from '@tanist/core/testing'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SessionTable } from '../../src/role/sessions.js'
import type * as state from '../../src/succession/state.js'
import { runSchedule } from '../../src/testing/index.js'
import type { Cluster, SimulateOptions } from '../../src/testing/index.js'
import { acts, caseArbitrary, runCampaign, runCase } from './campaign.js'
import type { Kept } from './campaign.js'

/*
 * Proof that the laws can fail: each test breaks one thing in the production code, in its host or in its state,
 * and the generated schedules must notice within a budget. The production code itself is not touched.
 */

const planted = vi.hoisted(() => ({ halves: false }))

/** The one mock of the code itself, for what a failing campaign says; bugs of the protocol are in `test/planted`. */
vi.mock('../../src/succession/state.js', async (original) => {
  const real = await original<typeof state>()
  return {
    ...real,
    majority: (...[s]: Parameters<typeof real.majority>) =>
      planted.halves ? Math.max(1, Math.floor(real.voters(s).length / 2)) : real.majority(s),
  }
})

/** The last fault of a schedule is over. */
const HEALS_MS = 8_000

afterEach(() => {
  planted.halves = false
  vi.restoreAllMocks()
})

interface Hunt extends Pick<SimulateOptions, 'host' | 'meanwhile' | 'world'> {
  readonly peers?: number
  readonly before?: () => void
  /** Schedules after which the bug must have been noticed. */
  readonly within: number
  readonly kinds?: readonly FaultKind[]
  readonly by: readonly string[]
}

/** Laws that were contradicted, by number of the schedule that did it first; stops at the first of `by`. */
function hunt({
  peers = 3,
  within,
  kinds,
  by,
  before,
  ...options
}: Hunt): { law: string; after: number } | null {
  const cases = fc.sample(caseArbitrary(peers, kinds), { seed: 7, numRuns: within })
  for (const [i, one] of cases.entries()) {
    let laws: string[]
    before?.()
    try {
      laws = runSchedule({ acts, ...one, ...options }).contradictions.map((found) => found.law)
    } catch {
      laws = ['throws']
    }
    const law = laws.find((found) => by.includes(found))
    if (law !== undefined) return { law, after: i + 1 }
  }
  return null
}

/** Every life gets its own state, so whatever is done to it is done again and again. */
function often(everyMs: number, act: (cluster: Cluster) => void): (cluster: Cluster) => void {
  return (cluster) => {
    const again = (): void => {
      act(cluster)
      cluster.world.schedule(cluster.world.nowMs + everyMs, again)
    }
    again()
  }
}

function states(cluster: Cluster): state.Succession[] {
  return cluster.names
    .filter((name) => cluster.isRunning(name))
    .flatMap((name) => cluster.peer(name)?.succession ?? [])
}

/** A disk that says "on the platter" while what was written waits up to 300 ms in a cache of its own. */
function lyingDisk(host: Host): Host {
  const file = (real: DiskFile): DiskFile => {
    let cached: (() => void)[] = []
    let end = 0
    const pass = (): void => {
      const writes = cached
      cached = []
      for (const write of writes) write()
    }
    const passed = (): DiskFile => {
      pass()
      return real
    }
    return {
      get size() {
        return cached.length === 0 ? real.size : Math.max(real.size, end)
      },
      read: (offset, length) => passed().read(offset, length),
      write: (offset, bytes) => {
        if (cached.length === 0) host.timers.set(300, pass)
        end = cached.length === 0 ? offset + bytes.length : Math.max(end, offset + bytes.length)
        const kept = bytes.slice()
        cached.push(() => real.write(offset, kept))
      },
      truncate: (size) => passed().truncate(size),
      prepare: (size) => real.prepare(size),
      sync: (done) => void host.timers.set(0.5, done),
      close: () => passed().close(),
    }
  }
  const folder = (real: Folder): Folder => ({
    path: real.path,
    list: () => real.list(),
    // Votes stay honest, so that peers come back and only entries are lost.
    open: (name, mode) => (name === 'identity' ? real.open(name, mode) : file(real.open(name, mode))),
    rename: (from, to) => real.rename(from, to),
    remove: (name) => real.remove(name),
    sync: (done) => real.sync(done),
    close: () => real.close(),
  })
  const disk: Disk = { openFolder: (path) => folder(host.disk.openFolder(path)) }
  return { ...host, disk }
}

/** Both clocks of a machine run at a hundredth from the moment that `isSlow` says so; its timers are right. */
function slowClock(host: Host, isSlow: () => boolean): Host {
  let from: Now | null = null
  const now = (): Now => {
    const real = host.clock.now()
    if (!isSlow()) return real
    from ??= real
    return {
      monotonicMs: from.monotonicMs + (real.monotonicMs - from.monotonicMs) / 100,
      wallMs: from.wallMs + (real.wallMs - from.wallMs) / 100,
    }
  }
  return { ...host, clock: { now } }
}

describe('a planted bug is noticed', () => {
  const found = (what: Hunt): void => {
    const result = hunt(what)
    expect(result, `not found by ${what.within} schedules`).not.toBeNull()
    console.log(`found by ${result?.law}, schedule ${result?.after}`)
  }

  it('a disk that acknowledges before it has synced', () => {
    found({
      within: 60,
      kinds: ['power-off', 'crash'],
      host: (host) => lyingDisk(host),
      by: ['S3', 'S4'],
    })
  })

  it('a clock that stands nearly still at the server, beyond the drift bound', () => {
    let slow: string | null = null
    const host = (real: Host, node: string): Host => slowClock(real, () => slow === node)
    const meanwhile = (cluster: Cluster): void => void (slow = cluster.server())
    const before = (): void => void (slow = null)
    found({ within: 60, kinds: ['cut', 'split'], before, host, meanwhile, by: ['P2', 'S9'] })
  })

  it('a session table that forgets what it has answered', () => {
    vi.spyOn(SessionTable.prototype, 'find').mockReturnValue(undefined)
    found({ within: 60, by: ['S7'] })
  })

  it('a vote that is given twice in a term', () => {
    const meanwhile = often(1, (cluster) => {
      for (const s of states(cluster)) {
        s.hard = { ...s.hard, votedFor: null }
        if (s.role.kind === 'candidate') s.hard = { ...s.hard, votedFor: s.self.memberId }
      }
    })
    // Words that take long bring candidates that do not know of each other.
    const world = { network: { latencyMinMs: 1, latencyMaxMs: 60 } }
    found({
      within: 100,
      peers: 5,
      kinds: ['crash', 'restart', 'pause'],
      meanwhile,
      world,
      by: ['S1', 'S3', 'S4', 'ends'],
    })
  })

  it('a leader that takes what it sent for stored', () => {
    const meanwhile = often(1, (cluster) => {
      for (const s of states(cluster)) {
        if (s.role.kind !== 'leader') continue
        for (const progress of s.role.progress.values())
          progress.match = Math.max(progress.match, progress.next - 1)
      }
    })
    found({ within: 60, meanwhile, by: ['S2', 'S3', 'S4', 'ends'] })
  })

  it('a commit index that runs ahead', () => {
    const meanwhile = often(5, (cluster) => {
      for (const s of states(cluster)) if (s.role.kind === 'follower') s.commitIndex = s.lastIndex
    })
    found({ within: 60, meanwhile, by: ['S3', 'S4', 'S9'] })
  })
})

describe('a campaign that fails', () => {
  it('says how to see it again, in words and in a file that can be kept', () => {
    planted.halves = true
    let text = ''
    try {
      runCampaign({ peers: 3, runs: 60, seed: 5, shrinkRuns: 20 })
    } catch (error) {
      text = (error as Error).message
    }
    expect(text).toMatch(/^3 peers, seed \d+, campaign \d+/)
    expect(text).toMatch(/first contradiction: (S|P|L)\d: /)
    const file = /The schedule is in (.+\.json)\./.exec(text)?.[1] ?? ''
    try {
      const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept
      expect(text).toContain(inWords(kept.schedule).join('\n  '))
      expect(runCase(kept).contradictions).not.toEqual([])
      planted.halves = false
      expect(runCase(kept).contradictions).toEqual([])
    } finally {
      rmSync(file, { force: true })
    }
  })
})

describe('what the promises allow for holds', () => {
  it('false proof of death breaks leases, never journals', () => {
    const meanwhile = often(700, (cluster) => {
      // Taken back when everything heals: who is dead to somebody for good is served by nobody.
      if (cluster.world.nowMs > HEALS_MS) return states(cluster).forEach(({ dead }) => dead.clear())
      const [liar] = states(cluster).filter((s) => s.role.kind === 'follower' && s.leader)
      if (liar?.leader) liar.dead.set(liar.leader.memberId, liar.leader.incarnation)
    })
    const by = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'L3', 'throws']
    expect(hunt({ within: 60, meanwhile, by })).toBeNull()
  })

  it('links that lose, repeat and reorder frames delay, and harm nothing', () => {
    const quality = { loss: 0.03, duplicate: 0.05, reorder: 0.1, reorderMs: 50 }
    const meanwhile = ({ world, names }: Cluster): void => {
      for (const a of names) for (const b of names) if (a !== b) world.quality(a, b, quality)
    }
    const by = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S9', 'P2', 'L1', 'throws', 'ends']
    expect(hunt({ within: 60, meanwhile, by })).toBeNull()
  })
})
