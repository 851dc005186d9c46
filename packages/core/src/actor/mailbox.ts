export interface MailboxOptions {
  /** Messages that may wait. Default 100,000. */
  readonly capacity?: number
  /**
   * What happens to one more. `reject` (default): it becomes a dead letter, `tell` returns false and an ask rejects
   * with `full`. `drop-oldest`: the one that waits longest becomes the dead letter instead.
   */
  readonly overflow?: 'reject' | 'drop-oldest'
}

/** What waits: on which port it came, and the message, the open question or the notice. */
export interface Entry<P> {
  readonly port: P
  readonly message: unknown
}

/** Room for messages, in pairs of port and message; the first one is small, since most mailboxes are. */
interface Chunk {
  readonly slots: unknown[]
  next: Chunk | undefined
}

const firstSlots = 8
/** A chunk up to this size is kept by a mailbox that is empty again. */
const keptSlots = 16
/** Past 128 kB the garbage collector leaves an array where it is, instead of copying what waits. */
const mostSlots = 32_768

function chunkOf(slots: number): Chunk {
  return { slots: Array<unknown>(slots).fill(undefined), next: undefined }
}

/**
 * First in, first out, in linked chunks: neither a long queue nor a busy short one copies or allocates per message.
 * In front of it a lane for what was put aside and comes back.
 */
export class Mailbox<P> {
  /** Of the last one taken, until `forget`. */
  port: P | undefined
  message: unknown
  /** What waits behind the front lane. */
  size = 0
  #front: Entry<P>[] | undefined
  #head: Chunk
  #tail: Chunk
  #read = 0
  #write = 0

  constructor() {
    this.#head = this.#tail = chunkOf(firstSlots)
  }

  get isEmpty(): boolean {
    return this.size === 0 && this.#front === undefined
  }

  get waiting(): number {
    return this.size + (this.#front?.length ?? 0)
  }

  push(port: P, message: unknown): void {
    if (this.#write === this.#tail.slots.length) this.#grow()
    const { slots } = this.#tail
    slots[this.#write] = port
    slots[this.#write + 1] = message
    this.#write += 2
    this.size++
  }

  /** Takes the next one: returns its port, leaves its message in `message`. */
  take(): P | undefined {
    if (this.#front !== undefined) return this.#takeFront(this.#front)
    return this.size === 0 ? undefined : this.#shift()
  }

  /** The oldest behind the front lane. */
  takeOldest(): Entry<P> | undefined {
    if (this.size === 0) return undefined
    const { port, message } = this
    const oldest = this.#shift()
    const entry = { port: oldest, message: this.message }
    this.port = port
    this.message = message
    return entry
  }

  putFirst(entries: readonly Entry<P>[]): void {
    if (entries.length > 0) this.#front = [...entries, ...(this.#front ?? [])]
  }

  /** Behind what is in the front lane, before everything else. */
  putNext(entry: Entry<P>): void {
    ;(this.#front ??= []).push(entry)
  }

  /** Takes this one out of the front lane, if it is there. */
  remove(entry: Entry<P>): void {
    const rest = this.#front?.filter((other) => other !== entry) ?? []
    this.#front = rest.length === 0 ? undefined : rest
  }

  /** Lets go of what was taken last. */
  forget(): void {
    this.port = undefined
    this.message = undefined
  }

  #takeFront(front: Entry<P>[]): P | undefined {
    const first = front.shift()
    if (front.length === 0) this.#front = undefined
    this.message = first?.message
    return (this.port = first?.port)
  }

  #shift(): P {
    const { slots } = this.#head
    const at = this.#read
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const port = slots[at] as P
    this.message = slots[at + 1]
    this.port = port
    slots[at] = undefined
    slots[at + 1] = undefined
    this.#read = at + 2
    if (--this.size === 0) this.#rewind()
    else if (this.#read === slots.length) this.#nextChunk()
    return port
  }

  #rewind(): void {
    this.#read = this.#write = 0
    if (this.#tail.slots.length > keptSlots) this.#tail = chunkOf(firstSlots)
    this.#head = this.#tail
  }

  #nextChunk(): void {
    if (this.#head.next !== undefined) this.#head = this.#head.next
    this.#read = 0
  }

  #grow(): void {
    const next = chunkOf(Math.min(this.#tail.slots.length * 2, mostSlots))
    this.#tail.next = next
    this.#tail = next
    this.#write = 0
  }
}
