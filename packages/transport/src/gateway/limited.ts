import { ServerResponse } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerOptions } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { addressKey } from '@tanist/core'
import {
  headersLimitMs,
  httpConnectionsOfLoopback,
  httpConnectionsPerAddress,
  headerBytes,
  headersMost,
  httpKeepAliveMs,
  httpPipelined,
} from '../limits.js'
import type { HttpRefusal } from './asked.js'
import { isLoopback } from '../trust/index.js'
import { sendJson } from './http.js'

/** What has to be given when an HTTP server is made; the rest is done by `limitHttp`. */
export const httpServerOptions: ServerOptions = {
  connectionsCheckingInterval: 500,
  headersTimeout: headersLimitMs,
  keepAliveTimeout: httpKeepAliveMs,
  maxHeaderSize: headerBytes,
  noDelay: true,
}

/**
 * Hands `listener` the requests of callers that keep the limits. The others get an answer that says which one, and their
 * connection ends; nobody else notices.
 */
export function limitHttp(
  server: Server | TlsServer,
  listener: RequestListener,
  refused: (why: HttpRefusal) => void = () => {},
): void {
  // One more than allowed: what Node leaves out must not pass unseen.
  server.maxHeadersCount = headersMost + 1
  limitConnections(server, refused)
  const unanswered = new WeakMap<Socket, number>()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const before = unanswered.get(socket) ?? 0
    // What comes behind a request that was one too many is never looked at.
    if (before > httpPipelined) return
    unanswered.set(socket, before + 1)
    if (before === httpPipelined) {
      refused('pipelined')
      refuse(response, 429, `More than ${httpPipelined} requests of this connection wait for their answer.`)
      return
    }
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1))
    if (request.httpVersionMajor < 1) {
      refused('malformed')
      refuse(response, 505, 'Speak HTTP/1.1.')
    } else if (request.rawHeaders.length > 2 * headersMost) {
      refused('headers')
      refuse(response, 431, `The request has more than ${headersMost} headers, which is the limit here.`)
    } else listener(request, response)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const { status, why, text } = faultOf(error)
    refused(why)
    endWith(socket, status, text)
  })
}

function limitConnections(server: Server | TlsServer, refused: (why: HttpRefusal) => void): void {
  const open = new Map<string, number>()
  const counted = new WeakMap<Duplex, () => void>()
  server.on('connection', (socket: Socket) => {
    const host = addressKey(socket.remoteAddress ?? '')
    const before = open.get(host) ?? 0
    const most = isLoopback(host) ? httpConnectionsOfLoopback : httpConnectionsPerAddress
    if (before >= most) {
      refused('connections')
      const text = `There are ${most} connections from this address, which is the limit here.`
      return endWith(socket, 503, text)
    }
    open.set(host, before + 1)
    const left = (): void => {
      if (!counted.delete(socket)) return
      const now = (open.get(host) ?? 1) - 1
      if (now > 0) open.set(host, now)
      else open.delete(host)
    }
    counted.set(socket, left)
    socket.once('close', left)
  })
  // From then on it is a link or a client, and counted as such.
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => counted.get(socket)?.())
}

function faultOf(error: NodeJS.ErrnoException): { status: number; why: HttpRefusal; text: string } {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        why: 'headers',
        text: `The request line and headers have more than ${headerBytes} bytes, which is the limit here.`,
      }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        why: 'slow',
        text: `The request did not come within ${headersLimitMs / 1_000} s.`,
      }
    default:
      return { status: 400, why: 'malformed', text: 'This is no request that HTTP/1.1 allows.' }
  }
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

/** For what never became a request. Behind an answer that is under way nothing can be said. */
function endWith(socket: Duplex, status: number, text: string): void {
  if (!socket.writable || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const body = JSON.stringify({ error: text })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_TEXTS[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

/** Node has no public name for the response that a connection is busy with. */
function isAnswering(socket: Duplex): boolean {
  const response: unknown = Reflect.get(socket, '_httpMessage')
  return response instanceof ServerResponse && response.headersSent
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.setHeader('connection', 'close')
  sendJson(response, status, { error: text })
}
