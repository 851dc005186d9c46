import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { portConnections } from '../limits.js'
import type { HttpRefusal } from './asked.js'
import { sendJson } from './http.js'
import { httpServerOptions, limitHttp } from './limited.js'

/** Takes an upgraded connection over, as the `upgrade` event of Node's HTTP server gives it. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface PortRoutes {
  /** Upgrades on exactly this path are links between peers. */
  readonly linkPath: string
  readonly link: (request: IncomingMessage, socket: Socket, head: Buffer) => void
  /** Everything else. Without it, 404. */
  readonly http: RequestListener | undefined
  readonly upgrade: UpgradeListener | undefined
  /** A request was sent away for a limit. */
  readonly refused?: ((why: HttpRefusal) => void) | undefined
}

export interface PortHandlers {
  listening(host: string, port: number): void
  /** The bind failed. */
  failed(error: NodeJS.ErrnoException): void
  /** The socket closed after it was bound, and not by `close`. */
  lost(error?: Error): void
}

/**
 * One port for members and HTTP. `close` frees the port at once; running responses are finished, idle
 * connections end, and links are left to their owners.
 */
export interface Port {
  readonly server: Server
  close(): void
}

export function openPort(host: string, port: number, routes: PortRoutes, handlers: PortHandlers): Port {
  const server = createServer(httpServerOptions)
  server.maxConnections = portConnections
  let state: 'binding' | 'bound' | 'closed' = 'binding'
  const lose = (error?: Error): void => {
    if (state !== 'bound') return
    close()
    handlers.lost(error)
  }
  const close = (): void => {
    if (state === 'closed') return
    state = 'closed'
    server.close()
    server.closeIdleConnections()
  }
  const serve: RequestListener = (request, response) => {
    response.once('close', () => {
      if (state === 'closed') setImmediate(() => server.closeIdleConnections())
    })
    if (routes.http === undefined) sendJson(response, 404, { error: 'Nothing is served here but links.' })
    else routes.http(request, response)
  }
  limitHttp(server, serve, routes.refused)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (state === 'closed') socket.destroy()
    else if (request.url === routes.linkPath) routes.link(request, socket, head)
    else if (routes.upgrade === undefined) refuseUpgrade(socket, 404, 'No WebSocket is served at this path.')
    else routes.upgrade(request, socket, head)
  })
  server.on('error', (error) => {
    if (state === 'binding') {
      state = 'closed'
      handlers.failed(error)
    } else lose(error)
  })
  server.on('close', () => lose())
  server.listen({ host, port }, () => {
    if (state === 'closed') {
      // Closed while the address was looked up: Node binds nevertheless.
      server.close()
      return
    }
    state = 'bound'
    const at = server.address()
    if (at !== null && typeof at !== 'string') handlers.listening(at.address, at.port)
  })
  return { server, close }
}

const statusTexts: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
}

/** Answers an upgrade with a status and a sentence, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: 403 | 404 | 503, text: string): void {
  const body = JSON.stringify({ error: text })
  socket.end(
    `HTTP/1.1 ${status} ${statusTexts[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
