import { invariant } from '../invariant.js'
import { CallEvent, eventCode, type EventKind, type SimEvent } from './events.js'
import { type Code, lower, type Overseer, raise, scene } from './guard.js'
import type { Life } from './machine.js'
import { EventQueue } from './queue.js'
import { type Label, type RecordedNote, Recorder } from './record/index.js'
import { Trace } from './trace.js'

/**
 * All times are whole multiples of 1/1024 ms: sums of such numbers are exact in floating point, so a timer set
 * for `delay` never fires while `now` reads less than `then + delay`.
 */
const ticksPerMs = 1024

export const ceilTick = (ms: number): number => Math.ceil(ms * ticksPerMs) / ticksPerMs
export const floorTick = (ms: number): number => Math.floor(ms * ticksPerMs) / ticksPerMs
export const oneTickMs: number = 1 / ticksPerMs

export interface Limits {
  /** Most events of one `run`, `runUntil` or `runAsync`. */
  readonly events: number
  /** Most events at one moment of virtual time. */
  readonly eventsAtOnce: number
}

/** Something in a simulated process threw, or never came to an end. `cause` is what was thrown. */
export class WorldError extends Error {
  readonly node: string
  constructor(node: string, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'WorldError'
    this.node = node
  }
}

/** A turn that returned a promise which is not settled yet. */
export interface PendingTurn {
  readonly life: Life
  /** Actor and handler. */
  during(): string
  /** Since when it has been pending while its machine ran. */
  sinceMs: number
}

/** Virtual time: the queue of what will happen, and the loop that makes it happen. */
export class Timeline implements Overseer {
  nowMs = 0
  readonly queue: EventQueue = new EventQueue()
  readonly trace: Trace
  /** Null unless the world records: then everything that happens to a message or a machine is told to it. */
  readonly recorder: Recorder | null
  /** True while promises can settle between events. */
  asynchronous = false
  readonly pendingTurns: Set<PendingTurn> = new Set()
  /** Whether the ways out of the world are watched. */
  guards = true
  /** A misuse, or an error of an asynchronous turn, to be thrown by the loop. */
  failure: WorldError | null = null
  private readonly limits: Limits
  private seq = 0
  private firstSeq = Number.MIN_SAFE_INTEGER
  private count = 0
  private countAtOnce = 0
  private readonly tally = new Map<string, number>()

  constructor(limits: Limits, trace: boolean, record: { readonly label: Label | null } | null) {
    this.limits = limits
    this.trace = new Trace(trace)
    this.recorder = record && new Recorder(record.label, () => this.nowMs)
  }

  push(event: SimEvent, atMs: number): void {
    event.at = atMs > this.nowMs ? ceilTick(atMs) : this.nowMs
    this.enqueue(event, this.seq++)
  }

  /** Before everything else that is due now, in the order of the calls. */
  pushFirst(event: SimEvent): void {
    event.at = this.nowMs
    this.enqueue(event, this.firstSeq++)
  }

  call(kind: EventKind, life: Life | null, delayMs: number, label: string, run: () => void): void {
    this.push(new CallEvent(kind, life, label, run), this.nowMs + delayMs)
  }

  /** Something that was done to the world from outside, or a log line: part of digest and trace (`more`: of the trace only). */
  note(node: string, what: string, more: string = '', kind: RecordedNote['kind'] = 'life'): void {
    this.recorder?.note(node, node === '' ? 'network' : kind, what + more)
    this.trace.record(this.nowMs * ticksPerMs, node, eventCode.note, undefined)
    this.trace.text(what)
    this.trace.line(this.nowMs, node, what + more)
  }

  startCounting(): void {
    this.count = 0
    this.countAtOnce = 0
    this.tally.clear()
  }

  /** Takes the next event due until `untilMs`; false when there is none. */
  step(untilMs: number): boolean {
    if (this.failure !== null) throw this.failure
    const event = this.queue.peek()
    if (event === undefined || event.at > untilMs) return false
    this.queue.pop()
    if (event.cancelled) return true
    const life = event.life
    if (life !== null) {
      if (!life.alive) return true
      if (life.machine.paused) {
        life.pile.push(event)
        return true
      }
    }
    this.advance(event)
    this.guard(event.node)
    this.guarded(event.node, event)
    return true
  }

  /** Runs code of a process; what it throws comes out with the name of the machine. */
  guarded(node: string, code: Code & { fire(): void }): void {
    const { overseer: above, node: nodeAbove, code: codeAbove } = scene
    if (this.guards) scene.enter(this, node, code)
    try {
      code.fire()
    } catch (error) {
      // What a test's own script throws stays as it is: an assertion, most of all.
      if (node === '' || error instanceof WorldError) throw error
      throw this.errorOf(node, code.what(), error)
    } finally {
      // The promises that it settled are still its own.
      if (this.guards && this.asynchronous && above === null)
        scene.clearLater(this.pendingTurns.size > 0 ? 8 : 1)
      else if (this.guards) scene.enter(above, nodeAbove, codeAbove)
    }
    if (this.failure !== null) throw this.failure
  }

  /** Watches the ways out of the world from here until `lowerGuard`. */
  raiseGuard(): void {
    if (this.guards) raise()
  }

  lowerGuard(): void {
    if (this.guards) lower()
  }

  /** No event is under way, and nothing that one has set going: whoever acts now was called from outside. */
  get isLeft(): boolean {
    return this.guards && scene.overseer === null
  }

  misused(node: string, during: string, used: string, instead: string): WorldError {
    const text = `${node} used ${used} in ${during}, at ${this.nowMs} ms: in the world use ${instead}`
    const error = new WorldError(node, text)
    this.failure ??= error
    return error
  }

  behind(node: string): string {
    const turns = [...this.pendingTurns].filter((turn) => turn.life.machine.name === node)
    if (turns.length === 0) return ''
    const named = turns.slice(0, 3).map((turn) => turn.during())
    const more = turns.length > 3 ? [`${turns.length - 3} more`] : []
    return `, behind ${turns.length === 1 ? 'the ' : 'one of: '}${[...named, ...more].join('; ')}`
  }

  /** Something of a process went on although the world did nothing for it. */
  foreign(node: string, what: string): void {
    const text = `${node} at ${this.nowMs} ms: ${what} came about by something outside the world (a file, a socket, a real timer, or a promise of the test), at a moment that no seed decides`
    this.failure ??= new WorldError(node, text)
  }

  errorOf(node: string, what: string, error: unknown): WorldError {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return new WorldError(node, `${node} at ${this.nowMs} ms, in ${what}: ${text}`, error)
  }

  private enqueue(event: SimEvent, seq: number): void {
    event.seq = seq
    this.queue.push(event)
    if (this.asynchronous && event.life !== null && this.isLeft) this.foreign(event.node, event.what())
  }

  private advance(event: SimEvent): void {
    invariant(event.at >= this.nowMs, 'virtual time never goes back')
    if (event.at > this.nowMs) {
      this.nowMs = event.at
      this.countAtOnce = 0
      if (this.tally.size > 0) this.tally.clear()
    }
    this.trace.record(event.at * ticksPerMs, event.node, eventCode[event.kind], event.bytes)
    if (this.trace.keep) this.trace.line(event.at, event.node, event.what())
  }

  private guard(node: string): void {
    this.count++
    this.countAtOnce++
    const { events, eventsAtOnce } = this.limits
    if (this.countAtOnce <= eventsAtOnce * 0.9 && this.count <= events * 0.9) return
    // Close to a limit: from here on count who keeps the world busy.
    this.tally.set(node, (this.tally.get(node) ?? 0) + 1)
    if (this.countAtOnce > eventsAtOnce) {
      this.stuck(`${eventsAtOnce} events at ${this.nowMs} ms without time passing`)
    }
    if (this.count > events) this.stuck(`more than ${events} events in one run`)
  }

  private stuck(text: string): never {
    const [busiest] = [...this.tally].toSorted((x, y) => y[1] - x[1])[0] ?? ['']
    throw new WorldError(busiest, `busy loop on ${busiest || 'the test script'}: ${text}`)
  }
}
