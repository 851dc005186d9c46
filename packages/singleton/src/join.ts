import type { RequestListener } from 'node:http'
import type { ActorRef, ActorSystem, Host, Log, MemberId } from '@tanist/core'
import { nodeHost } from '@tanist/transport'
import { BehaviorSubject, distinctUntilChanged, map, Observable } from 'rxjs'
import { checkSettings, JoinError, openPeer } from './peer/index.js'
import { operateOn } from './operate.js'
import type { OperateMembers } from './operate.js'
import { operateBranches } from './operate-branches.js'
import type { OperateBranches } from './operate-branches.js'
import { operateReactions } from './operate-reactions.js'
import type { OperateReactions } from './operate-reactions.js'
import { Lives, restoreJournal } from './peer/index.js'
import type { Member, PeerSettings, PeerStatus, ServerInfo, Waiting } from './peer/index.js'
import { operateSingletons, singletonRefs } from './singleton-refs.js'
import type { OperateSingletons } from './singleton-refs.js'
import type { AnySingleton, Singleton } from './singleton/index.js'
import { proxy } from './role/index.js'
import type { AnyRole, Proxy, Role, Submit } from './role/index.js'

export interface JoinOptions extends Omit<PeerSettings, 'data'> {
  /** All peers of a cluster start with the same one. Default: empty, which keeps out nothing but accidents. */
  readonly secret?: string
  /** Folder of identity, votes and journal, for one process at a time. Default `.tanist/APP` in the working folder. */
  readonly data?: string
  /** Answers HTTP on the port that peers use. Default: 404 for everything. */
  readonly http?: RequestListener
  /** Default: JSON lines on standard error, from `info` on. */
  readonly log?: Log
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
export type RoleHandle<S, C> = Proxy<C> & {
  /** This member's replica: the present state at once, then every change. May lag behind the server. */
  readonly state$: Observable<S>
  /** Who serves the role; `failure` says why this replica does not follow it any more. */
  readonly status$: Observable<ServerView & { readonly failure: string | null }>
}

/** What an operator can do by hand. */
export type Operate = OperateMembers & OperateBranches & OperateReactions & OperateSingletons

export interface Peer {
  /** Another one after this peer had to set entries aside: see `status().setAside`. */
  readonly id: MemberId
  readonly address: string
  /** Resolves once the cluster has admitted this peer; rejects with a `JoinError` when that cannot be. */
  readonly joined: Promise<void>
  /** Resolves when the peer has stopped: with null after `leave` or `stop`, else with the reason. */
  readonly stopped: Promise<JoinError | null>
  /** By seniority, the oldest first. */
  readonly members$: Observable<readonly Member[]>
  readonly server$: Observable<ServerView>
  readonly status$: Observable<PeerStatus>
  status(): PeerStatus
  role<S, E, C>(role: Role<S, E, C>): RoleHandle<S, C>
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
   * 10,000), or when this replica does not follow the role any more (an older build, say). `local`: this replica as it is now.
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
  const { secret = '', http, log, data = `.tanist/${options.app}`, ...settings } = options
  checkSettings({ ...settings, data })
  const host = options.host ?? hostHere({ app: options.app, secret, http, log })
  const lives = await new Promise<Lives>((resolve, reject) => {
    let begun: Lives | null = null
    openPeer(host, { ...settings, data }, (error, opened) => {
      if (!opened) return reject(error)
      if (begun) return begun.goOn(opened)
      begun = new Lives(opened)
      resolve(begun)
    })
  })
  return facade(lives, options.roles, options.singletons ?? [], host)
}

/** This machine, through Node. */
export function hostHere(options: {
  readonly app: string
  readonly secret: string
  readonly http?: RequestListener | undefined
  readonly log?: Log | undefined
}): Host {
  const { app, secret, http, log } = options
  return nodeHost({ app, secret, ...(http ? { http } : {}), ...(log ? { log } : {}) })
}

function facade(
  core: Lives,
  roles: readonly AnyRole[],
  singletons: readonly AnySingleton[],
  host: Host,
): Peer {
  const status$ = new BehaviorSubject<PeerStatus>(core.status())
  const life = lifeOf(core, status$)
  const server$ = status$.pipe(map(serverView), distinctUntilChanged(sameJson))
  const submit: Submit = (request) =>
    new Promise((resolve) => {
      const { signal } = request
      const cancel = core.call(request, resolve)
      if (signal?.aborted) cancel()
      else signal?.addEventListener('abort', cancel, { once: true })
    })
  const handles = new WeakMap<object, object>()
  const handleFor = <S, E, C>(role: Role<S, E, C>): RoleHandle<S, C> => {
    const made = handles.get(role) ?? handleOf(core, roles, role, server$, submit)
    handles.set(role, made)
    return made as RoleHandle<S, C>
  }
  const { self } = core.status()
  const operate: Operate = Object.freeze({
    ...operateOn(core),
    ...operateBranches(core, host),
    ...operateReactions(core),
    ...operateSingletons(core, singletons),
  })
  return {
    get id() {
      return core.status().self.id
    },
    address: self.address,
    get actors() {
      return core.actors
    },
    ...life,
    operate,
    status$: status$.asObservable(),
    members$: status$.pipe(
      map((status) => status.members),
      distinctUntilChanged(sameJson),
    ),
    server$,
    status: () => core.status(),
    role: (role) => handleFor(role),
    singleton: singletonRefs(core, singletons),
    read: (role, read = {}) => readState(core, roles, role, read),
    transfer: (to) =>
      new Promise((resolve, reject) => {
        core.transfer(to ?? null, (ok, text) => (ok ? resolve() : reject(new Error(text))))
      }),
    leave: () => new Promise((resolve) => core.leave(LEAVE_MS, resolve)),
    stop: () => new Promise((resolve) => core.stop(resolve)),
  }
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

function handleOf<S, E, C>(
  core: Lives,
  roles: readonly AnyRole[],
  role: Role<S, E, C>,
  server$: Observable<ServerView>,
  submit: Submit,
): RoleHandle<S, C> {
  known(roles, role)
  const failure = (): string | null => core.roles.failure(role.name) ?? null
  const streams = {
    state$: stateOf<S>(core, role),
    status$: server$.pipe(map((view) => ({ ...view, failure: failure() }))),
  }
  // `role(...)` made it, so it is one of AnyRole; its commands and the two streams cannot have one name.
  const commands = proxy<S, E, C>(role as Role<S, E, C> & AnyRole, submit)
  return Object.freeze(Object.assign({}, commands, streams)) as RoleHandle<S, C>
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
  { consistency = 'linearizable', deadlineMs = 10_000 }: ReadOptions,
): Promise<S> {
  known(roles, role)
  if (consistency === 'linearizable') {
    await new Promise<void>((resolve, reject) => {
      core.read(role.name, deadlineMs, (outcome) =>
        outcome.status === 'ok'
          ? resolve()
          : reject(
              new Error(core.roles.failure(role.name) ?? `No server confirmed the read: ${outcome.reason}`),
            ),
      )
    })
  }
  return core.roles.state(role.name) as S
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
