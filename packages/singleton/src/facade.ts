import { BehaviorSubject, distinctUntilChanged, map, Observable } from 'rxjs'
import type { AboutChange, ActorRef, ActorSystem, Host, MemberId, Timer } from '@tanist/core'
import type { Desk, Door, TokenKeys } from './gateway/index.js'
import { operateBranches } from './operate-branches.js'
import type { OperateBranches } from './operate-branches.js'
import { operateKeys } from './operate-keys.js'
import type { KeysHere, OperateKeys } from './operate-keys.js'
import { operateQuarantine } from './operate-quarantine.js'
import type { OperateQuarantine } from './operate-quarantine.js'
import { operateReactions } from './operate-reactions.js'
import type { OperateReactions } from './operate-reactions.js'
import { operateRoles } from './operate-roles.js'
import type { OperateRoles } from './operate-roles.js'
import { operateTokens } from './operate-tokens.js'
import type { OperateTokens } from './operate-tokens.js'
import { operateOn } from './operate.js'
import type { OperateMembers } from './operate.js'
import { areSameMembers, changesBetween, JoinError } from './peer/index.js'
import type {
  EventStreams,
  LinkStatus,
  Lives,
  Member,
  MembershipChange,
  PeerMetrics,
  PeerStatus,
} from './peer/index.js'
import { handleOf, readState } from './role-handle.js'
import type { ReadOptions, RoleHandle, ServerView } from './role-handle.js'
import type { AnyRole, Role, Submit } from './role/index.js'
import { operateSingletons, singletonRefs } from './singleton-refs.js'
import type { OperateSingletons } from './singleton-refs.js'
import type { AnySingleton, Singleton } from './singleton/index.js'

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

const LEAVE_MS = 4_000

interface Parts {
  readonly core: Lives
  readonly host: Host
  readonly streams: EventStreams
  readonly desk: Desk
  readonly door: Door
  readonly ring: KeysHere
  readonly tokens: TokenKeys
}

/** The public face of a peer: promises and observables around what runs. */
export function facade(
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
