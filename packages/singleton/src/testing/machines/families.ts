import { drawSchedule } from '@tanist/core/testing'
import type { FaultKind, Schedule } from '@tanist/core/testing'
import type { Drawn } from './cases.js'
import { machineFaultKinds } from './faults.js'
import { machineActs, machineNames } from './world.js'

interface Dice {
  next(): number
}

/** Draws the schedules of one kind of trouble. */
export type Family = (random: Dice, peers: number) => Drawn

/** Half of all targets: deep bugs need faults on whoever serves now. */
const ROLES = ['server', 'successor', 'oldest', 'youngest', 'a voter', 'a learner', 'a follower']

/** When a command is decided, written, on disk or answered, and when somebody is chosen, begins and ends. */
const MOMENTS = [
  'server.appended',
  'server.syncing',
  'server.synced',
  'server.committed',
  'server.acknowledged',
  'elected',
  'serves',
  'yields',
  'voted',
  'granted',
  'appended',
  'syncing',
  'synced',
  'committed',
  'started',
]

interface Aim {
  readonly kinds: readonly FaultKind[]
  readonly forMs?: number
  readonly maxFaults?: number
  readonly moments?: readonly string[]
  readonly roles?: readonly string[]
  readonly acts?: readonly string[]
  readonly aroundMs?: readonly number[]
}

function drawn(random: Dice, peers: number, aim: Aim): Schedule {
  const { kinds, forMs = 5_000, maxFaults = 8, moments = MOMENTS, roles = ROLES, acts = machineActs } = aim
  const possible = peers < 3 ? kinds.filter((kind) => kind !== 'bridge' && kind !== 'ring') : kinds
  const nodes = machineNames.slice(0, peers)
  const { aroundMs } = aim
  const shape = { nodes, roles, moments, acts, forMs, maxFaults, kinds: possible }
  const schedule = drawSchedule(random, { ...shape, ...(aroundMs && { aroundMs }) })
  // A wall clock that is set back while its machine sleeps would hide the sleep, and nothing could tell.
  const sleeps = schedule.some((fault) => fault.do === 'sleep')
  return sleeps ? schedule.filter((fault) => fault.do !== 'clock-jump' || fault.byMs > 0) : schedule
}

const between = (random: Dice, least: number, most: number): number => least + random.next() * (most - least)

const tens = (random: Dice, least: number, most: number): number =>
  Math.round(between(random, least, most) / 10) * 10

const one = <T>(random: Dice, from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!

/** A disk that lies breaks what Tanist promises. */
const HONEST = machineFaultKinds.filter((kind) => kind !== 'disk-lies')

/** Everything at once, and now and then slow words, slow disks, busy clients, or trouble from the first moment on. */
const any: Family = (random, peers) => {
  const forMs = random.next() < 0.1 ? 12_000 : 5_000
  const opening = random.next() < 0.2
  const slowWords = random.next() < 0.15
  const slowDisks = random.next() < 0.15
  const busy = random.next() < 0.15
  const setting = {
    forMs: forMs + 500,
    ...(opening && { opening }),
    ...(slowWords && { network: { latencyMinMs: 1, latencyMaxMs: 60 } }),
    ...(slowDisks && { syncMs: [10, 60] as const }),
    ...(busy && { pauseMs: 60, commandBytes: 100_000 }),
  }
  return { schedule: drawn(random, peers, { kinds: HONEST, forMs, maxFaults: 10 }), setting }
}

/** Processes and machines end at the moments that matter to disks. */
const power: Family = (random, peers) => ({
  schedule: drawn(random, peers, { kinds: ['power-off', 'power-off', 'crash', 'disk-slow'], maxFaults: 6 }),
  setting: { forMs: 5_500, pauseMs: 100, syncMs: one(random, [[0.5, 2] as const, [5, 40] as const]) },
})

/** Candidates that do not know of each other, and voters that forget. */
const votes: Family = (random, peers) => ({
  schedule: drawn(random, peers, {
    kinds: ['crash', 'restart', 'pause', 'split', 'power-off'],
    moments: ['voted', 'granted', 'elected', 'successor.voted', 'syncing'],
  }),
  setting: {
    forMs: 5_500,
    network: { latencyMinMs: 1, latencyMaxMs: 60 },
    syncMs: one(random, [[0.5, 2] as const, [10, 60] as const]),
  },
})

/** A vote is out, and the power of whoever gave it goes. */
const lostVotes: Family = (random, peers) => {
  const who = one(random, machineNames.slice(0, peers))
  const schedule: Schedule = [
    { at: tens(random, 300, 1_500), do: 'crash', who: 'server', for: tens(random, 100, 1_500) },
    {
      on: `${who}.${one(random, ['granted', 'granted', 'voted'])}`,
      after: one(random, [0, 0, 10, 20]),
      do: 'power-off',
      who: [who],
      for: 200,
    },
    ...drawn(random, peers, {
      kinds: ['split', 'crash', 'pause'],
      moments: ['voted', 'granted'],
      maxFaults: 4,
    }),
  ]
  return { schedule, setting: { forMs: 5_500, syncMs: one(random, [[0.5, 2] as const, [10, 60] as const]) } }
}

/** Silence of every kind around the length of a lease. */
const lease: Family = (random, peers) => ({
  schedule: drawn(random, peers, {
    kinds: ['cut', 'split', 'pause', 'sleep', 'slow', 'restart'],
    roles: ['server', 'server', 'successor', 'a follower'],
    aroundMs: [100, 150, 200, 300, 500, 700, 1_000],
  }),
  setting: { forMs: 5_500, pauseMs: 150 },
})

/** The server alone on one side while everybody on the other side starts anew. */
const restarts: Family = (random, peers) => {
  const at = tens(random, 300, 1_500)
  const names = machineNames.slice(0, peers)
  const restart = names.map((who) => ({ at: at + tens(random, 0, 60), do: 'restart' as const, who }))
  const spared = one(random, names)
  const schedule: Schedule = [
    // Whoever has seen gaps promises for longer than who has just started.
    { at: 0, do: 'slow', who: 'server', byMs: 5, jitterMs: tens(random, 50, 300), for: at },
    { at, do: 'split', a: ['server'], for: tens(random, 300, 1_500) },
    ...restart.filter(({ who }) => who !== spared),
    ...drawn(random, peers, { kinds: ['restart', 'split', 'crash'], forMs: 3_000, maxFaults: 3 }),
  ]
  return { schedule, setting: { forMs: 4_000, pauseMs: 150 } }
}

/** Journals that differ at their ends: leaders write alone, lose their place and come back. */
const journals: Family = (random, peers) => ({
  schedule: drawn(random, peers, {
    kinds: ['split', 'cut', 'pause', 'crash', 'restart', 'disk-slow'],
    roles: ['server', 'server', 'successor', 'a follower'],
    moments: ['server.appended', 'elected', 'server.elected', 'server.synced', 'syncing'],
    aroundMs: [200, 300, 500, 700, 1_000, 1_500],
  }),
  setting: { forMs: 5_500, pauseMs: 60, syncMs: one(random, [[0.5, 2] as const, [10, 80] as const]) },
})

/**
 * A leader writes alone, and is back when the next one has just begun: their journals differ, the former one's may be
 * the longer one, and words of both are on their way.
 */
const returns: Family = (random, peers) => {
  const at = tens(random, 500, 1_500)
  const more = drawn(random, peers, {
    kinds: ['crash', 'split', 'pause', 'slow'],
    roles: ['server', 'server', 'a follower'],
    moments: ['server.elected', 'serves', 'server.acknowledged'],
    forMs: 3_500,
    maxFaults: 3,
    aroundMs: [200, 300, 500, 1_000],
  })
  const schedule: Schedule = [
    { at, do: 'split', a: ['server'], for: tens(random, 200, 700) },
    {
      on: 'server.elected',
      after: tens(random, 0, 300),
      do: 'crash',
      who: 'server',
      for: tens(random, 500, 2_000),
    },
    ...more,
  ]
  const latencyMaxMs = one(random, [2, 60])
  return {
    schedule,
    setting: { forMs: 4_500, pauseMs: one(random, [20, 60]), network: { latencyMinMs: 1, latencyMaxMs } },
  }
}

/** What the slow disk of a former leader confirms late has been replaced meanwhile, and then the power goes. */
const lateDisks: Family = (random) => {
  const at = tens(random, 500, 1_000)
  const count = 1 + Math.floor(random.next() * 30)
  const ends = ['bob', 'cy'].flatMap((who): Schedule => {
    const on = `${who}.acknowledged#${count}`
    return [
      { on, do: 'power-off', who: ['ann'], for: 50 },
      { on, do: 'crash', who, for: 4_000 },
    ]
  })
  const schedule: Schedule = [
    { at: at - tens(random, 0, 150), do: 'disk-slow', who: 'ann', byMs: tens(random, 350, 900), for: 4_000 },
    { at, do: 'split', a: ['ann'], for: tens(random, 200, 400) },
    {
      on: 'server.serves',
      after: tens(random, 0, 40),
      do: 'split',
      a: ['server', 'ann'],
      for: tens(random, 1_200, 2_000),
    },
    ...ends,
  ]
  return { schedule, setting: { forMs: 5_500, pauseMs: 15, clients: 4 } }
}

/** The server's disk is slow, one follower is away, and the power goes when the server has answered. */
const ownSync: Family = (random) => {
  const [here, away] = one(random, [
    ['bob', 'cy'],
    ['cy', 'bob'],
  ] as const)
  const on = `ann.acknowledged#${5 + Math.floor(random.next() * 30)}`
  const schedule: Schedule = [
    { at: 300, do: 'disk-slow', who: 'ann', byMs: tens(random, 40, 200), for: 4_000 },
    { at: tens(random, 400, 700), do: 'split', a: [away], for: tens(random, 1_200, 2_000) },
    { on, do: 'power-off', who: ['ann'], for: 50 },
    { on, do: 'crash', who: here, for: 4_000 },
  ]
  return { schedule, setting: { forMs: 5_500, pauseMs: 60 } }
}

/** Beyond what leases allow for: the clocks of the server all but stand still. Rounds keep its reads right. */
const slowClocks: Family = (random, peers) => {
  const at = tens(random, 300, 1_500)
  const schedule: Schedule = [
    { at, do: 'drift', who: 'server', rate: 0.05, for: tens(random, 1_000, 3_000) },
    { at: at + tens(random, 0, 200), do: 'split', a: ['server'], for: tens(random, 500, 2_000) },
    ...drawn(random, peers, { kinds: ['cut', 'pause', 'crash'], forMs: 3_500, maxFaults: 2 }),
  ]
  return { schedule, setting: { forMs: 4_500, pauseMs: 60, reads: 0.5 } }
}

/** Frames that are lost, repeated and overtaken, against the promise of links. */
const frames: Family = (random, peers) => ({
  schedule: drawn(random, peers, {
    kinds: ['loss', 'duplicate', 'reorder', 'reorder', 'slow', 'reset', 'crash', 'split'],
    aroundMs: [500, 1_000, 2_000],
  }),
  setting: { forMs: 5_500, pauseMs: 60 },
})

/** Hand-overs, and whatever gets in their way. */
const handOvers: Family = (random, peers) => {
  const asked = Array.from({ length: 3 }, () => tens(random, 200, 4_500)).toSorted((a, b) => a - b)
  const schedule: Schedule = [
    ...asked.map((at) => ({ at, do: 'act' as const, act: 'hand-over', who: 'server' })),
    ...asked.slice(0, 2).map((at) => late(random, at)),
    ...drawn(random, peers, {
      kinds: ['cut', 'split', 'slow', 'pause', 'crash', 'act'],
      moments: ['yields', 'voted', 'serves', 'elected', 'server.yields'],
      maxFaults: 4,
      acts: ['hand-over'],
    }),
  ]
  const timing = { transferMs: one(random, [150, 300, 2_000]) }
  return { schedule, setting: { forMs: 5_500, pauseMs: 100, timing } }
}

/** Words of the server, or of those beside the successor, that take long around a hand-over. */
function late(random: Dice, at: number): Schedule[number] {
  const whole = { at: Math.max(0, at - tens(random, 0, 50)), for: tens(random, 200, 1_000) }
  if (random.next() < 0.5)
    return { ...whole, do: 'slow', from: 'server', to: 'successor', byMs: tens(random, 100, 500) }
  return { ...whole, do: 'slow', who: 'server', byMs: tens(random, 20, 200) }
}

/** Voters change while servers do. */
const seats: Family = (random, peers) => ({
  schedule: drawn(random, peers, {
    kinds: ['act', 'act', 'crash', 'restart', 'split', 'power-off', 'cut'],
    acts: ['leave', 'leave', 'hand-over'],
    forMs: 7_000,
    maxFaults: 10,
    aroundMs: [200, 500, 1_000, 3_000, 4_000],
  }),
  setting: { forMs: 7_500, opening: random.next() < 0.5, pauseMs: 150 },
})

/**
 * Silence of one direction or both between the two of a pair, about as long as it takes until one may go on alone, and
 * ends of either in the middle of it.
 */
const pairs: Family = (random) => {
  const at = tens(random, 500, 1_500)
  const lasts = tens(random, 1_000, 4_500)
  const who = (): string => one(random, ['server', 'server', 'a follower'])
  const silences: Schedule = [
    { at, do: 'cut', from: 'a follower', to: 'server', for: lasts },
    { at, do: 'cut', from: 'server', to: 'a follower', for: lasts },
    { at, do: 'split', a: ['server'], for: lasts },
    { at, do: 'sleep', who: 'a follower', for: lasts },
    { at, do: 'pause', who: 'a follower', for: lasts },
    { at, do: 'crash', who: 'a follower', for: lasts },
    { at, do: 'disk-slow', who: who(), byMs: tens(random, 5, 150), for: 5_000 },
  ]
  const after = at + tens(random, 0, 3_500)
  const ends = (from: number): Schedule[number] =>
    random.next() < 0.7
      ? { at: from, do: 'crash', who: who(), for: tens(random, 50, 4_000) }
      : { at: from, do: 'power-off', who: [who()], for: tens(random, 100, 4_000) }
  const more = random.next() < 0.5 ? [ends(after + tens(random, 0, 2_500))] : []
  const schedule: Schedule = [
    one(random, silences),
    ends(after),
    ...more,
    ...(random.next() < 0.2 ? [leaver(after)] : []),
  ]
  return { schedule, setting: { forMs: 8_000, pauseMs: 80 } }
}

const leaver = (at: number): Schedule[number] => ({ at, do: 'act', act: 'leave', who: 'a follower' })

/** Seats are given while the office opens, and in the middle of it some lose sight of the others. */
const growth: Family = (random, peers) => {
  const names = machineNames.slice(0, peers)
  const moment = (): string =>
    `${one(random, names)}.${one(random, ['syncing', 'synced', 'appended', 'committed'])}#${1 + Math.floor(random.next() * 12)}`
  const some = (): string[] => names.filter(() => random.next() < 0.4)
  const schedule: Schedule = [
    { on: moment(), do: 'split', a: ['successor', ...some()], for: tens(random, 200, 600) },
    { on: moment(), after: tens(random, 0, 300), do: 'split', a: some(), for: tens(random, 200, 600) },
    { on: 'server.elected#2', after: tens(random, 0, 100), do: 'crash', who: 'server', for: 500 },
  ]
  return { schedule, setting: { forMs: 4_000, opening: true, pauseMs: 60 } }
}

/**
 * Raft's Figure 8 needs five things in this order, which no generator without aim puts together: a leader cut off with
 * an entry, the next one cut off before it has sent its first, the former one elected again, its own first entry late
 * (it is behind entries too large for one message) or on one disk less, and its end right then.
 */
const figure8: Family = (random) => {
  const at = tens(random, 1_000, 2_000)
  const to = one(random, ['bob', 'cy'])
  const again = 'server.elected#2'
  const schedule: Schedule = [
    { at, do: 'split', a: ['server'], for: tens(random, 300, 600) },
    { on: 'server.elected', do: 'split', a: ['server'], for: tens(random, 600, 2_000) },
    { on: again, after: tens(random, 0, 100), do: 'cut', from: 'server', to, for: 2_000 },
    { on: again, after: tens(random, 100, 300), do: 'crash', who: 'server', for: 2_000 },
  ]
  return { schedule, setting: { commandBytes: 300_000, pauseMs: 60, forMs: 6_000, syncMs: [20, 60] } }
}

/** One follower comes and goes, and nothing else is wrong: its server serves on. */
const flapping: Family = (random, peers) => {
  const names = machineNames.slice(1, peers)
  const who = one(random, names)
  const schedule = Array.from({ length: 1 + Math.floor(random.next() * 4) }, (_, i): Schedule[number] => {
    const when = { at: 300 + i * 1_200 + tens(random, 0, 200), for: tens(random, 150, 900) }
    const kind = random.next()
    if (kind < 0.6) return { ...when, do: 'split', a: [who] }
    if (kind < 0.8) return { ...when, do: 'cut', from: 'ann', to: who }
    return { ...when, do: 'pause', who }
  })
  // The founder serves first: nothing that is done to another may end its reign.
  return { schedule, setting: { forMs: 6_000, reignsMax: 1 } }
}

/** Snapshots are taken, sent and installed all the time, and the power goes in the middle of each of it. */
const snapshots: Family = (random, peers) => ({
  schedule: drawn(random, peers, {
    kinds: ['power-off', 'power-off', 'crash', 'split', 'split', 'restart', 'disk-slow'],
    roles: ['server', 'a follower', 'a follower', 'youngest'],
    moments: ['capturing', 'installed', 'youngest.installed', 'synced', 'server.committed', 'elected'],
    aroundMs: [100, 300, 700, 1_500],
    maxFaults: 6,
  }),
  setting: {
    forMs: 5_500,
    pauseMs: 40,
    snapshots: { keepEntries: 1, keepBytes: 100, catchUpBytes: 200, entries: 8 },
    snapshotBytes: 800,
    syncMs: one(random, [[0.5, 2] as const, [5, 40] as const]),
  },
})

/** The state of a follower goes wrong, and before it has fetched another one it may be the one that is to lead. */
const spoilt: Family = (random) => {
  const at = tens(random, 500, 2_000)
  const schedule: Schedule = [
    { at, do: 'act', act: 'spoil', who: one(random, ['bob', 'bob', 'cy']) },
    { at: at + tens(random, 100, 2_500), do: 'crash', who: 'server', for: tens(random, 500, 2_000) },
  ]
  const setting = { snapshots: { entries: 8, piecesInFlight: 1, pieceBytes: 128 }, snapshotBytes: 4_000 }
  return { schedule, setting: { ...setting, forMs: 6_000, pauseMs: 60 } }
}

/** Votes are written down before a server stops, and whoever did so loses power, or somebody else stands. */
const reserved: Family = (random, peers) => {
  if (peers >= 3 && random.next() < 0.2) return tooEarly(random, peers)
  const asked = Array.from({ length: 3 }, () => tens(random, 200, 4_500)).toSorted((a, b) => a - b)
  const schedule: Schedule = [
    ...asked.map((at) => ({ at, do: 'act' as const, act: 'hand-over', who: 'server' })),
    ...drawn(random, peers, {
      kinds: ['power-off', 'power-off', 'crash', 'split', 'pause', 'act'],
      moments: ['syncing', 'synced', 'voted', 'granted', 'elected', 'yields'],
      maxFaults: 6,
      acts: ['hand-over'],
    }),
  ]
  return {
    schedule,
    setting: { forMs: 5_500, pauseMs: 100, syncMs: one(random, [[0.5, 2] as const, [5, 40] as const]) },
  }
}

/**
 * The server's disk is slower than its successor waits for it: the vote that the server gives is not written down when
 * its power goes. It comes back among those who know nothing of the hand-over, and its successor is not with them.
 */
function tooEarly(random: Dice, peers: number): Drawn {
  const at = tens(random, 500, 1_500)
  const names = machineNames.slice(1, peers)
  // So many that the successor is elected with the rest and that the others can do without it.
  const apart = Math.floor((peers - 1) / 2)
  const from = Math.floor(random.next() * names.length)
  const away = names.map((_, i) => names[(from + i) % names.length] as string).slice(0, apart)
  const schedule: Schedule = [
    { at: at - tens(random, 0, 100), do: 'disk-slow', who: 'ann', byMs: tens(random, 20, 400), for: 3_000 },
    { at, do: 'act', act: 'hand-over', who: 'server' },
    { on: 'ann.yields', do: 'split', a: away, for: tens(random, 20, 200) },
    { on: 'ann.granted', after: one(random, [0, 10, 20]), do: 'power-off', who: ['ann'], for: 50 },
    { on: 'server.elected', do: 'split', a: ['server'], for: tens(random, 500, 2_000) },
  ]
  return { schedule, setting: { forMs: 5_500, pauseMs: one(random, [20, 100]) } }
}

export const families: Readonly<Record<string, Family>> = {
  any,
  power,
  votes,
  'lost votes': lostVotes,
  lease,
  restarts,
  journals,
  returns,
  'late disks': lateDisks,
  'own sync': ownSync,
  'slow clocks': slowClocks,
  frames,
  'hand-overs': handOvers,
  'reserved votes': reserved,
  seats,
  growth,
  pairs,
  'figure 8': figure8,
  flapping,
  snapshots,
  spoilt,
}
