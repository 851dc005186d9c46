import { leaves } from './envelope.js'
import { inOrder } from './draw.js'
import type { Fault, FaultKind, Schedule, Target } from './fault.js'
import type { ScheduleShape } from './shape.js'
import { parseTrigger } from './trigger.js'

/**
 * Schedules that are a step simpler than this one, the greatest steps first: fewer faults, fewer kinds, all of it
 * earlier, times instead of triggers, names instead of roles, plainer kinds, fewer nodes, earlier, shorter, in
 * multiples of 100 ms. None leaves the envelope. Whoever follows simpler ones that still fail comes to an end.
 */
export function* simplerSchedules(
  schedule: Schedule,
  shape: Pick<ScheduleShape, 'nodes' | 'envelope'>,
): Generator<Schedule> {
  const { envelope, nodes } = shape
  for (const simpler of candidates(schedule, nodes)) {
    if (simpler.length === 0) continue
    if (envelope === undefined || leaves(simpler, envelope, nodes) === null) yield inOrder(simpler)
  }
}

function* candidates(schedule: Schedule, nodes: readonly string[]): Generator<Schedule> {
  yield* fewer(schedule)
  yield* sooner(schedule)
  for (const [i, fault] of schedule.entries()) {
    for (const simpler of simplerFaults(fault, nodes)) yield schedule.with(i, simpler)
  }
}

function* fewer(schedule: Schedule): Generator<Schedule> {
  const size = schedule.length
  if (size < 2) return
  if (size > 3) {
    const half = Math.floor(size / 2)
    yield schedule.slice(half)
    yield schedule.slice(0, half)
  }
  const kinds = [...new Set(schedule.map((fault) => fault.do))]
  if (kinds.length < size) for (const kind of kinds) yield schedule.filter((fault) => fault.do !== kind)
  for (let i = 0; i < size; i++) yield schedule.toSpliced(i, 1)
}

/** All together, so that what matters about their distances stays. */
function* sooner(schedule: Schedule): Generator<Schedule> {
  const firstMs = Math.min(...schedule.map(({ at }) => at ?? Number.POSITIVE_INFINITY))
  if (schedule.length < 2 || !Number.isFinite(firstMs) || firstMs === 0) return
  yield schedule.map((fault) => (fault.at === undefined ? fault : withAt(fault, fault.at - firstMs)))
}

function* simplerFaults(fault: Fault, nodes: readonly string[]): Generator<Fault> {
  yield* timed(fault)
  yield* named(fault, nodes)
  yield* plainer(fault, nodes)
  yield* smaller(fault, nodes)
  if (fault.at !== undefined) for (const at of lessMs(fault.at, 0)) yield withAt(fault, at)
  if ('for' in fault && fault.for !== undefined) {
    for (const lasts of lessMs(fault.for, 50)) yield { ...fault, for: lasts }
  }
}

const withAt = (fault: Fault, at: number): Fault => {
  const { on: _on, after: _after, at: _at, ...rest } = fault
  return { at, ...rest }
}

function* timed(fault: Fault): Generator<Fault> {
  if (fault.on === undefined) return
  for (const at of [500, 1_000, 2_000]) yield withAt(fault, at)
  const { after, ...rest } = fault
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same fault without its delay
  const atOnce = rest as Fault
  if (after !== undefined) yield atOnce
  const trigger = parseTrigger(fault.on)
  if (trigger === null || trigger.count === 1) return
  const { who, moment, count } = trigger
  const counts = new Set([1, Math.floor(count / 2), count - 1])
  for (const n of counts) yield { ...fault, on: n === 1 ? `${who}.${moment}` : `${who}.${moment}#${n}` }
}

const targetFields = ['who', 'from', 'to', 'over'] as const
const listFields = ['who', 'a', 'b'] as const

/** What a fault has in this field, if that is a target or a list of them. */
const fieldOf = (fault: Fault, field: string): unknown =>
  Object.entries(fault).find(([name]) => name === field)?.[1]

const withField = (fault: Fault, field: string, value: Target | readonly Target[]): Fault => ({
  ...fault,
  [field]: value,
})

function* named(fault: Fault, nodes: readonly string[]): Generator<Fault> {
  const isRole = (target: unknown): target is Target => typeof target === 'string' && !nodes.includes(target)
  for (const field of targetFields) {
    // The version of an upgrade.
    if (fault.do === 'upgrade' && field === 'to') continue
    const target = fieldOf(fault, field)
    const first = nodes[0]
    if (isRole(target)) for (const name of nodes) yield withField(fault, field, name)
    else if (typeof target === 'string' && first !== undefined && !Object.values(fault).includes(first)) {
      // One machine in all faults is easier to follow than several.
      yield withField(fault, field, first)
    }
  }
  for (const field of listFields) {
    const list = fieldOf(fault, field)
    if (!Array.isArray(list)) continue
    for (const [i, target] of list.entries()) {
      const free = nodes.filter((name) => !list.includes(name))
      const names = isRole(target) ? free : free.filter((name) => name === nodes[0])
      for (const name of names) yield withField(fault, field, list.with(i, name))
    }
  }
}

/** Kinds that do a part of what this one does, and are easier to imagine. */
function* plainer(fault: Fault, nodes: readonly string[]): Generator<Fault> {
  const lasts = 'for' in fault && fault.for !== undefined ? { for: fault.for } : {}
  const as = (kind: FaultKind, fields: object): Fault =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the callers below give each kind its fields
    ({ ...when(fault), do: kind, ...fields, ...lasts }) as Fault
  if (fault.do === 'sleep' || fault.do === 'stall') yield as('pause', { who: fault.who })
  if (fault.do === 'power-off') for (const who of fault.who) yield as('crash', { who })
  if (fault.do === 'bridge') {
    const { a, over } = fault
    const others = nodes.filter((name) => name !== over)
    yield as('split', { a: a ?? others.slice(0, Math.ceil(others.length / 2)) })
  }
  if (fault.do === 'ring') for (const name of nodes) yield as('split', { a: [name] })
  if (fault.do === 'split') {
    const [first, ...more] = fault.a
    if (first === undefined || more.length > 0) return
    for (const name of nodes) {
      if (name === first) continue
      yield as('cut', { from: first, to: name })
      yield as('cut', { from: name, to: first })
    }
  }
}

const when = ({ at, on, after }: Fault): object =>
  on === undefined ? { at } : after === undefined ? { on } : { on, after }

const linkKinds: readonly FaultKind[] = ['slow', 'loss', 'duplicate', 'reorder', 'reset']

/** Fewer nodes, and less of what makes it strong. */
function* smaller(fault: Fault, nodes: readonly string[]): Generator<Fault> {
  for (const field of listFields) {
    const list = fieldOf(fault, field)
    if (!Array.isArray(list) || list.length < 2) continue
    for (let i = 0; i < list.length; i++) yield withField(fault, field, list.toSpliced(i, 1))
  }
  if (fault.do === 'power-off' && fault.tear === true) {
    const { tear: _, ...whole } = fault
    yield whole
  }
  if (fault.do === 'slow' && fault.jitterMs !== undefined) {
    const { jitterMs: _, ...even } = fault
    yield even
  }
  if (linkKinds.includes(fault.do) && !('who' in fault || 'from' in fault)) {
    for (const name of nodes) yield withField(fault, 'who', name)
  }
}

const round = (ms: number): number => Math.floor(ms / 100) * 100

/** Less time, in steps that end at the least that still matters, rounded to 100 ms. */
function lessMs(ms: number, leastMs: number): number[] {
  const less = [leastMs, round(ms / 2), round((ms * 3) / 4), round(ms - 500), round(ms), round(ms - 100)]
  const found = less.filter((value) => value >= leastMs && value < ms)
  if (ms > leastMs && ms % 100 !== 0) found.push(Math.ceil(ms / 100) * 100)
  return [...new Set(found)]
}
