import { persist, refuse, role } from '@tanist/singleton'
import { catalogue, MOST_PIECES } from './catalogue.js'
import { payment } from './payment.js'
import { stock } from './stock.js'

export type OrderState =
  /** Nothing is held for it yet. */
  | 'placed'
  /** The goods are held, and the money is being asked for. */
  | 'held'
  /** Its time is over. Whether the money had come already only the payment can say. */
  | 'expiring'
  | 'paid'
  | 'shipped'
  | 'cancelled'

export interface Order {
  readonly sku: string
  readonly n: number
  readonly cents: number
  readonly state: OrderState
  /** Milliseconds since 1970: unpaid it expires then. */
  readonly until: number
  /** Why it was cancelled. */
  readonly why?: string
}

export interface Orders {
  /** Neither shipped nor cancelled: what there is still something to do about. */
  readonly open: Readonly<Record<string, Order>>
  readonly finished: Readonly<Record<string, Order>>
}

const PAY_WITHIN_MS = 30_000

/** The order with `change`, moved to the finished ones if that is what it is now. */
function changed(s: Orders, id: string, change: Partial<Order>): Orders {
  const { [id]: order, ...open } = s.open
  if (order === undefined) return s
  const next = { ...order, ...change }
  return next.state === 'shipped' || next.state === 'cancelled'
    ? { open, finished: { ...s.finished, [id]: next } }
    : { ...s, open: { ...s.open, [id]: next } }
}

/** One order's way. Reactions call the other roles: each call happens once, whatever crashes in between. */
export const orders = role('orders', {
  state: (): Orders => ({ open: {}, finished: {} }),
  events: {
    placed: (s, { order, ...e }: Omit<Order, 'state'> & { order: string }) => ({
      ...s,
      open: { ...s.open, [order]: { ...e, state: 'placed' } },
    }),
    held: (s, e: { order: string; cents: number }) => changed(s, e.order, { state: 'held' }),
    expired: (s, e: { order: string }) => changed(s, e.order, { state: 'expiring' }),
    paid: (s, e: { order: string }) => changed(s, e.order, { state: 'paid' }),
    shipped: (s, e: { order: string }) => changed(s, e.order, { state: 'shipped' }),
    cancelled: (s, e: { order: string; why: string }) =>
      changed(s, e.order, { state: 'cancelled', why: e.why }),
  },
  commands: {
    place: (_, { sku, n, payWithinMs }: { sku: string; n: number; payWithinMs?: number }, on, ctx) => {
      const article = Object.hasOwn(catalogue, sku) ? catalogue[sku] : undefined
      if (article === undefined) return refuse({ code: 'unknown-article', text: 'We do not sell this.' })
      if (!Number.isInteger(n) || n < 1 || n > MOST_PIECES)
        return refuse({ code: 'pieces', text: `Order 1 to ${MOST_PIECES} pieces.` })
      const order = ctx.id()
      const until = ctx.at + (payWithinMs ?? PAY_WITHIN_MS)
      return persist(on.placed({ order, sku, n, cents: n * article.cents, until })).reply(() => ({ order }))
    },
    markHeld: (s, { order }: { order: string }, on) => {
      const { state, cents } = s.open[order] ?? {}
      return state === 'placed' && cents !== undefined
        ? persist(on.held({ order, cents }))
        : refuse({ code: 'too-late' })
    },
    expire: (s, c: { order: string }, on) => {
      const state = s.open[c.order]?.state
      return state === 'placed' || state === 'held' ? persist(on.expired(c)) : refuse({ code: 'too-late' })
    },
    markPaid: (s, c: { order: string }, on) => {
      const state = s.open[c.order]?.state
      return state === 'held' || state === 'expiring' ? persist(on.paid(c)) : refuse({ code: 'too-late' })
    },
    markShipped: (s, c: { order: string }, on) =>
      s.open[c.order]?.state === 'paid' ? persist(on.shipped(c)) : refuse({ code: 'not-paid' }),
    cancel: (s, c: { order: string; why: string }, on) => {
      const state = s.open[c.order]?.state
      return state === undefined || state === 'paid' ? refuse({ code: 'too-late' }) : persist(on.cancelled(c))
    },
  },
  // A call that throws `Unavailable` fails the run, and the whole run is repeated: calls that had an outcome get
  // the same one again. The return types are written down because orders and payment call each other.
  reactions: {
    placed: {
      lane: (e) => e.order,
      run: async ({ order, sku, n }, { role: on, own }): Promise<void> => {
        const held = await on(stock).hold({ order, sku, n })
        if (held.status === 'unavailable') throw new Error(held.reason)
        if (held.status === 'refused') {
          await own.cancel({ order, why: 'sold out' }).value()
          return
        }
        const marked = await own.markHeld({ order })
        if (marked.status === 'unavailable') throw new Error(marked.reason)
        // It has expired meanwhile.
        if (marked.status === 'refused') await on(stock).free({ order }).value()
      },
    },
    held: {
      lane: (e) => e.order,
      run: async ({ order, cents }, { role: on }): Promise<void> => {
        await on(payment).ask({ order, cents }).value()
      },
    },
    expired: {
      lane: (e) => e.order,
      // Refused when the money has come: then the payment says so to the order, which is paid after all.
      run: async ({ order }, { role: on }): Promise<void> => {
        const out = await on(payment).giveUp({ order, why: 'not paid in time' })
        if (out.status === 'unavailable') throw new Error(out.reason)
      },
    },
    paid: {
      lane: (e) => e.order,
      run: async ({ order }, { role: on, own }): Promise<void> => {
        await on(stock).handOut({ order }).value()
        await own.markShipped({ order }).value()
      },
    },
    cancelled: {
      lane: (e) => e.order,
      run: async ({ order }, { role: on }): Promise<void> => {
        await on(stock).free({ order }).value()
      },
    },
  },
  /** A take-over changes nothing about it: the next server derives the same from the same state. */
  due: (s, run) =>
    Object.entries(s.open)
      .filter(([, { state }]) => state === 'placed' || state === 'held')
      .map(([order, { until }]) => run.expire(until, { order })),
})
