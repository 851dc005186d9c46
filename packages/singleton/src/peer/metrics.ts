import type { ClientCounts, ClientsStatus } from './clients.js'
import type { DetourCounts } from './detours.js'
import type { LatencyHistogram } from './latency.js'
import type { CalledAs, DecidedAs, Meters, RoleMeter } from './meters.js'

/** Counts go from the start of the process, through all its identities. Plain data. */
export interface PeerMetrics {
  /** Milliseconds since 1970, by this peer's clock. */
  readonly atMs: number
  readonly roles: Readonly<Record<string, RoleMetrics>>
  readonly journal: {
    readonly firstIndex: number
    readonly lastIndex: number
    readonly commitIndex: number
    readonly appliedIndex: number
  }
  /** The newest whole one here. */
  readonly snapshot: { readonly index: number; readonly bytes: number } | null
  /** Times that this peer began to serve. */
  readonly reigns: number
  /** Times that this peer saw another member become the server. */
  readonly takeovers: number
  /** Times that this peer changed between leader, follower and learner. */
  readonly roleChanges: number
  /** What this peer has handed on between members whose link is bad, since its present identity began. */
  readonly relayed: DetourCounts
  readonly clients: ClientsStatus & ClientCounts
}

export interface RoleMetrics {
  /** As the server: how commands were decided. `repeated`: a retry, answered with the first outcome. */
  readonly decided: Readonly<Record<DecidedAs, number>>
  /** As a caller: how calls ended; `refused` includes those that failed. */
  readonly calls: Readonly<Record<CalledAs, number>>
  /** On this replica, whoever decided it. */
  readonly committed: { readonly commands: number; readonly events: number; readonly bytes: number }
  /** As a caller: from the call to its end. */
  readonly callLatency: LatencyHistogram
  /** As the server: from the decision to the commit. */
  readonly commitLatency: LatencyHistogram
  readonly queues: RoleQueues
  /** What the role's reactions and due commands have before them; null where it has none. */
  readonly effects: RoleEffectCounts | null
}

export interface RoleQueues {
  /** Calls that this peer, leading, holds until it may decide. */
  readonly held: number
  /** Decided here and not committed yet. */
  readonly committing: number
  /** Own calls that were not sent yet, and those without an answer. */
  readonly waiting: number
  readonly inFlight: number
}

/** As `PeerStatus.roles` has them: `due` is null where nobody decides them. */
export interface RoleEffectCounts {
  readonly pending: number
  readonly parked: number
  readonly due: number | null
}

export interface MetricsParts {
  readonly atMs: number
  readonly meters: Meters
  readonly journal: PeerMetrics['journal']
  readonly snapshot: PeerMetrics['snapshot']
  readonly relayed: DetourCounts
  readonly clients: PeerMetrics['clients']
  readonly queues: (role: string) => RoleQueues
  readonly effects: (role: string) => RoleEffectCounts | null
}

export function metricsOf({ meters, queues, effects, ...rest }: MetricsParts): PeerMetrics {
  const { reigns, takeovers, roleChanges } = meters
  const roles = [...meters.roles].map(
    ([role, meter]) => [role, roleMetrics(meter, queues(role), effects(role))] as const,
  )
  return { ...rest, roles: Object.fromEntries(roles), reigns, takeovers, roleChanges }
}

function roleMetrics(meter: RoleMeter, queues: RoleQueues, effects: RoleEffectCounts | null): RoleMetrics {
  const { decided, called, commands, events, bytes, callLatency, commitLatency } = meter
  return {
    decided: { ...decided },
    calls: { ...called },
    committed: { commands, events, bytes },
    callLatency: callLatency.read(),
    commitLatency: commitLatency.read(),
    queues,
    effects,
  }
}
