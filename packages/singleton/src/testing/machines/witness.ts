import type { Hello } from '@tanist/core'
import type { PlainContext, PlainNode } from '@tanist/core/testing'
import { decideGrant, emptyBook } from '../../succession/index.js'
import type { GrantBook, SuccessionInput, SuccessionMessage } from '../../succession/index.js'
import { PeerLinks } from './links.js'
import type { LinkPorts } from './links.js'
import type { Parcel } from './parcel.js'

/** The book of a witness: what is written, and what of it is on the platter. */
export class WitnessDisk {
  book: GrantBook = emptyBook
  #durable: GrantBook = emptyBook

  synced(): void {
    this.#durable = this.book
  }

  powerOff(): void {
    this.book = this.#durable
  }
}

export interface WitnessSetting {
  readonly names: readonly string[]
  readonly disk: WitnessDisk
  readonly syncMs: () => number
  readonly nextLink: () => number
  readonly refuses: (to: number) => boolean
}

/** A witness in one life: links as peers have them, and answers that leave when the book is on disk. */
export class MachineWitness implements PlainNode<Parcel>, LinkPorts {
  readonly context: PlainContext<Parcel>
  readonly #setting: WitnessSetting
  readonly #links: PeerLinks
  /** Answers that wait for the sync that is under way, and for the one after it. */
  #syncing: (() => void)[] | null = null
  #next: (() => void)[] = []

  constructor(context: PlainContext<Parcel>, setting: WitnessSetting) {
    this.context = context
    this.#setting = setting
    this.#links = new PeerLinks(this)
  }

  get peers(): number {
    return this.#setting.names.length
  }

  start(): void {
    this.#links.start()
  }

  message(_context: PlainContext<Parcel>, from: number, parcel: Parcel): void {
    if (parcel.k === 'said') {
      if (this.#links.hear(from, parcel.link) > 0) this.#said(from, parcel.message)
    } else if (parcel.k === 'beat') this.#links.hear(from, parcel.link)
    else if (parcel.k === 'dial') this.#links.onDial(from, parcel.link, parcel.hello)
    else if (parcel.k === 'welcome') this.#links.onWelcome(from, parcel.link, parcel.hello)
    else if (parcel.k === 'hello') this.#links.onHello(from, parcel.link, parcel.hello)
    else if (parcel.k === 'close') this.#links.onClose(from, parcel.link)
  }

  timer(_context: PlainContext<Parcel>, key: string): void {
    if (key === 'watch') this.#links.watch()
    else if (key.startsWith('refused ')) this.#links.onRefused(Number(key.slice(8)))
    else if (key === 'book') this.#synced()
  }

  hello(): Hello {
    const name = this.#setting.names[this.context.id] as string
    const rest = { protocol: 1, clusterId: null, mode: 'consistent' as const, known: [] }
    return {
      ...rest,
      memberId: name,
      name,
      address: `${name}:1`,
      incarnation: this.context.life,
      witness: true,
    }
  }

  nextLink(): number {
    return this.#setting.nextLink()
  }

  refuses(to: number): boolean {
    return this.#setting.refuses(to)
  }

  step(_input: SuccessionInput): void {
    // A witness leads nobody and follows nobody.
  }

  /** The kernel closes what a process leaves behind. */
  die(): void {
    for (let id = 0; id < this.peers; id++) {
      const link = id === this.context.id ? 0 : this.#links.linkTo(id)
      if (link > 0) this.context.send(id, { k: 'close', link })
    }
  }

  #said(from: number, message: SuccessionMessage): void {
    if (message.t !== 'grant' || message.branch === null) return
    const { branch, term, set, known, notice } = message
    const { disk, names } = this.#setting
    const asker = names[from] as string
    const { book, to } = decideGrant(disk.book, { branch, set, from: asker, known, notice })
    disk.book = book
    const answer = (): void => {
      const link = this.#links.use(from)
      const granted = { t: 'granted' as const, branch, term, set, to }
      if (link > 0 && !notice) this.context.send(from, { k: 'said', link, message: granted, entries: [] })
    }
    this.#next.push(answer)
    if (this.#syncing === null) this.#sync()
  }

  #sync(): void {
    this.#syncing = this.#next
    this.#next = []
    this.context.timer('book', this.#setting.syncMs())
  }

  #synced(): void {
    const done = this.#syncing ?? []
    this.#syncing = null
    this.#setting.disk.synced()
    for (const answer of done) answer()
    if (this.#next.length > 0) this.#sync()
  }
}
