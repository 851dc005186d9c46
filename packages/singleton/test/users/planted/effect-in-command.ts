import { persist, refuse, role } from '../../../src/index.js'
import type { AnyRole } from '../../../src/index.js'
import { law, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Orders {
  readonly placed: readonly string[]
}

type Mail = (request: { readonly order: string }) => void

const orders = (mail: Mail | null) =>
  role('orders', {
    state: (): Orders => ({ placed: [] }),
    events: { placed: (s, e: { order: string }) => ({ placed: [...s.placed, e.order] }) },
    commands: {
      place: (s, c: { order: string }, on) => {
        if (s.placed.includes(c.order)) return refuse({ code: 'known' })
        mail?.({ order: c.order })
        return persist(on.placed(c))
      },
    },
  })

const example = orders(null)

/** A command is decided before it is safe: when that server is deposed, the next one decides it again. */
export const planted: Planted = {
  bug: 'a mail sent from inside of a command',
  cure: 'let the client send it, after the answer',
  laws: ['one mail an order'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      outside: (outside) => ({
        mail: outside.service('mail', (_request: { readonly order: string }) => undefined, { latencyMs: 10 }),
      }),
      roles: (env, { mail }): readonly AnyRole[] => {
        const send = mail.for(env)
        return [orders(cured ? null : (request) => void send(request).catch(() => {}))]
      },
      workload: {
        work: work(
          example,
          { place: (_dice, client) => ({ order: `${client.name}-${client.seq}` }) },
          { reads: 0 },
        ),
        pauseMs: 30,
      },
      laws: ({ mail }) => [
        law('one mail an order', 'The customer gets one mail for each order.', () => {
          for (const [at, call] of mail.calls.entries()) {
            const { order } = call.request
            const before = mail.calls.slice(0, at).find(({ request }) => request.order === order)
            if (before === undefined) continue
            const text = `two mails for order ${order}`
            return [{ law: 'one mail an order', text, events: [mail.event(before), mail.event(call)] }]
          }
          return null
        }),
      ],
    }),
}
