import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { createServer as createFront } from 'node:net'
import type { Server as Front, Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { headersMost, portConnections } from '../limits.js'
import type { HttpRefusal } from './asked.js'
import { sendJson } from './http.js'
import { httpServerOptions, limitHttp } from './limited.js'

/** Takes an upgraded connection over, as the `upgrade` event of Node's HTTP server gives it. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface PortRoutes {
  /** Upgrades on exactly these paths are links. `socket`: the TLS one, where there is TLS. */
  readonly linkPaths: readonly string[]
  readonly link: (request: IncomingMessage, socket: Socket, head: Buffer) => void
  /** Everything else. Without it, 404. */
  readonly http: RequestListener | undefined
  readonly upgrade: UpgradeListener | undefined
  /** Takes sockets that begin with a ClientHello. Without it they are HTTP, and end as a bad request. */
  readonly tls?: TlsServer
  /** HTTP in the clear is refused. */
  readonly secure?: boolean
  readonly porch?: Porch
  /** A request was sent away for a limit. */
  readonly refused?: (why: HttpRefusal) => void
}

/** Minds the sockets of a port until it is known what they want. */
export interface Porch {
  /** A new socket; false when there is no place, and then it is not touched again. */
  arrive(socket: Socket): boolean
  /** Its first byte has come; false when there is no place for one who has to prove himself. */
  begins(socket: Socket, how: 'tls' | 'plain'): boolean
  /** Its TLS is done. */
  secured(socket: TLSSocket): void
}

export interface PortHandlers {
  listening(host: string, port: number): void
  /** The bind failed. */
  failed(error: NodeJS.ErrnoException): void
  /** The socket closed after it was bound, and not by `close`. */
  lost(error?: Error): void
}

/**
 * One port for members, clients and HTTP. `close` frees the port at once; running responses are finished, idle
 * connections end, and links are left to their owners.
 */
export interface Port {
  /** Answers; never listens itself. */
  readonly server: Server
  /** Listens. */
  readonly front: Front
  close(): void
}

export function openPort(host: string, port: number, routes: PortRoutes, handlers: PortHandlers): Port {
  const server = httpServer(routes, () => state === 'closed')
  const front = frontDoor(server, routes, () => state === 'closed')
  let state: 'binding' | 'bound' | 'closed' = 'binding'
  const lose = (error?: Error): void => {
    if (state !== 'bound') return
    close()
    handlers.lost(error)
  }
  const close = (): void => {
    if (state === 'closed') return
    state = 'closed'
    front.close()
    server.close()
    server.closeIdleConnections()
  }
  front.on('error', (error) => {
    if (state === 'binding') {
      close()
      handlers.failed(error)
    } else lose(error)
  })
  front.on('close', () => lose())
  front.listen({ host, port }, () => {
    if (state === 'closed') {
      // Closed while the address was looked up: Node binds nevertheless.
      front.close()
      return
    }
    state = 'bound'
    const at = front.address()
    if (at !== null && typeof at !== 'string') handlers.listening(at.address, at.port)
  })
  return { server, front, close }
}

/** The first byte of a TLS connection: a handshake record (RFC 8446, 5.1). No HTTP method begins with it. */
const handshakeRecord = 0x16

function frontDoor(server: Server, routes: PortRoutes, closed: () => boolean): Front {
  const { tls, porch } = routes
  tls?.on('secureConnection', (socket: TLSSocket) => {
    porch?.secured(socket)
    if (closed()) socket.destroy()
    else server.emit('connection', socket)
  })
  const front = createFront({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    if (porch?.arrive(socket) === false) return
    firstByte(socket, (byte) => {
      const isTls = byte === handshakeRecord && tls !== undefined
      if (porch?.begins(socket, isTls ? 'tls' : 'plain') === false || socket.destroyed) return
      if (closed()) socket.destroy()
      else if (isTls) tls.emit('connection', socket)
      else server.emit('connection', socket)
    })
  })
  front.maxConnections = portConnections
  return front
}

/** The byte stays where it is, and so does all that came with it. */
function firstByte(socket: Socket, then: (byte: number) => void): void {
  const look = (): void => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) {
      // Nothing but an end.
      if (socket.readableEnded || socket.destroyed) socket.destroy()
      return
    }
    socket.off('readable', look)
    socket.off('end', hungUp)
    socket.unshift(chunk)
    then(chunk[0] ?? 0)
  }
  const hungUp = (): void => void socket.destroy()
  socket.on('readable', look)
  socket.on('end', hungUp)
}

function httpServer(routes: PortRoutes, closed: () => boolean): Server {
  const server = createServer(httpServerOptions)
  const serve: RequestListener = (request, response) => {
    response.once('close', () => {
      if (closed()) setImmediate(() => server.closeIdleConnections())
    })
    const refused = refusal(request, routes)
    if (refused !== undefined) {
      response.shouldKeepAlive = false
      sendJson(response, refused.status, { error: refused.text })
    } else if (routes.http === undefined) {
      sendJson(response, 404, { error: 'Nothing is served here but links.' })
    } else routes.http(request, response)
  }
  limitHttp(server, serve, routes.refused)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refused = refusal(request, routes)
    if (closed()) socket.destroy()
    else if (refused !== undefined) refuseUpgrade(socket, refused.status, refused.text)
    else if (routes.linkPaths.includes(request.url ?? '')) routes.link(request, socket, head)
    else if (routes.upgrade === undefined) refuseUpgrade(socket, 404, 'No WebSocket is served at this path.')
    else routes.upgrade(request, socket, head)
  })
  // The deadlines of its connections are kept from here on; it would be said by listening.
  server.emit('listening')
  return server
}

function refusal(
  request: IncomingMessage,
  routes: PortRoutes,
): { readonly status: 426 | 431; readonly text: string } | undefined {
  if (request.rawHeaders.length > 2 * headersMost) {
    return { status: 431, text: `The request has more than ${headersMost} headers, which is the limit here.` }
  }
  if (routes.secure === true && !('encrypted' in request.socket)) {
    return { status: 426, text: 'Nothing is served here in the clear; come by HTTPS.' }
  }
  return undefined
}

const statusTexts = {
  403: 'Forbidden',
  404: 'Not Found',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
} as const

/**
 * Answers an upgrade with a status and a sentence, and ends the connection. `code`: for a dialler that is a peer, in the
 * header `tanist-reject`.
 */
export function refuseUpgrade(
  socket: Duplex,
  status: keyof typeof statusTexts,
  text: string,
  code?: string,
): void {
  const body = JSON.stringify({ error: text })
  const header = code === undefined ? '' : `Tanist-Reject: ${code} ${encodeURIComponent(text)}\r\n`
  socket.end(
    `HTTP/1.1 ${status} ${statusTexts[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `${header}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
