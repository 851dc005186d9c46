import { parseTrigger } from '@tanist/core/testing'
import type { Fault, FaultKind, FiredFault, PlainQuality, Schedule, Target } from '@tanist/core/testing'
import type { SuccessionWorld } from './world.js'

type Undo = () => void
type Kind<K extends FaultKind> = Extract<Fault, { do: K }>
type Find = (targets: readonly Target[]) => string[]
type Fire<K extends FaultKind> = (fault: Kind<K>, world: SuccessionWorld, find: Find) => Undo

const nothing: Undo = () => {}

const all =
  (undos: readonly Undo[]): Undo =>
  () => {
    for (const undo of undos) undo()
  }

/** What a succession machine can notice; the other kinds need whole peers. */
const table: { readonly [K in MachineFaultKind]: Fire<K> } = {
  crash: ({ who }, world, find) => all(find([who]).map((name) => world.crash(name))),
  restart: ({ who }, world, find) => {
    for (const name of find([who])) world.restart(name)
    return nothing
  },
  pause: ({ who }, world, find) => all(find([who]).map((name) => world.pause(name))),
  sleep: ({ who }, world, find) => all(find([who]).map((name) => world.sleep(name))),
  act: ({ who, act }, world, find) => {
    for (const name of find([who])) world.act(name, act)
    return nothing
  },
  'power-off': ({ who, tear = false }, world, find) => world.powerOff(find(who), tear),
  cut: (fault, world, find) =>
    all(pairs(find([fault.from]), find([fault.to])).map((pair) => cut(world, pair))),
  split: ({ a, b }, world, find) => {
    const ones = find(a)
    const others = b === undefined ? world.names : find(b)
    return split(world, ones, others)
  },
  bridge: ({ over, a, b }, world, find) => {
    const centre = find([over])
    const rest = world.names.filter((name) => !centre.includes(name))
    const ones = (a === undefined ? rest.slice(0, Math.ceil(rest.length / 2)) : find(a)).filter((n) =>
      rest.includes(n),
    )
    const others = (b === undefined ? rest : find(b)).filter((name) => rest.includes(name))
    return split(world, ones, others)
  },
  ring: (_fault, world) => ring(world),
  slow: (fault, world, find) =>
    eachWay(fault, world, find, ({ latencyMinMs, latencyMaxMs }) => ({
      latencyMinMs: latencyMinMs + fault.byMs,
      latencyMaxMs: latencyMaxMs + fault.byMs + (fault.jitterMs ?? 0),
    })),
  loss: (fault, world, find) => eachWay(fault, world, find, () => ({ loss: fault.rate })),
  duplicate: (fault, world, find) => eachWay(fault, world, find, () => ({ duplicate: fault.rate })),
  reorder: (fault, world, find) => eachWay(fault, world, find, () => ({ reorder: fault.rate })),
  reset: (fault, world, find) => {
    for (const [a, b] of ways(fault, world, find)) world.reset(a, b)
    return nothing
  },
  'disk-slow': ({ who, byMs }, world, find) => all(find([who]).map((name) => world.slowDisk(name, byMs))),
  'disk-lies': ({ who }, world, find) => all(find([who]).map((name) => world.lyingDisk(name))),
  'clock-jump': ({ who, byMs }, world, find) => {
    for (const name of find([who])) world.plain.clockJump(world.id(name), byMs)
    return nothing
  },
  drift: ({ who, rate }, world, find) =>
    all(find([who]).map((name) => world.plain.drift(world.id(name), rate))),
}

export type MachineFaultKind =
  | 'crash'
  | 'restart'
  | 'pause'
  | 'sleep'
  | 'act'
  | 'power-off'
  | 'cut'
  | 'split'
  | 'bridge'
  | 'ring'
  | 'slow'
  | 'loss'
  | 'duplicate'
  | 'reorder'
  | 'reset'
  | 'disk-slow'
  | 'disk-lies'
  | 'clock-jump'
  | 'drift'

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has exactly these keys
export const machineFaultKinds: readonly MachineFaultKind[] = Object.keys(table) as MachineFaultKind[]

/**
 * Plans every fault of the schedule, counted from now; the returned list grows while they fire. A kind that means
 * nothing to a bare machine is a `TypeError` that names those that do.
 */
export function applyToMachines(world: SuccessionWorld, schedule: Schedule): FiredFault[] {
  const fired: FiredFault[] = []
  const startMs = world.nowMs
  const waiting: Waiting[] = []
  for (const fault of schedule) {
    const fire = fireOf(fault)
    const go = (): void => {
      if (!world.peaceful) fired.push(fireNow(world, fault, fire))
    }
    if (fault.on === undefined) world.plain.schedule(startMs + fault.at, go)
    else waiting.push(waitFor(fault.on, fault.after ?? 0, go))
  }
  if (waiting.length > 0) watch(world, waiting)
  return fired
}

/** Throws as `applyToMachines` would. */
export function checkMachineSchedule(schedule: Schedule): void {
  for (const fault of schedule) {
    fireOf(fault)
    if (fault.on !== undefined) waitFor(fault.on, 0, () => {})
  }
}

type AnyFire = (fault: Fault, world: SuccessionWorld, find: Find) => Undo

function fireOf(fault: Fault): AnyFire {
  const known: Partial<Record<FaultKind, unknown>> = table
  if (!Object.hasOwn(known, fault.do)) {
    throw new TypeError(
      `bare succession machines know no fault "${fault.do}"; they know ${machineFaultKinds.join(', ')}`,
    )
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entry under `do` takes this very kind
  return known[fault.do] as AnyFire
}

function fireNow(world: SuccessionWorld, fault: Fault, fire: AnyFire): FiredFault {
  const hit: string[] = []
  const find = (targets: readonly Target[]): string[] => {
    const found = new Set<string>()
    for (const target of targets) for (const name of namesOf(world, target, found)) found.add(name)
    for (const name of found) if (!hit.includes(name)) hit.push(name)
    return [...found]
  }
  const undo = fire(fault, world, find)
  if ('for' in fault && fault.for !== undefined) world.plain.schedule(world.nowMs + fault.for, undo)
  return { atMs: world.nowMs, fault, hit }
}

/** `a voter` is one of them, another one each time that a fault says it. */
function namesOf(world: SuccessionWorld, target: Target, taken: ReadonlySet<string>): string[] {
  if (world.allNames.includes(target)) return [target]
  const names = world.resolve(target)
  return /^an? /.test(target) ? names.filter((name) => !taken.has(name)).slice(0, 1) : names
}

// Triggers

interface Waiting {
  readonly who: Target
  readonly moment: string
  readonly afterMs: number
  readonly go: () => void
  left: number
}

function waitFor(on: string, afterMs: number, go: () => void): Waiting {
  const trigger = parseTrigger(on)
  if (trigger === null) throw new TypeError(`"${on}" says nothing that happens: write "server.appended#3"`)
  return { who: trigger.who, moment: trigger.moment, afterMs, go, left: trigger.count }
}

function watch(world: SuccessionWorld, planned: readonly Waiting[]): void {
  let waiting = planned
  world.onMoment = (name, moment) => {
    if (waiting.length === 0) return
    for (const one of waiting) {
      if (one.moment !== moment || (one.who !== name && !namesOf(world, one.who, new Set()).includes(name)))
        continue
      one.left -= 1
      if (one.left === 0) world.plain.schedule(world.nowMs + one.afterMs, one.go)
    }
    waiting = waiting.filter(({ left }) => left > 0)
  }
}

// Network

type Pair = readonly [from: string, to: string]

const pairs = (from: readonly string[], to: readonly string[]): Pair[] =>
  from.flatMap((a) => to.filter((b) => b !== a).map((b): Pair => [a, b]))

const cut = (world: SuccessionWorld, [from, to]: Pair): Undo => world.plain.cut(world.id(from), world.id(to))

function split(world: SuccessionWorld, a: readonly string[], b: readonly string[]): Undo {
  const others = b.filter((name) => !a.includes(name))
  return all([...pairs(a, others), ...pairs(others, a)].map((pair) => cut(world, pair)))
}

/** Peer i hears the majority around it, and everybody has other neighbours. */
function ring(world: SuccessionWorld): Undo {
  const { names } = world
  const majority = Math.floor(names.length / 2) + 1
  const before = Math.floor((majority - 1) / 2)
  const deaf = (to: number, from: number): boolean =>
    (from - to + before + names.length) % names.length >= majority
  const cuts = names.flatMap((to, i) =>
    names.filter((_, j) => deaf(i, j)).map((from) => cut(world, [from, to])),
  )
  return all(cuts)
}

type LinkFault = { readonly who?: Target; readonly from?: Target; readonly to?: Target }

function ways({ who, from, to }: LinkFault, { names }: SuccessionWorld, find: Find): Pair[] {
  if (from !== undefined && to !== undefined) return pairs(find([from]), find([to]))
  const hit = who === undefined ? names : find([who])
  return pairs(names, names).filter(([a, b]) => hit.includes(a) || hit.includes(b))
}

function eachWay(
  fault: LinkFault,
  world: SuccessionWorld,
  find: Find,
  change: (now: PlainQuality) => Partial<PlainQuality>,
): Undo {
  const { plain } = world
  const undos = ways(fault, world, find).map(([a, b]) => {
    const [from, to] = [world.id(a), world.id(b)]
    return plain.quality(from, to, change)
  })
  return all(undos)
}
