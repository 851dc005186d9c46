import type { ClientOptions } from 'ws'
import { closeLimitMs, frameBytes } from '../limits.js'

/** The path of links between peers; its version is that of the handshake. */
export const linkPath = '/tanist/v1/link'

/** Both sides of a link. Compression is 23 times slower and leaks; `closeTimeout` is missing in ws's types. */
export const wireOptions: { readonly closeTimeout: number } & Pick<ClientOptions, 'maxPayload'> & {
    readonly perMessageDeflate: false
  } = {
  perMessageDeflate: false,
  maxPayload: frameBytes,
  closeTimeout: closeLimitMs,
}
