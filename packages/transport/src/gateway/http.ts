import type { IncomingMessage, ServerResponse } from 'node:http'

export interface ReadJsonOptions {
  /** The longest body accepted, in bytes. Default: 65,536. */
  readonly limitBytes?: number
}

export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  /** Answer with `status` and the sentence `text`. */
  | { readonly ok: false; readonly status: 400; readonly text: string }

/**
 * Reads the body of a request as JSON. Never throws: a body that is too long, malformed, not UTF-8 or cut off
 * gives a sentence for the caller; so does another content type from a web page (a request with an `Origin`), as
 * pages of other sites may send anything but JSON without asking first.
 *
 * @example
 * const body = await readJson(request, { limitBytes: 1_024 })
 * if (!body.ok) return sendJson(response, body.status, { error: body.text })
 */
export async function readJson(request: IncomingMessage, options: ReadJsonOptions = {}): Promise<JsonBody> {
  const limitBytes = options.limitBytes ?? 65_536
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const isJson = type === 'application/json' || type.endsWith('+json')
  if (!isJson && request.headers.origin !== undefined) {
    return wrong(`Send JSON with "content-type: application/json"; the request has "${type}".`)
  }
  const bytes = await collect(request, limitBytes)
  if (bytes === 'too-long')
    return wrong(`The body has more than ${limitBytes} bytes, which is the limit here.`)
  if (bytes === 'cut') return wrong('The connection ended before the whole body came.')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return wrong(`The body is not valid JSON: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

/** Sends `value` as JSON. A request body that was not read to its end closes the connection. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value ?? null))
  response.statusCode = status
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.setHeader('content-length', body.length)
  response.setHeader('x-content-type-options', 'nosniff')
  if (!response.req.complete) response.setHeader('connection', 'close')
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function collect(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'too-long' | 'cut'> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let length = 0
    const onData = (part: Buffer): void => {
      length += part.length
      if (length <= limitBytes) parts.push(part)
      else {
        request.off('data', onData)
        request.pause()
        resolve('too-long')
      }
    }
    request.on('data', onData)
    request.once('end', () => resolve(Buffer.concat(parts)))
    request.once('error', () => resolve('cut'))
    request.once('close', () => resolve('cut'))
  })
}

function wrong(text: string): JsonBody {
  return { ok: false, status: 400, text }
}
