import type { IncomingMessage, RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import type { Address, Listener, ListenHandlers, ListenOptions, RejectCode } from '@tanist/core'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { openPort, refuseUpgrade, serveHttp } from '../gateway/index.js'
import type { Gateway, HttpRefusal, UpgradeListener } from '../gateway/index.js'
import { handshakeTotalBytes } from '../limits.js'
import { doorstep, shake } from '../trust/index.js'
import type { Identity, WarnRejected } from '../trust/index.js'
import { formatAddress, parseAddress, plainHost } from './address.js'
import { SocketLink } from './link.js'
import { badAddress, bindFailure, lostFailure } from './listen-failure.js'
import { linkPath, wireOptions } from './wire.js'

export interface ListenContext {
  readonly identity: Identity
  readonly warn: WarnRejected
  readonly http: RequestListener | undefined
  readonly gateway: Gateway | undefined
  readonly upgrade: UpgradeListener | undefined
}

/** Binds one port and hands up links whose callers proved themselves; whoever does not costs only itself. */
export function listen(
  context: ListenContext,
  address: Address,
  handlers: ListenHandlers,
  options: ListenOptions = {},
): Listener {
  const endpoint = parseAddress(address)
  if (endpoint === undefined) {
    setImmediate(() => handlers.failed(badAddress(address)))
    return { close: () => undefined }
  }
  const { host, port } = endpoint
  const hall = entrance(context, handlers)
  const { http, gateway, upgrade } = context
  const { layer = 'main', certificate } = options
  const routes = {
    linkPath,
    link: hall.admit,
    http: serveHttp({ gateway, http, layer, secure: certificate !== undefined }),
    upgrade,
    refused: (why: HttpRefusal) => gateway?.refused?.(why),
  }
  const opened = openPort(host, port, routes, {
    listening: (at, real) => handlers.listening(formatAddress(at, real)),
    failed: (error) => handlers.failed(bindFailure(host, port, error)),
    lost: (error) => {
      hall.close()
      handlers.failed(lostFailure(host, port, error))
    },
  })
  return {
    close() {
      opened.close()
      hall.close()
    },
  }
}

interface Entrance {
  readonly admit: (request: IncomingMessage, socket: Socket, head: Buffer) => void
  /** Nobody comes in any more; those on the doorstep are sent away. */
  readonly close: () => void
}

function entrance(context: ListenContext, handlers: ListenHandlers): Entrance {
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false, ...wireOptions })
  const step = doorstep()
  const waiting = new Set<Socket>()

  const shakeHands = (ws: WebSocket, socket: Socket, left: () => void): void => {
    const host = plainHost(socket.remoteAddress ?? '')
    const remote = formatAddress(host, socket.remotePort ?? 0)
    const unlimit = limitBytes(socket)
    ws.on('error', () => undefined)
    shake(ws, 'listener', context.identity, remote, (end) => {
      if (end.kind === 'lost') return
      if (end.kind === 'rejected') {
        context.warn(host, end.code, end.text)
        ws.close()
        return
      }
      left()
      unlimit()
      const link = new SocketLink(remote)
      link.carry({ ws, socket })
      link.attach(handlers.accept(link))
    })
  }

  return {
    admit(request, socket, head) {
      const host = plainHost(socket.remoteAddress ?? '')
      const reject = (status: 403 | 503, code: RejectCode, text: string): void => {
        context.warn(host, code, text)
        refuseUpgrade(socket, status, text)
      }
      if (request.headers.origin !== undefined) {
        // Any page that a browser on this machine shows may open WebSockets here; peers send no origin.
        reject(403, 'protocol', `A web page of ${host} asked for a link between peers.`)
        return
      }
      const leave = step.enter(host)
      if (leave === undefined) {
        reject(503, 'limit', `Too many callers that have not proved themselves, among them ${host}.`)
        return
      }
      waiting.add(socket)
      const left = (): void => {
        leave()
        waiting.delete(socket)
      }
      socket.once('close', left)
      sockets.handleUpgrade(request, socket, head, (ws) => shakeHands(ws, socket, left))
    },
    close() {
      for (const socket of waiting) socket.destroy()
    },
  }
}

/** Cuts a caller that sends more than a handshake needs; ws's own limit has to be that of later frames. */
function limitBytes(socket: Socket): () => void {
  const before = socket.bytesRead
  const check = (): void => {
    if (socket.bytesRead - before > handshakeTotalBytes) socket.destroy()
  }
  socket.on('data', check)
  return () => socket.off('data', check)
}
