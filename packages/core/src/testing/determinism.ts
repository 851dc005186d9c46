import { createWorld, type World, type WorldOptions } from './world.js'

/**
 * Runs the same thing twice from the same seed and throws, naming the first event that differs. A difference
 * means that something outside the world was used: a clock, `Math.random`, a real timer, a shared variable.
 */
export function checkDeterminism(
  run: (world: World) => void,
  seed: number | string,
  options: Omit<WorldOptions, 'seed' | 'trace'> = {},
): void {
  const once = (): World => {
    const world = createWorld({ ...options, seed, trace: true })
    run(world)
    return world
  }
  const [first, second] = [once(), once()]
  if (first.digest === second.digest) return
  const index = first.trace.findIndex((event, i) => event.digest !== second.trace[i]?.digest)
  const at = index < 0 ? first.trace.length : index
  throw new Error(
    `Two runs from seed ${seed} differ from event ${at} on: first ${show(first, at)}, then ${show(second, at)}`,
  )
}

function show(world: World, index: number): string {
  const event = world.trace[index]
  return event === undefined
    ? 'nothing'
    : `"${event.what}" on ${event.node || 'the world'} at ${event.atMs} ms`
}
