import {
  createRemote,
  nodeText,
  type Place,
  type RemoteEffect,
  type RemoteInput,
  type RemoteState,
  type SessionMessage,
  stepRemote,
} from '../../../src/actor/remote/index.js'

/** A message on a link, as bytes would carry it. */
function wired(message: SessionMessage): SessionMessage {
  return structuredClone(message)
}

export interface Told {
  readonly from: string
  readonly to: string
  readonly n: number
}

interface Question {
  readonly from: string
  readonly to: string
  readonly ends: string[]
}

interface Watching {
  readonly by: string
  readonly node: string
  readonly at: Place
  readonly ends: string[]
  stopped: boolean
}

/** One direction of one link. Messages leave it in order, or are lost with it. */
interface Pipe {
  readonly from: string
  readonly to: string
  readonly messages: SessionMessage[]
}

/** Machines of several peers on links that a test makes, cuts and replaces as it likes. */
export class Mesh {
  nowMs = 0
  readonly told: Told[] = []
  readonly got: Told[] = []
  readonly dropped: Told[] = []
  readonly questions = new Map<string, Question>()
  readonly watches: Watching[] = []
  /** Pairs of nodes between which something was lost for good. */
  readonly broken = new Set<string>()
  readonly #peers: { incarnation: number; state: RemoteState }[]
  readonly #timers = new Map<string, number>()
  readonly #pipes = new Map<string, Pipe>()
  /** Replaced links whose messages may still arrive. */
  readonly #late: Pipe[] = []
  readonly #living: Set<string>[]
  #counter = 0

  constructor(peers: number) {
    this.#peers = Array.from({ length: peers }, (_, i) => ({
      incarnation: 1,
      state: createRemote(nodeText(`p${i}`, 1)),
    }))
    this.#living = Array.from({ length: peers }, () => new Set(['a#1', 'b#2']))
    for (const i of this.#peers.keys()) this.#members(i)
    this.heal()
    this.#deliverAll()
  }

  node(i: number): string {
    return nodeText(`p${i}`, this.#peers[i]!.incarnation)
  }

  /** In one turn. */
  tells(i: number, j: number, count: number): void {
    for (let n = 0; n < count; n++) this.#tell(i, j)
    this.#flush(i)
  }

  #tell(i: number, j: number): void {
    const told = { from: this.node(i), to: this.node(j), n: ++this.#counter }
    this.told.push(told)
    const message = { t: 'tell', at: ['a', 1], handler: 'h', message: { value: { v: told.n } } }
    this.#step(i, { kind: 'post', node: told.to, text: JSON.stringify(message) })
  }

  ask(i: number, j: number): void {
    const id = ++this.#counter
    this.questions.set(`${this.node(i)}:${id}`, { from: this.node(i), to: this.node(j), ends: [] })
    const message = { t: 'ask', id, at: ['a', 1], handler: 'h', message: { value: { v: id } }, forMs: 1 }
    this.#step(i, { kind: 'post', node: this.node(j), text: JSON.stringify(message), ask: id })
    this.#flush(i)
  }

  watch(i: number, j: number, at: Place): void {
    const watching: Watching = { by: this.node(i), node: this.node(j), at, ends: [], stopped: false }
    this.watches.push(watching)
    this.#step(i, { kind: 'watch', node: watching.node, at, watcher: watching })
    this.#flush(i)
  }

  unwatch(i: number): void {
    const watching = this.watches.findLast(({ by, stopped }) => by === this.node(i) && !stopped)
    if (watching === undefined || watching.ends.length > 0) return
    watching.stopped = true
    const { node, at } = watching
    this.#step(i, { kind: 'unwatch', node, at, watcher: watching })
    this.#flush(i)
  }

  /** An actor of this peer ends. */
  endActor(i: number, key: string): void {
    if (!this.#living[i]!.delete(key)) return
    const [path = '', uid] = key.split('#')
    for (const { node } of [...this.#peers[i]!.state.sessions.values()])
      this.#step(i, { kind: 'ended', node, at: [path, Number(uid)], why: 'stopped' })
    this.#flush(i)
  }

  isLiving(node: string, [path, uid]: Place): boolean {
    const i = this.#peers.findIndex((_, k) => this.node(k) === node)
    return i !== -1 && this.#living[i]!.has(`${path}#${uid}`)
  }

  deliver(i: number, j: number, count: number): void {
    const pipe = this.#pipes.get(`${i}>${j}`)
    for (let n = 0; n < count; n++) {
      const message = pipe?.messages.shift()
      if (pipe === undefined || message === undefined) return
      this.#arrive(pipe, j, message)
    }
  }

  /** A message of a link that was replaced comes after all, or is lost now. */
  late(count: number): void {
    for (let n = 0; n < count; n++) {
      const pipe = this.#late[0]
      const message = pipe?.messages.shift()
      if (pipe === undefined) return
      const j = this.#peers.findIndex((_, k) => this.node(k) === pipe.to)
      if (message === undefined || j === -1) this.#late.shift()
      else this.#arrive(pipe, j, message)
    }
  }

  /** One message is lost without a word, as when the two sides use different links for a moment. */
  swallow(i: number, j: number): void {
    this.#pipes.get(`${i}>${j}`)?.messages.shift()
  }

  /** The link breaks; what was on it is gone. Each side may hear of it later than the other. */
  cut(i: number, j: number): void {
    if (!this.#pipes.has(`${i}>${j}`)) return
    for (const [a, b] of [[i, j] as const, [j, i] as const]) {
      this.#pipes.delete(`${a}>${b}`)
      this.#step(a, { kind: 'down', node: this.node(b) })
    }
  }

  /** A further link takes the place of one; what is under way on that may come later. */
  replace(i: number, j: number): void {
    if (!this.#pipes.has(`${i}>${j}`)) return
    for (const [a, b] of [[i, j] as const, [j, i] as const]) this.#late.push(this.#pipes.get(`${a}>${b}`)!)
    this.#link(i, j)
  }

  restart(i: number): void {
    for (const j of this.#peers.keys()) if (j !== i) this.cut(i, j)
    for (const j of this.#peers.keys()) this.broken.add(pairOf(this.node(i), this.node(j)))
    const incarnation = this.#peers[i]!.incarnation + 1
    this.#peers[i] = { incarnation, state: createRemote(nodeText(`p${i}`, incarnation)) }
    this.#living[i] = new Set(['a#1', 'b#2'])
    for (const key of this.#timers.keys()) if (key.startsWith(`${i}/`)) this.#timers.delete(key)
    for (const j of this.#peers.keys()) this.#members(j)
  }

  /** One peer learns that the other was removed, and admitted again. */
  remove(i: number, j: number): void {
    this.broken.add(pairOf(this.node(i), this.node(j)))
    const { state } = this.#peers[i]!
    const without = [...state.members].filter((node) => node !== this.node(j))
    this.#step(i, { kind: 'members', nodes: without })
    this.#members(i)
    this.#flush(i)
  }

  pass(ms: number): void {
    this.nowMs += ms
    for (const [key, atMs] of [...this.#timers]) {
      if (atMs > this.nowMs) continue
      this.#timers.delete(key)
      const [i, name] = key.split('/')
      this.#step(Number(i), { kind: 'timer', key: name === 'ack' ? 'ack' : 'tick' })
      this.#flush(Number(i))
    }
  }

  heal(): void {
    for (const i of this.#peers.keys())
      for (const j of this.#peers.keys()) if (i < j && !this.#pipes.has(`${i}>${j}`)) this.#link(i, j)
  }

  /** Everything that can happen does; `stepMs` says for how long the timers run meanwhile. */
  settle(stepMs = 250): void {
    this.heal()
    for (let round = 0; round < 40; round++) {
      this.late(1_000)
      this.#deliverAll()
      this.pass(stepMs)
    }
  }

  #deliverAll(): void {
    for (const i of this.#peers.keys())
      for (const j of this.#peers.keys()) if (i !== j) this.deliver(i, j, 1_000)
  }

  /** Sessions of all machines, and what they still hold. */
  get held(): number {
    return this.#peers.reduce(
      (held, { state }) =>
        held +
        [...state.sessions.values()].reduce((all, { items, head }) => all + items.length - head, 0) +
        state.asks.size,
      0,
    )
  }

  /** Watches that the machines remember, on both sides. */
  get watching(): { readonly here: number; readonly there: number } {
    const states = this.#peers.map(({ state }) => state)
    const here = states.flatMap(({ watches }) => [...watches.values()].map(({ size }) => size))
    const there = states.flatMap(({ sessions }) => [...sessions.values()].map(({ watched }) => watched.size))
    return { here: sum(here), there: sum(there) }
  }

  #members(i: number): void {
    const nodes = [...this.#peers.keys()].filter((k) => k !== i).map((k) => this.node(k))
    this.#step(i, { kind: 'members', nodes })
  }

  #link(i: number, j: number): void {
    for (const [a, b] of [[i, j] as const, [j, i] as const])
      this.#pipes.set(`${a}>${b}`, { from: this.node(a), to: this.node(b), messages: [] })
    for (const [a, b] of [[i, j] as const, [j, i] as const]) {
      this.#step(a, { kind: 'up', node: this.node(b) })
      this.#flush(a)
    }
  }

  #arrive(pipe: Pipe, j: number, message: SessionMessage): void {
    this.#step(j, { kind: 'message', node: pipe.from, message })
    this.#flush(j)
  }

  #flush(i: number): void {
    this.#step(i, { kind: 'flush' })
  }

  #step(i: number, input: RemoteInput): void {
    for (const effect of stepRemote(this.#peers[i]!.state, input, this.nowMs)) this.#run(i, effect)
  }

  #run(i: number, effect: RemoteEffect): void {
    const self = this.node(i)
    switch (effect.kind) {
      case 'send': {
        const j = this.#peers.findIndex((_, k) => this.node(k) === effect.node)
        return void this.#pipes.get(`${i}>${j}`)?.messages.push(wired(effect.message))
      }
      case 'deliver': {
        const { message, node } = effect
        if (message.t === 'stop') return
        const { v } = message.message.value as { v: number }
        if (message.t === 'tell') return void this.got.push({ from: node, to: self, n: v })
        const text = JSON.stringify({ t: 'reply', id: message.id, message: { value: { v } } })
        return this.#step(i, { kind: 'answer', node, id: message.id, text })
      }
      case 'reply':
      case 'fail':
        return void this.questions
          .get(`${self}:${effect.id}`)
          ?.ends.push(effect.kind === 'fail' ? effect.code : 'ok')
      case 'terminated':
        return void (effect.watcher as Watching).ends.push(effect.why)
      case 'watched':
        if (!this.#living[i]!.has(`${effect.at[0]}#${effect.at[1]}`))
          this.#step(i, { kind: 'ended', node: effect.node, at: effect.at, why: 'stopped' })
        return
      case 'dropped':
        for (const text of effect.texts) {
          const { message } = JSON.parse(text) as { message: { value: { v: number } } }
          this.dropped.push({ from: self, to: effect.node, n: message.value.v })
        }
        return
      case 'need':
        // Everybody is linked to everybody here.
        return
      case 'timer':
        return void this.#timers.set(`${i}/${effect.key}`, this.nowMs + effect.afterMs)
      case 'malformed':
        throw new Error(`malformed: ${JSON.stringify(effect.json)}`)
      case 'unwatched':
      case 'offered':
        return
    }
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

export function pairOf(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`
}
