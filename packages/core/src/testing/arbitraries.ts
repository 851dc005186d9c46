import * as fc from 'fast-check'
import { match } from 'ts-pattern'
import type { Fault, FaultKind, Schedule, Target } from './schedule.js'

export interface ScheduleShape {
  readonly nodes: readonly string[]
  /** Half of the targets are roles, when there are any: deep bugs need faults on whoever serves now. */
  readonly roles?: readonly string[]
  /** Faults begin within this time. */
  readonly forMs: number
  readonly maxFaults: number
  /**
   * Default: every kind but `loss` and `drift`, which go beyond what a `Network` and a good clock promise.
   */
  readonly kinds?: readonly FaultKind[]
}

const defaultKinds: readonly FaultKind[] = [
  'crash',
  'restart',
  'pause',
  'cut',
  'split',
  'power-off',
  'clock-jump',
]

/** Around heartbeats, election timeouts, silence limits and removal times. */
const durationsMs = [50, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 4_000]

/** Everything that some kind of fault may need; which kind it becomes is decided with the swarm. */
interface Draft {
  readonly pick: number
  readonly tenths: number
  readonly who: Target
  readonly other: Target
  readonly more: readonly Target[]
  readonly lastsMs: number
  readonly tear: boolean
  readonly strength: number
}

/**
 * Failure schedules in the manner of swarm testing: each first draws the kinds that it uses, as all kinds at
 * once hide bugs behind each other. Times are multiples of 100 ms, so that what remains after shrinking reads
 * well: fewer faults, fewer kinds, earlier, shorter, and nodes by name rather than by role.
 */
export function scheduleArbitrary(shape: ScheduleShape): fc.Arbitrary<Schedule> {
  const { nodes, roles = [], forMs, maxFaults, kinds = defaultKinds } = shape
  const names = fc.constantFrom(...nodes)
  const target =
    roles.length === 0 ? names : fc.oneof({ withCrossShrink: true }, names, fc.constantFrom(...roles))
  const draft: fc.Arbitrary<Draft> = fc.record({
    pick: fc.nat({ max: 5_039 }),
    tenths: fc.nat({ max: Math.floor(forMs / 100) }),
    who: target,
    other: target,
    more: fc.array(target, { maxLength: Math.max(0, Math.floor(nodes.length / 2) - 1) }),
    lastsMs: fc.constantFrom(...durationsMs),
    tear: fc.boolean(),
    strength: fc.integer({ min: 1, max: 10 }),
  })
  return fc
    .tuple(
      fc.subarray([...kinds], { minLength: 1 }),
      fc.array(draft, { minLength: 1, maxLength: maxFaults, size: 'max' }),
    )
    .map(([enabled, drafts]) =>
      drafts.map((d) => toFault(d, enabled[d.pick % enabled.length]!)).toSorted((x, y) => x.at - y.at),
    )
}

function toFault(draft: Draft, kind: FaultKind): Fault {
  const { who, other, lastsMs, tear, strength } = draft
  const at = draft.tenths * 100
  const sign = tear ? -1 : 1
  const group = [...new Set([who, ...draft.more])]
  return match<FaultKind, Fault>(kind)
    .with('crash', 'pause', (same) => ({ at, do: same, who, for: lastsMs }))
    .with('restart', () => ({ at, do: 'restart', who }))
    .with('cut', () => ({ at, do: 'cut', from: who, to: other, for: lastsMs }))
    .with('split', () => ({ at, do: 'split', a: group, for: lastsMs }))
    .with('loss', () => ({ at, do: 'loss', rate: strength / 20, for: lastsMs }))
    .with('power-off', () => ({ at, do: 'power-off', who: group, tear, for: lastsMs }))
    .with('clock-jump', () => ({ at, do: 'clock-jump', who, byMs: sign * strength * 360_000 }))
    .with('drift', () => ({ at, do: 'drift', who, rate: 1 + (sign * strength) / 1_000, for: lastsMs }))
    .exhaustive()
}
