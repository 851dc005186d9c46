import { seededRandom } from '@tanist/core/testing'
import type { PeerCore } from '../peer/index.js'
import { fromEncoded, parseCommandId, toEncoded } from '../role/index.js'
import type { CallOutcome } from '../role/index.js'
import type { Cluster } from './cluster.js'
import type { Operation, OperationOutcome, UnavailableAnswer } from './history/index.js'
import { ledgerWork } from './ledger.js'
import { diceOf } from './work.js'
import type { Ask, Client, Dice, RoleWork, WorkloadSpec } from './work.js'

type Open = { -readonly [K in keyof Operation]: Operation[K] } & {
  unavailable: UnavailableAnswer[]
  echoes: Operation['echoes'][number][]
}

/** How a try ended. */
interface End {
  readonly outcome: OperationOutcome
  readonly term: number
  readonly index: number
}

/** A try that has no answer is given up after this time beyond its deadline, and made anew elsewhere. */
const SLACK_MS = 500
const AGAIN_MS = 20
const NOBODY_MS = 100
const ECHO_WITHIN_MS = 2_000

/**
 * Clients outside the simulated machines. By default none gives a command up: it is repeated with the same id,
 * at whatever peer runs, until it has an outcome; then, after a short pause, comes the next.
 */
export class Workload {
  readonly operations: Operation[] = []
  readonly #cluster: Cluster
  readonly #spec: WorkloadSpec
  readonly #parts: readonly RoleWork[]
  readonly #dice: Dice
  /** Of its own, so that what is repeated for S7 does not change what is asked. */
  readonly #echoDice: Dice
  #stopped = false

  constructor(cluster: Cluster, seed: number | string, spec: WorkloadSpec = { work: ledgerWork }) {
    this.#cluster = cluster
    this.#spec = spec
    this.#parts = [spec.work].flat()
    if (this.#parts.length === 0) throw new TypeError('A workload needs work for one role at least.')
    this.#dice = diceOf(seededRandom(`${seed}/clients`))
    this.#echoDice = diceOf(seededRandom(`${seed}/echoes`))
  }

  start(): void {
    const { clients = 3 } = this.#spec
    for (let i = 0; i < clients; i++) this.#next(`c${i}`, 1, null)
  }

  /** No new commands; what is under way goes on. */
  stop(): void {
    this.#stopped = true
  }

  /** Not over yet, and somebody waits for them. */
  get pending(): Operation[] {
    return this.operations.filter(({ endedAtMs, vanished }) => endedAtMs === null && !vanished)
  }

  get unavailable(): { readonly id: string; readonly at: string; readonly reason: string }[] {
    return this.operations.flatMap(({ id, unavailable }) =>
      unavailable.map(({ node, reason }) => ({ id, at: node, reason })),
    )
  }

  #next(name: string, seq: number, last: Operation | null): void {
    if (this.#stopped) return
    const { vanish = 0, follow, pauseMs = 100 } = this.#spec
    const node = this.#somePeer()
    const client = this.#client(name, seq, last, node)
    const wanted = (last && follow?.(last, client, this.#dice)) ?? this.#draw(client)
    const operation = this.#open(name, seq, wanted)
    const goOn = (): void => this.#later(pauseMs, () => this.#next(name, seq + 1, operation))
    if (operation.kind === 'command' && this.#dice.chance(vanish)) {
      operation.vanished = true
      this.#attempt(operation, wanted, node, () => {})
      return goOn()
    }
    this.#attempt(operation, wanted, node, goOn)
  }

  #later(withinMs: number, then: () => void): void {
    const { world } = this.#cluster
    world.schedule(world.nowMs + 1 + this.#dice.next() * withinMs, then)
  }

  #draw(client: Client): Ask {
    const total = this.#parts.reduce((sum, { weight }) => sum + weight, 0)
    let left = this.#parts.length > 1 ? this.#dice.next() * total : 0
    const part = this.#parts.find(({ weight }) => (left -= weight) < 0) ?? this.#parts[0]!
    return part.draw(this.#dice, client)
  }

  #client(name: string, seq: number, last: Operation | null, node: string | null): Client {
    const core = node === null ? null : this.#cluster.peer(node)
    return {
      name,
      seq,
      last,
      node,
      nowMs: this.#cluster.world.nowMs,
      state: (role) => core?.roles.state(role.name) as ReturnType<typeof role.state> | undefined,
    }
  }

  #open(client: string, seq: number, { role, command, input, id }: Ask): Open {
    const own = id ?? `${client}:${seq}`
    if (parseCommandId(own) === undefined) throw new TypeError(`"${own}" is no id of the form CLIENT:SEQ.`)
    const operation: Open = {
      id: own,
      ids: [own],
      client,
      role,
      kind: command === null ? 'read' : 'command',
      command: command ?? '',
      input,
      invokedAtMs: this.#cluster.world.nowMs,
      endedAtMs: null,
      outcome: null,
      term: 0,
      index: 0,
      node: null,
      tries: 0,
      unavailable: [],
      echoes: [],
      vanished: false,
    }
    this.operations.push(operation)
    return operation
  }

  #attempt(operation: Open, ask: Ask, chosen: string | null, then: () => void): void {
    const { world } = this.#cluster
    const { deadlineMs = 2_000, retries = 'same id' } = this.#spec
    operation.tries += 1
    const attempt = operation.tries
    const again = (afterMs: number): void => {
      world.schedule(world.nowMs + afterMs, () => {
        if (operation.endedAtMs !== null || operation.tries !== attempt || operation.vanished) return
        this.#attempt(operation, ask, this.#somePeer(), then)
      })
    }
    const node = chosen
    const core = node === null ? null : this.#cluster.peer(node)
    if (node === null || core === null) return again(NOBODY_MS)
    operation.node = node
    again(deadlineMs + SLACK_MS)
    const end = (how: End): void => this.#end(operation, node, ask, how, then)
    const fail = (answer: Omit<UnavailableAnswer, 'atMs' | 'node'>): void => {
      if (operation.endedAtMs !== null || operation.vanished) return
      operation.unavailable.push({ atMs: world.nowMs, node, ...answer })
      if (retries === 'none' && operation.kind === 'command')
        return end({ outcome: { status: 'unavailable', ...answer }, term: 0, index: 0 })
      if (retries === 'new id' && operation.kind === 'command' && attempt === operation.tries) {
        operation.id = `${operation.ids[0]?.replace(/:(\d+)$/, `.again${attempt}:$1`)}`
        operation.ids = [...operation.ids, operation.id]
      }
      again(AGAIN_MS)
    }
    if (operation.kind === 'read') this.#read(core, operation.role, end, fail)
    else this.#call(core, operation.id, ask, end, fail)
  }

  #end(operation: Open, node: string, ask: Ask, { outcome, term, index }: End, then: () => void): void {
    if (operation.endedAtMs !== null || operation.vanished) return
    const { world } = this.#cluster
    Object.assign(operation, { endedAtMs: world.nowMs, outcome, term, index, node })
    const server = this.#cluster.server()
    if (operation.kind === 'command' && outcome.status !== 'unavailable') {
      if (server !== null) world.moment(server, 'acknowledged')
      this.#echo(operation, ask)
    }
    then()
  }

  #read(
    core: PeerCore,
    role: string,
    end: (how: End) => void,
    fail: (answer: Omit<UnavailableAnswer, 'atMs' | 'node'>) => void,
  ): void {
    core.read(role, this.#spec.deadlineMs ?? 2_000, (read) => {
      if (read.status !== 'ok') return fail({ executed: 'no', reason: read.reason })
      const outcome = {
        status: 'read' as const,
        value: core.roles.state(role),
        applied: core.appliedIndex,
      }
      end({ outcome, term: 0, index: read.index })
    })
  }

  #call(
    core: PeerCore,
    id: string,
    { role, command, input }: Ask,
    end: (how: End) => void,
    fail: (answer: Omit<UnavailableAnswer, 'atMs' | 'node'>) => void,
  ): void {
    const parsed = parseCommandId(id)
    const { deadlineMs = 2_000 } = this.#spec
    const request = { role, command: command ?? '', input: toEncoded(input), deadlineMs }
    core.call({ ...request, ...(parsed && { id: parsed }) }, (outcome) => {
      if (outcome.status === 'unavailable')
        return fail({ executed: outcome.executed, reason: outcome.reason })
      end({ outcome: decoded(outcome), term: outcome.term, index: outcome.index })
    })
  }

  /** Asks once more what was answered: whoever serves then must say the same. */
  #echo(operation: Open, ask: Ask): void {
    const { echo = 0.05 } = this.#spec
    const { outcome } = operation
    if (!this.#echoDice.chance(echo) || (outcome?.status === 'refused' && outcome.failed)) return
    const { world } = this.#cluster
    const atMs = world.nowMs + this.#echoDice.next() * ECHO_WITHIN_MS
    world.schedule(atMs, () => {
      const running = this.#running()
      const node = running.length === 0 ? null : this.#echoDice.pick(running)
      const core = node === null ? null : this.#cluster.peer(node)
      if (node === null || core === null) return
      const heard = (how: End): void => void operation.echoes.push({ atMs: world.nowMs, node, ...how })
      this.#call(core, operation.id, ask, heard, () => {})
    })
  }

  #somePeer(): string | null {
    const running = this.#running()
    return running.length === 0 ? null : this.#dice.pick(running)
  }

  /** Nobody asks a process that is about to go. */
  #running(): string[] {
    const cluster = this.#cluster
    return cluster.names.filter((name) => cluster.isRunning(name) && !cluster.isEnding(name))
  }
}

function decoded(outcome: Exclude<CallOutcome, { readonly status: 'unavailable' }>): OperationOutcome {
  if (outcome.status === 'ok') return { status: 'ok', value: fromEncoded(outcome.value) }
  const refusal = fromEncoded(outcome.refusal)
  const { code, reference } = (refusal ?? {}) as { readonly code?: unknown; readonly reference?: unknown }
  return { status: 'refused', refusal, failed: code === 'failed' && typeof reference === 'string' }
}
