import type { Schedule } from '@tanist/core/testing'
import type { MachineSetting, SuccessionWorld } from '../../src/testing/machines/index.js'

/**
 * Failure schedules that broke others, by their numbers in the catalogue, for succession machines. `sees` is looked
 * at every millisecond and must hold at some moment: a schedule that misses its cause would show nothing.
 */
export interface MachineNamed {
  readonly name: string
  readonly peers: number
  readonly schedule: Schedule
  readonly setting?: MachineSetting
  readonly sees: (world: SuccessionWorld) => boolean
}

const inTransfer = ({ running }: SuccessionWorld, stage: string): boolean =>
  running.some(({ state: { role } }) => role.kind === 'leader' && role.transfer?.stage === stage)

/** The old leader has given its vote and its word to one that stands of its own accord: the word is still on its way. */
const standsBeforeTheWord = ({ running }: SuccessionWorld): boolean =>
  running.some(
    ({ state: { role, self } }) =>
      role.kind === 'candidate' &&
      !role.transfer &&
      running.some(({ state: { handing } }) => handing === self.memberId),
  )

const removed = ({ server, running }: SuccessionWorld): boolean =>
  server !== null && running.some(({ name }) => !server.state.view.has(name))

const terms = ({ running }: SuccessionWorld): number[] => running.map(({ state }) => state.hard.term)

const votersOf = ({ server }: SuccessionWorld): number => server?.state.voterSets.at(-1)?.voters.length ?? 0

const handOver = (at: number, who = 'server'): Schedule[number] => ({ at, do: 'act', act: 'hand-over', who })
const leave = (at: number, who: string): Schedule[number] => ({ at, do: 'act', act: 'leave', who })

export const machineCatalogue: readonly MachineNamed[] = [
  {
    name: '3: a write that was slow ends when somebody else serves already',
    peers: 3,
    schedule: [
      { at: 400, do: 'disk-slow', who: 'server', byMs: 900, for: 1_500 },
      { at: 500, do: 'split', a: ['server'], for: 400 },
    ],
    setting: { forMs: 4_000, pauseMs: 60 },
    sees: ({ running, server }) =>
      server !== null &&
      running.some(
        ({ state: s }) =>
          s.role.kind === 'follower' && s.pendingAppends.some((one) => one.lastTerm < s.hard.term),
      ),
  },
  {
    name: '4: the word to stand comes late, when the leader has given the hand-over up',
    peers: 3,
    schedule: [
      handOver(500),
      { on: 'server.yields', do: 'slow', from: 'server', to: 'successor', byMs: 400, for: 900 },
    ],
    setting: { forMs: 4_000, pauseMs: 100, timing: { transferMs: 200 } },
    sees: standsBeforeTheWord,
  },
  {
    name: '7: a member that was removed without being told asks again, and disturbs nobody',
    peers: 5,
    schedule: [{ at: 300, do: 'split', a: ['youngest'], for: 5_000 }],
    setting: { forMs: 7_000, reignsMax: 1 },
    sees: removed,
  },
  {
    name: '8: the word to stand reaches one that stands already',
    peers: 3,
    schedule: [
      handOver(500),
      { on: 'server.yields', do: 'slow', from: 'server', to: 'successor', byMs: 300, for: 500 },
    ],
    setting: { forMs: 4_000, pauseMs: 100 },
    sees: standsBeforeTheWord,
  },
  {
    name: '9: commands keep coming during hand-overs',
    peers: 5,
    schedule: [500, 1_200, 1_900, 2_600].map((at) => handOver(at)),
    setting: { forMs: 4_000, pauseMs: 10, clients: 4 },
    sees: (world) => inTransfer(world, 'standing') || inTransfer(world, 'flushing'),
  },
  {
    name: '10: learners alone serve nothing and do not stand',
    peers: 7,
    schedule: ['ann', 'a voter', 'a voter', 'a voter'].map((who) => ({
      at: 500,
      do: 'crash' as const,
      who,
      for: 2_000,
    })),
    setting: { forMs: 5_000 },
    sees: ({ running, server }) => server === null && running.some(({ state }) => state.leader === null),
  },
  {
    name: '13: a ring of majorities, while servers crash',
    peers: 5,
    schedule: [
      { at: 300, do: 'ring', for: 3_000 },
      { at: 1_000, do: 'crash', who: 'server', for: 600 },
    ],
    setting: { forMs: 5_000 },
    sees: ({ running }) => running.length === 4,
  },
  {
    name: '14: a second split, with the old server in the minority, before the first is made up for',
    peers: 5,
    schedule: [
      { at: 500, do: 'split', a: ['server', 'successor'], for: 600 },
      { on: 'server.elected', after: 100, do: 'split', a: ['server', 'a follower'], for: 900 },
    ],
    setting: { forMs: 5_000, pauseMs: 60 },
    sees: (world) => Math.max(...terms(world)) > 1 && new Set(terms(world)).size > 1,
  },
  {
    name: '16: a machine sleeps longer than its lease, and its monotonic clock with it',
    peers: 3,
    schedule: [{ at: 500, do: 'sleep', who: 'server', for: 900 }],
    setting: { forMs: 4_000, pauseMs: 100 },
    sees: ({ running, server }) => running.length === 2 && server !== null,
  },
  {
    name: '18: a follower that was frozen has the shorter journal, and is not elected for it',
    peers: 3,
    schedule: [
      { at: 900, do: 'pause', who: 'successor', for: 700 },
      { at: 1_610, do: 'crash', who: 'server', for: 1_500 },
    ],
    setting: { forMs: 5_000, pauseMs: 30 },
    sees: ({ running }) =>
      running.length === 2 && running[0]?.state.lastIndex !== running[1]?.state.lastIndex,
  },
  {
    name: '23: a lone peer crashes, and loses power, between writing and answering',
    peers: 1,
    schedule: [
      { on: 'server.appended#4', do: 'crash', who: 'server', for: 200 },
      { on: 'server.appended#9', do: 'power-off', who: ['server'], tear: true, for: 200 },
    ],
    setting: { forMs: 6_000, pauseMs: 100 },
    sees: ({ running }) => running.length === 0,
  },
  {
    name: '28: the power goes with a part of a batch on the disk, at all at once',
    peers: 3,
    schedule: [
      {
        on: 'server.appended#20',
        after: 1,
        do: 'power-off',
        who: ['ann', 'bob', 'cy'],
        tear: true,
        for: 300,
      },
    ],
    setting: { forMs: 5_000, pauseMs: 5, clients: 4, syncMs: [10, 30] },
    sees: ({ running }) => running.length === 0,
  },
  {
    name: '35: voters change under one leader after another, while each is cut off',
    peers: 5,
    schedule: [
      leave(500, 'youngest'),
      { at: 502, do: 'split', a: ['server'], for: 700 },
      { at: 1_000, do: 'split', a: ['server'], for: 700 },
    ],
    setting: { forMs: 6_000, pauseMs: 150 },
    sees: (world) => Math.max(...terms(world)) > 1 && votersOf(world) < 5 && votersOf(world) > 0,
  },
  {
    name: '36: a member leaves and comes back under load, with splits in between',
    peers: 5,
    schedule: [
      leave(400, 'youngest'),
      { at: 600, do: 'split', a: ['server'], for: 500 },
      leave(1_500, 'a follower'),
      { at: 1_600, do: 'split', a: ['successor'], for: 600 },
    ],
    setting: { forMs: 5_000, pauseMs: 20 },
    sees: (world) => votersOf(world) === 3,
  },
  {
    name: '37: nobody vanishes from the members when the server changes',
    peers: 5,
    schedule: [1_000, 2_000, 3_000].map((at) => ({ at, do: 'crash' as const, who: 'server', for: 400 })),
    setting: { forMs: 5_000 },
    sees: (world) => Math.max(...terms(world)) >= 3 && votersOf(world) === 5,
  },
  {
    name: '38: the office opens split in two, and each side sees only itself',
    peers: 5,
    schedule: [{ at: 1_600, do: 'split', a: ['ann', 'bob'], for: 3_000 }],
    setting: { forMs: 6_000, opening: true },
    sees: ({ running }) => running.some(({ state }) => state.leader === null && state.lastIndex > 0),
  },
  {
    name: '41: a member that was held dead for long is a member again soon after it is back',
    peers: 3,
    schedule: [{ at: 300, do: 'power-off', who: ['youngest'], for: 5_000 }],
    setting: { forMs: 6_000 },
    sees: ({ server, running }) => server !== null && running.length === 2 && server.state.view.size === 2,
  },
  {
    name: '44: the two oldest leave together',
    peers: 5,
    schedule: [leave(500, 'oldest'), leave(500, 'successor')],
    setting: { forMs: 4_000 },
    sees: ({ running, server }) => running.length === 3 && server !== null,
  },
  {
    name: '45: the oldest restarts quickly in the middle of its hand-over',
    peers: 3,
    schedule: [handOver(500), { on: 'server.yields', do: 'restart', who: 'oldest' }],
    setting: { forMs: 4_000 },
    sees: ({ running }) => running.some(({ name, state }) => name === 'ann' && state.self.incarnation > 1),
  },
  {
    name: '46: the youngest is told to take over',
    peers: 5,
    schedule: [handOver(500, 'youngest')],
    setting: { forMs: 3_000 },
    sees: ({ server }) => server !== null && server.name !== 'ann',
  },
  {
    name: '47: the server leaves for good, and somebody serves at once',
    peers: 3,
    schedule: [leave(500, 'server')],
    setting: { forMs: 3_000 },
    sees: ({ server, running }) => server !== null && running.length === 2,
  },
  {
    name: '48: the server is leaving on one side only when the split comes',
    peers: 5,
    schedule: [leave(500, 'server'), { at: 501, do: 'split', a: ['server', 'youngest'], for: 2_000 }],
    setting: { forMs: 5_000 },
    sees: ({ running, server }) => server !== null && running.some(({ state }) => state.leaving),
  },
]
