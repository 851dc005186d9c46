import type { RequestListener } from 'node:http'
import type { About, AboutChange, ActorRef, ActorSystem, Host, Log, MemberId, Timer } from '@tanist/core'
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
import { checkLayers, Desk, Door, Speakers } from './gateway/index.js'
import type { Authenticate, LayerSettings, TokenKeys } from './gateway/index.js'
import { operateKeys } from './operate-keys.js'
import type { OperateKeys } from './operate-keys.js'
import { operateTokens } from './operate-tokens.js'
import type { OperateTokens } from './operate-tokens.js'
import { BehaviorSubject, distinctUntilChanged, map, Observable } from 'rxjs'
import { areSameMembers, changesBetween, checkSettings, JoinError, openPeer } from './peer/index.js'
import type { Look, PeerCore } from './peer/index.js'
import { defaultsOf } from './defaults.js'
import { operateOn } from './operate.js'
import type { OperateMembers } from './operate.js'
import { operateQuarantine } from './operate-quarantine.js'
import type { OperateQuarantine } from './operate-quarantine.js'
import { operateBranches } from './operate-branches.js'
import { operateRoles } from './operate-roles.js'
import type { OperateRoles } from './operate-roles.js'
import type { OperateBranches } from './operate-branches.js'
import { operateReactions } from './operate-reactions.js'
import type { OperateReactions } from './operate-reactions.js'
import { EventStreams, Lives, restoreJournal } from './peer/index.js'
import type {
  LinkStatus,
  Member,
  MembershipChange,
  PeerMetrics,
  PeerSettings,
  PeerStatus,
  ReadOutcome,
  ServerInfo,
  Waiting,
} from './peer/index.js'
import { tellLoad } from './own-load.js'
import { operateSingletons, singletonRefs } from './singleton-refs.js'
import type { OperateSingletons } from './singleton-refs.js'
import type { AnySingleton, Singleton } from './singleton/index.js'
import { eventStream } from './event-stream.js'
import { rehearse } from './rehearsal/index.js'
import { proxy } from './role/index.js'
import type { AnyRole, EventsOptions, EventStream, Proxy, Role, Submit } from './role/index.js'

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

/** Who serves, and who would be next. */
export interface ServerView {
  readonly server: ServerInfo | null
  readonly successor: { readonly id: MemberId; readonly name: string } | null
  readonly term: number
  /** While nobody serves: what is being waited for. */
  readonly waitingFor: string | null
  readonly waiting: Waiting | null
}

/** What one role offers on every member: its commands, and what changes over time. */
export type RoleHandle<S, C, E = AnyEvents> = Proxy<C> & {
  /** This member's replica: the present state at once, then every change. May lag behind the server. */
  readonly state$: Observable<S>
  /** Who serves the role; `failure` says why this replica does not follow it any more. */
  readonly status$: Observable<ServerView & { readonly failure: string | null }>
  /**
   * What `fn` makes of the state: at once, and then only when it is another value.
   *
   * @example
   * peer.role(stock).select((state) => Object.keys(state).length).subscribe((n) => console.log(n))
   */
  select<T>(fn: (state: S) => T, equal?: (a: T, b: T) => boolean): Observable<T>
  /**
   * The role's events as they are committed, from a position on; none is lost and none comes twice. A `state` takes
   * the place of what cannot be given: a reader replaces by it whatever it has made of the events. Fails when this
   * build cannot read an event, ends when the peer has stopped.
   *
   * @example
   * let kept: EventPosition = { index: 0 } // from the last run, beside what was made of the events
   * for await (const item of peer.role(stock).events$({ after: kept })) {
   *   if (item.kind === 'state') console.log('Begin anew with', item.state)
   *   else console.log(item.type, item.payload)
   *   kept = item.position
   * }
   */
  events$(options?: EventsOptions): EventStream<S, E>
}

/** Of a role whose events do not matter. */
type AnyEvents = Readonly<Record<string, (state: never, payload: unknown) => unknown>>

/** What an operator can do by hand. */
export type Operate = OperateMembers &
  OperateBranches &
  OperateQuarantine &
  OperateReactions &
  OperateRoles &
  OperateSingletons &
  OperateTokens &
  OperateKeys

export interface Peer {
  /** Another one after this peer had to set entries aside: see `status().setAside`. */
  readonly id: MemberId
  readonly address: string
  /** Resolves once the cluster has admitted this peer; rejects with a `JoinError` when that cannot be. */
  readonly joined: Promise<void>
  /** Resolves when the peer has stopped: with null after `leave` or `stop`, else with the reason. */
  readonly stopped: Promise<JoinError | null>
  /** By seniority, the oldest first; one row for each process. A new value when anything but a round trip changed. */
  readonly members$: Observable<readonly Member[]>
  /**
   * The members as a story: a `snapshot` at once, also for those who come late, then each change by itself. Applied one
   * by one (`applyChange`) they give the present list. Completes when the peer has stopped.
   *
   * @example
   * peer.membership$.subscribe((change) => {
   *   if (change.kind === 'snapshot') console.log(`${change.members.length} members`)
   *   else if (change.kind === 'removed') console.log(`${change.member.name}: ${change.why}`)
   *   else console.log(`${change.member.name} ${change.kind}`)
   * })
   */
  readonly membership$: Observable<MembershipChange>
  /**
   * Changes what this peer says of itself: fields that are named are replaced, those that are null taken away. All
   * members see it in `about` of its row within a beat or two. Throws a `TypeError` that names the field and what is
   * allowed; then nothing has changed.
   *
   * @example
   * peer.announce({ clients: 12, tags: { room: '3' } })
   * peer.announce({ clients: null })
   */
  announce(change: AboutChange): void
  readonly server$: Observable<ServerView>
  /**
   * The links of this peer to members, and those of others that are said to be bad: at once, then whenever a state or a
   * way round changes. Round trips are as of that moment.
   */
  readonly links$: Observable<readonly LinkStatus[]>
  readonly status$: Observable<PeerStatus>
  status(): PeerStatus
  /** What this process has counted and measured until now. Costs nothing until it is called. */
  metrics(): PeerMetrics
  /** The same at once, and then about once a second while somebody is subscribed. */
  readonly metrics$: Observable<PeerMetrics>
  role<S, E, C>(role: Role<S, E, C>): RoleHandle<S, C, E>
  /**
   * A ref to the singleton, wherever it runs; also before any server exists. What is told and asked waits, within its
   * deadline and the singleton's bound, until it runs somewhere, and follows the server at each change in the order
   * of each caller's calls. An ask that was under way when its server died or handed over fails at once with `lost`:
   * it may have been handled. What was not sent yet goes to the next server.
   */
  singleton<P>(singleton: Singleton<P>): ActorRef<P>
  /**
   * The state of a role. `linearizable` (default): everything that was acknowledged anywhere before this call
   * is in it; rejects with a `JoinError`-like `Error` when no server confirms it within `deadlineMs` (default
   * 10,000), or when this replica does not follow the role any more (an older build, say). `local`: this replica as it is now;
   * with `maxStaleMs` everything that was acknowledged anywhere so long before this call is in it, or it rejects as above.
   */
  read<S, E, C>(role: Role<S, E, C>, options?: ReadOptions): Promise<S>
  /**
   * Hands the server role over to `to`, or to the next in line. Rejects with a sentence when it cannot. It does not
   * go home to an older member in the reign that this begins.
   */
  transfer(to?: MemberId): Promise<void>
  /**
   * Actors of this peer; refs to them work on every other peer. Made when first used and stopped with the peer. Its
   * own actors live on when the peer goes on under another identity; to other peers they then are `lost`.
   */
  readonly actors: ActorSystem
  /** For operators. */
  readonly operate: Operate
  /** Gives up the seat for good and stops: the others stop counting on this peer. */
  leave(): Promise<void>
  /** Hands over, says goodbye and stops; the seat stays for the next start with the same folder. */
  stop(): Promise<void>
}

export interface ReadOptions {
  readonly consistency?: 'linearizable' | 'local'
  /**
   * Of a `local` read: how old the state may be, in milliseconds by this member's clocks. The server is asked again only
   * when its last word is older; reads at the same time share one question. Default: no bound, and no question.
   */
  readonly maxStaleMs?: number
  readonly deadlineMs?: number
}

const LEAVE_MS = 4_000

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

interface Parts {
  readonly core: Lives
  readonly host: Host
  readonly streams: EventStreams
  readonly desk: Desk
  readonly door: Door
  readonly ring: KeyRing
  readonly tokens: TokenKeys
}

function facade(
  { core, host, streams, desk, door, ring, tokens }: Parts,
  roles: readonly AnyRole[],
  singletons: readonly AnySingleton[],
): Peer {
  const status$ = new BehaviorSubject<PeerStatus>(core.status())
  const life = lifeOf(core, status$)
  const members$ = status$.pipe(
    map((status) => status.members),
    distinctUntilChanged(areSameMembers),
  )
  const server$ = status$.pipe(map(serverView), distinctUntilChanged(sameJson))
  const submit: Submit = (request) =>
    new Promise((resolve) => {
      const { signal } = request
      let isOver = false
      let cancel: (() => void) | null = null
      cancel = core.call(request, (outcome) => {
        isOver = true
        // A signal may live as long as the program.
        if (cancel !== null) signal?.removeEventListener('abort', cancel)
        resolve(outcome)
      })
      if (signal?.aborted) cancel()
      else if (!isOver) signal?.addEventListener('abort', cancel, { once: true })
    })
  const handles = new WeakMap<object, object>()
  const handleFor = <S, E, C>(role: Role<S, E, C>): RoleHandle<S, C, E> => {
    const made = handles.get(role) ?? handleOf({ core, roles, streams, server$, submit }, role)
    handles.set(role, made)
    return made as RoleHandle<S, C, E>
  }
  const operate: Operate = Object.freeze({
    ...operateOn(core),
    ...operateBranches(core, host),
    ...operateReactions(core),
    ...operateRoles(core),
    ...operateSingletons(core, singletons),
    ...operateQuarantine(core),
    ...operateTokens(tokens, host.clock),
    ...operateKeys(ring, host.log),
  })
  return {
    get id() {
      return core.status().self.id
    },
    get address() {
      return core.status().self.address
    },
    get actors() {
      return core.actors
    },
    ...life,
    operate,
    status$: status$.asObservable(),
    members$,
    membership$: membershipOf(members$, core),
    announce: (change) => core.announce(change),
    server$,
    links$: status$.pipe(
      map((status) => status.links),
      distinctUntilChanged(sameLinks),
    ),
    status: () => core.status(),
    metrics: () => core.metrics(),
    metrics$: metricsOf(core, host),
    role: (role) => handleFor(role),
    singleton: singletonRefs(core, singletons),
    read: (role, read = {}) => readState(core, roles, role, read),
    transfer: (to) =>
      new Promise((resolve, reject) => {
        core.transfer(to ?? null, (ok, text) => (ok ? resolve() : reject(new Error(text))))
      }),
    leave: () =>
      door.closing(() => new Promise((resolve) => desk.leave(() => core.leave(LEAVE_MS, resolve)))),
    stop: () => door.closing(() => new Promise((resolve) => desk.leave(() => core.stop(resolve)))),
  }
}

function membershipOf(members$: Observable<readonly Member[]>, core: Lives): Observable<MembershipChange> {
  return new Observable<MembershipChange>((subscriber) => {
    let told: readonly Member[] | null = null
    return members$.subscribe({
      next: (members) => {
        const before = told
        told = members
        if (before === null) return subscriber.next({ kind: 'snapshot', members })
        for (const change of changesBetween(before, members, (id) => core.endOf(id))) subscriber.next(change)
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    })
  })
}

const METRICS_MS = 1_000

function metricsOf(core: Lives, host: Host): Observable<PeerMetrics> {
  return new Observable<PeerMetrics>((subscriber) => {
    let timer: Timer | null = null
    if (core.over) return subscriber.complete()
    const tell = (): void => {
      timer = host.timers.set(METRICS_MS, tell)
      subscriber.next(core.metrics())
    }
    tell()
    const end = core.observe(({ kind }) => {
      if (kind === 'stopped') subscriber.complete()
    })
    return () => {
      timer?.cancel()
      end()
    }
  })
}

function lifeOf(core: Lives, status$: BehaviorSubject<PeerStatus>): Pick<Peer, 'joined' | 'stopped'> {
  let stop!: (error: JoinError | null) => void
  const stopped = new Promise<JoinError | null>((resolve) => (stop = resolve))
  const joined = new Promise<void>((resolve, reject) => {
    core.observe((event) => {
      if (event.kind === 'status') status$.next(core.status())
      else if (event.kind === 'joined') resolve()
      else if (event.kind === 'stopped') {
        reject(event.error ?? new JoinError('stopped', 'This peer was stopped before it had joined.'))
        stop(event.error)
        status$.next(core.status())
        status$.complete()
      }
    })
    if (core.joined) resolve()
  })
  // Whoever does not await `joined` hears of a failure by `stopped`.
  joined.catch(() => {})
  return { joined, stopped }
}

function known(roles: readonly AnyRole[], role: { readonly name: string }): void {
  if (roles.some((one) => one.name === role.name)) return
  const names = roles.map((one) => one.name).join(', ')
  throw new TypeError(`The role '${role.name}' is not among those this peer joined with: ${names || 'none'}.`)
}

interface HandleParts {
  readonly core: Lives
  readonly roles: readonly AnyRole[]
  readonly streams: EventStreams
  readonly server$: Observable<ServerView>
  readonly submit: Submit
}

function handleOf<S, E, C>(
  { core, roles, streams, server$, submit }: HandleParts,
  role: Role<S, E, C>,
): RoleHandle<S, C, E> {
  known(roles, role)
  const failure = (): string | null => core.roles.failure(role.name) ?? null
  const any = role as Role<S, E, C> & AnyRole
  const state$ = stateOf<S>(core, role)
  const extras = {
    state$,
    status$: server$.pipe(map((view) => ({ ...view, failure: failure() }))),
    select: <T>(fn: (state: S) => T, equal: (a: T, b: T) => boolean = Object.is) =>
      state$.pipe(map(fn), distinctUntilChanged(equal)),
    events$: (options?: EventsOptions) => eventStream<S, E>(streams, any, options),
  }
  // `role(...)` made it, so it is one of AnyRole; no command can have the name of an extra.
  const commands = proxy<S, E, C>(any, submit)
  return Object.freeze(Object.assign({}, commands, extras)) as RoleHandle<S, C, E>
}

function stateOf<S>(core: Lives, role: { readonly name: string; readonly state: () => S }): Observable<S> {
  return new Observable<S>((subscriber) => {
    // The role host evolves states with this role's own functions, so its state is an S.
    const emit = (state: unknown): void => subscriber.next(state as S)
    emit(core.roles.state(role.name))
    return core.watchRole(role.name, emit)
  })
}

async function readState<S>(
  core: Lives,
  roles: readonly AnyRole[],
  role: { readonly name: string; readonly state: () => S },
  { consistency = 'linearizable', deadlineMs = 10_000, maxStaleMs }: ReadOptions,
): Promise<S> {
  known(roles, role)
  if (maxStaleMs !== undefined && !(consistency === 'local' && maxStaleMs >= 0))
    throw new TypeError("maxStaleMs is a number of milliseconds, 0 or more, with consistency: 'local'.")
  if (consistency === 'local' && maxStaleMs === undefined) return core.roles.state(role.name) as S
  return new Promise<S>((resolve, reject) => {
    const done = (outcome: ReadOutcome): void => {
      // At once, before anything else may go on.
      if (outcome.status === 'ok') return resolve(core.roles.state(role.name) as S)
      const why = core.roles.failure(role.name)
      reject(new Error(why ?? `No server confirmed the read: ${outcome.reason}`))
    }
    core.read(role.name, deadlineMs, done, maxStaleMs ?? null)
  })
}

/** Round trips alone are no change. */
function sameLinks(a: readonly LinkStatus[], b: readonly LinkStatus[]): boolean {
  return sameJson(untimed(a), untimed(b))
}

function untimed(links: readonly LinkStatus[]): unknown {
  return links.map((link) => ({ ...link, roundTripMs: null }))
}

function serverView(status: PeerStatus): ServerView {
  const { server, successors, term, waitingFor, waiting } = status
  return { server, successor: successors[0] ?? null, term, waitingFor, waiting }
}

function sameJson<T>(a: T, b: T): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
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
