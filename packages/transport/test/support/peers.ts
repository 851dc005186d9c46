import { afterEach } from 'vitest'
import type {
  Address,
  DialOptions,
  Host,
  Link,
  LinkEnd,
  LinkHandlers,
  ListenFailure,
  ListenHandlers,
  Log,
  LogLevel,
} from '@tanist/core'
import { nodeHost } from '../../src/index.js'
import type { NodeHostOptions } from '../../src/index.js'

export interface LogLine {
  readonly level: LogLevel
  readonly event: string
  readonly text: string
  readonly data: Readonly<Record<string, unknown>> | undefined
}

export function memoryLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  return { lines, write: (level, event, text, data) => void lines.push({ level, event, text, data }) }
}

/** One side of a link, with everything that happened to it in order. */
export class Ear implements LinkHandlers {
  readonly happened: string[] = []
  readonly frames: Uint8Array[] = []
  end: LinkEnd | undefined
  link!: Link
  #watchers: (() => void)[] = []

  opened(): void {
    this.#note('opened')
  }

  frame(bytes: Uint8Array): void {
    this.frames.push(bytes)
    this.#note('frame')
  }

  closed(end: LinkEnd): void {
    this.end = end
    this.#note('closed')
  }

  texts(): string[] {
    return this.frames.map((bytes) => Buffer.from(bytes).toString())
  }

  async until(holds: (ear: Ear) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  async opening(): Promise<void> {
    await this.until((ear) => ear.happened.length > 0)
    if (this.happened[0] !== 'opened') throw new Error(`did not open: ${JSON.stringify(this.end)}`)
  }

  async ending(): Promise<LinkEnd> {
    await this.until((ear) => ear.end !== undefined)
    return this.end!
  }

  #note(what: string): void {
    this.happened.push(what)
    const watchers = this.#watchers
    this.#watchers = []
    for (const watcher of watchers) watcher()
  }
}

const undo: (() => void | Promise<void>)[] = []

export function later(run: () => void | Promise<void>): void {
  undo.push(run)
}

afterEach(async () => {
  for (const run of undo.splice(0).toReversed()) await run()
})

export interface Peer {
  readonly host: Host
  readonly log: ReturnType<typeof memoryLog>
  /** Where it listens, once it does. */
  readonly address: Address
  /** Accepted links, in order. */
  readonly accepted: Ear[]
  readonly failures: ListenFailure[]
  nextAccepted(): Promise<Ear>
  stopListening(): void
}

export function quietHost(
  options: Partial<NodeHostOptions> = {},
): Host & { log: ReturnType<typeof memoryLog> } {
  const log = memoryLog()
  return { ...nodeHost({ app: 'shop', secret: 'a secret for tests', log, ...options }), log }
}

export async function listening(
  options: Partial<NodeHostOptions> = {},
  at = '127.0.0.1:0',
  more: Partial<ListenHandlers> = {},
): Promise<Peer> {
  const host = quietHost(options)
  const accepted: Ear[] = []
  const failures: ListenFailure[] = []
  let waiting: (() => void)[] = []
  const { address, listener } = await new Promise<{ address: Address; listener: { close(): void } }>(
    (resolve, reject) => {
      const bound = host.network.listen(at, {
        listening: (real) => resolve({ address: real, listener: bound }),
        accept: (link) => {
          const ear = new Ear()
          ear.link = link
          accepted.push(ear)
          for (const wake of waiting.splice(0)) wake()
          return ear
        },
        failed: (failure) => {
          failures.push(failure)
          reject(new Error(`${failure.code}: ${failure.text}`))
        },
        ...more,
      })
    },
  )
  let taken = 0
  later(() => {
    listener.close()
    for (const ear of accepted) ear.link.close()
  })
  return {
    host,
    log: host.log,
    address,
    accepted,
    failures,
    async nextAccepted() {
      while (accepted.length <= taken) await new Promise<void>((resolve) => waiting.push(resolve))
      taken += 1
      return accepted[taken - 1]!
    },
    stopListening: () => listener.close(),
  }
}

export function dialling(host: Host, address: Address, options: DialOptions = {}): Ear {
  const ear = new Ear()
  ear.link = host.network.dial(address, ear, options)
  later(() => ear.link.close())
  return ear
}

/** Both ends of one open link: who dialled and who accepted. */
export async function linked(
  options: Partial<NodeHostOptions> = {},
): Promise<{ peer: Peer; out: Ear; in: Ear }> {
  const peer = await listening(options)
  const out = dialling(quietHost(options), peer.address)
  await out.opening()
  return { peer, out, in: await peer.nextAccepted() }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
