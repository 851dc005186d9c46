import type { RequestListener } from 'node:http'
import type { About, Host, Log } from '@tanist/core'
import {
  discoveryProblem,
  eventLoopLoad,
  isLoopback,
  keepHeapSmall,
  keyRing,
  nodeHost,
  processFacts,
  startDiscovery,
  tokenKeys,
} from '@tanist/transport'
import type { Certificates, DiscoverySettings, Gateway, KeyRing } from '@tanist/transport'
import { defaultsOf } from './defaults.js'
import { facade } from './facade.js'
import type { Peer } from './facade.js'
import { checkLayers, Desk, Door, Speakers } from './gateway/index.js'
import type { Authenticate, LayerSettings } from './gateway/index.js'
import { tellLoad } from './own-load.js'
import { checkSettings, EventStreams, JoinError, Lives, openPeer, restoreJournal } from './peer/index.js'
import type { Look, PeerCore, PeerSettings } from './peer/index.js'
import { rehearse } from './rehearsal/index.js'

export interface JoinOptions extends Omit<PeerSettings, 'data' | 'about'> {
  /**
   * What this peer says of itself, as of now; see `Peer.announce`. `load: 'auto'`: the share of the time in which this
   * process has work, measured once a second, and told when it has changed by more than 0.1.
   */
  readonly about?: Omit<About, 'load'> & { readonly load?: number | 'auto' }
  /**
   * All peers of a cluster start with the same one: `newSecret()` once, or a passphrase of 16 characters and more. Several
   * while it is changed: all are accepted, the first is used. Default: empty, which keeps out nothing but accidents and is
   * allowed on loopback alone.
   */
  readonly secret?: string | readonly string[]
  /** Certificates of a CA instead of a secret; see `docs/configuration.md`. */
  readonly certificates?: Certificates
  /**
   * How peers find each other besides `seeds`; false: not at all. Default: on, where there is a secret or a certificate; the
   * environment variable TANIST_DISCOVERY=off changes this default.
   */
  readonly discovery?: false | DiscoverySettings
  /** Further ports, with their own trust. Default none. */
  readonly layers?: readonly LayerSettings[]
  /** For whom clients speak. */
  readonly authenticate?: Authenticate
  /** Folder of identity, votes and journal, for one process at a time. Default `.tanist/APP` in the working folder. */
  readonly data?: string
  /**
   * Answers HTTP on the ports of this peer, but for the paths below `/tanist`, where the peer answers itself. Without it
   * the peer answers at `/manifest`, `/health`, `/roles` and so on as well.
   */
  readonly http?: RequestListener
  /** Default: JSON lines on standard error, from `info` on. */
  readonly log?: Log
  /**
   * How much room for garbage this process takes while its heap is below 128 MB: `small` (default), or as much as Node
   * thinks best; see `docs/configuration.md`.
   */
  readonly heap?: 'small' | 'node'
  /** Another world than this machine's Node, for example the simulated one. */
  readonly host?: Host
}

/**
 * Joins the cluster of this application, or founds it: the same line on every machine.
 *
 * @example
 * const peer = await join({ app: 'shop', secret, roles: [stock], seeds: ['127.0.0.1:7102'] })
 * const left = await peer.role(stock).take({ sku: 'a', n: 1 }).value()
 */
export async function join(options: JoinOptions): Promise<Peer> {
  const peer = await startPeer(options)
  await peer.joined
  return peer
}

/**
 * As `join`, but resolves as soon as the peer listens, for programs that answer while they still look for
 * their cluster. Rejects with a `JoinError` when an option, the port or the data folder is not right.
 */
export async function startPeer(options: JoinOptions): Promise<Peer> {
  const { secret = '', http, log, data = `.tanist/${options.app}`, about, ...others } = options
  const { certificates, discovery, layers = [], authenticate, heap = 'small', ...rest } = others
  const secrets = typeof secret === 'string' ? [secret] : secret
  const guarded = certificates !== undefined || secrets.some((one) => one !== '')
  const defaults = defaultsOf(process.env, { guarded, ownHost: options.host !== undefined })
  const { seeds = [], timing } = rest
  const finding = checkedDiscovery(discovery ?? (defaults.discovers ? {} : false))
  const settings: Omit<PeerSettings, 'data'> = {
    listen: defaults.listen,
    ...rest,
    // Whoever is told of others waits for them longer before it founds a cluster without them.
    ...(finding && seeds.length > 0 && { timing: { settleMs: 3_000, ...timing } }),
    ...(about !== undefined && { about: givenAbout(about, options) }),
  }
  checkSettings({ ...settings, data })
  checkLayers(layers)
  checkHeap(heap)
  const ring = ringOf(options.app, secrets)
  if (!options.host && ring.open && certificates === undefined) {
    checkReach('listen', settings.listen ?? '')
    for (const [at, { listen, accepts = ['trusted'], certificate }] of layers.entries()) {
      const trusts = accepts.includes('trusted') && certificate === undefined
      if (trusts) checkReach(`layers[${at}].listen`, listen)
    }
  }
  const { app, roles } = options
  const door = new Door({
    app,
    roles,
    short: http === undefined,
    process: options.host ? null : processFacts,
  })
  const host = options.host ?? hostHere({ app, secret: ring, certificates, http, gateway: door, log })
  const tokens = tokenKeys(ring)
  const speakers = new Speakers(authenticate ?? null, tokens, host.log)
  const desk = new Desk({
    host,
    app,
    roles,
    speakers,
    addressOn: (layer) => door.addressOn(layer),
    manifest: (level) => door.manifest(level),
  })
  ring.onRemoved((id) => desk.keyRemoved(id))
  const look = finding && lookAround(host, { ...finding, app }, ring)
  const lives = await new Promise<Lives>((resolve, reject) => {
    let begun: Lives | null = null
    const opened = (error: JoinError | null, core: PeerCore | null): void => {
      if (!core) return reject(error)
      if (begun) return begun.goOn(core)
      begun = new Lives(core)
      resolve(begun)
    }
    openPeer(host, { ...settings, data }, opened, look || null, desk)
  })
  if (about?.load === 'auto') untilStopped(lives, tellOwnLoad(lives, host))
  if (heap === 'small' && !options.host) untilStopped(lives, keepHeapSmall())
  if (!options.host) untilStopped(lives, rehearseIn(lives, host))
  const streams = new EventStreams(lives, host.timers)
  desk.begin(lives, streams)
  await door.open({ host, lives, desk, speakers }, layers)
  return facade({ core: lives, host, streams, desk, door, ring, tokens }, roles, options.singletons ?? [])
}

function checkedDiscovery(given: false | DiscoverySettings): false | DiscoverySettings {
  if (given === false) return false
  const problem = discoveryProblem(given)
  if (problem !== null) throw new JoinError('option', problem)
  return given
}

function lookAround(host: Host, settings: DiscoverySettings & { readonly app: string }, ring: KeyRing): Look {
  const keys = () => ring.datagramKeys()
  return (where, hooks) => startDiscovery(host, { ...settings, ...where, keys, want: 'join' }, hooks)
}

function givenAbout(about: NonNullable<JoinOptions['about']>, { host }: JoinOptions): About {
  if (about?.load !== 'auto') return about as About
  const { load: _, ...rest } = about
  if (!host) return rest
  throw new JoinError(
    'option',
    "The option about.load is 'auto', which measures this process; with a host of your own, allowed is a number from 0 to 1000.",
  )
}

function tellOwnLoad(lives: Lives, host: Host): () => void {
  return tellLoad(host.timers, eventLoopLoad(), (load) => lives.announce({ load }))
}

function untilStopped(lives: Lives, end: () => void): void {
  lives.observe(({ kind }) => {
    if (kind === 'stopped') end()
  })
}

function checkHeap(heap: unknown): void {
  if (heap === 'small' || heap === 'node') return
  throw new JoinError('option', `The option heap is ${JSON.stringify(heap)}; allowed is 'small' or 'node'.`)
}

/** From the day it is a member. */
function rehearseIn(lives: Lives, host: Host): () => void {
  let end: (() => void) | null = null
  const begin = (): void => void (end ??= rehearse(host, eventLoopLoad()))
  if (lives.joined) begin()
  lives.observe(({ kind }) => {
    if (kind === 'joined') begin()
  })
  return () => end?.()
}

/** Throws a `JoinError` for a weak secret. */
function ringOf(app: string, secrets: readonly string[]): KeyRing {
  try {
    return keyRing(app, secrets)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new JoinError('option', `The option secret will not do. ${error.message}`)
  }
}

/** Without a secret whoever gets here is a member. */
function checkReach(option: string, listen: string): void {
  const host = /^\[?(.*?)\]?:\d+$/.exec(listen)?.[1] ?? ''
  if (isLoopback(host)) return
  throw new JoinError(
    'option',
    `The option ${option} is ${JSON.stringify(listen)} and the option secret is empty; without a secret, allowed is loopback alone, as 127.0.0.1:0. newSecret() makes one.`,
  )
}

/** This machine, through Node. Throws a `JoinError` for a weak secret. */
export function hostHere(options: {
  readonly app: string
  readonly secret: string | readonly string[] | KeyRing
  readonly certificates?: Certificates | undefined
  readonly http?: RequestListener | undefined
  readonly gateway?: Gateway
  readonly log?: Log | undefined
}): Host {
  const { app, secret, certificates, http, gateway, log } = options
  const ring = typeof secret === 'object' && 'used' in secret ? secret : ringOf(app, [secret].flat())
  return nodeHost({
    app,
    secret: ring,
    ...(certificates && { certificates }),
    ...(http && { http }),
    ...(gateway && { gateway }),
    ...(log && { log }),
  })
}

export interface RestoreOptions {
  /** The folder that `backup` wrote into. */
  readonly backup: string
  /** The empty data folder to fill, missing or not. */
  readonly data: string
  /** Default: this machine, by Node. */
  readonly host?: Host
}

/**
 * Makes an empty data folder hold what a backup holds. A peer that starts with it goes on from there as a new branch
 * under a new identity, alone until others join. Where peers of before still serve, it is their branch that goes on
 * when the two meet. Rejects with a `JoinError` of code `data`, and then has filled nothing that could be started.
 *
 * @example
 * await restore({ backup: '/mnt/backup/monday', data: '/var/lib/shop' })
 */
export async function restore(options: RestoreOptions): Promise<{ readonly index: number }> {
  const { backup, data, host = nodeHost({ app: 'restore', secret: '' }) } = options
  return restoreJournal(host, backup, data)
}
