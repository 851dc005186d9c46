import type { LayerView } from './http-parts.js'
import { problem } from './http-parts.js'
import type { HttpAnswer, HttpAsked } from './types.js'

/** Names that nobody outside can register, and so cannot make point at a machine in here. */
const PRIVATE_NAME = /^(?:[^.]+|.+\.(?:localhost|local|lan|home\.arpa|internal))\.?$/
const LITERAL = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/

/**
 * What a browser may be made to send by a page of somebody else is refused: a change that a page of another origin asks
 * for, and anything under a name that may have been made to point here for a moment. Null: go on.
 */
export function misled(asked: HttpAsked, layer: LayerView): HttpAnswer | null {
  const { origin, host } = asked.headers
  if (typeof host !== 'string' || host === '') return problem(400, 'The request has no Host.')
  const name = nameOf(host)
  // With a certificate the name was proved.
  if (!layer.secure && !LITERAL.test(name) && !PRIVATE_NAME.test(name) && name !== nameOf(layer.address)) {
    const text = `This peer is not known as ${name.slice(0, 100)}; ask it by its address, or name that in the option advertise.`
    return problem(421, text)
  }
  const own = `${asked.secure ? 'https' : 'http'}://${host}`.toLowerCase()
  if (origin === undefined || isSafe(asked.method) || origin === own) return null
  return problem(403, 'A page of another origin cannot change anything here.')
}

export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '')
}
