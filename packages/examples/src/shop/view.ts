import type { PeerStatus } from '@tanist/singleton'
import { catalogue } from './catalogue.js'
import type { Order, Orders } from './orders.js'
import type { Stock } from './stock.js'

/** Orders that the page shows; the others are only counted. */
const SHOWN = 40

export interface ArticleView {
  readonly sku: string
  readonly name: string
  readonly cents: number
  readonly free: number
  readonly held: number
  readonly sold: number
}

export interface ShopView {
  readonly articles: readonly ArticleView[]
  /** The newest first. */
  readonly orders: readonly (Order & { readonly id: string })[]
  readonly counts: Readonly<Record<string, number>>
}

export interface PeersView {
  readonly self: string
  readonly server: string | null
  readonly members: readonly string[]
  readonly waitingFor: string | null
}

export function shopView(stock: Stock, { open, finished }: Orders): ShopView {
  const articles = Object.entries(catalogue).map(([sku, article]) => {
    const held = Object.values(stock.held).reduce((sum, one) => sum + (one.sku === sku ? one.n : 0), 0)
    return { sku, ...article, free: stock.free[sku] ?? 0, held, sold: stock.sold[sku] ?? 0 }
  })
  // An object keeps the order in which its keys came.
  const newest = [...Object.entries(open).toReversed(), ...Object.entries(finished).toReversed()]
  const counts: Record<string, number> = {}
  for (const [, { state }] of newest) counts[state] = (counts[state] ?? 0) + 1
  return { articles, orders: newest.slice(0, SHOWN).map(([id, order]) => ({ id, ...order })), counts }
}

export function peersView({ self, server, members, waitingFor }: PeerStatus): PeersView {
  return {
    self: self.name,
    server: server?.name ?? null,
    members: members.map(({ name }) => name),
    waitingFor,
  }
}
