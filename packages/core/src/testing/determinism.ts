import { onAsyncStart } from './guard.js'
import type { WorldOptions } from './options.js'
import { createWorld, type World } from './world.js'

type Options = Omit<WorldOptions, 'seed' | 'trace' | 'pace'>

/** What the two runs are to be made with, besides their own options. */
export type TwinOptions = Pick<WorldOptions, 'trace' | 'pace'>
export type TwinWorld = Pick<World, 'digest' | 'trace'>

/**
 * Runs the same thing twice from the same seed and throws, naming the first event that differs, its node and the
 * actor that had the turn. A difference means that something outside the world was used: a clock, `Math.random`,
 * a real timer, a shared variable.
 *
 * A run that returns a promise is awaited. Its second run goes at another real pace, and both notice files,
 * sockets, name look-ups and timers that a process begins to wait for, whatever module they come from.
 *
 * @example
 * checkDeterminism((world) => office(world), 7)
 * await checkDeterminism(async (world) => { populate(world); await world.runAsync({ forMs: 5_000 }) }, 7)
 */
export function checkDeterminism(
  run: (world: World) => Promise<void>,
  seed: number | string,
  options?: Options,
): Promise<void>
export function checkDeterminism(run: (world: World) => void, seed: number | string, options?: Options): void
export function checkDeterminism(
  run: (world: World) => void | Promise<void>,
  seed: number | string,
  options: Options = {},
): void | Promise<void> {
  return compareTwins(`seed ${seed}`, (twin) => {
    const world = createWorld({ ...options, ...twin, seed })
    const running = run(world)
    return running instanceof Promise ? running.then(() => world) : world
  })
}

/**
 * The same for whatever makes its world itself: `make` runs it with these options and gives the world.
 *
 * @example
 * checkSameRuns('a cluster of 3', (twin) => runSchedule({ seed: 1, peers: 3, schedule, world: twin }).cluster.world)
 */
export function checkSameRuns(name: string, make: (twin: TwinOptions) => Promise<TwinWorld>): Promise<void>
export function checkSameRuns(name: string, make: (twin: TwinOptions) => TwinWorld): void
export function checkSameRuns(
  name: string,
  make: (twin: TwinOptions) => TwinWorld | Promise<TwinWorld>,
): void | Promise<void> {
  return compareTwins(name, make)
}

function compareTwins(
  name: string,
  make: (twin: TwinOptions) => TwinWorld | Promise<TwinWorld>,
): void | Promise<void> {
  const unwatch = onAsyncStart()
  const second = (): TwinWorld | Promise<TwinWorld> => make({ trace: true, pace: anotherPace() })
  let later = false
  try {
    const first = make({ trace: true })
    later = first instanceof Promise
    if (first instanceof Promise) return compareLater(name, first, second).finally(unwatch)
    const other = second()
    if (other instanceof Promise) throw new TypeError('the first run gave no promise, the second one did')
    compare(name, first, other)
  } finally {
    if (!later) unwatch()
  }
}

async function compareLater(
  name: string,
  first: Promise<TwinWorld>,
  second: () => TwinWorld | Promise<TwinWorld>,
): Promise<void> {
  const done = await first
  compare(name, done, await second())
}

/** Some 300 ms more over a run, most of them early, and a few turns of the loop at each event. */
function anotherPace(): () => Promise<void> {
  let events = 0
  return async () => {
    events += 1
    await loopTurns(events % 3)
    if (events < 100 ? events % 2 === 0 : events % 97 === 0 && events < 20_000) await sleep(1)
  }
}

/** Kept from before any guard or fake timer. */
const [afterAWhile, afterThisTurn] = [setTimeout, setImmediate]
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void afterAWhile(resolve, ms))

async function loopTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void afterThisTurn(resolve))
}

function compare(name: string, first: TwinWorld, second: TwinWorld): void {
  if (first.digest === second.digest) return
  const index = first.trace.findIndex((event, i) => event.digest !== second.trace[i]?.digest)
  const at = index < 0 ? first.trace.length : index
  const [one, other] = [show(first, at), show(second, at)]
  const turn = lastTurn(first, at)
  const who = turn === undefined ? '' : `; the last turn there before it was the ${turn}`
  throw new Error(`Two runs from ${name} differ from event ${at} on: first ${one}, then ${other}${who}`)
}

function show(world: TwinWorld, index: number): string {
  const event = world.trace[index]
  return event === undefined
    ? 'nothing'
    : `"${event.what}" on ${event.node || 'the world'} at ${event.atMs} ms`
}

/** Who most likely set going what differs: timers and frames do not know their actor. */
function lastTurn(world: TwinWorld, index: number): string | undefined {
  const node = world.trace[index]?.node
  return world.trace
    .slice(0, index)
    .findLast((event) => event.node === node && event.what.startsWith('turn of '))?.what
}
