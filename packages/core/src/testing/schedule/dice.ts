import type { Random } from '../../host/index.js'
import type { Fault, FaultFields, FaultKind, Target, When } from './fault.js'
import type { ScheduleShape } from './shape.js'

/** Around beats, lease and promise, the longest silence, and removal. */
const defaultAroundMs = [50, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 4_000]

/** What a fault of any kind is made of. */
interface Dice {
  who(): Target
  /** Somebody else, as far as that can be told. */
  other(than: Target): Target
  /** Some, but not all. */
  some(): Target[]
  lastsMs(): number
  yes(): boolean
  /** From 1 to 10. */
  strength(): number
  one<T>(from: readonly T[]): T
}

function dice(random: Pick<Random, 'next'>, shape: ScheduleShape): Dice {
  const { nodes, roles = [], aroundMs = defaultAroundMs } = shape
  const one = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!
  const yes = (): boolean => random.next() < 0.5
  const who = (): Target => (roles.length > 0 && yes() ? one(roles) : one(nodes))
  return {
    one,
    yes,
    who,
    other: (than) => {
      const another = who()
      return another === than ? one(nodes.filter((name) => name !== than)) : another
    },
    some: () => {
      const size = 1 + Math.floor(random.next() * Math.max(1, Math.floor(nodes.length / 2)))
      return [...new Set(Array.from({ length: size }, who))]
    },
    // A step before, at, or after: where comparisons of times go wrong.
    lastsMs: () => Math.max(50, one(aroundMs) + one([-10, 0, 0, 10])),
    strength: () => 1 + Math.floor(random.next() * 10),
  }
}

/** As little as the kind can do, to the first node. */
const mildDice = ({ nodes, aroundMs = defaultAroundMs }: ScheduleShape): Dice => ({
  one: (from) => from[0]!,
  yes: () => false,
  who: () => nodes[0]!,
  other: (than) => nodes.find((name) => name !== than) ?? than,
  some: () => [nodes[0]!],
  lastsMs: () => Math.min(...aroundMs),
  strength: () => 1,
})

/** A fault of this kind, by chance. */
export function roll(random: Pick<Random, 'next'>, kind: FaultKind, shape: ScheduleShape, when: When): Fault {
  return make(kind, dice(random, shape), shape, when)
}

export function mildest(kind: FaultKind, shape: ScheduleShape, atMs = 0): Fault {
  return make(kind, mildDice(shape), shape, { at: atMs })
}

/** A target by chance. */
export const rollTarget = (random: Pick<Random, 'next'>, shape: ScheduleShape): Target =>
  dice(random, shape).who()

function make(kind: FaultKind, d: Dice, shape: ScheduleShape, when: When): Fault {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fields are those of this kind
  return { ...when, do: kind, ...table[kind](d, shape) } as Fault
}

const who = (d: Dice): { who: Target } => ({ who: d.who() })
const lasts = (d: Dice): { for: number } => ({ for: d.lastsMs() })

/** Links of somebody, or of everybody, for a while. */
const links = (d: Dice): { who?: Target; for: number } => ({ ...(d.yes() ? {} : who(d)), ...lasts(d) })
const share = (d: Dice): number => d.strength() / 20
const signed = (d: Dice): number => (d.yes() ? -1 : 1) * d.strength()

const table: { readonly [K in FaultKind]: (d: Dice, shape: ScheduleShape) => FaultFields[K] } = {
  crash: (d) => ({ ...who(d), ...lasts(d) }),
  restart: who,
  pause: (d) => ({ ...who(d), ...lasts(d) }),
  stall: (d) => {
    const busyMs = d.strength() * 20
    return { ...who(d), busyMs, everyMs: busyMs * (1 + d.strength()), ...lasts(d) }
  },
  sleep: (d) => ({ ...who(d), ...lasts(d) }),
  'power-off': (d) => ({ who: d.some(), ...(d.yes() ? { tear: true } : {}), ...lasts(d) }),
  upgrade: (d, { versions = [] }) => ({ ...who(d), to: d.one(versions) }),
  act: (d, { acts = [] }) => ({ act: d.one(acts), ...who(d) }),
  cut: (d) => {
    const from = d.who()
    return { from, to: d.other(from), ...lasts(d) }
  },
  split: (d) => ({ a: d.some(), ...lasts(d) }),
  bridge: (d) => ({ over: d.who(), ...lasts(d) }),
  ring: lasts,
  slow: (d) => ({
    ...links(d),
    byMs: d.one([5, 20, 50, 100, 200, 500]),
    ...(d.yes() ? { jitterMs: d.strength() * 10 } : {}),
  }),
  loss: (d) => ({ rate: share(d), ...links(d) }),
  duplicate: (d) => ({ rate: share(d), ...links(d) }),
  reorder: (d) => ({ rate: share(d), ...links(d) }),
  refuse: (d) => {
    const to = d.who()
    return { ...(d.yes() ? {} : { from: d.other(to) }), to, ...lasts(d) }
  },
  reset: (d) => (d.yes() ? {} : who(d)),
  'address-change': who,
  wipe: who,
  'disk-full': (d) => ({ ...who(d), ...lasts(d) }),
  'disk-slow': (d) => ({ ...who(d), byMs: d.one([5, 20, 50, 200, 1_000]), ...lasts(d) }),
  'disk-fails': who,
  'disk-lies': (d) => ({ ...who(d), ...lasts(d) }),
  misdirect: who,
  rot: who,
  'clock-jump': (d) => ({ ...who(d), byMs: signed(d) * 360_000 }),
  drift: (d) => ({ ...who(d), rate: 1 + (signed(d) * 2) / 1_000, ...lasts(d) }),
}
