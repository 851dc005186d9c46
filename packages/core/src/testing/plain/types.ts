import type { Now, Random } from '../../host/index.js'
import type { Change, Quality } from '../quality.js'

/** One step machine. Made anew for every life: what it shall keep across a crash lives outside, as a disk would. */
export interface PlainNode<Message> {
  start(context: PlainContext<Message>): void
  message(context: PlainContext<Message>, from: number, message: Message): void
  /** A timer of this life is due. It is not set any more. */
  timer(context: PlainContext<Message>, key: string): void
}

/** All that a node sees of the world. */
export interface PlainContext<Message> {
  readonly id: number
  /** Lives are counted from 1. */
  readonly life: number
  /** The monotonic clock of this node. */
  readonly nowMs: number
  /** One for all nodes: it never depends on what the network draws. */
  readonly random: Random
  now(): Now
  /** To itself is allowed and travels, too. */
  send(to: number, message: Message): void
  /** Sets the timer `key`, in place of the one that may wait under it; null takes it away. */
  timer(key: string, afterMs: number | null): void
}

/** How messages become bytes and back. What `decode` gives shares nothing with what was encoded. */
export interface PlainCodec<Message> {
  encode(message: Message): Uint8Array
  decode(bytes: Uint8Array): Message
}

/** One direction between two nodes. */
export type PlainQuality = Quality

export type PlainQualityChange = Change<PlainQuality>

export interface PlainOptions<Message> {
  /** Everything random comes from it: the same seed gives the same run and the same digest. */
  readonly seed: number | string
  /** How many; they are numbered from 0. */
  readonly nodes: number
  /** Called for every life; the context is the one that its methods get. */
  readonly node: (context: PlainContext<Message>) => PlainNode<Message>
  /** Of all directions. Default: a quiet wired office, 0.2 to 1 ms. */
  readonly quality?: Partial<PlainQuality>
  /**
   * `objects` (default) hands over the very object that was sent: fast, and blind for machines that change what
   * they have sent. `bytes` takes every message to JSON bytes and back; or give a codec.
   */
  readonly wire?: 'objects' | 'bytes' | PlainCodec<Message>
  /**
   * `false` (default): each message takes its own time, as datagrams do. `true`: in each direction messages
   * arrive in the order of sending, but for those that `reorder` and `duplicate` hit, as on a link.
   */
  readonly ordered?: boolean
  /** What is sent into a cut is lost (default), or held and delivered when the cut ends. */
  readonly cuts?: 'lose' | 'hold'
  /** A run that takes more events at one moment than this is taken for endless. Default 1,000,000. */
  readonly eventsAtOnce?: number
}

export type PlainState = 'running' | 'paused' | 'down'
