import type { Schedule } from '@tanist/core/testing'
import { describe, expect, it } from 'vitest'
import { runMachines } from '../../src/testing/machines/index.js'
import type { MachineRun, SuccessionWorld } from '../../src/testing/machines/index.js'
import { draw } from './cases.js'

/** Counts what peers do; schedules that wait for a moment go on hearing of it. */
function counted(world: SuccessionWorld): Map<string, number> {
  const counts = new Map<string, number>()
  world.onMoment = (name, moment) => {
    const key = `${name} ${moment}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

const lag = (world: SuccessionWorld, name: string): number =>
  (world.leader?.state.commitIndex ?? 0) - (world.peer(name)?.state.commitIndex ?? 0)

describe('a follower behind the beginning of the journal', () => {
  /**
   * A snapshot is due every 12 entries, three times a second; to send one takes about a second and a half: while it
   * travels, the next ones are taken.
   */
  const busy = {
    peers: 3,
    clients: 4,
    pauseMs: 100,
    reads: 0,
    snapshotBytes: 4_000,
    network: { latencyMinMs: 20, latencyMaxMs: 24 },
    forMs: 12_000,
  } as const
  const away: Schedule = [{ at: 500, do: 'split', a: ['cy'], for: 3_500 }]

  function returns(catchUpBytes: number): {
    readonly run: MachineRun
    readonly installs: number
    readonly lagAt: number
  } {
    let installs = 0
    let lagAt = Infinity
    const run = runMachines({
      ...busy,
      seed: 3,
      schedule: away,
      snapshots: { piecesInFlight: 1, pieceBytes: 128, catchUpBytes, keepEntries: 1, keepBytes: 40 },
      meanwhile: (world) => {
        const counts = counted(world)
        // While the load goes on: what was healed when it is over shows nothing.
        world.plain.schedule(world.nowMs + 11_500, () => {
          installs = counts.get('cy installed') ?? 0
          lagAt = lag(world, 'cy')
        })
      },
    })
    return { run, installs, lagAt }
  }

  it('is never trapped in snapshots: what it is sent, and the entries behind it, are kept for it', () => {
    const { run, installs, lagAt } = returns(100_000)
    expect(run.contradictions).toEqual([])
    expect(installs).toBe(1)
    expect(lagAt).toBeLessThan(12)
  })

  it('is not waited for beyond the bound: then it begins again with a newer one, and journals stay short', () => {
    let longest = 0
    const run = runMachines({
      ...busy,
      seed: 3,
      schedule: away,
      snapshots: { piecesInFlight: 1, pieceBytes: 128, catchUpBytes: 100, keepEntries: 1, keepBytes: 40 },
      // Three snapshots' worth of entries are the least that is kept for it.
      snapshotBytes: 1_000,
      meanwhile: (world) => {
        for (let ms = 0; ms < 11_000; ms += 100) {
          world.plain.schedule(world.nowMs + ms, () => {
            const disk = world.leader?.disk
            longest = Math.max(longest, disk ? disk.lastIndex - disk.firstIndex : 0)
          })
        }
      },
    })
    expect(run.contradictions).toEqual([])
    // 3,000 bytes of entries of some 30 bytes, and what is committed until the next snapshot.
    expect(longest).toBeLessThan(180)
    expect(longest).toBeGreaterThan(20)
  })
})

describe('a state that differs from the journalled one', () => {
  const quiet = { peers: 3, pauseMs: 200, forMs: 8_000 }

  function spoilt(name: (world: SuccessionWorld) => string, schedule: Schedule, seed: number): MachineRun {
    return runMachines({
      ...quiet,
      seed,
      schedule,
      meanwhile: (world) => world.plain.schedule(world.nowMs + 1_000, () => world.spoil(name(world))),
    })
  }

  const values = ({ world }: MachineRun): (number | undefined)[] =>
    world.running.map(({ value, applied }) => value - (world.laws.stateAt(applied) ?? Number.NaN))

  it('is noticed at the next snapshot, and replaced by the leader’s', () => {
    const run = spoilt(({ leader }) => (leader?.name === 'cy' ? 'bob' : 'cy'), [], 1)
    expect(run.contradictions).toEqual([])
    expect(values(run)).toEqual([0, 0, 0])
    expect(run.reigns).toBe(1)
  })

  it('is noticed and replaced also when its peer restarts at any moment meanwhile', () => {
    for (let at = 1_000; at < 5_000; at += 190) {
      const run = spoilt(() => 'cy', [{ at, do: 'power-off', who: ['cy'], for: 100, tear: true }], at)
      expect(run.contradictions, `restart at ${at}`).toEqual([])
      expect(values(run), `restart at ${at}`).toEqual([0, 0, 0])
    }
  })

  it('never becomes the state of a server: who knows that its own is wrong does not stand', () => {
    let noticed = 0
    for (let at = 1_000; at < 5_000; at += 190) {
      const run = runMachines({
        ...quiet,
        seed: at,
        schedule: [{ at, do: 'crash', who: 'server', for: 2_000 }],
        meanwhile: (world) => {
          world.plain.schedule(world.nowMs + 900, () => world.spoil('cy'))
          world.onMoment = (name) => {
            if (name === 'cy' && world.peer('cy')?.state.snap.diverged) noticed += 1
          }
        },
      })
      // That it does not serve meanwhile is a law of every run.
      expect(run.contradictions, `crash at ${at}`).toEqual([])
    }
    expect(noticed).toBeGreaterThan(0)
  })
})

describe('generated schedules', () => {
  it('compact and fetch all the time, with crashes at every step of it', () => {
    let installs = 0
    let captures = 0
    for (const one of draw({
      seed: 21,
      peers: 3,
      count: 60,
      kinds: ['power-off', 'crash', 'split', 'loss', 'reset'],
    })) {
      const options = {
        pauseMs: 60,
        snapshots: { keepEntries: 1, keepBytes: 100, catchUpBytes: 200, entries: 8 },
      }
      const run = runMachines({ ...one, ...options, snapshotBytes: 800, forMs: 10_000 })
      expect(run.contradictions, `seed ${one.seed}: ${JSON.stringify(one.schedule)}`).toEqual([])
      installs += run.world.laws.installs
      captures += run.world.laws.snapshots
    }
    expect(installs).toBeGreaterThan(30)
    expect(captures).toBeGreaterThan(600)
  })
})
