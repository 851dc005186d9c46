import type { ClientOptions } from 'ws'
import { closeLimitMs, frameBytes } from '../limits.js'

/** The path of links between peers, inside of TLS; its version is that of the handshake. */
export const linkPath = '/tanist/v2/link'

/** The path of links from processes that are no members: inside of TLS with the key of trusted clients, else for strays. */
export const clientPath = '/tanist/v2/client'

/**
 * Without TLS: where releases of version 1 link, and where whoever fails in TLS is told the reason. Nothing is ever
 * opened here.
 */
export const explainPath = '/tanist/v1/link'

/**
 * Both sides of a link. Compression is 23 times slower and leaks. Masks keep scripts in browsers from talking to
 * careless proxies; no peer is a browser, and an all-zero mask costs nothing on either side. `closeTimeout` is
 * missing in ws's types.
 */
export const wireOptions: { readonly closeTimeout: number } & Pick<
  ClientOptions,
  'maxPayload' | 'generateMask'
> & {
    readonly perMessageDeflate: false
  } = {
  perMessageDeflate: false,
  maxPayload: frameBytes,
  closeTimeout: closeLimitMs,
  generateMask: (mask) => mask.fill(0),
}
