import type { Schedule } from '@tanist/core/testing'

/**
 * Failure schedules that broke other systems, by their numbers in the catalogue and by what they do. All laws must
 * hold, and the office must heal.
 */
export interface Named {
  readonly name: string
  readonly peers: number
  readonly schedule: Schedule
}

const cutBoth = (at: number, a: string, b: string, lasts: number): Schedule => [
  { at, do: 'cut', from: a, to: b, for: lasts },
  { at, do: 'cut', from: b, to: a, for: lasts },
]

export const catalogue: readonly Named[] = [
  // Sentinel, Hazelcast, Akka's auto-down: two servers, one history thrown away.
  {
    name: '1: {server, x} | {rest} for long',
    peers: 5,
    schedule: [{ at: 500, do: 'split', a: ['server', 'successor'], for: 4_000 }],
  },
  {
    name: '1: {server} | {rest} for long',
    peers: 3,
    schedule: [{ at: 500, do: 'split', a: ['server'], for: 4_000 }],
  },
  // etcd-io/etcd#20418: the old server answers what waited in its socket.
  {
    name: '2: the server freezes longer than its lease and wakes',
    peers: 3,
    schedule: [{ at: 500, do: 'pause', who: 'server', for: 700 }],
  },
  {
    name: '2, 18: server after server freezes',
    peers: 5,
    schedule: [500, 1_500, 2_500, 3_500].map((at) => ({ at, do: 'pause' as const, who: 'server', for: 700 })),
  },
  // Cloudflare, 2020-11-02: one hears the server badly and disturbs the others.
  {
    name: '5: one peer does not hear the server, and is heard',
    peers: 3,
    schedule: [{ at: 500, do: 'cut', from: 'server', to: 'youngest', for: 4_000 }],
  },
  {
    name: '5: the server is heard and hears nobody',
    peers: 3,
    schedule: [
      { at: 500, do: 'cut', from: 'successor', to: 'server', for: 3_000 },
      { at: 500, do: 'cut', from: 'youngest', to: 'server', for: 3_000 },
    ],
  },
  // hashicorp/consul#1782: an isolated member inflates its term.
  {
    name: '6: one peer alone for long, then back',
    peers: 3,
    schedule: [{ at: 500, do: 'split', a: ['youngest'], for: 4_000 }],
  },
  // Elasticsearch: a bridge sees all, two primaries.
  {
    name: '12: {ann, bob} cy {dee, eve}',
    peers: 5,
    schedule: [{ at: 500, do: 'split', a: ['ann', 'bob'], b: ['dee', 'eve'], for: 4_000 }],
  },
  // Jepsen: every node sees another majority.
  {
    name: '13: a ring of majorities',
    peers: 5,
    schedule: [
      ...cutBoth(500, 'ann', 'cy', 3_500),
      ...cutBoth(500, 'bob', 'dee', 3_500),
      ...cutBoth(500, 'cy', 'eve', 3_500),
      ...cutBoth(500, 'dee', 'ann', 3_500),
      ...cutBoth(500, 'eve', 'bob', 3_500),
    ],
  },
  // Elasticsearch: a second split while recovering from the first.
  {
    name: '14: a second split during the recovery from the first',
    peers: 5,
    schedule: [
      { at: 500, do: 'split', a: ['server', 'youngest'], for: 800 },
      { at: 1_400, do: 'split', a: ['server', 'oldest'], for: 900 },
      { at: 2_400, do: 'split', a: ['server', 'successor'], for: 900 },
    ],
  },
  // Akka: each downs the other when only their link is cut.
  {
    name: '15: one link between server and successor',
    peers: 3,
    schedule: cutBoth(500, 'server', 'successor', 4_000),
  },
  {
    name: '15: all links but those of one',
    peers: 5,
    schedule: [
      ...cutBoth(500, 'ann', 'bob', 3_000),
      ...cutBoth(500, 'ann', 'dee', 3_000),
      ...cutBoth(500, 'ann', 'eve', 3_000),
      ...cutBoth(500, 'bob', 'dee', 3_000),
      ...cutBoth(500, 'bob', 'eve', 3_000),
      ...cutBoth(500, 'dee', 'eve', 3_000),
    ],
  },
  // Case 14: clocks.
  {
    name: '16: wall clocks jump an hour at the server during a take-over',
    peers: 3,
    schedule: [
      { at: 500, do: 'clock-jump', who: 'server', byMs: 3_600_000 },
      { at: 700, do: 'pause', who: 'server', for: 600 },
      { at: 1_000, do: 'clock-jump', who: 'server', byMs: -7_200_000 },
      { at: 1_800, do: 'crash', who: 'server', for: 500 },
      { at: 1_900, do: 'clock-jump', who: 'successor', byMs: -3_600_000 },
    ],
  },
  {
    name: '16: clocks that drift by a few per cent',
    peers: 3,
    schedule: [
      { at: 200, do: 'drift', who: 'successor', rate: 1.04, for: 5_000 },
      { at: 200, do: 'drift', who: 'youngest', rate: 0.97, for: 5_000 },
      { at: 900, do: 'split', a: ['server'], for: 800 },
      { at: 2_500, do: 'crash', who: 'server', for: 700 },
    ],
  },
  // NATS 2.12.1: acknowledged before it was synced.
  {
    name: '19: a majority loses power at one moment',
    peers: 5,
    schedule: [
      { at: 1_000, do: 'power-off', who: ['server', 'successor', 'youngest'], tear: true, for: 700 },
    ],
  },
  {
    name: '19, 28: everybody loses power at one moment, again and again',
    peers: 3,
    schedule: [800, 2_800, 4_800].map((at) => ({
      at,
      do: 'power-off' as const,
      who: ['ann', 'bob', 'cy'],
      tear: true,
      for: 500,
    })),
  },
  {
    name: '19: the office is switched off and on',
    peers: 5,
    schedule: [{ at: 1_000, do: 'power-off', who: ['ann', 'bob', 'cy', 'dee', 'eve'], for: 2_000 }],
  },
  {
    name: '20: one loses power while another is frozen',
    peers: 3,
    schedule: [
      { at: 800, do: 'pause', who: 'youngest', for: 1_500 },
      { at: 1_000, do: 'power-off', who: ['server'], tear: true, for: 600 },
    ],
  },
  // Plain fail-over of a healthy cluster (Redis-Raft lost everything).
  {
    name: '34: the server crashes, five times',
    peers: 3,
    schedule: [500, 1_500, 2_500, 3_500, 4_500].map((at) => ({
      at,
      do: 'crash' as const,
      who: 'server',
      for: 300,
    })),
  },
  {
    name: '47: server and successor crash together',
    peers: 5,
    schedule: [
      { at: 800, do: 'crash', who: 'successor', for: 1_500 },
      { at: 800, do: 'crash', who: 'server', for: 1_500 },
    ],
  },
  // Akka: more than half crash at once; the rest must wait in sight and go on later.
  {
    name: '39: more than half crash at once',
    peers: 5,
    schedule: ['server', 'successor', 'youngest'].map((who) => ({
      at: 800,
      do: 'crash' as const,
      who,
      for: 2_500,
    })),
  },
  {
    name: '40: an even split of four',
    peers: 4,
    schedule: [{ at: 500, do: 'split', a: ['server', 'youngest'], for: 3_000 }],
  },
  { name: '40: a pair, cut', peers: 2, schedule: [{ at: 500, do: 'split', a: ['server'], for: 3_000 }] },
  {
    name: '40: a pair, each crashes in turn',
    peers: 2,
    schedule: [
      { at: 500, do: 'crash', who: 'server', for: 800 },
      { at: 3_000, do: 'crash', who: 'successor', for: 800 },
      { at: 5_000, do: 'restart', who: 'server' },
    ],
  },
  // akka/akka#20942: the oldest restarts quickly on the same address during a hand-over.
  {
    name: '45: the oldest restarts again and again',
    peers: 3,
    schedule: [500, 600, 700, 1_500, 1_600, 2_500].map((at) => ({
      at,
      do: 'restart' as const,
      who: 'oldest',
    })),
  },
  {
    name: 'L6: a flapping peer',
    peers: 3,
    schedule: [500, 1_000, 1_500, 2_000, 2_500, 3_000].map((at) => ({
      at,
      do: 'split' as const,
      a: ['youngest'],
      for: 250,
    })),
  },
  // NATS, protocol-aware recovery: one damaged journal, and that member is the next to serve.
  {
    name: '21: the journal of the successor rots, and the server crashes',
    peers: 3,
    schedule: [
      { at: 500, do: 'rot', who: 'successor' },
      { at: 700, do: 'restart', who: 'successor' },
      { at: 2_500, do: 'crash', who: 'server', for: 500 },
    ],
  },
  // openraft's questions: a vote without the journal that it rests on.
  {
    name: '22: one is wiped and comes back under its name while the server crashes',
    peers: 5,
    schedule: [
      { at: 500, do: 'wipe', who: 'youngest' },
      { at: 600, do: 'crash', who: 'server', for: 1_000 },
    ],
  },
  // fsyncgate: what failed once is not tried again.
  {
    name: '29: a sync of the server fails',
    peers: 3,
    schedule: [{ at: 500, do: 'disk-fails', who: 'server' }],
  },
  {
    name: '30: a write lands in the wrong place',
    peers: 5,
    schedule: [
      { at: 500, do: 'misdirect', who: 'successor' },
      { at: 1_500, do: 'restart', who: 'successor' },
    ],
  },
  {
    name: '31: the disk of the server is full while its beats go on',
    peers: 3,
    schedule: [{ at: 500, do: 'disk-full', who: 'server', for: 3_000 }],
  },
  // MongoDB: an error told as success, an acknowledgement that a new primary does not know.
  {
    name: '32, 33: the server is cut off with commands under way, again and again',
    peers: 3,
    schedule: [5, 15, 25].map((count) => ({
      on: `server.appended#${count}`,
      do: 'split' as const,
      a: ['server'],
      for: 700,
    })),
  },
  {
    name: '42: the words of one peer get lost, both ways',
    peers: 3,
    schedule: [{ at: 500, do: 'loss', who: 'youngest', rate: 0.3, for: 3_000 }],
  },
  // Akka: what waited for the next singleton was dropped.
  {
    name: '49: commands wait while a majority is away',
    peers: 3,
    schedule: [{ at: 500, do: 'power-off', who: ['server', 'successor'], for: 1_500 }],
  },
  {
    name: '52: the server crashes between writing a command and answering it, and the command is asked again',
    peers: 3,
    schedule: [4, 12, 20].map((count) => ({
      on: `server.appended#${count}`,
      do: 'crash' as const,
      who: 'server',
      for: 400,
    })),
  },
]
