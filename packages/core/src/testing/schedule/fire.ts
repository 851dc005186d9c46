import type { QualityChange, Undo } from '../path.js'
import type { World } from '../world.js'
import type { Acts } from './apply.js'
import { byKind, type ByKind, type Fault, type FaultOf, type Target } from './fault.js'

/** The names that targets stand for, each once. */
type Find = (targets: readonly Target[]) => string[]

type Fire = { readonly world: World; readonly find: Find; readonly acts: Acts }

const nothing: Undo = () => {}

const all =
  (undos: readonly Undo[]): Undo =>
  () => {
    for (const undo of undos) undo()
  }

/** Does it, and returns what takes it back: only itself, not what other faults did meanwhile. */
export function fire(world: World, fault: Fault, find: Find, acts: Acts): Undo {
  return byKind(table, fault, { world, find, acts })
}

/** One undo for each node that the fault hits. */
const each = (names: readonly string[], act: (name: string) => Undo): Undo => all(names.map(act))

/** For what cannot be taken back. */
const once = (names: readonly string[], act: (name: string) => void): Undo => {
  for (const name of names) act(name)
  return nothing
}

const table: ByKind<Undo, [Fire]> = {
  crash: ({ who }, { world, find }) => each(alive(world, find([who])), (name) => crash(world, name)),
  restart: ({ who }, { world, find }) => once(started(world, find([who])), (name) => world.restart(name)),
  pause: ({ who }, { world, find }) => each(alive(world, find([who])), (name) => world.pause(name)),
  stall: ({ who, busyMs, everyMs }, { world, find }) =>
    each(find([who]), (name) => world.stall(name, { busyMs, everyMs })),
  sleep: ({ who }, { world, find }) => each(alive(world, find([who])), (name) => world.sleep(name)),
  'power-off': ({ who, tear = false }, { world, find }) => powerOff(world, find(who), tear),
  upgrade: ({ who, to }, { world, find }) => once(find([who]), (name) => world.upgrade(name, to)),
  act: ({ who, act }, { find, acts }) => once(find([who]), (name) => acts[act]?.(name)),

  cut: (fault, { world, find }) => {
    const [from, to] = [find([fault.from]), find([fault.to])]
    return all(from.flatMap((a) => to.filter((b) => b !== a).map((b) => world.cut(a, b))))
  },
  split: ({ a, b }, { world, find }) => world.split(find(a), b === undefined ? undefined : find(b)),
  bridge: (fault, { world, find }) => bridge(world, find, fault),
  ring: (_fault, { world, find }) => ring(world, find(world.names)),
  slow: (fault, on) =>
    eachWay(on, fault, ({ latencyMinMs, latencyMaxMs }) => ({
      latencyMinMs: latencyMinMs + fault.byMs,
      latencyMaxMs: latencyMaxMs + fault.byMs + (fault.jitterMs ?? 0),
    })),
  loss: (fault, on) => eachWay(on, fault, { loss: fault.rate, datagramLoss: fault.rate }),
  duplicate: (fault, on) => eachWay(on, fault, { duplicate: fault.rate, datagramDuplicate: fault.rate }),
  reorder: (fault, on) => eachWay(on, fault, { reorder: fault.rate, datagramReorder: fault.rate }),
  refuse: ({ from, to }, { world, find }) => {
    const targets = find([to])
    const diallers = from === undefined ? world.names : find([from])
    return all(diallers.flatMap((a) => targets.filter((b) => b !== a).map((b) => world.refuseDials(a, b))))
  },
  reset: (fault, on) => {
    for (const [a, b] of ways(on, fault)) on.world.resetLinks(a, b)
    return nothing
  },
  'address-change': ({ who }, { world, find }) => once(find([who]), (name) => world.changeAddress(name)),

  wipe: ({ who }, { world, find }) => once(started(world, find([who])), (name) => world.wipe(name)),
  'disk-full': ({ who }, { world, find }) => each(find([who]), (name) => world.disk(name).fill()),
  'disk-slow': ({ who, byMs }, { world, find }) => each(find([who]), (name) => world.disk(name).slowBy(byMs)),
  'disk-fails': ({ who }, { world, find }) => once(find([who]), (name) => world.disk(name).failNextSync()),
  'disk-lies': ({ who }, { world, find }) => each(find([who]), (name) => world.disk(name).lie()),
  misdirect: ({ who }, { world, find }) => once(find([who]), (name) => world.disk(name).misdirectNextWrite()),
  rot: ({ who, file }, { world, find }) => once(find([who]), (name) => world.disk(name).rotSomewhere(file)),

  'clock-jump': ({ who, byMs }, { world, find }) => once(find([who]), (name) => world.clockJump(name, byMs)),
  drift: ({ who, rate }, { world, find }) => each(find([who]), (name) => world.drift(name, rate)),
}

const alive = (world: World, names: readonly string[]): string[] =>
  names.filter((name) => !['stopped', 'no power'].includes(world.state(name)))

const started = (world: World, names: readonly string[]): string[] =>
  names.filter((name) => world.life(name) > 0)

/** Starts the node unless somebody else did since. */
const startAfter =
  (world: World, name: string, life: number): Undo =>
  () => {
    if (alive(world, [name]).length === 0 && world.life(name) === life) world.start(name)
  }

function crash(world: World, name: string): Undo {
  world.crash(name)
  return startAfter(world, name, world.life(name))
}

function powerOff(world: World, names: readonly string[], tear: boolean): Undo {
  const hit = started(world, names).filter((name) => world.state(name) !== 'no power')
  world.powerOff(hit, { tear })
  return each(hit, (name) => startAfter(world, name, world.life(name)))
}

function bridge(world: World, find: Find, fault: FaultOf<'bridge'>): Undo {
  const over = find([fault.over])
  const others = world.names.filter((name) => !over.includes(name))
  const without = (taken: readonly string[], names: readonly string[]): string[] =>
    names.filter((name) => !taken.includes(name) && !over.includes(name))
  const given = fault.a === undefined ? null : without([], find(fault.a))
  const b = fault.b === undefined ? null : without(given ?? [], find(fault.b))
  const a = given ?? (b === null ? others.slice(0, Math.ceil(others.length / 2)) : without(b, others))
  return world.split(a, b ?? without(a, others))
}

/** Node i hears the majority around it, and everybody has other neighbours. Even majorities hear one way. */
function ring(world: World, names: readonly string[]): Undo {
  const size = names.length
  const majority = Math.floor(size / 2) + 1
  const before = Math.floor((majority - 1) / 2)
  const cuts = names.flatMap((to, i) =>
    names.filter((_, j) => (j - i + before + size) % size >= majority).map((from) => world.cut(from, to)),
  )
  return all(cuts)
}

type LinkFault = { readonly who?: Target; readonly from?: Target; readonly to?: Target }

/** Ordered pairs of nodes that the fault means. */
function ways({ world, find }: Fire, { who, from, to }: LinkFault): [string, string][] {
  if (from !== undefined && to !== undefined) {
    const [a, b] = [find([from]), find([to])]
    return a.flatMap((x) => b.filter((y) => y !== x).map((y): [string, string] => [x, y]))
  }
  const { names } = world
  const hit = find(who === undefined ? names : [who])
  return names.flatMap((x) =>
    names.filter((y) => y !== x && (hit.includes(x) || hit.includes(y))).map((y): [string, string] => [x, y]),
  )
}

const eachWay = (on: Fire, fault: LinkFault, change: QualityChange): Undo =>
  all(ways(on, fault).map(([a, b]) => on.world.quality(a, b, change)))
