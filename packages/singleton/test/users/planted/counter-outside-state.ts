import { persist, role } from '../../../src/index.js'
import { always, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Tickets {
  readonly holders: Readonly<Record<number, readonly string[]>>
}

const tickets = (cured: boolean) => {
  // Survives as long as this process.
  let next = 1
  return role('tickets', {
    state: (): Tickets => ({ holders: {} }),
    events: {
      drawn: (s, e: { no: number; holder: string }) => ({
        holders: { ...s.holders, [e.no]: [...(s.holders[e.no] ?? []), e.holder] },
      }),
    },
    commands: {
      draw: (s, c: { holder: string }, on) => {
        const no = cured ? Object.keys(s.holders).length + 1 : next++
        return persist(on.drawn({ no, holder: c.holder })).reply(() => no)
      },
    },
  })
}

const example = tickets(false)

/** The number of the next ticket lives in the process, not in the state: the next server begins with 1 again. */
export const planted: Planted = {
  bug: 'state kept outside of the journal',
  cure: 'count in the state',
  laws: ['a ticket has one holder'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: () => [tickets(cured)],
      workload: work(example, { draw: (_dice, client) => ({ holder: `${client.name}-${client.seq}` }) }),
      laws: [
        always(example, 'a ticket has one holder', (s) => {
          const shared = Object.entries(s.holders).find(([, holders]) => holders.length > 1)
          return shared === undefined || `ticket ${shared[0]} was given to ${shared[1].join(' and ')}`
        }),
      ],
    }),
}
