import { invariant, refText } from '@tanist/core'
import type { ActorSystem, AnyRef, Hello, Host, MemberId, Timer } from '@tanist/core'
import type { FencingToken, Leader } from '../succession/index.js'
import type { Counter } from './counter.js'
import type { AnySingleton } from './define.js'
import { announcement, createKeeper, memories, stepKeeper } from './keeper.js'
import type { Keeper, KeeperEffect, KeeperInput } from './keeper.js'
import type { SingletonMessage } from './messages.js'
import { noRecord, recordToWire } from './record.js'
import { singletonLimits } from './limits.js'
import { Restarts } from './restarts.js'
import type { RestartOutcome } from './restarts.js'
import { Runner } from './runner.js'
import { statusOfRow } from './status.js'
import type { SingletonStatus } from './status.js'
import { Where } from './where.js'

/** What the singletons need of their peer. Everything but what refs do happens in its turns. */
export interface SingletonPorts {
  readonly host: Pick<Host, 'clock' | 'timers' | 'log'>
  readonly self: { readonly memberId: MemberId; readonly incarnation: number; readonly name: string }
  /** Made when it is first needed. */
  readonly actors: () => ActorSystem
  readonly send: (to: MemberId, body: SingletonMessage) => void
  /** It is a member of this branch. */
  readonly isFellow: (memberId: MemberId) => boolean
  readonly nameOf: (memberId: MemberId) => string
  readonly enqueue: (run: () => void) => void
  /** Whether this peer is entitled to serve at this moment. */
  readonly holds: () => boolean
  /** What this peer waits for while nobody serves, in a sentence. */
  readonly waitingFor: () => string
  readonly handOver: (done: (ok: boolean, text: string) => void) => void
  /** The status says something else now. */
  readonly changed: () => void
}

/** The singletons of one peer: its refs to them, and, while it serves, the actors themselves. */
export class Singletons {
  readonly #ports: SingletonPorts
  readonly #known: ReadonlyMap<string, AnySingleton>
  readonly #keeper: Keeper
  readonly #runner: Runner
  readonly #counters: ReadonlyMap<string, Counter>
  /** Members that understand what is said here. */
  readonly #linked: Set<MemberId> = new Set()
  readonly #restarts: Restarts
  readonly #node: string
  readonly #where: Where
  /** Of the last reign here. */
  #term = 0
  #said = 0
  readonly #heardBy: Map<MemberId, number> = new Map()
  #again: Timer | null = null
  #stopped = false

  constructor(
    singletons: readonly AnySingleton[],
    counters: ReadonlyMap<string, Counter>,
    ports: SingletonPorts,
  ) {
    this.#ports = ports
    const { host, self } = ports
    this.#node = `${self.memberId}.${self.incarnation}`
    this.#where = new Where({ ...ports, isLinked: (memberId) => this.#linked.has(memberId) })
    this.#known = new Map(singletons.map((one) => [one.name, one]))
    this.#keeper = createKeeper(this.#node, self.name, singletons)
    const soon = (input: KeeperInput): void => ports.enqueue(() => this.#step(input))
    this.#runner = new Runner(host, ports.actors, ports.holds, {
      started: (name, { path, uid }) =>
        this.#step({ kind: 'started', name, at: refText({ node: this.#node, path, uid }) }),
      ended: (name, why, text) => soon({ kind: 'ended', name, why, text }),
      stopped: (name) => soon({ kind: 'stopped', name }),
    })
    this.#counters = counters
    for (const [name, counter] of counters) counter.beforeEnd = () => this.#put(name, counter)
    this.#restarts = new Restarts({
      timers: host.timers,
      leader: () => this.#where.leader,
      here: (name) => this.#restartHere(name),
      isSelf: (memberId) => memberId === self.memberId,
      send: ports.send,
    })
  }

  get any(): boolean {
    return this.#known.size > 0
  }

  /** The ref of one of those that this peer was given. */
  ref(name: string): AnyRef {
    const counter = this.#counters.get(name)
    invariant(counter !== undefined, `the singleton ${name} was checked to be known`)
    return counter.ref
  }

  status(): SingletonStatus[] {
    return [...this.#known.keys()].map((name) => {
      const row = this.#where.row(name)
      const { refusal, waitingFor } = this.#where.place(name, null)
      const unknown = {
        name,
        state: 'away' as const,
        at: null,
        text: '',
        record: recordToWire(this.#record(name), this.#nowMs()),
      }
      return statusOfRow(row ?? unknown, refusal ?? waitingFor)
    })
  }

  /** A reign begins. */
  begin(token: FencingToken): void {
    this.#term = token.term
    if (this.any) this.#step({ kind: 'serve', token })
  }

  /** A reign ends; `done` is called once the actors have ended, or after the time limit. */
  end(done: () => void): void {
    if (!this.any) return done()
    this.#step({ kind: 'yield' })
    this.#runner.whenEnded(done)
  }

  /** Who leads as far as this peer knows. */
  leaderIs(leader: Leader | null): void {
    if (!this.any) return
    const before = this.#where.leader
    this.#where.leader = leader
    if (leader !== null && (before?.memberId !== leader.memberId || before.term !== leader.term))
      this.#restarts.leaderChanged()
    this.#look()
  }

  up({ memberId, actors }: Hello): void {
    if (!this.any || actors !== true) return
    this.#linked.add(memberId)
    this.#heardBy.delete(memberId)
    this.#sayAgain()
    this.#look()
  }

  down(memberId: MemberId): void {
    this.#heardBy.delete(memberId)
    if (this.#linked.delete(memberId)) this.#look()
  }

  message(from: { readonly memberId: MemberId; readonly incarnation: number }, body: SingletonMessage): void {
    const { memberId, incarnation } = from
    if (this.#stopped || !this.#ports.isFellow(memberId)) return
    if (body.t === 'here') {
      this.#heard(`${memberId}.${incarnation}`, body)
      const records = memories(this.#keeper, this.#nowMs())
      this.#ports.send(memberId, { t: 'heard', n: body.n, records })
    } else if (body.t === 'heard') {
      this.#heardBy.set(memberId, body.n)
      this.#step({ kind: 'known', records: body.records })
    } else if (body.t === 'restart') {
      const { ok, text } = this.#restartHere(body.name)
      this.#ports.send(memberId, { t: 'restarted', id: body.id, ok, text })
    } else this.#restarts.answered(body.id, body.ok, body.text)
  }

  /** Has whoever serves start it again. */
  restart(name: string, done: (outcome: RestartOutcome) => void): void {
    this.#restarts.ask(name, done)
  }

  /** Lets the refs of other peers to singletons lead to those of this peer. */
  place(): void {
    for (const counter of this.#counters.values()) void counter.ref
  }

  /** The end of this peer; when it goes on under another identity what waits here waits for that. */
  stop(goesOn: boolean): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#restarts.stop()
    this.#again?.cancel()
    const waitingFor = 'This peer begins again under another identity.'
    for (const counter of this.#counters.values()) {
      if (goesOn) counter.place({ instance: null, open: false, refusal: null, waitingFor })
      else counter.end()
    }
  }

  #restartHere(name: string): { readonly ok: boolean; readonly text: string } {
    const row = this.#keeper.rows.get(name)
    if (row === undefined)
      return { ok: false, text: `${this.#ports.self.name} was started without the singleton '${name}'.` }
    this.#step({ kind: 'restart', name })
    if (this.#keeper.token === null) return { ok: false, text: 'not the server' }
    const { stage } = row
    if (stage.kind === 'stopped' || stage.kind === 'leaving') return { ok: false, text: stage.text }
    return { ok: true, text: `'${name}' runs on ${this.#ports.self.name}, or is being started there.` }
  }

  #step(input: KeeperInput): void {
    for (const effect of stepKeeper(this.#keeper, input, this.#ports.host.clock.now())) this.#run(effect)
  }

  #run(effect: KeeperEffect): void {
    switch (effect.kind) {
      case 'start': {
        const singleton = this.#known.get(effect.name)
        if (singleton !== undefined) this.#runner.start(singleton, effect.token)
        return
      }
      case 'stop':
        return this.#runner.stop(effect.name)
      case 'announce':
        return this.#announce()
      case 'hand-over': {
        const { name } = effect
        return this.#ports.handOver((ok, text) => {
          if (!ok) this.#ports.enqueue(() => this.#step({ kind: 'not-handed-over', name, text }))
        })
      }
      case 'log':
        return this.#ports.host.log.write(effect.level, effect.event, effect.text, { singleton: effect.name })
    }
  }

  #announcement(): Extract<SingletonMessage, { t: 'here' }> {
    return { t: 'here', term: this.#term, n: this.#said, rows: announcement(this.#keeper, this.#nowMs()) }
  }

  #announce(): void {
    this.#said += 1
    this.#heard(this.#node, this.#announcement())
    this.#sayAgain()
  }

  /** To all who have not heard the last word of this peer. */
  #sayAgain(): void {
    const { self, isFellow } = this.#ports
    if (this.#stopped || this.#said === 0 || this.#where.leader?.memberId !== self.memberId) return
    const missing = [...this.#linked].filter(
      (memberId) => this.#heardBy.get(memberId) !== this.#said && isFellow(memberId),
    )
    if (missing.length === 0) return
    const message = this.#announcement()
    for (const memberId of missing) this.#ports.send(memberId, message)
    this.#again ??= this.#ports.host.timers.set(singletonLimits.againMs, () =>
      this.#ports.enqueue(() => {
        this.#again = null
        this.#sayAgain()
      }),
    )
  }

  #heard(node: string, { term, n, rows }: Extract<SingletonMessage, { t: 'here' }>): void {
    if (!this.#where.heard(node, term, n, rows)) return
    this.#ports.changed()
    if (node !== this.#node) this.#step({ kind: 'known', records: rows.map((row) => [row.name, row.record]) })
    this.#look()
  }

  #look(): void {
    if (this.#stopped) return
    for (const [name, counter] of this.#counters) this.#put(name, counter)
  }

  #put(name: string, counter: Counter): void {
    if (!this.#stopped) counter.place(this.#where.place(name, counter.instance))
  }

  #record(name: string): typeof noRecord {
    return this.#keeper.rows.get(name)?.record ?? noRecord
  }

  #nowMs(): number {
    return this.#ports.host.clock.now().monotonicMs
  }
}
