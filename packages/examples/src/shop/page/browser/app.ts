/// <reference lib="dom" />
import type { PeersView, ShopView } from '../../view.js'
import { byId, el, say } from './element.js'

const REPEAT_MS = 500
const BOOKS_MS = 1_000

const client = `page-${crypto.randomUUID().slice(0, 13)}`
let seq = 0

/** Asks until somebody has answered: with its id an order is placed once, however often it is sent. */
async function post(path: string, body: Record<string, unknown>): Promise<void> {
  for (;;) {
    const response = await fetch(path, { method: 'POST', body: JSON.stringify(body), headers }).catch(
      () => null,
    )
    if (response !== null && response.status < 500) {
      const { refusal } = (await response.json()) as { refusal?: { text?: string; code?: string } }
      const refused = byId('refusal', HTMLParagraphElement)
      refused.hidden = refusal === undefined
      return say(refused, refusal?.text ?? refusal?.code ?? '')
    }
    await new Promise((resolve) => setTimeout(resolve, REPEAT_MS))
  }
}

const headers = { 'content-type': 'application/json' }

function button(text: string, label: string, act: () => void, main = false): HTMLButtonElement {
  const made = el('button', { type: 'button', class: main ? 'main' : '', 'aria-label': label }, text)
  made.addEventListener('click', act)
  return made
}

const number = (n: number): HTMLTableCellElement => el('td', { class: 'number' }, String(n))
const money = (cents: number): string => (cents / 100).toFixed(2)

function drawArticles({ articles }: ShopView): void {
  const body = byId('articles', HTMLTableSectionElement)
  // Buttons stay the same elements, so that they keep the focus.
  const known = new Map([...body.rows].map((row) => [row.dataset['sku'] ?? '', row]))
  for (const { sku, name, cents, free, held, sold } of articles) {
    const row = known.get(sku) ?? body.appendChild(newRow(sku, name))
    row.cells[0]!.replaceChildren(name, el('div', { class: 'quiet' }, money(cents)))
    const counts = [free, held, sold]
    counts.forEach((n, i) => row.cells[i + 1]!.replaceWith(number(n)))
  }
}

function newRow(sku: string, name: string): HTMLTableRowElement {
  const order = button(
    'Order',
    `Order ${name}`,
    () => {
      seq += 1
      void post('/api/orders', { id: `${client}:${seq}`, sku, n: 1 })
    },
    true,
  )
  const deliver = button('+10', `Deliver ten of ${name}`, () => void post('/api/deliveries', { sku, n: 10 }))
  const cells = [
    el('td'),
    el('td'),
    el('td'),
    el('td'),
    el('td', {}, el('div', { class: 'acts' }, deliver, order)),
  ]
  const row = el('tr', {}, ...cells)
  row.dataset['sku'] = sku
  return row
}

function drawOrders({ orders, counts, articles }: ShopView): void {
  const names = new Map(articles.map(({ sku, name }) => [sku, name]))
  const rows = orders.map(({ n, sku, cents, state, why }) =>
    el(
      'tr',
      {},
      el('td', {}, `${n} × ${names.get(sku) ?? sku}`),
      el('td', { class: 'number' }, money(cents)),
      el('td', {}, el('span', { class: `state ${state}` }, why === undefined ? state : `${state}: ${why}`)),
    ),
  )
  byId('orders', HTMLTableSectionElement).replaceChildren(...rows)
  const told = Object.entries(counts).map(([state, n]) => `${n} ${state}`)
  say(byId('counts', HTMLParagraphElement), told.join(', '))
}

const line = byId('line', HTMLParagraphElement)
const lineText = byId('line-text', HTMLSpanElement)

// The browser connects again by itself; what comes is always the present state.
const source = new EventSource('/api/events')
source.addEventListener('shop', ({ data }: MessageEvent<string>) => {
  const view = JSON.parse(data) as ShopView
  drawArticles(view)
  drawOrders(view)
})
source.addEventListener('peers', ({ data }: MessageEvent<string>) => {
  const view = JSON.parse(data) as PeersView | null
  line.classList.toggle('waiting', view?.server === null)
  if (view === null) return
  const { server, members, waitingFor } = view
  const who = server === null ? (waitingFor ?? 'Nobody serves.') : `${server} serves`
  say(lineText, `${who} · ${members.length} ${members.length === 1 ? 'peer' : 'peers'}`)
})
source.addEventListener('error', () => {
  line.classList.add('waiting')
  say(lineText, 'This peer does not answer; the page tries again.')
})

const failing = byId('failing', HTMLInputElement)
failing.addEventListener('change', () => void post('/api/bank', { failing: Number(failing.value) }))

interface Books {
  readonly failing: number
  readonly books: readonly [
    string,
    { readonly cents: number; readonly taken: number; readonly givenBack: number },
  ][]
}

async function drawBooks(): Promise<void> {
  const response = await fetch('/api/bank').catch(() => null)
  if (!response?.ok) return
  const { failing: rate, books } = (await response.json()) as Books
  if (document.activeElement !== failing) failing.value = String(rate)
  say(byId('failing-text', HTMLSpanElement), `${Math.round(rate * 100)} %`)
  const kept = books.reduce((sum, [, { cents, taken, givenBack }]) => sum + cents * (taken - givenBack), 0)
  const back = books.filter(([, { givenBack }]) => givenBack > 0).length
  const twice = books.filter(([, { taken }]) => taken > 1).length
  say(
    byId('books', HTMLParagraphElement),
    `${money(kept)} taken; asked about ${books.length}, given back ${back}, charged twice ${twice}.`,
  )
}
setInterval(() => void drawBooks(), BOOKS_MS)
void drawBooks()
