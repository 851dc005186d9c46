import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Peer } from '@tanist/singleton'
import { readJson, sendJson } from '@tanist/transport'
import { parseCommand, parseWish, runCommand } from './commands.js'
import type { Live } from './live.js'
import type { Chairs, Wish } from './messages.js'
import type { Page } from './page/load.js'
import { board } from './role.js'
import type { OfficeView } from './view.js'
import { welcome } from './welcome.js'

export interface RoutesParts {
  readonly page: Page
  readonly live: Live
  /** Null until the peer listens. */
  readonly peer: () => Peer | null
  readonly view: () => (OfficeView & Chairs) | null
  /** Null when no launcher is there to do it. */
  readonly wish: ((wish: Wish) => void) | null
}

/** One peer's HTTP. After `close` commands are sent elsewhere; it resolves when the last one is answered. */
export interface Routes {
  readonly listener: RequestListener
  close(): Promise<void>
}

export function createRoutes(parts: RoutesParts): Routes {
  const running = new Set<Promise<void>>()
  let closed = false
  const post = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const read = await readJson(request, { limitBytes: 16_384 })
    if (!read.ok) return sendJson(response, read.status, { error: read.text })
    if (request.url === '/api/wishes') return wish(parts, read.value, response)
    const command = parseCommand(read.value)
    if (typeof command === 'string') return sendJson(response, 400, { error: command })
    const peer = parts.peer()
    if (!peer || closed) return elsewhere(response, closed)
    const { status, body } = await runCommand(peer, command)
    sendJson(response, status, body)
  }
  const listener: RequestListener = (request, response) => {
    if (!welcome(request, response, 'The office board')) return
    const { method = 'GET', url = '/' } = request
    if (method === 'OPTIONS') return void response.writeHead(204).end()
    if (method === 'POST' && (url === '/api/commands' || url === '/api/wishes')) {
      const answered = post(request, response)
        .catch((error: unknown) => sendJson(response, 500, { error: String(error) }))
        .finally(() => running.delete(answered))
      return void running.add(answered)
    }
    if (method !== 'GET') return sendJson(response, 405, { error: 'Use GET here.' })
    void get(parts, url, closed, response)
  }
  const close = async (): Promise<void> => {
    closed = true
    parts.live.goodbye()
    await Promise.all(running)
  }
  return { listener, close }
}

async function get(
  parts: RoutesParts,
  url: string,
  closed: boolean,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(url, 'http://peer')
  const file = parts.page.find(pathname)
  if (file) {
    response.writeHead(200, file.headers).end(file.body)
    return
  }
  const peer = parts.peer()
  const view = parts.view()
  if (!peer || !view || closed) return elsewhere(response, closed)
  if (pathname === '/api/events') return parts.live.open(response)
  if (pathname === '/api/office') return sendJson(response, 200, view)
  if (pathname !== '/api/board')
    return sendJson(response, 404, { error: 'Nothing is here; the page is at /.' })
  const consistency = searchParams.get('consistency') === 'local' ? 'local' : 'linearizable'
  try {
    sendJson(response, 200, await peer.read(board, { consistency }))
  } catch (error) {
    sendJson(response, 503, { unavailable: error instanceof Error ? error.message : String(error) })
  }
}

function wish({ view, wish: ask }: RoutesParts, value: unknown, response: ServerResponse): void {
  const parsed = parseWish(value)
  if (typeof parsed === 'string') return sendJson(response, 400, { error: parsed })
  const now = view()
  const allowed =
    parsed.act === 'start'
      ? now?.mayStart
      : now?.chairs.find(({ name }) => name === parsed.name)?.may.includes(parsed.act)
  if (!ask || !allowed) {
    return sendJson(response, 409, { error: 'The office cannot do that now.' })
  }
  // Whoever asks this peer to be killed still gets the answer.
  response.once('finish', () => ask(parsed))
  sendJson(response, 202, { ok: true })
}

function elsewhere(response: ServerResponse, closed: boolean): void {
  const unavailable = closed
    ? 'This peer is going; ask another one.'
    : 'This peer is starting; ask another one.'
  if (closed) response.setHeader('connection', 'close')
  sendJson(response, 503, { ok: false, unavailable, since: Date.now(), executed: 'no' })
}
