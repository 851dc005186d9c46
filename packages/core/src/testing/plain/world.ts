/**
 * Bare step machines in virtual time, in one thread, from one seed: the fast world. No host, no links, no actors;
 * nodes are numbers, and all they can do is send and set timers. For protocols with 1,000 or 10,000 nodes and for
 * tens of thousands of schedules; `World` is the one for whole peers.
 *
 * - `node(context)` makes a machine for every life; its `start` runs in `start(id)`, `message` and `timer` inside
 *   `run`, one at a time, in the order of (time, sequence).
 * - `crash` drops the machine and its timers; what is on its way to a node arrives at whoever lives there then.
 * - A paused node runs nothing; what becomes due piles up and follows in order when it resumes.
 * - Each fault returns what undoes it; `healAll` undoes all of them and starts who ever ran.
 * - The same seed gives the same events: `digest` covers time, place, kind and sender of each, and the sizes of
 *   messages when they travel as bytes. Whatever else shall count, the test mixes in with `mix`.
 */
import type { Random } from '../../host/index.js'
import { invariant } from '../../invariant.js'
import { seededRandom } from '../random.js'
import { codecOf } from './codec.js'
import { Agenda, MESSAGE, SCRIPT, TIMER } from './agenda.js'
import { checkedQuality, quiet } from '../quality.js'
import { TICKS_PER_MS } from './network.js'
import { LifeContext, NodeRow } from './node.js'
import type { ContextPorts } from './node.js'
import { Roads } from './roads.js'
import type { PlainCodec, PlainOptions, PlainQuality, PlainQualityChange, PlainState } from './types.js'
import { WheelEvent } from './wheel.js'

/** Longer than any run, and far from where ticks stop being exact. */
const DELAY_MAX_MS = 1e11

type Undo = () => void

export class PlainWorld<Message> implements ContextPorts<Message> {
  readonly random: Random
  /** What happened so far: events taken, messages sent and delivered. */
  events = 0
  sent = 0
  delivered = 0
  readonly #agenda = new Agenda()
  readonly #roads: Roads
  readonly #rows: NodeRow<Message>[] = []
  readonly #make: PlainOptions<Message>['node']
  readonly #codec: PlainCodec<Message> | null
  readonly #eventsAtOnce: number
  #atOnce = 0
  #high = 0x9e3779b9 | 0
  #low = 0x85ebca6b | 0

  constructor(options: PlainOptions<Message>) {
    const { seed, nodes, node, quality, wire, ordered = false, cuts = 'lose' } = options
    this.random = seededRandom(`${seed}/nodes`)
    this.#roads = new Roads(this.#agenda, seededRandom(`${seed}/network`), nodes, {
      quality: checkedQuality({ ...quiet, ...quality }),
      ordered,
      holds: cuts === 'hold',
    })
    this.#make = node
    this.#codec = codecOf(wire)
    this.#eventsAtOnce = options.eventsAtOnce ?? 1_000_000
    // Somewhere in 2026; no two nodes agree to the second.
    for (let id = 0; id < nodes; id++)
      this.#rows.push(new NodeRow(id, 1_790_000_000_000 + Math.floor(this.random.next() * 5_000)))
  }

  /** Now, in 1/1024 ms. */
  get tick(): number {
    return this.#agenda.tick
  }

  /** Messages that were lost on the way, or in front of a node that is down. */
  get lost(): number {
    return this.#roads.lost
  }

  get nowMs(): number {
    return this.tick / TICKS_PER_MS
  }

  get size(): number {
    return this.#rows.length
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return hex(this.#high) + hex(this.#low)
  }

  /** Makes a number part of the digest. */
  mix(value: number): void {
    this.#low = Math.imul(this.#low ^ (value | 0), 0x5bd1e995)
    this.#low ^= this.#low >>> 15
    this.#high = (Math.imul(this.#high, 0x01000193) + this.#low) | 0
  }

  // Nodes

  state(id: number): PlainState {
    return this.#row(id).state
  }

  /** Number of the present or last life; 0 before the first start. */
  life(id: number): number {
    return this.#row(id).life
  }

  start(id: number): void {
    const row = this.#row(id)
    invariant(row.state === 'down', `node ${id} does not run yet`)
    row.state = 'running'
    row.life += 1
    row.clock.restart(this.tick, Math.floor(this.random.next() * 1_000_000))
    const context = new LifeContext(row, this)
    row.context = context
    row.node = this.#make(context)
    row.node.start(context)
  }

  startAll(): void {
    for (const row of this.#rows) if (row.state === 'down') this.start(row.id)
  }

  /** Ends the life of a node. The undo starts the next one, unless somebody else did. */
  crash(id: number): Undo {
    const row = this.#row(id)
    if (row.state === 'down') return () => {}
    row.state = 'down'
    row.node = null
    row.context = null
    for (const { event } of row.timers.values()) this.#agenda.remove(event)
    row.timers.clear()
    for (const event of row.pile) if (event.kind === MESSAGE) this.#lose(event)
    row.pile = []
    row.pauses.clear()
    const { life } = row
    return () => {
      if (row.state === 'down' && row.life === life) this.start(id)
    }
  }

  restart(id: number): void {
    this.crash(id)
    this.start(id)
  }

  /** Pauses add up: it runs on when the last one is undone. */
  pause(id: number): Undo {
    const row = this.#row(id)
    if (row.state === 'down') return () => {}
    const token = {}
    row.pauses.add(token)
    row.state = 'paused'
    return () => {
      if (row.pauses.delete(token) && row.pauses.size === 0) this.resume(id)
    }
  }

  /** Ends all its pauses. */
  resume(id: number): void {
    const row = this.#row(id)
    if (row.state !== 'paused') return
    row.pauses.clear()
    row.state = 'running'
    const { pile } = row
    row.pile = []
    this.#agenda.first(pile, id)
  }

  clockJump(id: number, byMs: number): void {
    this.#row(id).clock.jumpWall(byMs)
  }

  /** The clocks of this node run `rate` times as fast as true time, and its timers move; the last drift holds. */
  drift(id: number, rate: number): Undo {
    invariant(rate > 0, 'clocks go forward')
    const row = this.#row(id)
    const drift = { rate }
    row.drifts.add(drift)
    this.#setRate(row)
    return () => {
      if (row.drifts.delete(drift)) this.#setRate(row)
    }
  }

  // Network

  /** One direction. Cuts add up. */
  cut(from: number, to: number): Undo {
    return this.#roads.cut(this.#row(from).id, this.#row(to).id)
  }

  /** Both directions between the groups; the second is everybody else by default. */
  split(a: readonly number[], b?: readonly number[]): Undo {
    const others = (b ?? this.#rows.map((row) => row.id)).filter((id) => !a.includes(id))
    return both(a.flatMap((one) => others.flatMap((other) => [this.cut(one, other), this.cut(other, one)])))
  }

  isCut(from: number, to: number): boolean {
    return this.#roads.isCut(from, to)
  }

  /** Changes one direction on top of what holds already. */
  quality(from: number, to: number, change: PlainQualityChange): Undo {
    return this.#roads.overlay(this.#row(from).id, this.#row(to).id, change)
  }

  /** How one direction is now. */
  qualityOf(from: number, to: number): PlainQuality {
    return this.#roads.quality(this.#row(from).id, this.#row(to).id)
  }

  /** No fault any more: nothing is cut, paused, lossy or drifting, and every node that ever started runs. */
  healAll(): void {
    for (const row of this.#rows) {
      this.#roads.heal(row.id)
      if (row.drifts.size > 0) {
        row.drifts.clear()
        this.#setRate(row)
      }
      this.resume(row.id)
      if (row.state === 'down' && row.life > 0) this.start(row.id)
    }
  }

  // Time

  /** Runs `script` at this moment, or now when that is past. */
  schedule(atMs: number, script: () => void): void {
    const event = this.#agenda.event(SCRIPT, -1, 0, undefined)
    event.script = script
    this.#agenda.add(event, Math.ceil(atMs * TICKS_PER_MS))
  }

  run(forMs: number): void {
    const agenda = this.#agenda
    const end = agenda.tick + Math.ceil(forMs * TICKS_PER_MS)
    for (let event = agenda.take(end); event; event = agenda.take(end)) this.#fire(event)
    agenda.tick = end
  }

  /** Runs until `predicate` holds, which is asked every `everyMs` (default 10); false when it did not within `limitMs`. */
  runUntil(
    predicate: () => boolean,
    options: { readonly limitMs: number; readonly everyMs?: number },
  ): boolean {
    const { limitMs, everyMs = 10 } = options
    const endMs = this.nowMs + limitMs
    while (!predicate()) {
      const leftMs = endMs - this.nowMs
      if (leftMs <= 0) return false
      this.run(Math.min(everyMs, leftMs))
    }
    return true
  }

  #fire(event: WheelEvent): void {
    if (event.tick === this.tick) {
      this.#atOnce += 1
      if (this.#atOnce >= this.#eventsAtOnce) invariant(false, `time goes on: stuck at ${this.nowMs} ms`)
    } else {
      this.#atOnce = 0
      this.#agenda.tick = event.tick
    }
    this.events += 1
    const { kind, node, from } = event
    this.mix(this.tick ^ Math.imul((node << 8) ^ (from << 2) ^ kind, 0x9e3779b1))
    if (kind === MESSAGE) return this.#arrive(event)
    if (kind === TIMER) return this.#ring(event)
    const { script } = event
    this.#agenda.release(event)
    script?.()
  }

  #arrive(event: WheelEvent): void {
    const row = this.#rows[event.node]!
    if (row.state === 'paused') return void row.pile.push(event)
    if (row.node === null || row.context === null) return this.#lose(event)
    const { from, data } = event
    this.#agenda.release(event)
    this.delivered += 1
    const codec = this.#codec
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `sendFrom` alone puts it there
    const message = codec === null ? (data as Message) : codec.decode(data as Uint8Array)
    row.node.message(row.context, from, message)
  }

  #ring(event: WheelEvent): void {
    const row = this.#rows[event.node]!
    if (row.state === 'paused') return void row.pile.push(event)
    if (row.node && row.context) row.node.timer(row.context, event.key)
  }

  // What nodes ask for

  sendFrom(row: NodeRow<Message>, to: number, message: Message): void {
    if (this.#rows[to] === undefined) this.#row(to)
    this.sent += 1
    let data: unknown = message
    if (this.#codec !== null) {
      const bytes = this.#codec.encode(message)
      this.mix(bytes.length)
      data = bytes
    }
    this.#roads.send(row.id, to, data)
  }

  setTimer(row: NodeRow<Message>, key: string, afterMs: number | null): void {
    let slot = row.timers.get(key)
    if (slot) this.#agenda.remove(slot.event)
    if (afterMs === null) return void row.timers.delete(key)
    // Hot: no words are put together unless they are needed.
    if (!(afterMs >= 0 && afterMs < DELAY_MAX_MS)) invariant(false, `a delay is 0 or more, not ${afterMs}`)
    if (slot === undefined) {
      slot = { event: timerEvent(row.id, row.life, key), dueMs: 0 }
      row.timers.set(key, slot)
    }
    slot.dueMs = row.clock.monotonicMs(this.tick) + afterMs
    this.#agenda.add(slot.event, row.clock.tickAt(slot.dueMs))
  }

  // Inside

  #row(id: number): NodeRow<Message> {
    const row = this.#rows[id]
    if (row === undefined)
      throw new RangeError(`there is no node ${id}; they are numbered from 0 to ${this.size - 1}`)
    return row
  }

  #setRate({ clock, timers, drifts }: NodeRow<Message>): void {
    clock.setRate(this.tick, [...drifts].at(-1)?.rate ?? 1)
    for (const { event, dueMs } of timers.values()) {
      if (event.bucket < 0) continue
      this.#agenda.remove(event)
      this.#agenda.add(event, clock.tickAt(dueMs))
    }
  }

  #lose(event: WheelEvent): void {
    this.#roads.lost += 1
    this.#agenda.release(event)
  }
}

/** A node uses it again and again under its key, so it is of no pool. */
function timerEvent(node: number, life: number, key: string): WheelEvent {
  const event = new WheelEvent()
  event.kind = TIMER
  event.node = node
  event.from = life
  event.key = key
  return event
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

const both =
  (undos: readonly Undo[]): Undo =>
  () => {
    for (const undo of undos) undo()
  }
