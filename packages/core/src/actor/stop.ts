import type { ActorCell } from './cell.js'
import type { Family } from './family.js'
import { StopError } from './errors.js'
import { end } from './lifecycle.js'
import { type AnyRef, type StopOptions, targetOf } from './ref.js'

/** Stops without anybody waiting for it. */
export function stopNow(cell: ActorCell, drain: boolean): void {
  if (cell.draining && !drain) return hurry(cell)
  if (cell.isEnding) return
  // One that is held has failed for good, or its parent does not answer any more.
  if (!drain || cell.phase === 'held') return end(cell, 'stopped')
  cell.open = false
  cell.draining = true
  cell.poke()
}

/** Gives up draining, here and below. */
export function hurry(cell: ActorCell): void {
  if (cell.phase === 'stopped') return
  cell.draining = false
  end(cell, 'stopped')
  cell.family?.hurry()
}

/** Resolves when the actor has stopped. */
export function stopCell(cell: ActorCell, options: StopOptions = {}): Promise<void> {
  const { drain = false, deadlineMs } = options
  stopNow(cell, drain)
  if (cell.phase === 'stopped') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const waiters = (cell.stopWaiters ??= [])
    if (deadlineMs === undefined) return void waiters.push(resolve)
    const deadline = cell.surroundings.host.timers.set(deadlineMs, () => {
      if (cell.draining) hurry(cell)
      reject(lateError(cell, deadlineMs))
    })
    waiters.push(() => {
      deadline.cancel()
      resolve()
    })
  })
}

/** Names the actor that all the others wait for. */
export function lateError(cell: ActorCell, deadlineMs: number): StopError {
  const next = cell.family?.stoppingNow
  if (next !== undefined) return lateError(next, deadlineMs)
  const running = cell.surroundings.slow.running(cell)
  const what = running === undefined ? '' : `: its ${running} has not returned`
  return new StopError(cell.path, `${cell.path} has not stopped within ${deadlineMs} ms${what}`)
}

/** Of a whole family. */
export function lateStop(family: Family, path: string, deadlineMs: number): StopError {
  family.hurry()
  const next = family.stoppingNow
  if (next !== undefined) return lateError(next, deadlineMs)
  return new StopError(path, `${path} has not stopped within ${deadlineMs} ms`)
}

/** `ctx.stop`. */
export function stopChild(cell: ActorCell, ref: AnyRef | undefined): void {
  const target = ref === undefined ? cell : ref[targetOf]
  if (target === cell) return stopNow(cell, false)
  const isBelow = ref?.node === cell.ref.node && ref.path.startsWith(`${cell.path}/`)
  const child = isBelow ? cell.family?.get(ref.path.slice(cell.path.length + 1)) : undefined
  if (child !== undefined && child === target) return stopNow(child, false)
  // A child that has stopped already.
  if (isBelow && child === undefined) return
  throw new TypeError(`${cell.path} can stop itself and its children, not ${ref?.path}`)
}
