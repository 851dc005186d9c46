import { checkAbout, largeDefaults, membershipDefaults } from '@tanist/core'
import type { About, Hello, LargeTimings, Manifest, MembershipConfig } from '@tanist/core'
import { SESSION_IDLE_MS } from '../role/index.js'
import type { AnyRole } from '../role/index.js'
import { defaultSnapshotLimits, defaultTiming, VOTERS_MAX } from '../succession/index.js'
import type { Mode, Ranking, SnapshotLimits, Timing } from '../succession/index.js'
import type { AnySingleton } from '../singleton/index.js'
import { JoinError } from './errors.js'
import type { Telemetry } from './telemetry.js'

type MeshTimings = Pick<MembershipConfig, 'beatMs' | 'silenceMs' | 'removeMs' | 'helloMs'>

/** How members watch each other. */
export interface MembershipSettings extends Partial<MeshTimings> {
  /** In clusters too large for a full mesh. */
  readonly large?: Partial<LargeTimings>
}

/** What makes a peer, whatever host it runs on. */
export interface PeerSettings {
  /** Name of the application: 1 to 64 of a-z, 0-9, `.`, `-`. Peers of another application are refused. */
  readonly app: string
  readonly roles: readonly AnyRole[]
  /** Plain actors that run on the server, the same on all members. Default none. */
  readonly singletons?: readonly AnySingleton[]
  /** For people; default: the address. */
  readonly name?: string
  /**
   * `host:port` to listen on; port 0 picks a free one. Default: `0.0.0.0:0`, which are all networks, where there is a secret
   * or a certificate, else `127.0.0.1:0`; the environment variable TANIST_LISTEN changes this default.
   */
  readonly listen?: string
  /** The address that other peers dial; default: where it listens. */
  readonly advertise?: string
  /** Addresses of peers that may be there. Default none. */
  readonly seeds?: readonly string[]
  /** Folder of identity, votes and journal; belongs to one process at a time. */
  readonly data: string
  /** Default `consistent`. `available`: also without a majority, on branches that meet later. Recorded at founding. */
  readonly mode?: Mode
  /** Found a cluster only when this many peers are in sight, however they were found. Default 1. */
  readonly expect?: number
  /**
   * Who comes first in the line of succession, and to whom the role goes home: `seniority` (default), `latency`,
   * `weight`, or a pure function of the application. Orders who leads, never who may vote. The same at all peers.
   */
  readonly ranking?: Ranking
  /** For `ranking: 'weight'`: greater comes first. A number from -1,000,000 to 1,000,000; default 1. */
  readonly weight?: number
  /** `never`: this peer votes and keeps copies, and never serves. For laptops. */
  readonly serve?: 'never'
  /** For a ranking of the application's own: plain JSON about this machine, at most 4 KiB. */
  readonly manifest?: Manifest
  /**
   * What this peer says of itself while it runs, for people and programs on all members: names of what it offers, the
   * version of the application, load, tags; at most 2 KiB as JSON. `announce` changes it. Default: nothing.
   */
  readonly about?: About
  /** `strict`: only a peer's own `bye` proves its end; a closed port proves nothing. Default `normal`. */
  readonly evidence?: 'normal' | 'strict'
  /** Come back as a new member after an eviction. Default false. */
  readonly rejoin?: boolean
  /**
   * Least number of voters' seats, 1 to 5; default 1. Seats of peers that are gone are taken away only down to it,
   * and nobody serves while there are fewer. Recorded when the cluster is founded.
   */
  readonly minCopies?: number
  /**
   * Callers that sent no command for so long are forgotten, with the outcomes of their commands. Default 24 hours. The
   * server's setting counts.
   */
  readonly sessionMs?: number
  readonly timing?: Partial<Timing>
  /** When snapshots are taken, and what of the journal is kept besides. */
  readonly snapshots?: Partial<SnapshotLimits>
  readonly membership?: MembershipSettings
  /**
   * OpenTelemetry's tracer and meter, or what has their shape: spans of commands from the caller to the commit, counters
   * and latencies. Default: none.
   */
  readonly telemetry?: Telemetry
}

export interface CheckedSettings {
  readonly app: string
  readonly roles: readonly AnyRole[]
  readonly singletons: readonly AnySingleton[]
  readonly name: string | null
  readonly listen: string
  readonly advertise: string | null
  readonly seeds: readonly string[]
  readonly data: string
  readonly mode: Mode
  readonly expect: number
  readonly ranking: Ranking
  /** What goes into the hello. */
  readonly announced: Pick<Hello, 'weight' | 'serve' | 'manifest'>
  readonly about: About | null
  readonly evidence: 'normal' | 'strict'
  readonly rejoin: boolean
  readonly minCopies: number
  readonly sessionMs: number
  readonly timing: Timing
  readonly snapshots: SnapshotLimits
  readonly membership: MeshTimings & { readonly large: LargeTimings }
  readonly telemetry: Telemetry | null
}

/** Throws `JoinError('option')` with a sentence that names the option and the allowed values. */
export function checkSettings(settings: PeerSettings): CheckedSettings {
  const {
    app,
    roles,
    data,
    mode = 'consistent',
    expect = 1,
    minCopies = 1,
    listen = '127.0.0.1:0',
    seeds = [],
    singletons = [],
  } = settings
  if (typeof app !== 'string' || !/^[a-z0-9][a-z0-9.-]{0,63}$/.test(app)) {
    throw wrong(
      'app',
      app,
      '1 to 64 lower-case letters, digits, dots or dashes, beginning with a letter or digit',
    )
  }
  checkNamed('roles', roles, 'role')
  checkNamed('singletons', singletons, 'singleton')
  if (typeof data !== 'string' || data === '')
    throw wrong('data', data, 'the path of a folder for this peer alone')
  const modes: readonly string[] = ['consistent', 'available']
  if (!modes.includes(mode)) throw wrong('mode', mode, "'consistent' or 'available'")
  if (!Number.isSafeInteger(expect) || expect < 1 || expect > 16)
    throw wrong('expect', expect, 'a whole number from 1 to 16')
  if (!Number.isSafeInteger(minCopies) || minCopies < 1 || minCopies > VOTERS_MAX)
    throw wrong('minCopies', minCopies, `a whole number from 1 to ${VOTERS_MAX}`)
  checkAddress('listen', listen, 0)
  if (settings.advertise !== undefined) checkAddress('advertise', settings.advertise, 1)
  for (const seed of seeds) checkAddress('seeds', seed, 1)
  const { sessionMs = SESSION_IDLE_MS } = settings
  if (!(typeof sessionMs === 'number' && sessionMs >= 1 && sessionMs < Infinity))
    throw wrong('sessionMs', sessionMs, 'a number of milliseconds, 1 or more')
  const silenceMaxMs = settings.timing?.silenceMaxMs ?? defaultTiming.silenceMaxMs
  const timing = { ...defaultTiming, stallMs: silenceMaxMs, ...settings.timing }
  const { large: someOfLarge, ...someOfMesh } = settings.membership ?? {}
  const mesh = { ...membershipDefaults, ...someOfMesh }
  const large = { ...largeDefaults, ...someOfLarge }
  const snapshots = { ...defaultSnapshotLimits, ...settings.snapshots }
  checkSizes('snapshots', snapshots)
  checkMilliseconds('timing', timing)
  if (timing.marginMs * 2 > timing.soloMs)
    throw wrong(
      'timing.marginMs',
      timing.marginMs,
      `at most half of timing.soloMs, which is ${timing.soloMs}`,
    )
  checkMilliseconds('membership', mesh)
  checkLarge(large)
  return {
    app,
    roles,
    singletons,
    data,
    mode,
    expect,
    minCopies,
    listen,
    seeds,
    name: settings.name ?? null,
    advertise: settings.advertise ?? null,
    sessionMs,
    timing,
    snapshots,
    membership: { ...mesh, large },
    telemetry: checkTelemetry(settings.telemetry),
    about: settings.about === undefined ? null : aboutOf(settings.about),
    ...checkRanking(settings),
  }
}

function aboutOf(about: About): About {
  try {
    return checkAbout(about)
  } catch (error) {
    throw new JoinError('option', `The option ${(error as TypeError).message}`)
  }
}

function checkTelemetry(telemetry: Telemetry | undefined): Telemetry | null {
  if (telemetry === undefined) return null
  const { tracer, meter } = (telemetry ?? {}) as Record<string, Record<string, unknown> | undefined>
  const fits =
    (tracer === undefined || typeof tracer['startSpan'] === 'function') &&
    (meter === undefined || typeof meter['createCounter'] === 'function')
  if (fits) return telemetry
  throw new JoinError('option', 'The option telemetry takes { tracer, meter } as OpenTelemetry makes them.')
}

const RANKINGS: readonly unknown[] = ['seniority', 'latency', 'weight']
const MANIFEST_BYTES = 4_096
const WEIGHT_MAX = 1_000_000

function checkRanking({
  ranking = 'seniority',
  weight,
  serve,
  manifest,
  evidence = 'normal',
  rejoin = false,
}: PeerSettings): Pick<CheckedSettings, 'ranking' | 'announced' | 'evidence' | 'rejoin'> {
  if (typeof ranking !== 'function' && !RANKINGS.includes(ranking))
    throw wrong('ranking', ranking, "'seniority', 'latency', 'weight' or a function")
  if (weight !== undefined && !(typeof weight === 'number' && Math.abs(weight) <= WEIGHT_MAX))
    throw wrong('weight', weight, `a number from -${WEIGHT_MAX} to ${WEIGHT_MAX}`)
  if (serve !== undefined && serve !== 'never') throw wrong('serve', serve, "'never', or nothing at all")
  if (!['normal', 'strict'].includes(evidence)) throw wrong('evidence', evidence, "'normal' or 'strict'")
  if (typeof rejoin !== 'boolean') throw wrong('rejoin', rejoin, 'true or false')
  const announced = {
    ...(weight !== undefined && { weight }),
    ...(serve !== undefined && { serve }),
    ...(manifest !== undefined && { manifest: checkManifest(manifest) }),
  }
  return { ranking, announced, evidence, rejoin }
}

/** What others will see: only what JSON keeps. */
function checkManifest(manifest: unknown): Manifest {
  const allowed = `plain JSON of at most ${MANIFEST_BYTES} bytes`
  let text: string | undefined
  try {
    text = JSON.stringify(manifest)
  } catch {
    throw new JoinError('option', `The option manifest cannot be written as JSON; allowed is ${allowed}.`)
  }
  if (text === undefined || !isPlain(manifest)) throw wrong('manifest', manifest, allowed)
  const bytes = new TextEncoder().encode(text).length
  if (bytes > MANIFEST_BYTES)
    throw new JoinError('option', `The option manifest has ${bytes} bytes; allowed is ${allowed}.`)
  return JSON.parse(text) as Manifest
}

function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) return value.every(isPlain)
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain)
}

/** `maker`: the function that makes one. */
function checkNamed(option: string, list: unknown, maker: 'role' | 'singleton'): void {
  const allowed = `what ${maker}(...) returned`
  if (!Array.isArray(list)) throw wrong(option, list, `a list of ${allowed}`)
  const names = list.map((one: unknown) => (one as { readonly name?: unknown } | null)?.name)
  const unnamed = names.findIndex((name) => typeof name !== 'string')
  if (unnamed >= 0) throw wrong(`${option}[${unnamed}]`, list[unnamed], allowed)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new JoinError('option', `The option ${option} has two ${maker}s called '${twice as string}'.`)
  const strange = list.findIndex((one: object) => (maker === 'role') === 'behavior' in one)
  if (strange >= 0)
    throw new JoinError(
      'option',
      `The option ${option} holds '${names[strange] as string}', which is not ${allowed}.`,
    )
}

/** What repeats itself needs at least a millisecond. */
function checkMilliseconds(option: string, values: object): void {
  for (const [key, value] of Object.entries(values) as [string, unknown][]) {
    const least = /beatMs|admitMs/i.test(key) ? 1 : 0
    const fine = typeof value === 'number' && value >= least && value < Infinity
    if (!fine) throw wrong(`${option}.${key}`, value, `a number, ${least} or more; times are in milliseconds`)
  }
}

function checkLarge(large: LargeTimings): void {
  const { meshMax, neighbours, confirmations, suspicionMult, ...timings } = large
  checkMilliseconds('membership.large', timings)
  checkWhole('meshMax', meshMax, 2, 64)
  checkWhole('neighbours', neighbours, 1, 16)
  checkWhole('confirmations', confirmations, 1, neighbours)
  if (!(typeof suspicionMult === 'number' && suspicionMult > 0 && suspicionMult < Infinity))
    throw wrong('membership.large.suspicionMult', suspicionMult, 'a number greater than 0')
  const leastMs = 2 * large.beatMs
  if (large.silenceMs < leastMs)
    throw wrong(
      'membership.large.silenceMs',
      large.silenceMs,
      `at least two of membership.large.beatMs, which is ${large.beatMs}`,
    )
}

function checkWhole(key: string, value: unknown, least: number, most: number): void {
  const fine = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
  if (!fine) throw wrong(`membership.large.${key}`, value, `a whole number from ${least} to ${most}`)
}

function checkSizes(option: string, values: object): void {
  for (const [key, value] of Object.entries(values) as [string, unknown][]) {
    const least = /^(keep|catchUp)/.test(key) ? 0 : 1
    const fine = typeof value === 'number' && Number.isSafeInteger(value) && value >= least
    if (!fine) throw wrong(`${option}.${key}`, value, `a whole number, ${least} or more`)
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
