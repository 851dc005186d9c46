import type { Host, Log } from '@tanist/core'
import { keyRing, nodeHost } from '@tanist/transport'
import type { DiscoverySettings, KeyRing } from '@tanist/transport'
import { checkClient, ConnectError, openClient } from './client/index.js'
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
 * A process that is no member: finds one, follows it when it goes, and calls roles as a member does. Resolves with the
 * first link; rejects with a `ConnectError` when an option is not right, or when a member says that there can be none.
 *
 * @example
 * const client = await connect({ app: 'shop', secret, roles: [stock] })
 * await client.role(stock).take({ sku: 'a', n: 1 })
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const client = startClient(options)
  await client.connected
  return client
}

/**
 * As `connect`, but there at once, for programs that start before any member: calls wait until there is a link. Throws a
 * `ConnectError` when an option is not right; `connected` rejects with what a member says.
 */
export function startClient(options: ConnectOptions): Client {
  const { secret = '', discovery, log, host: given, ...settings } = options
  const secrets = typeof secret === 'string' ? [secret] : secret
  const hasSecret = secrets.some((one) => one !== '')
  const checked = checkClient(settings, hasSecret)
  void discovery
  const host =
    given ?? nodeHost({ app: checked.app, secret: ringOf(checked.app, secrets), ...(log && { log }) })
  if (checked.addresses.length === 0 && given === undefined)
    throw new ConnectError('option', 'The option addresses is empty; allowed is one address at least.')
  return openClient(host, checked).client
}

function ringOf(app: string, secrets: readonly string[]): KeyRing {
  try {
    return keyRing(app, secrets)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new ConnectError('option', `The option secret will not do. ${error.message}`)
  }
}
