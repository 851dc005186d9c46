import { singletonLimits } from './limits.js'

/** A failure for good: the restart limit was reached on one server. */
export interface Failure {
  /** Where: `MEMBER.INCARNATION`. */
  readonly node: string
  readonly server: string
  readonly term: number
  readonly text: string
  /** Monotonic, of the peer that holds this. */
  readonly atMs: number
}

/**
 * What the members know of one singleton's past. Records of two members are joined by `mergeRecords`, in any order and
 * as often as one likes: a greater `epoch` replaces, within one the failures are united.
 */
export interface SingletonRecord {
  /** Counts the starts by operators; each forgets what was before. */
  readonly epoch: number
  /** The highest term in which it was started. */
  readonly startedTerm: number
  readonly failures: readonly Failure[]
  /** Why it is not started any more, anywhere. */
  readonly givenUp: string | null
}

/** As it travels: clocks differ, so a failure has an age. */
export interface RecordWire {
  readonly epoch: number
  readonly startedTerm: number
  readonly failures: readonly (Omit<Failure, 'atMs'> & { readonly agoMs: number })[]
  readonly givenUp: string | null
}

export const noRecord: SingletonRecord = { epoch: 0, startedTerm: 0, failures: [], givenUp: null }

export function mergeRecords(a: SingletonRecord, b: SingletonRecord): SingletonRecord {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch ? a : b
  const failures = new Map<string, Failure>()
  for (const failure of [...a.failures, ...b.failures]) {
    const key = keyOf(failure)
    const known = failures.get(key)
    if (known === undefined || failure.atMs < known.atMs) failures.set(key, failure)
  }
  const givenUp = [a.givenUp, b.givenUp].filter((text) => text !== null).toSorted()[0] ?? null
  return {
    epoch: a.epoch,
    startedTerm: Math.max(a.startedTerm, b.startedTerm),
    failures: [...failures.values()].toSorted(byTerm).slice(-singletonLimits.failures),
    givenUp,
  }
}

export function sameRecord(a: SingletonRecord, b: SingletonRecord): boolean {
  const keys = (record: SingletonRecord): string => record.failures.map(keyOf).join()
  return (
    a.epoch === b.epoch && a.startedTerm === b.startedTerm && a.givenUp === b.givenUp && keys(a) === keys(b)
  )
}

/** One server fails for good at most once in a term. */
const keyOf = ({ node, term }: Failure): string => `${term} ${node}`

function byTerm(a: Failure, b: Failure): number {
  if (a.term !== b.term) return a.term - b.term
  return a.node < b.node ? -1 : a.node > b.node ? 1 : 0
}

export function withFailure(record: SingletonRecord, failure: Failure): SingletonRecord {
  return mergeRecords(record, { ...record, failures: [failure] })
}

/**
 * What follows the newest failure, which is in the record: the role goes to the next in line; or it failed alike on
 * another server; or a hand-over for it was made a short while ago and nothing more is done.
 */
export function verdictOf(
  { failures }: SingletonRecord,
  newest: Failure,
  nowMs: number,
  windowMs: number,
): 'hand-over' | 'give-up' | 'stay' {
  const others = failures.filter((one) => one.term < newest.term && nowMs - one.atMs < windowMs)
  if (others.length === 0) return 'hand-over'
  return others.at(-1)?.node === newest.node ? 'stay' : 'give-up'
}

/** Why this peer does not start it, although it serves; null when it does. Others may have had it since. */
export function heldBack({ failures, startedTerm, givenUp }: SingletonRecord, node: string): string | null {
  if (givenUp !== null) return givenUp
  const last = failures.at(-1)
  if (last?.node !== node || last.term < startedTerm) return null
  return `It failed for good here (${last.text}), and no other server took it over.`
}

export function recordToWire(record: SingletonRecord, nowMs: number): RecordWire {
  const failures = record.failures.map(({ atMs, ...rest }) => ({ ...rest, agoMs: Math.max(0, nowMs - atMs) }))
  return { ...record, failures }
}

export function recordFromWire(wire: RecordWire, nowMs: number): SingletonRecord {
  const failures = wire.failures.map(({ agoMs, ...rest }) => ({ ...rest, atMs: nowMs - agoMs }))
  return { ...wire, failures }
}
