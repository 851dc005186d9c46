import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPeer } from '@tanist/singleton'
import type { Peer } from '@tanist/singleton'
import { Live, loadPage } from '../office/index.js'
import { bankAt } from './bank.js'
import type { Options } from './options.js'
import { orders } from './orders.js'
import { html } from './page/html.js'
import { style } from './page/style.js'
import { createPayment } from './payment.js'
import { createRoutes } from './routes.js'
import { stock } from './stock.js'
import { peersView, shopView } from './view.js'

/** Browser modules are compiled into this folder. */
const modules = { '/browser/': new URL('./page/browser/', import.meta.url) }

/** Runs one peer of the shop until it is told to stop, and resolves with the exit code. */
export async function runPeer(options: Options & { readonly bank: string }): Promise<number> {
  const { name, port, seeds, bank, expect } = options
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'tanist-shop-'))
  let peer: Peer | null = null
  let goods = stock.state()
  let all = orders.state()
  const live = new Live({
    shop: () => shopView(goods, all),
    peers: () => peer && peersView(peer.status()),
  })
  try {
    const own = await startPeer({
      app: 'shop',
      // On one machine and its loopback; see the guide about secrets before you leave it.
      secret: 'the shop on this machine',
      name,
      listen: `127.0.0.1:${port}`,
      seeds: [...seeds],
      discovery: false,
      data: join(folder, `peer-${port}`),
      expect,
      log: { write: (level, event, text) => void (level === 'error' && console.error(event, text)) },
      roles: [stock, orders, createPayment(bankAt(bank))],
      http: createRoutes({ page: loadPage({ html, style, modules }), live, peer: () => peer, bank }),
    })
    peer = own
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        live.goodbye()
        void own.stop()
      })
    }
    own.role(stock).state$.subscribe((state) => {
      goods = state
      live.changed('shop')
    })
    own.role(orders).state$.subscribe((state) => {
      all = state
      live.changed('shop')
    })
    own.status$.subscribe(() => live.changed('peers'))
    void own.joined.then(
      () => console.log(`The shop is open: http://127.0.0.1:${port}/`),
      () => {},
    )
    const failure = await own.stopped
    if (failure) console.error(failure.message)
    return failure ? 1 : 0
  } finally {
    if (options.data === null) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
