import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { newSecret } from '@tanist/singleton'
import { writeAccess } from './access.js'
import { Desk } from './desk.js'
import type { Chairs, FromPeer, Wish } from './messages.js'
import { openFolder } from './folder.js'
import { nextName } from './names.js'
import { ports } from './ports.js'
import type { Ports } from './ports.js'

/** Full mesh over loopback is made for up to 16; more than this would only make the ring hard to read. */
export const MAX_PEERS: number = 9
/** More than can ever be in sight: a newcomer waits for the cluster and never founds a second one. */
const NEVER_FOUNDS = 16
/** So many voters lose any one of them and still serve. */
const SURVIVING_VOTERS = 3
/** For what nobody waits for: its trouble is told by an event. */
const ignore = (): void => {}
/** A peer that did not stop by itself is killed after this time. */
const STOPPING_MS = 7_000

export type OfficeEvent =
  | { readonly kind: 'starting' | 'joined'; readonly name: string; readonly url: string }
  | {
      readonly kind: 'serving'
      readonly name: string
      readonly term: number
      readonly successor: string | null
      /** As the peer that reported first measured it; null when nobody served before. */
      readonly takeover: { readonly from: string; readonly ms: number } | null
    }
  | { readonly kind: 'crashed' | 'leaving' | 'left'; readonly name: string; readonly served: boolean }
  | { readonly kind: 'failed'; readonly name: string; readonly text: string }
  | { readonly kind: 'nobody' }

export interface OfficeOptions {
  readonly folder: string
  readonly peers: number
  readonly firstPort: number | null
  readonly on: (event: OfficeEvent) => void
}

/**
 * The launcher: starts peer processes, kills them and tells what they report. It holds no state of the board,
 * and no peer needs it to serve: when it dies, the peers stop only because a demonstration should end then.
 */
export class Office {
  readonly #options: OfficeOptions
  readonly #ports: Ports
  readonly #secret = newSecret()
  readonly #desks = new Map<string, Desk>()
  /** Given once: the ones that left are not called back by a newcomer. */
  readonly #names = new Set<string>()
  #waiters: (() => void)[] = []
  #term = 0
  #serving: string | null = null
  #announced = 0
  #chairsSent = ''
  #opened = false
  #stopping = false

  constructor(options: OfficeOptions) {
    this.#options = options
    this.#ports = ports(options.firstPort)
  }

  get folder(): string {
    return this.#options.folder
  }

  /** Who served last, as far as any running peer knows. */
  get server(): string | null {
    return this.#serving
  }

  get running(): readonly Desk[] {
    return [...this.#desks.values()].filter(({ state }) => state === 'running')
  }

  get crashed(): readonly Desk[] {
    return [...this.#desks.values()].filter(({ state }) => state === 'crashed')
  }

  /** Of everybody who has not left, whether it runs now or not. */
  get urls(): readonly string[] {
    return [...this.#desks.values()].map(({ url }) => url)
  }

  /**
   * Everybody that has a folder here returns; new ones fill up to the number wanted. Resolves once the office is
   * settled: a founder that is alone among the voters for its first moments could not be done without.
   */
  async start(): Promise<void> {
    const { folder, peers } = this.#options
    for (const name of openFolder(folder)) this.#names.add(name)
    while (this.#names.size < peers) this.#names.add(nextName(this.#names))
    const names = [...this.#names]
    const listen: string[] = []
    for (const _ of names) listen.push(`127.0.0.1:${await this.#ports.next()}`)
    writeAccess(folder, { secret: this.#secret, addresses: listen })
    const all = names.map((name, i) => this.#desk(name, listen[i] ?? '', listen, names.length))
    for (const desk of all) this.#launch(desk)
    await this.until(() => all.every(({ state }) => state === 'running'))
    await this.settled()
    this.#opened = true
  }

  /** Resolves once a newcomer has joined. */
  async add(): Promise<Desk> {
    const name = nextName(this.#names)
    this.#names.add(name)
    const seeds = [...this.#desks.values()].map(({ config }) => config.listen)
    const listen = `127.0.0.1:${await this.#ports.next()}`
    const desk = this.#desk(name, listen, seeds, NEVER_FOUNDS)
    this.#launch(desk)
    await this.until(() => desk.state === 'running', [desk])
    return desk
  }

  /** `kill -9`. Returns the moment of the call, by `performance.now()`. */
  crash(name: string): number {
    const at = performance.now()
    const desk = this.#get(name)
    desk.signal('SIGKILL')
    desk.servedWhenKilled = this.#serving === name
    return at
  }

  /** A crashed peer starts again with its name, its port and its folder; resolves once it is back. */
  async return(name: string): Promise<void> {
    const desk = this.#get(name)
    desk.trouble = null
    await this.until(() => !desk.alive, [desk])
    this.#launch(desk)
    await this.until(() => desk.state === 'running', [desk])
  }

  /** The peer gives up its seat and ends; resolves once it is gone, and its folder with it. */
  async leave(name: string): Promise<void> {
    const desk = this.#get(name)
    desk.state = 'leaving'
    this.#changed({ kind: 'leaving', name, served: this.#serving === name })
    desk.tell({ kind: 'leave' })
    await this.until(() => !desk.alive, [desk])
  }

  /** Resolves once every running peer sees the same running server, all the others, and voters enough to lose one. */
  async settled(): Promise<void> {
    await this.until(() => {
      const { running } = this
      const server = running[0]?.view?.server
      return (
        running.some(({ name }) => name === server) &&
        running.every(
          ({ view }) =>
            view !== null &&
            view.server === server &&
            (view.successor !== null || running.length === 1) &&
            running.every(({ name }) => view.members.some((one) => one.name === name && one.reachable)) &&
            view.members.filter(({ voter, reachable }) => voter && reachable).length >=
              Math.min(SURVIVING_VOTERS, running.length),
        )
      )
    })
  }

  /** Resolves when `holds()`; rejects when one of `desks` (default: any) failed. */
  async until(holds: () => boolean, desks?: readonly Desk[]): Promise<void> {
    while (!holds()) {
      const failed = (desks ?? [...this.#desks.values()]).find(({ trouble }) => trouble !== null)
      if (failed) throw new Error(failed.trouble ?? '')
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  /** Does what somebody pressed on a page; whatever fails is told by an event. */
  wish(wish: Wish): void {
    if (this.#stopping) return
    const { chairs, mayStart } = this.#chairs()
    if (wish.act === 'start') return void (mayStart && this.add().catch(ignore))
    const { act, name } = wish
    // The page that asked may have been out of date.
    if (!chairs.find((chair) => chair.name === name)?.may.includes(act)) return
    if (act === 'crash') this.crash(name)
    else this[act](name).catch(ignore)
  }

  /** Ends all processes, in peace if they can. */
  async stop(): Promise<void> {
    this.#stopping = true
    const alive = [...this.#desks.values()].filter((desk) => desk.alive)
    for (const desk of alive) desk.signal('SIGTERM')
    const kill = setTimeout(() => {
      for (const desk of alive) desk.signal('SIGKILL')
    }, STOPPING_MS)
    await this.until(() => alive.every((desk) => !desk.alive), [])
    clearTimeout(kill)
  }

  /** At once, for an end that cannot wait. */
  kill(): void {
    this.#stopping = true
    for (const desk of this.#desks.values()) desk.signal('SIGKILL')
  }

  #desk(name: string, listen: string, seeds: readonly string[], expect: number): Desk {
    const data = join(this.#options.folder, name)
    const desk = new Desk({ name, listen, seeds, data, secret: this.#secret, expect })
    this.#desks.set(name, desk)
    return desk
  }

  #get(name: string): Desk {
    const desk = this.#desks.get(name)
    if (!desk) throw new Error(`Nobody in this office is called ${name}.`)
    return desk
  }

  #launch(desk: Desk): void {
    desk.start({
      told: (message) => this.#told(desk, message),
      ended: ({ killed, code }) => this.#ended(desk, killed, code),
    })
    this.#changed({ kind: 'starting', name: desk.name, url: desk.url })
  }

  #told(desk: Desk, message: FromPeer): void {
    if (message.kind === 'wish') return this.wish(message.wish)
    if (message.kind === 'joined') {
      desk.state = 'running'
      return this.#changed({ kind: 'joined', name: desk.name, url: desk.url })
    }
    if (message.kind === 'failed') return
    // Who leaves knows best who was next, not who is.
    if (desk.state === 'leaving') return this.#changed(null)
    const { server, successor, term, takeover } = message.view
    if (server !== null && term > this.#term) {
      this.#term = term
      this.#serving = server
    }
    // Told once a term, when the next in line is known: that is after the first round of beats.
    const next = successor === server ? undefined : this.#desks.get(successor ?? '')
    const complete = server !== null && (next ? next.state !== 'leaving' : this.running.length < 2)
    if (!complete || term <= this.#announced) return this.#changed(null)
    this.#announced = term
    const measured = takeover?.term === term ? { from: takeover.from, ms: takeover.ms } : null
    this.#changed({ kind: 'serving', name: server, term, successor, takeover: measured })
  }

  #ended(desk: Desk, killed: boolean, code: number | null): void {
    const { name, state } = desk
    const served = this.#serving === name || desk.servedWhenKilled
    if (this.#stopping) desk.state = 'stopped'
    else if (state === 'leaving' && code === 0) {
      this.#desks.delete(name)
      // What has no seat any more is not wanted back, neither by this office nor by the next with this folder.
      rmSync(desk.config.data, { recursive: true, force: true })
      this.#options.on({ kind: 'left', name, served })
    } else if (killed) {
      desk.state = 'crashed'
      this.#options.on({ kind: 'crashed', name, served })
    } else {
      desk.state = 'crashed'
      desk.trouble ??= `The process of ${name} ended with code ${code}; see ${desk.config.data}.log.`
      // What fails at the start is told by whoever started the office.
      if (this.#opened) this.#options.on({ kind: 'failed', name, text: desk.trouble })
    }
    const nobody = ![...this.#desks.values()].some((one) => one.alive)
    this.#changed(nobody && !this.#stopping ? { kind: 'nobody' } : null)
  }

  #chairs(): Chairs {
    const desks = [...this.#desks.values()]
    const last = this.running.length < 2
    return {
      chairs: desks.map((desk) => desk.chair(last)),
      mayStart: desks.filter((desk) => desk.alive).length < MAX_PEERS,
    }
  }

  #changed(event: OfficeEvent | null): void {
    if (event && !this.#stopping) this.#options.on(event)
    const chairs = this.#chairs()
    const text = JSON.stringify(chairs)
    // A process that has just started hears it with its own change of state.
    if (text !== this.#chairsSent)
      for (const desk of this.#desks.values()) desk.tell({ kind: 'chairs', chairs })
    this.#chairsSent = text
    for (const wake of this.#waiters.splice(0)) wake()
  }
}
