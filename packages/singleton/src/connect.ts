import type { Host, Log } from '@tanist/core'
import { discoveryProblem, jsonLog, keyRing, nodeHost, startDiscovery } from '@tanist/transport'
import type { Certificates, DiscoverySettings, KeyRing } from '@tanist/transport'
import { checkClient, ConnectError, openClient } from './client/index.js'
import type { CheckedClient, Client, ClientCore, ClientSettings } from './client/index.js'
import { defaultsOf } from './defaults.js'

export interface ConnectOptions extends ClientSettings {
  /** As the members have it; several while it is changed: the first is used. Default: none, for strays. */
  readonly secret?: string | readonly string[]
  /** Of a CA instead of a secret, with the name of a trusted client. */
  readonly certificates?: Certificates
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
  const { secret = '', certificates, discovery, log = jsonLog({ level: 'warn' }), ...others } = options
  const { host: given, ...settings } = others
  const secrets = secretsIn(secret)
  const guarded = certificates !== undefined || secrets.some((one) => one !== '')
  const checked = checkClient(settings, guarded)
  const defaults = defaultsOf(process.env, { guarded, ownHost: given !== undefined })
  const wanted = defaults.discovers && checked.addresses.length === 0
  const finding = checkedDiscovery(discovery ?? (wanted ? {} : false))
  if (checked.addresses.length === 0 && !finding)
    throw new ConnectError(
      'option',
      "The option addresses is empty; without discovery, allowed is a list of one 'host:port' at least.",
    )
  const ring = ringOf(checked.app, secrets)
  const host =
    given ?? nodeHost({ app: checked.app, secret: ring, log, ...(certificates && { certificates }) })
  const { client, core } = openClient(host, checked)
  if (finding) lookAround(host, core, checked, finding, ring)
  return client
}

function secretsIn(secret: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (list.every((one) => typeof one === 'string')) return list
  throw new ConnectError('option', 'The option secret is not right; allowed is a text, or a list of texts.')
}

function checkedDiscovery(given: false | DiscoverySettings): false | DiscoverySettings {
  if (given === false) return false
  const problem = discoveryProblem(given)
  if (problem !== null) throw new ConnectError('option', problem)
  return given
}

function ringOf(app: string, secrets: readonly string[]): KeyRing {
  try {
    return keyRing(app, secrets.length === 0 ? [''] : secrets)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new ConnectError('option', `The option secret is not right: ${error.message}`)
  }
}

/** Hints as long as there is no link; who is really there, the link will tell. */
function lookAround(
  host: Host,
  core: ClientCore,
  { app, addresses }: CheckedClient,
  settings: DiscoverySettings,
  ring: KeyRing,
): void {
  const keys = (): ReturnType<KeyRing['datagramKeys']> => ring.datagramKeys()
  const config = { ...settings, app, keys, want: 'probe', listen: null, remembered: addresses } as const
  const discovery = startDiscovery(host, config, {
    view: () => null,
    found: ({ addresses: at, members }) => core.found([...at, ...members]),
    note: (event, text, data) => host.log.write('info', event, text, data),
  })
  let linked = false
  core.observe(({ kind }) => {
    if (kind === 'closed') return discovery.stop(false)
    const now = core.status().state === 'connected'
    if (now !== linked) discovery.settled(now)
    linked = now
  })
}
