import * as fc from 'fast-check'
import { Cluster, peerNames } from '../../src/testing/index.js'

/**
 * Peers that join a cluster of which they hear the server and hardly anybody else, until that server has admitted
 * them and another one leads: plain data that shrinks. One founder, `relay`, is heard by all and hears all.
 */
export interface Unheard {
  readonly seed: number
  readonly founders: number
  readonly relay: number
  readonly startsMs: readonly number[]
  /** By joiner and founder: links that never work, or only one way; not those with the relay and the first server. */
  readonly deaf: readonly (readonly (Direction | null)[])[]
  /** What happens so long after the journal has admitted the n-th; 0: before anybody can be told. */
  readonly admitted: readonly {
    readonly nth: number
    readonly afterMs: number
    readonly what: Blow
  }[]
  /** Connections of one peer to all others that end, and can be made anew at once. */
  readonly resets: readonly { readonly who: number; readonly atMs: number }[]
  readonly cuts: readonly {
    readonly from: number
    readonly to: number
    readonly atMs: number
    readonly forMs: number
  }[]
}

type Direction = 'both' | 'there' | 'back'
/** To the server, or to its link with the one just admitted; what is `cut` stays so. */
type Blow = 'crash' | 'pause' | 'cut' | 'reset' | 'hand-over'

const FAULTS_MS = 8_000
const TOLD_MS = 20_000
const PAUSE_MS = 1_500

const ms = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most })

export const unheard: fc.Arbitrary<Unheard> = fc
  .record({ founders: fc.integer({ min: 3, max: 5 }), joiners: fc.integer({ min: 1, max: 3 }) })
  .chain(({ founders, joiners }) => {
    const who = fc.nat(founders + joiners - 1)
    return fc.record({
      seed: fc.nat(),
      founders: fc.constant(founders),
      relay: fc.nat(founders - 1),
      startsMs: fc.array(ms(400), { minLength: joiners, maxLength: joiners }),
      deaf: fc.array(
        fc.array(fc.constantFrom<Direction | null>('both', 'both', 'both', 'there', 'back', null), {
          minLength: founders,
          maxLength: founders,
        }),
        { minLength: joiners, maxLength: joiners },
      ),
      admitted: fc.array(
        fc.record({
          nth: fc.nat(joiners - 1),
          afterMs: fc.oneof(fc.constant(0), ms(30)),
          what: fc.constantFrom<Blow>('crash', 'crash', 'pause', 'cut', 'reset', 'hand-over'),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      resets: fc.array(fc.record({ who, atMs: ms(FAULTS_MS) }), { maxLength: 4 }),
      cuts: fc.array(fc.record({ from: who, to: who, atMs: ms(4_000), forMs: ms(4_000) }), { maxLength: 3 }),
    })
  })

export interface Heard {
  readonly server: string | null
  /** Whom its journal has, and who does not know so. */
  readonly untold: readonly string[]
  /** It is one whom a joiner never heard. */
  readonly unheard: boolean
}

/** Plays it, mends all but the links that never worked or were cut at an admission, and says who was not told in time. */
export function play(given: Unheard): Heard {
  const names = peerNames(given.founders + given.startsMs.length)
  const nameOf = (at: number): string => names[at] as string
  const joiners = names.slice(given.founders)
  const relay = nameOf(given.relay)
  const cluster = new Cluster({ seed: given.seed, peers: names.length, settings: { expect: 2 } })
  const { world } = cluster
  for (const name of names.slice(0, given.founders)) cluster.start(name)
  // Of two voters the one left may have to wait for the other: not what is looked at here.
  world.runUntil(() => cluster.settled && cluster.voters.length >= 3, { limitMs: 20_000 })
  const beganMs = world.nowMs
  const at = (atMs: number, run: () => void): void => world.schedule(beganMs + atMs, run)
  const first = cluster.server()
  const lasting = given.deaf.flatMap((row, joiner) =>
    row.flatMap((how, founder): Deaf[] => {
      const [one, other] = [joiners[joiner] as string, nameOf(founder)]
      return how === null || other === relay || other === first ? [] : [{ one, other, how }]
    }),
  )
  for (const deaf of lasting) cut(cluster, deaf)
  for (const [i, atMs] of given.startsMs.entries()) at(atMs, () => cluster.start(nameOf(given.founders + i)))
  for (const { who, atMs } of given.resets)
    at(atMs, () => names.forEach((name) => name !== nameOf(who) && world.resetLinks(name, nameOf(who))))
  for (const { from, to, atMs, forMs } of given.cuts)
    if (from !== to) at(atMs, () => at(atMs + forMs, world.cut(nameOf(from), nameOf(to))))
  const later = atAdmissions(given, cluster, joiners, relay)
  world.run({ forMs: FAULTS_MS })
  world.healAll()
  for (const deaf of [...lasting, ...later]) cut(cluster, deaf)
  const isTold = (name: string): boolean => cluster.peer(name)?.joined === true
  const waits = (): string[] => joiners.filter((name) => !isTold(name) && isAdmitted(cluster, name))
  world.runUntil(() => cluster.server() !== null && waits().length === 0, { limitMs: TOLD_MS })
  const server = cluster.server()
  return { server, untold: waits(), unheard: lasting.some(({ other }) => other === server) }
}

function isAdmitted(cluster: Cluster, name: string): boolean {
  const server = cluster.server()
  const self = cluster.peer(name)?.succession.self
  if (server === null || self === undefined) return false
  return cluster.peer(server)?.succession.view.get(self.memberId)?.incarnation === self.incarnation
}

interface Deaf {
  readonly one: string
  readonly other: string
  readonly how: Direction
}

function cut({ world }: Cluster, { one, other, how }: Deaf): void {
  if (how !== 'back') world.cut(one, other)
  if (how !== 'there') world.cut(other, one)
}

/** Looks whom the journal admits, and does what was planned. Gives the links that stay cut. */
function atAdmissions(
  { admitted, founders }: Unheard,
  cluster: Cluster,
  joiners: readonly string[],
  relay: string,
): readonly Deaf[] {
  const { world } = cluster
  const seen: string[] = []
  const lasting: Deaf[] = []
  // As many as a majority of the founders can do without.
  let mayCrash = Math.ceil(founders / 2) - 1
  const strike = (name: string, what: Blow): void => {
    const server = cluster.server()
    if (server === null) return
    if (what === 'reset') world.resetLinks(name, server)
    else if (what === 'hand-over') cluster.peer(server)?.transfer(null, () => {})
    else if (what === 'pause') world.schedule(world.nowMs + PAUSE_MS, world.pause(server))
    else if (server === relay) return
    else if (what === 'cut') {
      const deaf = { one: name, other: server, how: 'both' as const }
      lasting.push(deaf)
      cut(cluster, deaf)
    } else if (mayCrash > 0) {
      mayCrash -= 1
      cluster.giveUp(server, 'crashed as it admitted a joiner')
    }
  }
  world.onMoment((node, moment) => {
    if (moment !== 'committed' || cluster.server() !== node) return
    for (const name of joiners.filter((one) => !seen.includes(one) && isAdmitted(cluster, one))) {
      const nth = seen.push(name) - 1
      for (const { what, afterMs } of admitted.filter((one) => one.nth === nth)) {
        if (afterMs === 0) strike(name, what)
        else world.schedule(world.nowMs + afterMs, () => strike(name, what))
      }
    }
  })
  return lasting
}
