import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MACHINES, play, quietOpening, roughOpening } from './opening.js'
import { looking } from './looking.js'

it.each([
  ['quiet', quietOpening],
  ['rough', roughOpening],
] as const)('%s', (_n, arb) => {
  const took: number[] = []
  const founded: number[] = []
  const t = Date.now()
  fc.assert(
    fc.property(arb, (opening) => {
      const look = looking
      const { cluster, foundings, together, tookMs } = play(opening, look)
      took.push(tookMs)
      founded.push(foundings)
      if (!together) {
        console.log(JSON.stringify(opening), cluster.ended)
        for (const n of cluster.names) {
          const s = cluster.peer(n)?.status()
          console.log(
            n,
            cluster.world.state(n),
            s?.clusterId?.slice(0, 8),
            s?.waitingFor,
            s?.members.length,
            s?.otherClusters,
          )
        }
      }
      expect(together).toBe(true)
    }),
    { numRuns: Number(process.env['RUNS'] ?? 30), endOnFailure: true },
  )
  took.sort((a, b) => a - b)
  console.log(
    Date.now() - t,
    'ms; took',
    took[took.length >> 1],
    took.at(-1),
    'foundings',
    founded.reduce((a: Record<number, number>, n) => ({ ...a, [n]: (a[n] ?? 0) + 1 }), {}),
  )
})
