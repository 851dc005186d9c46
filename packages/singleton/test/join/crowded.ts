import * as fc from 'fast-check'
import { Cluster, peerNames } from '../../src/testing/index.js'

/** Peers that come all at once to a cluster that hardly gets to work: plain data that shrinks. */
export interface Crowded {
  readonly seed: number
  /** Those who are a cluster already. */
  readonly founders: number
  /** When each of the others is switched on. */
  readonly startsMs: readonly number[]
  /** Processors that others take, by machine. */
  readonly stalls: readonly { readonly who: number; readonly busyMs: number; readonly freeMs: number }[]
  readonly pauses: readonly { readonly who: number; readonly atMs: number; readonly forMs: number }[]
  /** Links, there and back, and how late what goes by them is. */
  readonly slow: readonly { readonly a: number; readonly b: number; readonly byMs: number }[]
  readonly cuts: readonly {
    readonly from: number
    readonly to: number
    readonly atMs: number
    readonly forMs: number
  }[]
  /** What happens to its link with the server so long after the journal has admitted the n-th. */
  readonly admitted: readonly {
    readonly nth: number
    readonly afterMs: number
    readonly what: Meanwhile
  }[]
}

/** A link that `both`, `there` or `back` are cut stays so to the end. */
type Meanwhile = 'reset' | 'both' | 'there' | 'back'

const FAULTS_MS = 8_000
/** To be told, in calm: half a second by one's own link, and some beats until the way round is found. */
const TOLD_MS = 20_000

const ms = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most })

export const crowded: fc.Arbitrary<Crowded> = fc
  .record({ founders: fc.integer({ min: 2, max: 4 }), joiners: fc.integer({ min: 3, max: 5 }) })
  .chain(({ founders, joiners }) => {
    const who = fc.nat(founders + joiners - 1)
    return fc.record({
      seed: fc.nat(),
      founders: fc.constant(founders),
      startsMs: fc.array(ms(400), { minLength: joiners, maxLength: joiners }),
      stalls: fc.array(
        fc.record({
          who,
          busyMs: fc.integer({ min: 20, max: 900 }),
          freeMs: fc.integer({ min: 5, max: 100 }),
        }),
        { maxLength: 5 },
      ),
      pauses: fc.array(fc.record({ who, atMs: ms(4_000), forMs: ms(3_000) }), { maxLength: 3 }),
      slow: fc.array(fc.record({ a: who, b: who, byMs: fc.integer({ min: 20, max: 800 }) }), {
        maxLength: 6,
      }),
      cuts: fc.array(fc.record({ from: who, to: who, atMs: ms(4_000), forMs: ms(4_000) }), { maxLength: 4 }),
      admitted: fc.array(
        fc.record({
          nth: fc.nat(joiners - 1),
          afterMs: ms(30),
          what: fc.constantFrom<Meanwhile>('reset', 'both', 'there', 'back'),
        }),
        { maxLength: 3 },
      ),
    })
  })

/** Plays it, mends all but the links that were cut at an admission, and says who was not told in time. */
export function play(given: Crowded): { readonly cluster: Cluster; readonly untold: readonly string[] } {
  const names = peerNames(given.founders + given.startsMs.length)
  const nameOf = (at: number): string => names[at] as string
  const joiners = names.slice(given.founders)
  const cluster = new Cluster({ seed: given.seed, peers: names.length, settings: { expect: 2 } })
  const { world } = cluster
  for (const name of names.slice(0, given.founders)) cluster.start(name)
  world.runUntil(() => cluster.settled, { limitMs: 20_000 })
  const beganMs = world.nowMs
  const at = (atMs: number, run: () => void): void => world.schedule(beganMs + atMs, run)
  for (const [i, atMs] of given.startsMs.entries()) at(atMs, () => cluster.start(nameOf(given.founders + i)))
  hinder(given, cluster, at, nameOf)
  const stay = atAdmissions(given, cluster, joiners)
  world.run({ forMs: FAULTS_MS })
  world.healAll()
  for (const cut of stay()) cut()
  const isTold = (name: string): boolean => cluster.peer(name)?.joined === true
  world.runUntil(() => joiners.every(isTold), { limitMs: TOLD_MS })
  return { cluster, untold: joiners.filter((name) => !isTold(name)) }
}

function hinder(
  { stalls, pauses, slow, cuts }: Crowded,
  { world }: Cluster,
  at: (atMs: number, run: () => void) => void,
  nameOf: (at: number) => string,
): void {
  for (const { who, busyMs, freeMs } of stalls) world.stall(nameOf(who), { everyMs: busyMs + freeMs, busyMs })
  for (const { who, atMs, forMs } of pauses)
    at(atMs, () => {
      if (world.state(nameOf(who)) === 'running') at(atMs + forMs, world.pause(nameOf(who)))
    })
  const late = (byMs: number) => ({ latencyMinMs: byMs / 2, latencyMaxMs: byMs })
  for (const { a, b, byMs } of slow)
    if (a !== b)
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        world.quality(nameOf(from), nameOf(to), late(byMs))
  for (const { from, to, atMs, forMs } of cuts)
    if (from !== to) at(atMs, () => at(atMs + forMs, world.cut(nameOf(from), nameOf(to))))
}

/** Looks whom the journal admits, and does to the link what was planned. Gives what cuts again what shall stay cut. */
function atAdmissions(
  { admitted }: Crowded,
  cluster: Cluster,
  joiners: readonly string[],
): () => (() => void)[] {
  const { world } = cluster
  const seen: string[] = []
  const lasting: (() => void)[] = []
  world.onMoment((node, moment) => {
    if (moment !== 'committed' || cluster.server() !== node) return
    const server = cluster.peer(node)
    const isNew = (name: string): boolean => {
      const self = cluster.peer(name)?.succession.self
      return (
        self !== undefined && server?.succession.view.get(self.memberId)?.incarnation === self.incarnation
      )
    }
    for (const name of joiners.filter((one) => !seen.includes(one) && isNew(one))) {
      const nth = seen.push(name) - 1
      for (const plan of admitted.filter((one) => one.nth === nth)) {
        const { what } = plan
        const cut = (): void => {
          if (what !== 'there') world.cut(name, node)
          if (what !== 'back') world.cut(node, name)
        }
        if (what !== 'reset') lasting.push(cut)
        world.schedule(
          world.nowMs + plan.afterMs,
          what === 'reset' ? () => world.resetLinks(name, node) : cut,
        )
      }
    }
  })
  return () => lasting
}
