import type { Host, Log } from '@tanist/core'
import type { DiscoverySettings } from '@tanist/transport'
import { ConnectError } from './client/index.js'
import type { Client, ClientSettings } from './client/index.js'

export interface ConnectOptions extends ClientSettings {
  /** As the members have it; several while it is changed. Default: none, for strays. */
  readonly secret?: string | readonly string[]
  /** Default: on when no `addresses` are given and there is a secret. */
  readonly discovery?: false | DiscoverySettings
  /** Default: JSON lines on standard error, from `warn` on. */
  readonly log?: Log
  /** Another world than this machine's Node, for example the simulated one. */
  readonly host?: Host
}

/**
 * A process that is no member: finds one, follows it when it goes, and calls roles as a member does.
 *
 * @example
 * const client = await connect({ app: 'shop', secret, roles: [stock] })
 * await client.role(stock).take({ sku: 'a', n: 1 })
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  throw new ConnectError('option', `connect is not built yet for ${options.app}.`)
}
