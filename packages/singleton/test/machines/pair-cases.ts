import { seededRandom } from '@tanist/core/testing'
import type { Fault, Schedule } from '@tanist/core/testing'
import type { Case } from './cases.js'

/**
 * Schedules aimed at a pair: what happens within a few seconds of a silence is what decides who may go on alone, so
 * that faults come in volleys, with pauses in between that let the pair come together again.
 */
export function drawPairs(seed: number, count: number, peers: number = 2, witness: boolean = false): Case[] {
  const random = seededRandom(`pair ${seed}`)
  const below = (most: number): number => Math.floor(random.next() * most)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
  const tens = (least: number, most: number): number =>
    Math.round((least + random.next() * (most - least)) / 10) * 10
  const who = (): string =>
    pick(['server', 'server', 'a follower', 'ann', 'bob', ...(witness ? ['wit', 'wit'] : [])])
  const makers: ((at: number) => Fault)[] = [
    (at) => ({ at, do: 'crash', who: who(), for: tens(20, 6_000) }),
    (at) => ({ at, do: 'crash', who: who(), for: tens(20, 6_000) }),
    (at) => ({ at, do: 'restart', who: who() }),
    (at) => ({ at, do: 'power-off', who: [who()], tear: random.next() < 0.5, for: tens(100, 6_000) }),
    (at) => ({ at, do: 'cut', from: 'server', to: 'a follower', for: tens(1_000, 4_000) }),
    (at) => ({ at, do: 'cut', from: 'a follower', to: 'server', for: tens(1_000, 4_000) }),
    (at) => ({ at, do: 'split', a: ['server'], for: tens(1_000, 4_500) }),
    (at) => ({ at, do: 'split', a: [who()], for: tens(100, 1_500) }),
    (at) => ({ at, do: 'pause', who: who(), for: tens(100, 4_000) }),
    (at) => ({ at, do: 'sleep', who: who(), for: tens(100, 4_000) }),
    (at) => ({ at, do: 'clock-jump', who: who(), byMs: tens(-5_000, 5_000) }),
    (at) => ({ at, do: 'disk-slow', who: who(), byMs: tens(5, 150), for: tens(500, 5_000) }),
    (at) => ({
      at,
      do: 'slow',
      who: who(),
      byMs: tens(5, 200),
      jitterMs: tens(0, 200),
      for: tens(500, 4_000),
    }),
    (at) => ({ at, do: 'reset', who: who() }),
    (at) => ({ at, do: 'act', who: who(), act: 'leave' }),
    (at) => ({ at, do: 'drift', who: who(), rate: 1 + tens(-20, 20) / 1_000, for: tens(2_000, 9_000) }),
  ]
  if (witness) {
    makers.push(
      (at) => ({ at, do: 'cut', from: who(), to: 'wit', for: tens(100, 4_000) }),
      (at) => ({ at, do: 'cut', from: 'wit', to: who(), for: tens(100, 4_000) }),
      (at) => ({ at, do: 'power-off', who: [who()], for: tens(1_000, 9_000) }),
    )
  }
  const volley = (at: number): Fault[] =>
    Array.from({ length: 2 + below(3) }, () => pick(makers)(at + tens(0, 2_600)))
  return Array.from({ length: count }, () => {
    const schedule: Schedule = [0, 6_000, 12_000].flatMap((at) => volley(at + tens(500, 1_500)))
    return {
      seed: below(1_000_000),
      peers,
      schedule: schedule.toSorted((a, b) => Number(a.at) - Number(b.at)),
    }
  })
}
