import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { addressKey } from '@tanist/core'
import {
  httpAnswerMs,
  httpInProgress,
  httpRateAddresses,
  httpRateInAll,
  httpRatePerAddress,
} from '../limits.js'
import type { Gateway, GatewayAnswer, GatewayRequest } from './asked.js'
import { readBody } from './body.js'
import { sendJson } from './http.js'
import { Rates } from './rate.js'
import { targetOf } from './target.js'

export interface ServeOptions {
  /** Answers the paths that it owns. */
  readonly gateway: Gateway | undefined
  /** The application's own: everything else. Without it, 404. */
  readonly http: RequestListener | undefined
  readonly layer: string
  readonly secure: boolean
}

/** What a port answers by HTTP. The limits of rate and work are those of the gateway; the application has its own. */
export function serveHttp({ gateway, http, layer, secure }: ServeOptions): RequestListener {
  const rates = new Rates(httpRatePerAddress, httpRateInAll, httpRateAddresses)
  let inProgress = 0
  const serve = async (
    to: Gateway,
    asked: GatewayRequest,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    inProgress += 1
    try {
      send(request, response, await to.answer(asked))
    } catch {
      send(request, response, said(500, 'This could not be answered; the log of this peer says more.'))
    } finally {
      inProgress -= 1
    }
  }
  return (request, response) => {
    const target = targetOf(request)
    const to = target !== undefined && gateway?.owns(target.path) === true ? gateway : undefined
    if (target === undefined || to === undefined) {
      if (http !== undefined) return http(request, response)
      const [status, text] =
        target === undefined
          ? ([400, 'This is no path, or the request has more than one Host.'] as const)
          : ([404, 'Nothing is here.'] as const)
      return sendJson(response, status, { error: text })
    }
    const host = hostOf(request)
    if (!rates.take(addressKey(host), performance.now())) {
      to.refused?.('rate')
      return send(request, response, said(429, 'Too many requests; ask again in a second.', '1'))
    }
    if (inProgress >= httpInProgress) {
      to.refused?.('busy')
      return send(
        request,
        response,
        said(503, 'Too much is being asked at once; ask again in a second.', '1'),
      )
    }
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const { path, query, authority } = target
    const { method = 'GET', headers } = request
    const asked: GatewayRequest = {
      method,
      path,
      query,
      headers: authority === null ? headers : { ...headers, host: authority },
      host,
      layer,
      secure,
      signal: gone.signal,
      body: async (limitBytes) => {
        const body = await readBody(request, limitBytes)
        if (!body.ok && body.status === 408) to.refused?.('slow')
        return body
      },
    }
    void serve(to, asked, request, response)
  }
}

/** An IPv4 caller of a socket for both families shows as `::ffff:1.2.3.4`. */
function hostOf({ socket }: IncomingMessage): string {
  const host = socket.remoteAddress ?? ''
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice('::ffff:'.length) : host
}

function said(status: number, error: string, retryAfter?: string): GatewayAnswer {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  return { status, body: { ok: false, error }, headers }
}

function send(request: IncomingMessage, response: ServerResponse, answer: GatewayAnswer): void {
  if (response.destroyed || response.headersSent) return
  const { status, body, text, headers = {} } = answer
  const content = Buffer.from(text?.content ?? JSON.stringify(body ?? null))
  response.statusCode = status
  response.setHeader('content-type', text?.type ?? 'application/json; charset=utf-8')
  response.setHeader('content-length', content.length)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('cache-control', 'no-store')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  // What is left of a body would be taken for the next request, or has to be read for nothing.
  if (hasBody(request) && !request.complete) response.setHeader('connection', 'close')
  const slow = setTimeout(() => request.socket.destroy(), httpAnswerMs)
  response.once('close', () => clearTimeout(slow))
  response.end(request.method === 'HEAD' ? undefined : content)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
