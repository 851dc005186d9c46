import type { PlainContext, PlainNode } from '@tanist/core/testing'
import type { Parcel } from './parcel.js'

/** What a client asked for, and what became of it. */
export interface MachineOp {
  readonly id: number
  readonly read: boolean
  readonly askedAtMs: number
  /** The greatest journal position that had been acknowledged when it was asked. */
  readonly floor: number
  endedAtMs: number | null
  /** Where the command stands, or what a read has seen. */
  index: number
  term: number
}

export interface ClientSetting {
  readonly clients: number
  /** Each waits half to one and a half times this long between two commands. */
  readonly pauseMs: number
  /** Share of reads. */
  readonly reads: number
  /** Who says that it serves, as far as a client can find out. */
  readonly servers: () => readonly number[]
  readonly answered: (op: MachineOp, by: number) => void
  readonly nowMs: () => number
}

/**
 * All clients, on a node of their own that nothing ever happens to. They ask whoever says that it serves, also who
 * says so wrongly, and never ask again: a command without an answer may have been executed or not.
 */
export class Clients implements PlainNode<Parcel> {
  readonly ops: MachineOp[] = []
  /** The greatest acknowledged position. */
  acknowledged = 0
  #asking = false
  readonly #context: PlainContext<Parcel>
  readonly #setting: ClientSetting

  constructor(context: PlainContext<Parcel>, setting: ClientSetting) {
    this.#context = context
    this.#setting = setting
  }

  start(): void {}

  begin(): void {
    this.#asking = true
    for (let client = 0; client < this.#setting.clients; client++) this.#next(`${client}`)
  }

  end(): void {
    this.#asking = false
  }

  timer(_context: PlainContext<Parcel>, key: string): void {
    if (!this.#asking) return
    this.ask(this.#context.random.next() < this.#setting.reads)
    this.#next(key)
  }

  /** Null when nobody serves. */
  ask(read: boolean): MachineOp | null {
    const servers = this.#setting.servers()
    const to = servers[Math.floor(this.#context.random.next() * servers.length)]
    if (to === undefined) return null
    const op: MachineOp = {
      id: this.ops.length,
      read,
      askedAtMs: this.#setting.nowMs(),
      floor: this.acknowledged,
      endedAtMs: null,
      index: 0,
      term: 0,
    }
    this.ops.push(op)
    this.#context.send(to, { k: 'call', op: op.id, read })
    return op
  }

  message(_context: PlainContext<Parcel>, from: number, parcel: Parcel): void {
    if (parcel.k !== 'answer') return
    const op = this.ops[parcel.op]
    if (!op || op.endedAtMs !== null) return
    op.endedAtMs = this.#setting.nowMs()
    op.index = parcel.index
    op.term = parcel.term
    this.#setting.answered(op, from)
    if (!op.read) this.acknowledged = Math.max(this.acknowledged, op.index)
  }

  #next(key: string): void {
    this.#context.timer(key, this.#setting.pauseMs * (0.5 + this.#context.random.next()))
  }
}
