import { membershipDefaults } from '@tanist/core'
import type { MembershipConfig } from '@tanist/core'
import { SESSION_IDLE_MS } from '../role/index.js'
import type { AnyRole } from '../role/index.js'
import { defaultTiming } from '../succession/index.js'
import type { Mode, Timing } from '../succession/index.js'
import { JoinError } from './errors.js'

/** What makes a peer, whatever host it runs on. */
export interface PeerSettings {
  /** Name of the application: 1 to 64 of a-z, 0-9, `.`, `-`. Peers of another application are refused. */
  readonly app: string
  readonly roles: readonly AnyRole[]
  /** For people; default: the address. */
  readonly name?: string
  /** `host:port` to listen on; port 0 picks a free one. Default `127.0.0.1:0`. */
  readonly listen?: string
  /** The address that other peers dial; default: where it listens. */
  readonly advertise?: string
  /** Addresses of peers that may be there. Default none. */
  readonly seeds?: readonly string[]
  /** Folder of identity, votes and journal; belongs to one process at a time. */
  readonly data: string
  /** Default `consistent`; `available` is not built yet. Recorded when the cluster is founded. */
  readonly mode?: Mode
  /** Found a cluster only when this many peers are in sight. Default 1. */
  readonly expect?: number
  /**
   * Callers that sent no command for so long are forgotten, with the outcomes of their commands. Default 24 hours. The
   * server's setting counts.
   */
  readonly sessionMs?: number
  readonly timing?: Partial<Timing>
  readonly membership?: Partial<Pick<MembershipConfig, 'beatMs' | 'silenceMs' | 'removeMs' | 'helloMs'>>
}

export interface CheckedSettings {
  readonly app: string
  readonly roles: readonly AnyRole[]
  readonly name: string | null
  readonly listen: string
  readonly advertise: string | null
  readonly seeds: readonly string[]
  readonly data: string
  readonly mode: Mode
  readonly expect: number
  readonly sessionMs: number
  readonly timing: Timing
  readonly membership: Pick<MembershipConfig, 'beatMs' | 'silenceMs' | 'removeMs' | 'helloMs'>
}

/** Throws `JoinError('option')` with a sentence that names the option and the allowed values. */
export function checkSettings(settings: PeerSettings): CheckedSettings {
  const { app, roles, data, mode = 'consistent', expect = 1, listen = '127.0.0.1:0', seeds = [] } = settings
  if (typeof app !== 'string' || !/^[a-z0-9][a-z0-9.-]{0,63}$/.test(app)) {
    throw wrong(
      'app',
      app,
      '1 to 64 lower-case letters, digits, dots or dashes, beginning with a letter or digit',
    )
  }
  checkRoles(roles)
  if (typeof data !== 'string' || data === '')
    throw wrong('data', data, 'the path of a folder for this peer alone')
  const modes: readonly string[] = ['consistent']
  if (!modes.includes(mode))
    throw wrong('mode', mode, "'consistent' ('available' comes with a later version)")
  if (!Number.isSafeInteger(expect) || expect < 1 || expect > 16)
    throw wrong('expect', expect, 'a whole number from 1 to 16')
  checkAddress('listen', listen, 0)
  if (settings.advertise !== undefined) checkAddress('advertise', settings.advertise, 1)
  for (const seed of seeds) checkAddress('seeds', seed, 1)
  const { sessionMs = SESSION_IDLE_MS } = settings
  if (!(typeof sessionMs === 'number' && sessionMs >= 1 && sessionMs < Infinity))
    throw wrong('sessionMs', sessionMs, 'a number of milliseconds, 1 or more')
  const timing = { ...defaultTiming, ...settings.timing }
  const membership = { ...membershipDefaults, ...settings.membership }
  checkMilliseconds('timing', timing)
  checkMilliseconds('membership', membership)
  return {
    app,
    roles,
    data,
    mode,
    expect,
    listen,
    seeds,
    name: settings.name ?? null,
    advertise: settings.advertise ?? null,
    sessionMs,
    timing,
    membership,
  }
}

function checkRoles(roles: unknown): void {
  if (!Array.isArray(roles)) throw wrong('roles', roles, 'a list of what role(...) returned')
  const names = roles.map((one: unknown) => (one as { readonly name?: unknown } | null)?.name)
  const unnamed = names.findIndex((name) => typeof name !== 'string')
  if (unnamed >= 0) throw wrong(`roles[${unnamed}]`, roles[unnamed], 'what role(...) returned')
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new JoinError('option', `The option roles has two roles called '${twice as string}'.`)
}

/** What repeats itself needs at least a millisecond. */
function checkMilliseconds(option: string, values: object): void {
  for (const [key, value] of Object.entries(values) as [string, unknown][]) {
    const least = /beatMs|admitMs/i.test(key) ? 1 : 0
    const fine = typeof value === 'number' && value >= least && value < Infinity
    if (!fine) throw wrong(`${option}.${key}`, value, `a number, ${least} or more; times are in milliseconds`)
  }
}

function checkAddress(option: string, address: string, leastPort: number): void {
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(address)?.[1]
  if (port === undefined || Number(port) > 65_535 || Number(port) < leastPort) {
    throw wrong(
      option,
      address,
      `host:port with a port from ${leastPort} to 65535, for example 127.0.0.1:7101`,
    )
  }
}

function wrong(option: string, value: unknown, allowed: string): JoinError {
  return new JoinError('option', `The option ${option} is ${JSON.stringify(value)}; allowed is ${allowed}.`)
}
