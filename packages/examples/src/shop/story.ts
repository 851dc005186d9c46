import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ports } from '../office/index.js'
import { contradictions, unfinished } from './check.js'
import type { Shop } from './check.js'
import { startPaymentService, startPeerProcess } from './child.js'
import { Customer } from './customer.js'
import type { Booking } from './ledger.js'
import type { Orders } from './orders.js'
import type { Stock } from './stock.js'
import type { PeersView } from './view.js'

const NAMES = ['ada', 'ben', 'cleo']
const ORDERS = 120
const EVERY_MS = 60
/** After this time something is wrong. */
const REST_MS = 90_000

const startedMs = performance.now()

function say(text: string): void {
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  process.stdout.write(`${seconds.padStart(6)} s  ${text}\n`)
}

/** Three peers, a bank that fails, and the death of a server. Resolves with the exit code: 1 when it does not add up. */
export async function playStory(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tanist-shop-story-'))
  const children = new Map<string, ChildProcess>()
  const bank = await startPaymentService()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const killAll = (): void => children.forEach((child) => void child.kill('SIGKILL'))
  for (const signal of signals) process.once(signal, () => (killAll(), process.exit(130)))
  try {
    const free = ports(null)
    const places = new Map<string, number>()
    for (const name of NAMES) places.set(name, await free.next())
    const seeds = [...places.values()].map((port) => `127.0.0.1:${port}`).join(',')
    const start = (name: string): void => {
      const args = { name, port: `${places.get(name)}`, seeds, bank: bank.url, data: folder, expect: '2' }
      children.set(
        name,
        startPeerProcess(Object.entries(args).flatMap(([key, value]) => [`--${key}`, value])),
      )
    }
    for (const name of NAMES) start(name)
    const urls = [...places.values()].map((port) => `http://127.0.0.1:${port}/`)
    return await play({ bank: bank.url, urls, children, start })
  } finally {
    killAll()
    bank.stop()
    await pause(100)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

interface Stage {
  readonly bank: string
  readonly urls: readonly string[]
  readonly children: ReadonlyMap<string, ChildProcess>
  readonly start: (name: string) => void
}

async function play({ bank, urls, children, start }: Stage): Promise<number> {
  say('Three peers of a shop, and a bank of which three in ten requests go wrong.')
  await until(async () => (await peersAt(urls[0]))?.members.length === NAMES.length)
  const customer = new Customer(urls)
  await customer.deliver('tea', 60)
  await customer.deliver('cup', 60)
  await customer.deliver('kettle', 20)
  say('Ada, Ben and Cleo are there, and the shelves are full. Customers come.')
  for (let i = 1; i <= ORDERS; i++) {
    const sku = ['tea', 'cup', 'kettle'][i % 3] ?? 'tea'
    // Every fifth is in a hurry: when the bank fails once, the time is over.
    customer.order(sku, 1 + (i % 2), i % 5 === 0 ? 300 : undefined)
    await pause(EVERY_MS)
    if (i === ORDERS / 3) {
      const server = (await peersAt(urls[1]))?.server ?? ''
      say(`${server} serves, and is killed with ${customer.waiting} orders on their way: kill -9.`)
      children.get(server)?.kill('SIGKILL')
      await until(async () => (await serverSeen(urls, server)) !== null)
      say(`${await serverSeen(urls, server)} serves now. ${server} comes back as the youngest.`)
      start(server)
    }
  }
  await customer.done()
  say(
    `${customer.orders.size} orders were confirmed to customers, ${customer.again} of them after asking again.`,
  )
  await until(async () => Object.keys((await shopAt(urls[0], bank)).orders.open).length === 0)
  say('Everything has come to rest. Every peer is asked, and the bank.')
  const found = new Set<string>()
  for (const url of urls) {
    const shop = await shopAt(url, bank)
    for (const text of [...contradictions(shop), ...unfinished(shop, customer.orders)]) found.add(text)
  }
  return report(await shopAt(urls[0], bank), customer, [...found])
}

function report({ orders, books, stock }: Shop, customer: Customer, found: readonly string[]): number {
  const counts: Record<string, number> = {}
  for (const { state, why } of Object.values(orders.finished)) {
    const end = why === undefined ? state : `${state}, ${why}`
    counts[end] = (counts[end] ?? 0) + 1
  }
  for (const [end, n] of Object.entries(counts)) say(`${String(n).padStart(4)} ${end}`)
  const twice = [...books.values()].filter(({ taken }) => taken > 1).length
  const back = [...books.values()].filter(({ givenBack }) => givenBack > 0).length
  say(`The bank took money for nobody twice: ${twice === 0}. It gave money back ${back} times.`)
  say(
    `On the shelves: ${JSON.stringify(stock.free)}; nothing is held: ${Object.keys(stock.held).length === 0}.`,
  )
  for (const text of found) say(text)
  const lost = found.filter((text) => / is lost| not got beyond/.test(text)).length
  process.stdout.write(
    `${JSON.stringify({ confirmed: customer.orders.size, lost, twice, contradictions: found.length })}\n`,
  )
  return found.length === 0 ? 0 : 1
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + REST_MS; ; await pause(50)) {
    if (await holds().catch(() => false)) return
    if (performance.now() > endMs) throw new Error('The shop has not come to rest.')
  }
}

async function json<T>(url: string | undefined, path: string): Promise<T> {
  const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return (await response.json()) as T
}

const peersAt = (url: string | undefined): Promise<PeersView | null> =>
  json<PeersView>(url, '/api/peers').catch(() => null)

/** Who serves now, when it is not the one that was killed. */
async function serverSeen(urls: readonly string[], killed: string): Promise<string | null> {
  for (const view of await Promise.all(urls.map(peersAt)))
    if (view !== null && view.server !== null && view.server !== killed) return view.server
  return null
}

async function shopAt(url: string | undefined, bank: string): Promise<Shop> {
  const [stock, orders, { books }] = await Promise.all([
    json<Stock>(url, '/api/stock'),
    json<Orders>(url, '/api/orders'),
    json<{ books: [string, Booking][] }>(bank, '/books'),
  ])
  return { stock, orders, books: new Map(books) }
}
