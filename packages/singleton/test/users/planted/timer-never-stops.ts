import type { Host } from '@tanist/core'
import { persist, role } from '../../../src/index.js'
import type { AnyRole } from '../../../src/index.js'
import { work } from '../../../src/testing/index.js'
import type { Token } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import { byTheServerAlone } from './laws.js'
import type { Planted } from './planted.js'

type Beat = (request: { readonly price: number }, token: Token) => Promise<void>

const prices = (host: Pick<Host, 'timers'> | null, show: Beat, cured: boolean) =>
  role('prices', {
    state: () => ({ price: 100 }),
    events: { set: (_s, e: { price: number }) => ({ price: e.price }) },
    commands: { set: (_s, c: { price: number }, on) => persist(on.set(c)) },
    onServe: (reign) => {
      const beat = (): void => {
        if (cured && reign.signal.aborted) return
        void show({ price: reign.state().price }, reign.token).catch(() => {})
        host?.timers.set(200, beat)
      }
      beat()
    },
  })

const example = prices(null, async () => {}, false)

/** Nothing ends the timer: after a take-over two peers write on the display. */
export const planted: Planted = {
  bug: 'a timer begun in onServe that nothing stops',
  cure: 'ask the signal before every beat',
  laws: ['display: by the server alone'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      outside: (outside) => ({
        display: outside.service('display', (_request: { readonly price: number }) => undefined),
      }),
      roles: (env, { display }): readonly AnyRole[] => [prices(env.host, display.for(env) as Beat, cured)],
      workload: work(example, { set: (dice) => ({ price: dice.int(1, 200) }) }),
      laws: ({ display }) => [byTheServerAlone(display)],
    }),
}
