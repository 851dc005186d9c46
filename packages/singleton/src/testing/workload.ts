import type { PeerCore } from '../peer/index.js'
import type { CallOutcome } from '../role/index.js'
import type { Cluster } from './cluster.js'
import type { LedgerState } from './ledger.js'

/** One command of a client, from the first try to its outcome, whatever peers it went through. */
export interface Operation {
  readonly id: string
  readonly kind: 'add' | 'refuseMe' | 'read'
  readonly invokedAtMs: number
  endedAtMs: number | null
  /** Journal position and value of the outcome; for a read, what was read and from which position on. */
  term: number
  index: number
  value: number
  tries: number
}

const TRY_MS = 2_500
const DEADLINE_MS = 2_000

/**
 * Clients that never give a command up: each repeats it with the same id, at whatever peer runs, until it has
 * an outcome; then, after a short pause, comes the next. They live outside the simulated machines.
 */
export class Workload {
  readonly operations: Operation[] = []
  /** Answers `unavailable` so far, and the peer that was asked; those commands were tried again. */
  readonly unavailable: { readonly id: string; readonly at: string; readonly reason: string }[] = []
  readonly #cluster: Cluster
  readonly #random: () => number
  #stopped = false

  constructor(cluster: Cluster, random: () => number) {
    this.#cluster = cluster
    this.#random = random
  }

  start(clients: number, pauseMs: number): void {
    for (let client = 0; client < clients; client++) this.#next(`c${client}`, 1, pauseMs)
  }

  /** No new commands; what is under way goes on. */
  stop(): void {
    this.#stopped = true
  }

  get pending(): Operation[] {
    return this.operations.filter((operation) => operation.endedAtMs === null)
  }

  #next(client: string, seq: number, pauseMs: number): void {
    const { world } = this.#cluster
    if (this.#stopped) return
    const dice = this.#random()
    const kind = dice < 0.2 ? 'read' : dice < 0.25 ? 'refuseMe' : 'add'
    const operation: Operation = {
      id: `${client}:${seq}`,
      kind,
      invokedAtMs: world.nowMs,
      endedAtMs: null,
      term: 0,
      index: 0,
      value: 0,
      tries: 0,
    }
    this.operations.push(operation)
    this.#attempt(operation, () => {
      world.schedule(world.nowMs + 1 + this.#random() * pauseMs, () => this.#next(client, seq + 1, pauseMs))
    })
  }

  #attempt(operation: Operation, then: () => void): void {
    const { world } = this.#cluster
    operation.tries += 1
    const attempt = operation.tries
    const again = (afterMs: number): void => {
      world.schedule(world.nowMs + afterMs, () => {
        if (operation.endedAtMs === null && operation.tries === attempt) this.#attempt(operation, then)
      })
    }
    const core = this.#somePeer()
    if (!core) return again(100)
    again(TRY_MS)
    const end = (term: number, index: number, value: number): void => {
      if (operation.endedAtMs !== null) return
      Object.assign(operation, { endedAtMs: world.nowMs, term, index, value })
      then()
    }
    if (operation.kind === 'read') this.#read(core, end, () => again(20))
    else this.#call(core, operation, end, () => again(20))
  }

  #read(core: PeerCore, end: (term: number, index: number, value: number) => void, fail: () => void): void {
    core.read(DEADLINE_MS, (outcome) => {
      if (outcome.status !== 'ok') return fail()
      end(0, outcome.index, (core.roles.state('ledger') as LedgerState).total)
    })
  }

  #call(
    core: PeerCore,
    { id, kind }: Operation,
    end: (term: number, index: number, value: number) => void,
    fail: () => void,
  ): void {
    const [session = '', seq = ''] = id.split(':')
    const request = {
      role: 'ledger',
      command: kind,
      input: { v: { id } },
      id: { session, seq: Number(seq) },
      deadlineMs: DEADLINE_MS,
    }
    core.call(request, (outcome: CallOutcome) => {
      if (outcome.status === 'unavailable') {
        this.unavailable.push({ id, at: core.succession.self.name, reason: outcome.reason })
        return fail()
      }
      const body = (outcome.status === 'ok' ? outcome.value : outcome.refusal) as { v?: unknown }
      const value = typeof body.v === 'number' ? body.v : ((body.v as { total?: number })?.total ?? -1)
      end(outcome.term, outcome.index, value)
    })
  }

  #somePeer(): PeerCore | null {
    const cluster = this.#cluster
    // Nobody asks a process that is about to go.
    const running = cluster.names.filter((name) => cluster.isRunning(name) && !cluster.isEnding(name))
    const name = running[Math.floor(this.#random() * running.length)]
    return name === undefined ? null : cluster.peer(name)
  }
}
