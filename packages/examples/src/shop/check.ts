import type { Booking } from './ledger.js'
import type { Orders } from './orders.js'
import type { Stock } from './stock.js'

export interface Shop {
  readonly stock: Stock
  readonly orders: Orders
  /** The bank's, by order. */
  readonly books: ReadonlyMap<string, Booking>
}

/** What must hold at any moment, whatever is under way; a sentence for each thing that does not. */
export function contradictions({ stock, orders, books }: Shop): string[] {
  const found: string[] = []
  for (const [sku, delivered] of Object.entries(stock.delivered)) {
    const held = Object.values(stock.held).reduce((sum, one) => sum + (one.sku === sku ? one.n : 0), 0)
    const there = (stock.free[sku] ?? 0) + held + (stock.sold[sku] ?? 0)
    if (there !== delivered) found.push(`Of ${delivered} ${sku} that were delivered, ${there} are there.`)
    if ((stock.free[sku] ?? 0) < 0) found.push(`More ${sku} are promised than there are.`)
  }
  for (const [order, { taken, givenBack }] of books) {
    if (taken > 1) found.push(`Order ${order} was paid ${taken} times.`)
    if (givenBack > taken) found.push(`Order ${order} got money back that it had not paid.`)
  }
  for (const [order, { state, cents }] of Object.entries({ ...orders.open, ...orders.finished })) {
    const { taken = 0, givenBack = 0, cents: paid = 0 } = books.get(order) ?? {}
    const kept = taken > givenBack
    if (state === 'shipped' && !kept) found.push(`Order ${order} was shipped, and the money is not there.`)
    if (state === 'cancelled' && kept) found.push(`Order ${order} was cancelled, and the money is kept.`)
    if (kept && paid !== cents) found.push(`Order ${order} costs ${cents}, and ${paid} were taken.`)
  }
  return found
}

/** What must hold besides once everything has come to rest. `acknowledged`: orders that a customer was told of. */
export function unfinished({ stock, orders }: Shop, acknowledged: Iterable<string>): string[] {
  const found: string[] = []
  for (const order of acknowledged) {
    if (order in orders.finished) continue
    const { state } = orders.open[order] ?? {}
    found.push(state ? `Order ${order} has not got beyond "${state}".` : `Order ${order} is lost.`)
  }
  for (const [order, { sku, n }] of Object.entries(stock.held)) {
    if (!(order in orders.open)) found.push(`${n} ${sku} are held for ${order}, which is over.`)
  }
  const shipped = new Map<string, number>()
  for (const { state, sku, n } of Object.values(orders.finished))
    if (state === 'shipped') shipped.set(sku, (shipped.get(sku) ?? 0) + n)
  for (const sku of Object.keys(stock.delivered)) {
    const [out = 0, sold = 0] = [shipped.get(sku), stock.sold[sku]]
    if (out !== sold) found.push(`Orders say that ${out} ${sku} were shipped; the stock says ${sold}.`)
  }
  return found
}
