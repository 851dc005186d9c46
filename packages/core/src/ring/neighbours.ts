import { hash32 } from './hash.js'

/** Members in the order of the hash ring: by the hash of their ids, so that who stands side by side in a rack does not on the ring. */
export function ringOrder(ids: readonly string[]): string[] {
  const placed = ids.map((id) => [hash32(id), id] as const)
  placed.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0))
  return placed.map(([, id]) => id)
}

/** Those that come after place `at` on a ring, the nearest first; never more than there are others. */
export function ringAfter(ring: readonly string[], at: number, count: number): string[] {
  const found: string[] = []
  for (let step = 1; step <= Math.min(count, ring.length - 1); step += 1)
    found.push(ring[(at + step) % ring.length]!)
  return found
}

/** Those that come before place `at`, the nearest first. */
export function ringBefore(ring: readonly string[], at: number, count: number): string[] {
  const found: string[] = []
  for (let step = 1; step <= Math.min(count, ring.length - 1); step += 1)
    found.push(ring[(at - step + ring.length) % ring.length]!)
  return found
}
