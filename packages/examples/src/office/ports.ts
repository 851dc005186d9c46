import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the range from which systems take the ports of outgoing connections (32,768 on Linux, 49,152 elsewhere):
 * nobody takes the port of a crashed peer by accident before it returns.
 */
const FIRST = 20_000
const LAST = 32_000

export interface Ports {
  next(): Promise<number>
}

/** With `first`: that one and those after it, whatever they are used for. Else free ones, each given once. */
export function ports(first: number | null): Ports {
  let next = first ?? randomInt(FIRST, LAST)
  return {
    async next() {
      if (first === null) while (!(await isFree(next))) next = next + 1 > LAST ? FIRST : next + 1
      next += 1
      return next - 1
    },
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
