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
import { checkedQuality, defaultPlainQuality, PlainPath, TICKS_PER_MS, travelTicks } from './network.js'
import { LifeContext, NodeRow } from './node.js'
import type { ContextPorts } from './node.js'
import type { PlainCodec, PlainOptions, PlainQuality, PlainState } from './types.js'
import { TimingWheel, WheelEvent } from './wheel.js'

const MESSAGE = 1
const TIMER = 2
const SCRIPT = 3

/** Longer than any run, and far from where ticks stop being exact. */
const DELAY_MAX_MS = 1e11

type Undo = () => void

export class PlainWorld<Message> implements ContextPorts<Message> {
  /** Now, in 1/1024 ms. */
  tick = 0
  readonly random: Random
  /** What happened so far: events taken, messages sent, lost and delivered. */
  events = 0
  sent = 0
  lost = 0
  delivered = 0
  readonly #network: Random
  readonly #wheel = new TimingWheel()
  readonly #pool: WheelEvent[] = []
  readonly #rows: NodeRow<Message>[] = []
  readonly #make: PlainOptions<Message>['node']
  readonly #quality: PlainQuality
  readonly #codec: PlainCodec<Message> | null
  readonly #ordered: boolean
  readonly #holds: boolean
  readonly #eventsAtOnce: number
  #atOnce = 0
  #high = 0x9e3779b9 | 0
  #low = 0x85ebca6b | 0

  constructor(options: PlainOptions<Message>) {
    const { seed, nodes, node, quality, wire, ordered = false, cuts = 'lose' } = options
    this.random = seededRandom(`${seed}/nodes`)
    this.#network = seededRandom(`${seed}/network`)
    this.#make = node
    this.#quality = checkedQuality({ ...defaultPlainQuality, ...quality })
    this.#codec = codecOf(wire)
    this.#ordered = ordered
    this.#holds = cuts === 'hold'
    this.#eventsAtOnce = options.eventsAtOnce ?? 1_000_000
    // Somewhere in 2026; no two nodes agree to the second.
    for (let id = 0; id < nodes; id++)
      this.#rows.push(new NodeRow(id, 1_790_000_000_000 + Math.floor(this.random.next() * 5_000)))
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
    for (const { event } of row.timers.values()) this.#wheel.remove(event)
    row.timers.clear()
    for (const event of row.pile) if (event.kind === MESSAGE) this.#release(event)
    row.pile = []
    const { life } = row
    return () => {
      if (row.state === 'down' && row.life === life) this.start(id)
    }
  }

  restart(id: number): void {
    this.crash(id)
    this.start(id)
  }

  pause(id: number): Undo {
    const row = this.#row(id)
    if (row.state !== 'running') return () => {}
    row.state = 'paused'
    const { life } = row
    return () => {
      if (row.state === 'paused' && row.life === life) this.resume(id)
    }
  }

  resume(id: number): void {
    const row = this.#row(id)
    if (row.state !== 'paused') return
    row.state = 'running'
    const { pile } = row
    row.pile = []
    for (const event of pile) {
      event.tick = this.tick
      this.#wheel.add(event)
    }
  }

  clockJump(id: number, byMs: number): void {
    this.#row(id).clock.jumpWall(byMs)
  }

  /** From now on the clocks of this node run `rate` times as fast as true time. Its timers move. */
  drift(id: number, rate: number): Undo {
    invariant(rate > 0, 'clocks go forward')
    const { clock, timers } = this.#row(id)
    const before = clock.rate
    clock.setRate(this.tick, rate)
    for (const { event, dueMs } of timers.values()) {
      if (event.bucket < 0) continue
      this.#wheel.remove(event)
      this.#addAt(event, clock.tickAt(dueMs))
    }
    return () => void (clock.rate === rate && rate !== before && this.drift(id, before))
  }

  // Network

  /** One direction. Cuts add up. */
  cut(from: number, to: number): Undo {
    const path = this.#path(this.#row(from), this.#row(to).id)
    path.cuts += 1
    let cut = true
    return () => {
      if (!cut || path.cuts === 0) return
      cut = false
      path.cuts -= 1
      if (path.cuts === 0) this.#sendHeld(from, to, path)
    }
  }

  /** Both directions between the groups; the second is everybody else by default. */
  split(a: readonly number[], b?: readonly number[]): Undo {
    const others = (b ?? this.#rows.map((row) => row.id)).filter((id) => !a.includes(id))
    return both(a.flatMap((one) => others.flatMap((other) => [this.cut(one, other), this.cut(other, one)])))
  }

  isCut(from: number, to: number): boolean {
    return (this.#rows[from]?.paths.get(to)?.cuts ?? 0) > 0
  }

  /** Changes one direction on top of what holds already. */
  quality(from: number, to: number, change: Partial<PlainQuality>): Undo {
    return this.#path(this.#row(from), this.#row(to).id).overlay(change)
  }

  /** How one direction is now. */
  qualityOf(from: number, to: number): PlainQuality {
    return this.#row(from).paths.get(to)?.quality ?? this.#quality
  }

  /** No fault any more: nothing is cut, paused, lossy or drifting, and every node that ever started runs. */
  healAll(): void {
    for (const row of this.#rows) {
      for (const [to, path] of row.paths) {
        path.heal()
        this.#sendHeld(row.id, to, path)
      }
      if (row.clock.rate !== 1) this.drift(row.id, 1)
      this.resume(row.id)
      if (row.state === 'down' && row.life > 0) this.start(row.id)
    }
  }

  // Time

  /** Runs `script` at this moment, or now when that is past. */
  schedule(atMs: number, script: () => void): void {
    const event = this.#event(SCRIPT, -1, 0, undefined)
    event.script = script
    this.#addAt(event, Math.ceil(atMs * TICKS_PER_MS))
  }

  run(forMs: number): void {
    const end = this.tick + Math.ceil(forMs * TICKS_PER_MS)
    for (let event = this.#wheel.take(end); event; event = this.#wheel.take(end)) this.#fire(event)
    this.tick = end
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
      this.tick = event.tick
    }
    this.events += 1
    const { kind, node, from } = event
    this.mix(this.tick ^ Math.imul((node << 8) ^ (from << 2) ^ kind, 0x9e3779b1))
    if (kind === MESSAGE) return this.#arrive(event)
    if (kind === TIMER) return this.#ring(event)
    const { script } = event
    this.#release(event)
    script?.()
  }

  #arrive(event: WheelEvent): void {
    const row = this.#rows[event.node]!
    if (row.state === 'paused') return void row.pile.push(event)
    const { from, data } = event
    this.#release(event)
    if (row.node === null || row.context === null) {
      this.lost += 1
      return
    }
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
    const path = this.#ordered ? this.#path(row, to) : row.paths.size > 0 ? row.paths.get(to) : undefined
    if (path && path.cuts > 0) {
      if (this.#holds) path.held.push(data)
      else this.lost += 1
    } else this.#travel(row.id, to, data, path)
  }

  setTimer(row: NodeRow<Message>, key: string, afterMs: number | null): void {
    let slot = row.timers.get(key)
    if (slot) this.#wheel.remove(slot.event)
    if (afterMs === null) return void row.timers.delete(key)
    // Hot: no words are put together unless they are needed.
    if (!(afterMs >= 0 && afterMs < DELAY_MAX_MS)) invariant(false, `a delay is 0 or more, not ${afterMs}`)
    if (slot === undefined) {
      slot = { event: this.#newEvent(TIMER, row.id, row.life, undefined), dueMs: 0 }
      slot.event.key = key
      row.timers.set(key, slot)
    }
    slot.dueMs = row.clock.monotonicMs(this.tick) + afterMs
    this.#addAt(slot.event, row.clock.tickAt(slot.dueMs))
  }

  #travel(from: number, to: number, data: unknown, path: PlainPath | undefined): void {
    const random = this.#network
    const quality = path?.quality ?? this.#quality
    const { loss, duplicate, reorder } = quality
    if (loss > 0 && random.next() < loss) {
      this.lost += 1
      return
    }
    let tick = this.tick + travelTicks(quality, random)
    if (path && this.#ordered) {
      tick = Math.max(tick, path.lastTick)
      path.lastTick = tick
    }
    if (reorder > 0 && random.next() < reorder)
      tick += Math.ceil(random.next() * quality.reorderMs * TICKS_PER_MS)
    this.#addAt(this.#event(MESSAGE, to, from, data), tick)
    if (duplicate > 0 && random.next() < duplicate) {
      const again = tick + travelTicks(quality, random)
      this.#addAt(this.#event(MESSAGE, to, from, data), again)
    }
  }

  #sendHeld(from: number, to: number, path: PlainPath): void {
    const { held } = path
    path.held = []
    for (const data of held) this.#travel(from, to, data, path)
  }

  // Inside

  #row(id: number): NodeRow<Message> {
    const row = this.#rows[id]
    if (row === undefined)
      throw new RangeError(`there is no node ${id}; they are numbered from 0 to ${this.size - 1}`)
    return row
  }

  #path(row: NodeRow<Message>, to: number): PlainPath {
    let path = row.paths.get(to)
    if (path === undefined) {
      path = new PlainPath(this.#quality)
      row.paths.set(to, path)
    }
    return path
  }

  #addAt(event: WheelEvent, tick: number): void {
    event.tick = Math.max(tick, this.tick)
    this.#wheel.add(event)
  }

  #event(kind: number, node: number, from: number, data: unknown): WheelEvent {
    const event = this.#pool.pop()
    if (event === undefined) return this.#newEvent(kind, node, from, data)
    event.kind = kind
    event.node = node
    event.from = from
    event.data = data
    return event
  }

  #newEvent(kind: number, node: number, from: number, data: unknown): WheelEvent {
    const event = new WheelEvent()
    event.kind = kind
    event.node = node
    event.from = from
    event.data = data
    return event
  }

  #release(event: WheelEvent): void {
    event.data = undefined
    event.script = null
    this.#pool.push(event)
  }
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

const both =
  (undos: readonly Undo[]): Undo =>
  () => {
    for (const undo of undos) undo()
  }
