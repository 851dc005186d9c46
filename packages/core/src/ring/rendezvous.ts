import { hash32, mix32 } from './hash.js'
import { ln } from './ln.js'

/** A member of a view: its id alone, or a row with an id, such as those of `peer.members$`. */
export type RingMember = string | RingRow

export interface RingRow {
  readonly id: string
  /** Its share of the keys, against the weights of the others: 0 or more. Default 1; with 0 it gets none. */
  readonly weight?: number | undefined
}

/** A view made quick to ask. */
export interface Ring<M extends RingMember> {
  /** Who has this key. */
  owner(key: string): M
  /** The owner and those that come next, `n` different members; fewer when there are fewer. */
  replicas(key: string, n: number): M[]
}

interface Place<M> {
  readonly member: M
  readonly id: string
  readonly weight: number
  readonly low: number
  readonly high: number
}

/** How well a member fits a key: of two, the one with the greater score has it. */
interface Fit<M> {
  readonly place: Place<M>
  /** Evenly spread between 0 and 1. */
  readonly u: number
}

/** Any other seed than that of the first half. */
const SECOND_HALF = 0x9e3779b9

/**
 * Who has this key, by rendezvous hashing: every member of the view gets a number from its id and the key, and the
 * greatest has the key. All who hold the same view agree, on every machine and in every version, without a word
 * between them; the order of the view does not matter. When a member goes, its keys alone move, evenly to the
 * others; one that comes takes its share from all. Throws a `TypeError` when the view is empty or a weight is not
 * a number from 0 on. (Thaler and Ravishankar 1998; weights as in Schindelhauer and Schomaker 2005.)
 *
 * @example
 * const hall = owner(['ann', 'bob', 'cy'], 'room 12') // the same name on every machine
 * const printer = owner([{ id: 'ann' }, { id: 'bob', weight: 3 }], 'job 7').id // three of four jobs go to bob
 */
export function owner<M extends RingMember>(view: readonly M[], key: string): M {
  return ownerIn(placesOf(view), key)
}

/**
 * The owner of this key and the `n - 1` members that come next, all different; fewer when the view has fewer with a
 * weight above 0. Each is the owner as soon as those before it have gone. Throws as `owner` does, and when `n` is not
 * a whole number from 1 on.
 *
 * @example
 * const [first, second] = replicas(['ann', 'bob', 'cy'], 'room 12', 2)
 */
export function replicas<M extends RingMember>(view: readonly M[], key: string, n: number): M[] {
  return replicasIn(placesOf(view), key, n)
}

/**
 * The same for many keys of one view: it checks the view and hashes its ids once. Worth it from a handful of keys on.
 *
 * @example
 * const halls = ring(['ann', 'bob', 'cy'])
 * const places = ['room 1', 'room 2', 'room 3'].map((room) => halls.owner(room))
 */
export function ring<M extends RingMember>(view: readonly M[]): Ring<M> {
  const places = placesOf(view)
  return { owner: (key) => ownerIn(places, key), replicas: (key, n) => replicasIn(places, key, n) }
}

function placesOf<M extends RingMember>(view: readonly M[]): readonly Place<M>[] {
  const places = new Map<string, Place<M>>()
  let idle = 0
  for (const member of view) {
    const { id, weight = 1 } = typeof member === 'string' ? { id: member } : member
    if (typeof id !== 'string')
      throw new TypeError(`A member of the view has the id ${String(id)}; allowed is a string.`)
    if (!(typeof weight === 'number' && weight >= 0 && weight < Infinity))
      throw new TypeError(
        `The weight of ${id} is ${String(weight)}; allowed is a number from 0 on, by default 1.`,
      )
    const before = places.get(id)?.weight
    if (before === undefined) {
      places.set(id, { member, id, weight, low: hash32(id), high: hash32(id, SECOND_HALF) })
      if (weight === 0) idle += 1
    } else if (before !== weight)
      throw new TypeError(
        `The view names ${id} twice, with the weights ${before} and ${weight}; name it once.`,
      )
  }
  if (places.size === idle)
    throw new TypeError('The view has no member with a weight above 0: nobody can have a key.')
  const all = [...places.values()]
  return idle === 0 ? all : all.filter(({ weight }) => weight > 0)
}

function ownerIn<M>(places: readonly Place<M>[], key: string): M {
  const hashed = hashesOf(key)
  let best: Fit<M> | null = null
  for (const place of places) {
    const fit = { place, u: draw(place, hashed) }
    if (best === null || fitsBetter(fit, best)) best = fit
  }
  return best!.place.member
}

function replicasIn<M>(places: readonly Place<M>[], key: string, n: number): M[] {
  if (!Number.isSafeInteger(n) || n < 1)
    throw new TypeError(`The number of replicas is ${String(n)}; allowed is a whole number from 1 on.`)
  const hashed = hashesOf(key)
  const best: Fit<M>[] = []
  for (const place of places) {
    const fit = { place, u: draw(place, hashed) }
    let at = best.length
    while (at > 0 && fitsBetter(fit, best[at - 1]!)) at -= 1
    if (at >= n) continue
    best.splice(at, 0, fit)
    if (best.length > n) best.pop()
  }
  return best.map(({ place }) => place.member)
}

function hashesOf(key: string): readonly [low: number, high: number] {
  if (typeof key !== 'string') throw new TypeError(`The key is ${String(key)}; allowed is a string.`)
  return [hash32(key), hash32(key, SECOND_HALF)]
}

/** 52 bits and a half, so that it is neither 0 nor 1. */
function draw({ low, high }: Place<unknown>, key: readonly [low: number, high: number]): number {
  const top = mix32(high ^ key[1])
  const rest = mix32(low ^ key[0] ^ top)
  return (top * 0x10_0000 + (rest >>> 12) + 0.5) / 0x10_0000_0000_0000
}

/** By the greater `-weight / ln(u)`, which is the greater `u` between equal weights; equal fits by id. */
function fitsBetter(a: Fit<unknown>, b: Fit<unknown>): boolean {
  if (a.place.weight !== b.place.weight) {
    const difference = a.place.weight / -ln(a.u) - b.place.weight / -ln(b.u)
    if (difference !== 0) return difference > 0
  } else if (a.u !== b.u) return a.u > b.u
  return a.place.id < b.place.id
}
