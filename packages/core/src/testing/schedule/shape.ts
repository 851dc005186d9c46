import { type Envelope, leaves } from './envelope.js'
import type { Fault, FaultKind } from './fault.js'
import { mildest } from './dice.js'

/** What schedules are drawn from. */
export interface ScheduleShape {
  readonly nodes: readonly string[]
  /** Half of the targets are roles, when there are any: deep bugs need faults on whoever serves now. */
  readonly roles?: readonly string[]
  /** Faults begin within this time. */
  readonly forMs: number
  readonly maxFaults: number
  /**
   * Default: with an envelope, every kind that it allows; without, seven that keep to what a `Network`, a disk and
   * a clock promise.
   */
  readonly kinds?: readonly FaultKind[]
  /** No schedule leaves it. */
  readonly envelope?: Envelope
  /**
   * What faults may wait for, some of the time: `appended` (of some target) or `server.appended` (of this one).
   * Default: faults have times.
   */
  readonly moments?: readonly string[]
  /** For faults of the kind `act`, which there are none of without. */
  readonly acts?: readonly string[]
  /** For faults of the kind `upgrade`, which there are none of without. */
  readonly versions?: readonly string[]
  /** Faults last about as long as one of these. Default: around beats, leases, elections and removals. */
  readonly aroundMs?: readonly number[]
}

const withoutEnvelope: readonly FaultKind[] = [
  'crash',
  'restart',
  'pause',
  'cut',
  'split',
  'power-off',
  'clock-jump',
]

/** Kinds of which at least the mildest fault is inside the envelope. Throws a sentence when there are none. */
export function possibleKinds(shape: ScheduleShape, all: readonly FaultKind[]): readonly FaultKind[] {
  const { nodes, envelope, kinds = envelope === undefined ? withoutEnvelope : all } = shape
  if (nodes.length === 0 || shape.maxFaults < 1) throw new TypeError('a schedule needs a node and a fault')
  const why: string[] = []
  const possible = kinds.filter((kind) => {
    const obstacle = lacks(kind, shape) ?? outside(mildest(kind, shape), shape)
    if (obstacle !== null) why.push(obstacle)
    return obstacle === null
  })
  if (possible.length > 0) return possible
  throw new TypeError(`no fault of the kinds asked for is possible: ${why.slice(0, 3).join('; ')}`)
}

function outside(fault: Fault, { envelope, nodes }: ScheduleShape): string | null {
  return envelope === undefined ? null : leaves([fault], envelope, nodes)
}

function lacks(kind: FaultKind, { nodes, acts = [], versions = [] }: ScheduleShape): string | null {
  if (kind === 'act' && acts.length === 0) return 'faults of the kind "act" need `acts`'
  if (kind === 'upgrade' && versions.length === 0) return 'faults of the kind "upgrade" need `versions`'
  const least: Partial<Record<FaultKind, number>> = { cut: 2, split: 2, bridge: 3, ring: 3, refuse: 2 }
  const needed = least[kind] ?? 1
  return nodes.length < needed ? `a ${kind} needs ${needed} nodes` : null
}
