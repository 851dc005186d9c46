import { LATENCY_BOUNDS_MS } from '../peer/index.js'
import type { LatencyHistogram, PeerMetrics, PeerStatus } from '../peer/index.js'
import type { ProcessFacts } from './http-parts.js'
import { linked } from './manifest.js'
import { TANIST_VERSION } from './versions.js'

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface PrometheusParts {
  readonly app: string
  readonly metrics: PeerMetrics
  readonly status: PeerStatus
  readonly joined: boolean
  readonly process: ProcessFacts | null
  /** Answers of the gateway by status, and requests that got no further than the port by reason. */
  readonly http: {
    readonly answers: ReadonlyMap<number, number>
    readonly refused: ReadonlyMap<string, number>
  }
}

/** In the text format of Prometheus: base units, counters that end in `_total`. */
export function prometheusText(parts: PrometheusParts): string {
  const page = new Page()
  peerOn(page, parts)
  for (const [role, metrics] of Object.entries(parts.metrics.roles)) roleOn(page, role, metrics)
  portOn(page, parts)
  if (parts.process !== null) processOn(page, parts.process)
  return page.text()
}

function peerOn(page: Page, { app, metrics, status, joined }: PrometheusParts): void {
  const { self, clusterId, members, links, journal } = { ...status, ...metrics }
  page.gauge('tanist_info', 'Which peer this is.', 1, {
    app,
    version: TANIST_VERSION,
    member: self.id,
    name: self.name,
    cluster: clusterId ?? '',
  })
  page.gauge('tanist_joined', '1 once the cluster has admitted this peer.', joined ? 1 : 0)
  page.gauge('tanist_serving', '1 while this peer is the server.', status.role === 'leader' ? 1 : 0)
  page.gauge('tanist_server_known', '1 while somebody serves.', status.server === null ? 0 : 1)
  page.gauge(
    'tanist_waiting',
    '1 while this peer waits for something, by what.',
    status.waiting === null ? 0 : 1,
    {
      code: status.waiting?.code ?? '',
    },
  )
  page.gauge('tanist_term', 'Term of the present server.', status.term)
  for (const state of ['up', 'suspect', 'gone'] as const)
    page.gauge('tanist_members', 'Members by what is known of their life.', count(members, state), { state })
  page.gauge(
    'tanist_members_reachable',
    'Members that this peer reaches, itself too.',
    members.filter((m) => m.reachable).length,
  )
  page.gauge('tanist_links', 'Links of this peer to members that are up.', linked(status))
  for (const { from, to, roundTripMs } of links)
    if (from.id === self.id && roundTripMs !== null)
      page.gauge('tanist_link_round_trip_seconds', 'Median round trip to a member.', roundTripMs / 1_000, {
        member: to.id,
        name: to.name,
      })
  clientsOn(page, metrics.clients)
  for (const [at, index] of Object.entries(journal))
    page.gauge('tanist_journal_index', 'Positions in the journal.', index, { at: at.replace('Index', '') })
  page.gauge('tanist_snapshot_bytes', 'Size of the newest snapshot.', metrics.snapshot?.bytes ?? 0)
  page.gauge('tanist_snapshot_index', 'Position of the newest snapshot.', metrics.snapshot?.index ?? 0)
  page.counter('tanist_reigns', 'Times that this peer began to serve.', metrics.reigns)
  page.counter('tanist_takeovers', 'Times that this peer saw the server change.', metrics.takeovers)
  page.counter('tanist_role_changes', 'Changes between leader, follower and learner.', metrics.roleChanges)
  for (const [what, n] of Object.entries(metrics.relayed))
    if (typeof n === 'number')
      page.counter('tanist_relayed', 'What was handed on between members whose link is bad.', n, { what })
}

function clientsOn(page: Page, clients: PeerMetrics['clients']): void {
  const { trusted, stray, inFlight, watches, opened, closed, refused } = clients
  page.gauge('tanist_clients', 'Linked clients by level.', trusted, { level: 'trusted' })
  page.gauge('tanist_clients', 'Linked clients by level.', stray, { level: 'stray' })
  page.gauge('tanist_client_calls', 'Calls of clients without an answer.', inFlight)
  page.gauge('tanist_client_watches', 'Roles that clients follow.', watches)
  page.counter('tanist_clients_opened', 'Links of clients that were welcomed.', opened)
  page.counter('tanist_clients_closed', 'Links of clients that have ended.', closed)
  for (const [code, n] of Object.entries(refused))
    page.counter('tanist_clients_refused', 'Links of clients that were sent away, by why.', n, { code })
}

function count(members: PeerStatus['members'], state: string): number {
  return members.filter((member) => member.state === state).length
}

function roleOn(page: Page, role: string, metrics: PeerMetrics['roles'][string]): void {
  const { decided, calls, committed, queues, effects, callLatency, commitLatency } = metrics
  for (const [outcome, n] of Object.entries(decided))
    page.counter('tanist_commands_decided', 'Commands decided here as the server, by how.', n, {
      role,
      outcome,
    })
  for (const [outcome, n] of Object.entries(calls))
    page.counter('tanist_calls', 'Calls through this peer that ended, by how.', n, { role, outcome })
  page.counter('tanist_commands_committed', 'Commands committed on this replica.', committed.commands, {
    role,
  })
  page.counter('tanist_events_committed', 'Events committed on this replica.', committed.events, { role })
  page.counter('tanist_committed_bytes', 'Bytes of entries committed on this replica.', committed.bytes, {
    role,
  })
  for (const [queue, n] of Object.entries(queues))
    page.gauge('tanist_queue', 'Commands that wait, by where.', n, { role, queue })
  for (const [kind, n] of Object.entries(effects ?? {}))
    if (typeof n === 'number')
      page.gauge('tanist_effects', 'Reactions and due commands that are to be done.', n, { role, kind })
  page.histogram('tanist_call_duration_seconds', 'From a call to its end, at the caller.', callLatency, {
    role,
  })
  page.histogram('tanist_commit_duration_seconds', 'From decision to commit, at the server.', commitLatency, {
    role,
  })
}

function portOn(page: Page, { http }: PrometheusParts): void {
  for (const [code, n] of http.answers)
    page.counter('tanist_http_answers', 'Answers of the gateway, by status.', n, { code: String(code) })
  for (const [reason, n] of http.refused)
    page.counter('tanist_http_refused', 'Requests that got no further than the port, by why.', n, { reason })
}

function processOn(page: Page, facts: ProcessFacts): void {
  page.counter('process_cpu_seconds', 'Processor time used.', facts.cpuSeconds)
  page.gauge(
    'process_start_time_seconds',
    'When the process began, in seconds since 1970.',
    facts.startSeconds,
  )
  page.gauge('process_resident_memory_bytes', 'Memory in use.', facts.residentBytes)
  page.gauge('nodejs_heap_size_used_bytes', 'Heap in use.', facts.heapUsedBytes)
}

type Labels = Readonly<Record<string, string>>

interface Family {
  readonly head: string
  readonly lines: string[]
}

/** Lines of one name stand together, as the format wants it. */
class Page {
  readonly #families = new Map<string, Family>()

  gauge(name: string, help: string, value: number, labels: Labels = {}): void {
    this.#family(name, 'gauge', help).push(line(name, labels, value))
  }

  counter(stem: string, help: string, value: number, labels: Labels = {}): void {
    const name = `${stem}_total`
    this.#family(name, 'counter', help).push(line(name, labels, value))
  }

  histogram(
    name: string,
    help: string,
    { buckets, count: all, sumMs }: LatencyHistogram,
    labels: Labels,
  ): void {
    const lines = this.#family(name, 'histogram', help)
    let below = 0
    for (const [at, held] of buckets.entries()) {
      below += held
      const bound = LATENCY_BOUNDS_MS[at] ?? Infinity
      const le = bound === Infinity ? '+Inf' : String(Number((bound / 1_000).toPrecision(6)))
      lines.push(line(`${name}_bucket`, { ...labels, le }, below))
    }
    lines.push(line(`${name}_sum`, labels, sumMs / 1_000), line(`${name}_count`, labels, all))
  }

  text(): string {
    return [...this.#families.values()].map(({ head, lines }) => `${head}${lines.join('\n')}\n`).join('')
  }

  #family(name: string, type: string, help: string): string[] {
    const family = this.#families.get(name) ?? {
      head: `# HELP ${name} ${escaped(help, false)}\n# TYPE ${name} ${type}\n`,
      lines: [],
    }
    this.#families.set(name, family)
    return family.lines
  }
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text, true)}"`)
  const of = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
  return `${name}${of} ${value}`
}

function escaped(text: string, isLabel: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return isLabel ? plain.replaceAll('"', '\\"') : plain
}
