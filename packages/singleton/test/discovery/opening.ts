import * as fc from 'fast-check'
import { Cluster, peerNames } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'

export const MACHINES = 9
const SPREAD_MS = 5_000
/** Time for two clusters to hear of each other by a beacon, for one to dissolve, and for each of its peers to be admitted. */
const TOGETHER_MS = 60_000

/** How an office starts up, and what happens to it meanwhile: plain data that shrinks. */
export interface Opening {
  readonly seed: number
  /** When each machine is switched on. */
  readonly startsMs: readonly number[]
  readonly datagramLoss: number
  /** The machines of `side` and the others do not hear each other. */
  readonly cuts: readonly {
    readonly atMs: number
    readonly forMs: number
    readonly side: readonly number[]
  }[]
  /** The process dies, and is started again. */
  readonly crashes: readonly { readonly atMs: number; readonly forMs: number; readonly who: number }[]
  /** Its event loop stands still: a slow start. */
  readonly pauses: readonly { readonly atMs: number; readonly forMs: number; readonly who: number }[]
}

const who = fc.nat(MACHINES - 1)
const ms = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most })

export const quietOpening: fc.Arbitrary<Opening> = fc.record({
  seed: fc.nat(),
  startsMs: fc.array(ms(SPREAD_MS), { minLength: MACHINES, maxLength: MACHINES }),
  datagramLoss: fc.constant(0),
  cuts: fc.constant([]),
  crashes: fc.constant([]),
  pauses: fc.constant([]),
})

export const roughOpening: fc.Arbitrary<Opening> = fc.record({
  seed: fc.nat(),
  startsMs: fc.array(ms(SPREAD_MS), { minLength: MACHINES, maxLength: MACHINES }),
  datagramLoss: fc.constantFrom(0, 0.1, 0.3, 0.6),
  cuts: fc.array(
    fc.record({
      atMs: ms(6_000),
      forMs: ms(8_000),
      side: fc.uniqueArray(who, { minLength: 1, maxLength: MACHINES - 1 }),
    }),
    { maxLength: 2 },
  ),
  crashes: fc.array(fc.record({ atMs: ms(7_000), forMs: ms(2_000), who }), { maxLength: 3 }),
  pauses: fc.array(fc.record({ atMs: ms(6_000), forMs: ms(3_000), who }), { maxLength: 3 }),
})

export interface Opened {
  readonly cluster: Cluster
  /** How many clusters were founded on the way. */
  readonly foundings: number
  /** All are members of one cluster with one server. */
  readonly together: boolean
  readonly tookMs: number
}

/** Plays it, then mends everything and waits for all to be together. */
export function play(
  opening: Opening,
  look: ClusterOptions['look'],
  more: Partial<ClusterOptions> = {},
): Opened {
  const names = peerNames(opening.startsMs.length)
  let foundings = 0
  const cluster = new Cluster({
    seed: opening.seed,
    peers: names.length,
    world: { network: { datagramLoss: opening.datagramLoss } },
    settings: { seeds: [], expect: 1 },
    ...(look && { look }),
    onPeer: (_node, core) => {
      core.observe((event) => {
        if (event.kind === 'note' && event.event === 'founded') foundings += 1
      })
    },
    ...more,
  })
  const { world } = cluster
  const nameOf = (at: number): string => names[at] as string
  const at = (whenMs: number, run: () => void): void => world.schedule(whenMs, run)
  for (const [i, atMs] of opening.startsMs.entries()) at(atMs, () => cluster.start(nameOf(i)))
  let overMs = Math.max(...opening.startsMs)
  const over = (endMs: number, undo: () => void): void => {
    at(endMs, undo)
    overMs = Math.max(overMs, endMs)
  }
  for (const { atMs, forMs, side } of opening.cuts)
    at(atMs, () => over(world.nowMs + forMs, world.split(side.map(nameOf))))
  for (const { atMs, forMs, who: one } of opening.crashes) {
    at(atMs, () => {
      if (world.life(nameOf(one)) === 0) return
      world.crash(nameOf(one))
      over(world.nowMs + forMs, () => world.state(nameOf(one)) === 'stopped' && cluster.start(nameOf(one)))
    })
  }
  for (const { atMs, forMs, who: one } of opening.pauses) {
    at(atMs, () => {
      if (world.state(nameOf(one)) === 'running') over(world.nowMs + forMs, world.pause(nameOf(one)))
    })
  }
  const planned = [...opening.cuts, ...opening.crashes, ...opening.pauses].map(({ atMs }) => atMs)
  world.run({ forMs: Math.max(overMs, ...planned) + 1 })
  if (overMs > world.nowMs) world.run({ forMs: overMs - world.nowMs + 1 })
  world.healAll()
  const together = world.runUntil(() => isOne(cluster), { limitMs: TOGETHER_MS })
  return { cluster, foundings, together, tookMs: world.nowMs - overMs }
}

function isOne(cluster: Cluster): boolean {
  if (!cluster.settled) return false
  const ids = new Set(cluster.names.map((name) => cluster.peer(name)?.status().clusterId))
  return ids.size === 1 && cluster.names.every((name) => cluster.world.life(name) > 0)
}
