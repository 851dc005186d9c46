import { inWords } from './describe.js'
import type { Fault, FaultKind, Schedule, Target } from './fault.js'
import { hurtBy, spanOf } from './hurt.js'

/**
 * What a promise must survive, and so what a schedule that tests it may do. What is left out does not bind. It
 * speaks of clusters in which every voter has its seat when the schedule begins.
 */
export interface Envelope {
  /** For messages: `safety of 5 machines`. */
  readonly name: string
  /** How many machines there are. */
  readonly nodes: number
  /** Default: all kinds. */
  readonly kinds?: readonly FaultKind[]
  /**
   * Machines whose disk may lose or change what it had confirmed as synced, in the whole run: wiped, rotten, hit
   * by a misdirected write, or without power after it lied. None once acts may have left fewer than three seats.
   */
  readonly maxDisksLost?: number
  /**
   * Machines that may be hurt at one moment: down, frozen, cut off from some, behind bad links, gone by an act,
   * or stopped for good by their disks.
   */
  readonly maxHurt?: number
  /** How long a machine counts as hurt after its fault ended. Default 0. */
  readonly recoveryMs?: number
  /** The fastest clock over the slowest, minus one. */
  readonly maxDriftApart?: number
  /** Frames of links come once and in order, as `Network` promises. */
  readonly faithfulLinks?: boolean
  /** No machine's wall clock is set back while it sleeps: nothing would tell it how long it did. */
  readonly sleepShows?: boolean
  /** Nobody forges refusals of dials: after a closed link they count as a proof of death. */
  readonly honestRefusals?: boolean
}

/** Voters among so many machines: what majorities are counted of. */
const votersOf = (nodes: number): number => (nodes >= 5 ? 5 : nodes >= 3 ? 3 : nodes)

/** Envelopes of Tanist's own promises; spread one to make another: `{ ...envelopes.safety(3), maxHurt: 1 }`. */
export const envelopes: {
  /**
   * What P1 to P3 survive: everything but clocks that drift more than 5 % apart, hidden sleep, forged proofs of
   * death, and more than one lost disk. (Two of five would be a minority; but five voters become three when two
   * have been gone for some time.)
   */
  readonly safety: (nodes: number) => Envelope
  /** Where the service goes on as well: a majority of the voters is up and connected all the time. */
  readonly liveness: (nodes: number) => Envelope
  /** No promise survives all of it. */
  readonly anything: Envelope
} = {
  safety: (nodes) => ({
    name: `safety of ${nodes} machines`,
    nodes,
    maxDisksLost: nodes >= 3 ? 1 : 0,
    maxDriftApart: 0.05,
    sleepShows: true,
    honestRefusals: true,
  }),
  liveness: (nodes) => ({
    ...envelopes.safety(nodes),
    name: `liveness of ${nodes} machines`,
    maxDisksLost: 0,
    maxHurt: Math.floor((votersOf(nodes) - 1) / 2),
    recoveryMs: 5_000,
    faithfulLinks: true,
  }),
  anything: { name: 'anything', nodes: Number.POSITIVE_INFINITY },
}

/**
 * Says which fault leaves the envelope, and why; null when all stay inside. Every target that is not one of
 * `names` is a role, and so may be anybody: each time a machine of its own, or the same as any other, whichever
 * is worse.
 */
export function leaves(schedule: Schedule, envelope: Envelope, names: readonly string[] = []): string | null {
  const plan: Plan = { schedule, envelope, names: new Set(names) }
  for (const check of [kinds, links, refusals, disks, hurt, drift, hiddenSleep]) {
    const found = check(plan)
    if (found !== null)
      return `"${inWords(found.fault)}" leaves the envelope "${envelope.name}": ${found.why}`
  }
  return null
}

interface Plan {
  readonly schedule: Schedule
  readonly envelope: Envelope
  readonly names: ReadonlySet<string>
}

type Found = { readonly fault: Fault; readonly why: string } | null

/** How many machines these may be. */
function machines(targets: readonly Target[], names: ReadonlySet<string>): number {
  const named = targets.filter((target) => names.has(target))
  return new Set(named).size + targets.length - named.length
}

const maybeSame = (a: Target, b: Target, names: ReadonlySet<string>): boolean =>
  a === b || !names.has(a) || !names.has(b)

function kinds({ schedule, envelope }: Plan): Found {
  const { kinds: known } = envelope
  const fault = known && schedule.find((one) => !known.includes(one.do))
  return fault ? { fault, why: `there is no "${fault.do}" in it` } : null
}

function links({ schedule, envelope }: Plan): Found {
  if (envelope.faithfulLinks !== true) return null
  const fault = schedule.find(({ do: kind }) => ['loss', 'duplicate', 'reorder'].includes(kind))
  return fault ? { fault, why: 'frames come once and in order' } : null
}

function refusals({ schedule, envelope }: Plan): Found {
  if (envelope.honestRefusals !== true) return null
  const fault = schedule.find(({ do: kind }) => kind === 'refuse')
  return fault ? { fault, why: 'a refused dial may be taken as a proof of death' } : null
}

function disks({ schedule, envelope, names }: Plan): Found {
  const { maxDisksLost, nodes } = envelope
  if (maxDisksLost === undefined) return null
  const gone = machines(
    schedule.flatMap((fault) => (fault.do === 'act' ? [fault.who] : [])),
    names,
  )
  const few = gone > 0 && nodes - gone < 3
  const most = few ? 0 : maxDisksLost
  const lost: Target[] = []
  for (const fault of schedule) {
    lost.push(...disksLost(fault, schedule, names))
    const count = machines(lost, names)
    if (count > most) {
      const seats = few ? ', as acts may give up seats' : ''
      return { fault, why: `${count} disks may have lost something by then, ${most} may${seats}` }
    }
  }
  return null
}

function disksLost(fault: Fault, schedule: Schedule, names: ReadonlySet<string>): Target[] {
  if (fault.do === 'wipe' || fault.do === 'rot' || fault.do === 'misdirect') return [fault.who]
  if (fault.do !== 'disk-lies') return []
  const { fromMs } = spanOf(fault)
  // What was lied about is safe only after an honest sync, which may never come.
  const powerless = schedule.some(
    (other) =>
      other.do === 'power-off' &&
      (other.on !== undefined || spanOf(other).fromMs >= fromMs) &&
      other.who.some((who) => maybeSame(who, fault.who, names)),
  )
  return powerless ? [fault.who] : []
}

function hurt({ schedule, envelope, names }: Plan): Found {
  const { maxHurt, recoveryMs = 0, nodes } = envelope
  if (maxHurt === undefined) return null
  const spans = schedule.map((fault) => ({ fault, span: spanOf(fault), hurt: hurtBy(fault, nodes) }))
  for (const { fault, span } of spans) {
    const now = spans.filter(
      (other) => other.span.fromMs <= span.fromMs && span.fromMs <= other.span.toMs + recoveryMs,
    )
    const targets = now.flatMap((one) => (typeof one.hurt === 'number' ? [] : one.hurt))
    const others = now.reduce((sum, one) => sum + (typeof one.hurt === 'number' ? one.hurt : 0), 0)
    const count = Math.min(nodes, machines(targets, names) + others)
    if (count > maxHurt) return { fault, why: `${count} machines may be hurt then, ${maxHurt} may` }
  }
  return null
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))}%`

function drift({ schedule, envelope }: Plan): Found {
  const { maxDriftApart } = envelope
  if (maxDriftApart === undefined) return null
  const drifts = schedule.flatMap((fault) => (fault.do === 'drift' ? [{ fault, span: spanOf(fault) }] : []))
  for (const { fault, span } of drifts) {
    const rates = drifts
      .filter((other) => other.span.fromMs <= span.fromMs && span.fromMs <= other.span.toMs)
      .map((other) => other.fault.rate)
    const apart = Math.max(1, ...rates) / Math.min(1, ...rates) - 1
    if (apart > maxDriftApart) {
      return { fault, why: `clocks may be ${percent(apart)} apart, ${percent(maxDriftApart)} is the most` }
    }
  }
  return null
}

/** A machine that wakes up decides at once; a clock that is set back a second later hides nothing. */
const wakingMs = 1_000

function hiddenSleep({ schedule, envelope, names }: Plan): Found {
  if (envelope.sleepShows !== true) return null
  for (const fault of schedule) {
    if (fault.do !== 'clock-jump' || fault.byMs >= 0) continue
    const hides = schedule.some((sleep) => {
      if (sleep.do !== 'sleep' || !maybeSame(sleep.who, fault.who, names)) return false
      const { fromMs, toMs } = spanOf(sleep)
      return fault.at === undefined || (fromMs <= fault.at && fault.at <= toMs + wakingMs)
    })
    if (hides) return { fault, why: 'a clock that is set back hides how long its machine slept' }
  }
  return null
}
