import type { Host } from '@tanist/core'
import { persist, role } from '../../../src/index.js'
import type { AnyRole } from '../../../src/index.js'
import { work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

type Poll = () => Promise<void>

const pause = (host: Pick<Host, 'timers'>, ms: number): Promise<void> =>
  new Promise((resolve) => void host.timers.set(ms, resolve))

const inbox = (host: Pick<Host, 'timers'> | null, poll: Poll, cured: boolean) =>
  role('inbox', {
    state: () => ({ taken: 0 }),
    events: { taken: (s) => ({ taken: s.taken + 1 }) },
    commands: { take: (_s, _c: { from: string }, on) => persist(on.taken()) },
    onServe: (reign) => {
      const rounds = async (): Promise<void> => {
        while (host !== null && !(cured && reign.signal.aborted)) {
          await poll().catch(() => {})
          await pause(host, 200)
        }
      }
      return rounds()
    },
    onYield: () => {},
  })

const example = inbox(null, async () => {}, false)

/** The loop never ends, so onYield is never reached and the old server polls on beside the new one. */
export const planted: Planted = {
  bug: 'a loop in onServe that ignores the signal, so that onYield is lost',
  cure: 'ask the signal in every round',
  laws: ['reigns: yield'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      outside: (outside) => ({
        outside,
        queue: outside.service('queue', () => undefined),
      }),
      roles: (env, { outside, queue }): readonly AnyRole[] => {
        const poll = queue.for(env)
        const own = inbox(
          env.host,
          async () => {
            await poll(undefined)
          },
          cured,
        )
        return [outside.recordReigns(own, env)]
      },
      workload: work(example, { take: (_dice, client) => ({ from: client.name }) }),
      laws: ({ outside }) => outside.reigns.laws(),
    }),
}
