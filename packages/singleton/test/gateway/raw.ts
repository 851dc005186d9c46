import { decodeFrame, encodeFrame } from '@tanist/core'
import type { Host, Level, Link, LinkEnd } from '@tanist/core'
import type { World } from '@tanist/core/testing'
import { persist, refuse, role } from '../../src/index.js'
import type { Schema } from '../../src/index.js'
import type { ClientMessage, MemberMessage } from '../../src/client/index.js'
import { Cluster } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'

/** Takes everything. */
export const anything: Schema<unknown> = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
}

/** What everybody may do, and may read. */
export const board = role('board', {
  state: (): { readonly notes: readonly string[] } => ({ notes: [] }),
  events: { pinned: (s, e: { text: string }) => ({ notes: [...s.notes, e.text] }) },
  commands: {
    pin: (_, c: { text: string }, on) => persist(on.pinned(c)).reply((next) => next.notes.length),
    pinMany: (_, c: { texts: string[] }, on) => persist(...c.texts.map((text) => on.pinned({ text }))),
    wipe: () => refuse({ code: 'never' as const }),
    who: (_, _c: unknown, _on, ctx) => persist().reply(() => ctx.caller),
  },
  schemas: { pin: anything, who: anything },
  open: ['pin', 'who'],
  readable: 'stray',
})

/** What no stray may reach. */
export const vault = role('vault', {
  state: (): { readonly gold: number } => ({ gold: 0 }),
  events: { put: (s, e: { n: number }) => ({ gold: s.gold + e.n }) },
  commands: { put: (_, c: { n: number }, on) => persist(on.put(c)).reply((next) => next.gold) },
})

type Hello = Extract<ClientMessage, { readonly t: 'hello' }>

export const aHello: Hello = {
  t: 'hello',
  protocol: 1,
  app: 'sim',
  client: '0123456789abcdef0123456789abcdef',
  name: null,
  token: null,
  roles: ['board', 'vault'],
}

/** A client that says exactly what it is told to, over a link of the simulated world. */
export class Raw {
  readonly inbox: MemberMessage[] = []
  end: LinkEnd | null = null
  /** Answers pings by itself. */
  polite = true
  readonly link: Link
  onMessage: (message: MemberMessage) => void = () => {}

  constructor(host: Host, to: string, as: Level, hello: unknown = aHello) {
    this.link = host.network.dial(
      to,
      {
        opened: () => void (hello === null || this.say(hello)),
        frame: (bytes) => {
          for (const { body } of decodeFrame(bytes)) this.#take(body as MemberMessage)
        },
        closed: (end) => void (this.end = end),
      },
      { as },
    )
  }

  #take(message: MemberMessage): void {
    this.inbox.push(message)
    if (message.t === 'ping' && this.polite) this.say({ t: 'pong' })
    this.onMessage(message)
  }

  say(...messages: readonly unknown[]): void {
    this.link.send(encodeFrame(messages.map((body) => ({ channel: 'c', body }))))
  }

  bytes(bytes: Uint8Array): void {
    this.link.send(bytes)
  }

  call(seq: number, of: { role?: string; command?: string; input?: unknown; session?: string } = {}): void {
    const { role: name = 'board', command = 'pin', input = { text: `${seq}` }, session = 'me^1' } = of
    this.say({
      t: 'call',
      session,
      seq,
      floor: 0,
      attempt: 1,
      role: name,
      command,
      input: { v: input },
      deadlineMs: 5_000,
    })
  }

  all<T extends MemberMessage['t']>(t: T): Extract<MemberMessage, { readonly t: T }>[] {
    return this.inbox.filter((one): one is Extract<MemberMessage, { readonly t: T }> => one.t === t)
  }

  last<T extends MemberMessage['t']>(t: T): Extract<MemberMessage, { readonly t: T }> | undefined {
    return this.all(t).at(-1)
  }
}

/** Peers that take clients, and machines that run none. */
export class Hall {
  readonly cluster: Cluster
  readonly world: World
  readonly #hosts = new Map<string, Host>()

  constructor(
    options: Omit<ClusterOptions, 'seed' | 'peers'> & { seed?: number | string; peers?: number } = {},
  ) {
    this.cluster = new Cluster({ seed: 7, peers: 1, roles: [board, vault], clients: {}, ...options })
    this.world = this.cluster.world
    this.cluster.startAll()
    this.until(() => this.cluster.settled)
  }

  until(done: () => boolean, limitMs = 20_000): void {
    if (!this.world.runUntil(done, { limitMs })) throw new Error(`Not within ${limitMs} ms.`)
  }

  get server(): string {
    return this.cluster.server() ?? ''
  }

  /** Members that do not serve, the next server first. */
  get followers(): readonly [string, string] {
    const line =
      this.cluster
        .peer(this.server)
        ?.status()
        .successors.map(({ name }) => name) ?? []
    return [line[0] ?? '', line[1] ?? '']
  }

  run(forMs: number): void {
    this.world.run({ forMs })
  }

  host(name: string): Host {
    const known = this.#hosts.get(name)
    if (known) return known
    this.world.node(name, { start: (host) => void this.#hosts.set(name, host) })
    this.world.start(name)
    this.until(() => this.#hosts.has(name))
    return this.#hosts.get(name) as Host
  }

  dial(as: 'trusted' | 'stray', options: { from?: string; to?: string; hello?: unknown } = {}): Raw {
    const { from = 'web', to = 'ann', hello = aHello } = options
    return new Raw(this.host(from), `${to}:1`, as, hello)
  }

  /** A client that was welcomed. */
  client(as: 'trusted' | 'stray', options: Parameters<Hall['dial']>[1] = {}): Raw {
    const raw = this.dial(as, options)
    this.until(() => raw.last('welcome') !== undefined)
    return raw
  }

  state(name = 'ann'): { notes: readonly string[]; gold: number } {
    const peer = this.cluster.peer(name)
    if (peer === null) throw new Error(`No peer runs on ${name}.`)
    const { notes } = peer.roles.state('board') as { notes: readonly string[] }
    const { gold } = peer.roles.state('vault') as { gold: number }
    return { notes, gold }
  }
}
