import type { IncomingMessage } from 'node:http'
import { httpBodyMs } from '../limits.js'
import type { GatewayBody } from './asked.js'

/** The whole body within the limits, as JSON. Never throws; what is left of a body that is refused is not read. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<GatewayBody> {
  const told = Number(request.headers['content-length'])
  const bytes = told > limitBytes ? 'long' : await collect(request, limitBytes)
  switch (bytes) {
    case 'long':
      return wrong(413, `The body has more than ${limitBytes} bytes, which is the limit here.`)
    case 'slow':
      return wrong(408, `The body did not come within ${httpBodyMs / 1_000} s.`)
    case 'cut':
      return wrong(400, 'The connection ended before the whole body came.')
    default:
      return parsed(bytes)
  }
}

function parsed(bytes: Buffer): GatewayBody {
  if (bytes.length === 0) return { ok: true, value: undefined }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return wrong(
      400,
      `The body is not valid JSON: ${error instanceof Error ? error.message : String(error)}.`,
    )
  }
}

function collect(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'long' | 'slow' | 'cut'> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let length = 0
    const end = (how: Buffer | 'long' | 'slow' | 'cut'): void => {
      clearTimeout(timer)
      request.off('data', take)
      request.off('end', whole)
      if (typeof how === 'string') request.pause()
      resolve(how)
    }
    const take = (part: Buffer): void => {
      length += part.length
      if (length <= limitBytes) parts.push(part)
      else end('long')
    }
    const whole = (): void => end(Buffer.concat(parts))
    const timer = setTimeout(() => end('slow'), httpBodyMs)
    request.on('data', take)
    request.once('end', whole)
    request.once('error', () => end('cut'))
    request.once('close', () => end('cut'))
  })
}

function wrong(status: 400 | 408 | 413, text: string): GatewayBody {
  return { ok: false, status, text }
}
