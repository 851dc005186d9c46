import { persist, role } from '../../../src/index.js'
import { ask, law } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import { lastState } from './laws.js'
import type { Planted } from './planted.js'

interface Forms {
  readonly sent: readonly string[]
}

const forms = role('forms', {
  state: (): Forms => ({ sent: [] }),
  events: { sent: (s, e: { form: string }) => ({ sent: [...s.sent, e.form] }) },
  commands: { send: (_s, c: { form: string }, on) => persist(on.sent(c)) },
})

/** The page counts its forms from 1, and begins anew whenever it finds itself at another peer. */
export const planted: Planted = {
  bug: 'one id for two different commands',
  cure: 'let the client count its own',
  laws: ['every form arrives'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [forms],
      workload: {
        work: {
          role: forms,
          weight: 1,
          draw: (_dice, client) =>
            ask(
              forms,
              'send',
              { form: `${client.name}-${client.seq}` },
              cured ? undefined : `${client.name}@${client.node}:${(client.seq % 20) + 1}`,
            ),
        },
        clients: 2,
      },
      laws: [
        law('every form arrives', 'Every form that was acknowledged has arrived.', (history) => {
          const state = lastState(history, forms)
          if (state === null) return null
          const lost = history.operations.find(
            ({ outcome, input }) =>
              outcome?.status === 'ok' && !state.sent.includes((input as { form: string }).form),
          )
          if (lost === undefined) return null
          return `${(lost.input as { form: string }).form} was acknowledged as ${lost.id}, and another form had that id`
        }),
      ],
    }),
}
