import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendJson } from '@tanist/transport'

const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/

/** Only programs and pages of this machine: a page moves between peers, so their origins may read each other. */
export function welcome(request: IncomingMessage, response: ServerResponse, what: string): boolean {
  const { origin, host = '' } = request.headers
  const foreign = origin !== undefined && !LOOPBACK.test(origin.replace(/^http:\/\//, ''))
  if (foreign || !LOOPBACK.test(host)) {
    sendJson(response, 403, { error: `${what} answers pages of this machine only.` })
    return false
  }
  if (origin === undefined) return true
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('vary', 'origin')
  if (request.method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', 'GET, POST')
    response.setHeader('access-control-allow-headers', 'content-type')
    response.setHeader('access-control-max-age', '600')
  }
  return true
}
