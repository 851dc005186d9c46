import type {
  Address,
  ClientCaller,
  Level,
  Link,
  LinkEnd,
  LinkHandlers,
  Listener,
  ListenOptions,
  Network,
} from '../../host/index.js'
import { bytesOf, check, comes, type Passage, textOf } from './case.js'

/** One side of a link, with everything that happened to it in order. */
export class Ear implements LinkHandlers {
  readonly happened: string[] = []
  readonly frames: Uint8Array[] = []
  end: LinkEnd | undefined
  link: Link | undefined
  /** True while a method of the link, or `dial`, is running: nothing may be called back then. */
  static calling = false

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

  get texts(): string[] {
    return this.frames.map(textOf)
  }

  say(...texts: readonly string[]): void {
    for (const text of texts) this.link?.send(bytesOf(text))
  }

  close(code?: string, reason?: string): void {
    Ear.during(() => this.link?.close(code, reason))
  }

  static during<T>(call: () => T): T {
    Ear.calling = true
    try {
      return call()
    } finally {
      Ear.calling = false
    }
  }

  #note(what: string): void {
    if (Ear.calling) this.happened.push('(inside of a call)')
    this.happened.push(what)
  }
}

/** A listener with the links that it accepted, in order. */
export class Port {
  readonly accepted: Ear[] = []
  readonly said: string[] = []
  address: Address = ''
  listener: Listener | undefined
  /** With `takesClients`: links from processes that are no members. */
  readonly clients: { readonly ear: Ear; readonly caller: ClientCaller }[] = []
  readonly takesClients: boolean

  constructor(takesClients = false) {
    this.takesClients = takesClients
  }

  /** Called with each accepted link, before `accept` returns. */
  greet: (ear: Ear) => void = () => {}

  listen(network: Network, at: Address, options: ListenOptions = {}): this {
    this.listener = Ear.during(() =>
      network.listen(
        at,
        {
          listening: (address) => {
            this.#say(`listening${this.address === '' ? '' : ' again'}`)
            this.address = address
          },
          accept: (link) => {
            const ear = new Ear()
            ear.link = link
            this.accepted.push(ear)
            this.greet(ear)
            return ear
          },
          ...(this.takesClients && { client: (link, caller) => this.#client(link, caller) }),
          failed: ({ code, text }) => {
            // Nothing is thrown at the subject: what is said is compared.
            this.#say(`failed: ${code}${text.length > 10 ? '' : ' without a sentence'}`)
          },
        },
        options,
      ),
    )
    return this
  }

  #client(link: Link, caller: ClientCaller): Ear {
    const ear = new Ear()
    ear.link = link
    this.clients.push({ ear, caller })
    return ear
  }

  #say(what: string): void {
    this.said.push(Ear.calling ? `${what} (inside of a call)` : what)
  }
}

export async function listening(
  subject: Passage,
  network: Network,
  at: Address,
  options: ListenOptions & { readonly takesClients?: boolean } = {},
): Promise<Port> {
  const { takesClients = false, ...rest } = options
  const port = new Port(takesClients).listen(network, at, rest)
  await comes(subject, () => port.said.length > 0, `listening or failed for ${at}`)
  check(port.said[0] === 'listening', `expected to listen on ${at}, but ${port.said[0]}`)
  return port
}

export function dialling(network: Network, address: Address, as?: Level): Ear {
  const ear = new Ear()
  ear.link = Ear.during(() => network.dial(address, ear, as === undefined ? {} : { as }))
  return ear
}

/** The end of a dial or a link: it must come. */
export async function ending(subject: Passage, ear: Ear): Promise<LinkEnd> {
  await comes(subject, () => ear.end !== undefined, 'closed')
  return ear.end ?? { kind: 'local' }
}
