import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Peer } from '@tanist/singleton'
import { readJson, sendJson } from '@tanist/transport'
import { welcome } from '../office/index.js'
import type { Live, Page } from '../office/index.js'
import { orders } from './orders.js'
import { stock } from './stock.js'
import { peersView } from './view.js'

export interface RoutesParts {
  readonly page: Page
  readonly live: Live
  /** Null until the peer listens. */
  readonly peer: () => Peer | null
  /** Of the payment service: the page shows its books and spoils its mood. */
  readonly bank: string
}

type Body = Readonly<Record<string, unknown>>

/** One peer's HTTP. It does not matter which peer is asked: the roles are called alike on all of them. */
export function createRoutes(parts: RoutesParts): RequestListener {
  return (request, response) => {
    if (!welcome(request, response, 'The shop')) return
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const done = request.method === 'POST' ? post(parts, request, response) : get(parts, request, response)
    done.catch((error: unknown) => sendJson(response, 502, { error: String(error) }))
  }
}

async function get(
  { page, live, peer, bank }: RoutesParts,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const { pathname } = new URL(request.url ?? '/', 'http://peer')
  const file = page.find(pathname)
  if (file) return void response.writeHead(200, file.headers).end(file.body)
  const own = peer()
  if (own === null) return sendJson(response, 503, { unavailable: 'This peer is starting.' })
  switch (pathname) {
    case '/api/events':
      return live.open(response)
    case '/api/peers':
      return sendJson(response, 200, peersView(own.status()))
    // Linearizable: everything that anybody was told before is in it.
    case '/api/orders':
      return sendJson(response, 200, await own.read(orders))
    case '/api/stock':
      return sendJson(response, 200, await own.read(stock))
    case '/api/bank':
      return sendJson(response, 200, await (await fetch(new URL('/books', bank))).json())
    default:
      return sendJson(response, 404, { error: 'Nothing is here; the page is at /.' })
  }
}

async function post({ peer, bank }: RoutesParts, request: IncomingMessage, response: ServerResponse) {
  const read = await readJson(request, { limitBytes: 4_096 })
  if (!read.ok) return sendJson(response, read.status, { error: read.text })
  const body = (typeof read.value === 'object' && read.value !== null ? read.value : {}) as Body
  const own = peer()
  if (own === null) return sendJson(response, 503, { unavailable: 'This peer is starting.' })
  switch (request.url) {
    case '/api/orders':
      return order(own, body, response)
    case '/api/deliveries': {
      const out = await own.role(stock).deliver({ sku: String(body['sku']), n: Number(body['n']) })
      return sendJson(response, statusOf(out), out)
    }
    case '/api/bank': {
      const mood = { method: 'PUT', body: JSON.stringify({ failing: Number(body['failing']) }) }
      return sendJson(response, 200, await (await fetch(new URL('/mood', bank), mood)).json())
    }
    default:
      return sendJson(response, 404, { error: 'POST /api/orders, /api/deliveries or /api/bank.' })
  }
}

/** `id` is `CLIENT:SEQ`: whoever heard nothing asks again with it, anywhere, and has still ordered once. */
async function order(peer: Peer, { id, sku, n, payWithinMs }: Body, response: ServerResponse): Promise<void> {
  if (id !== undefined && (typeof id !== 'string' || !/^[\w.-]{1,64}:[1-9]\d{0,14}$/.test(id)))
    return sendJson(response, 400, { error: 'The "id" must have the form "CLIENT:SEQ".' })
  const out = await peer.role(orders).place(
    {
      sku: String(sku),
      n: Number(n),
      ...(typeof payWithinMs === 'number' ? { payWithinMs } : {}),
    },
    id === undefined ? {} : { id },
  )
  sendJson(response, statusOf(out), out)
}

const statusOf = ({ status }: { readonly status: 'ok' | 'refused' | 'unavailable' }): number =>
  ({ ok: 200, refused: 409, unavailable: 503 })[status]
