import type { Address, DatagramOptions, MemberId, NetworkInterface, Now, Random } from '@tanist/core'
import {
  discoverySenders,
  discoverySources,
  handedOnInAll,
  hintsInAll,
  repliesInAll,
  repliesPerAddress,
} from '../limits.js'
import type { DropReason } from './datagram.js'
import { Keys } from './keys.js'
import { Rate, Rates } from './rate.js'
import { Replays } from './replay.js'
import type { DiscoveryConfig, DiscoveryView, Found } from './types.js'

export type DiscoveryInput =
  | { readonly kind: 'start' }
  /** What the host says when asked by `look`. */
  | { readonly kind: 'interfaces'; readonly interfaces: readonly NetworkInterface[] }
  | { readonly kind: 'bound'; readonly socket: string }
  | { readonly kind: 'failed'; readonly socket: string; readonly text: string }
  | { readonly kind: 'datagram'; readonly socket: string; readonly bytes: Uint8Array; readonly from: Address }
  | { readonly kind: 'unsent'; readonly socket: string; readonly to: Address; readonly code: string }
  | { readonly kind: 'wake' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'settled'; readonly found: boolean }
  | { readonly kind: 'stop'; readonly goodbye: boolean }

export type DiscoveryEffect =
  | {
      readonly kind: 'bind'
      readonly socket: string
      readonly address: Address
      readonly options: DatagramOptions
    }
  | { readonly kind: 'unbind'; readonly socket: string }
  | { readonly kind: 'send'; readonly socket: string; readonly to: Address; readonly bytes: Uint8Array }
  /** Asks for the interfaces as they are now. */
  | { readonly kind: 'look' }
  /** Tries these by links: whoever answers is a hint. */
  | { readonly kind: 'knock'; readonly addresses: readonly Address[] }
  | { readonly kind: 'found'; readonly hint: Found }
  | {
      readonly kind: 'note'
      readonly event: string
      readonly text: string
      readonly data?: Readonly<Record<string, unknown>>
    }

/** One address of one interface, and the socket for it, of which the name is its key. */
export interface Place {
  readonly key: string
  readonly name: string
  readonly family: 4 | 6
  readonly address: string
  readonly prefix: number
  readonly loopback: boolean
  /** Where everybody there hears it, without a port; null when there is no such address. */
  readonly everybody: string | null
}

export interface Socket {
  readonly address: Address
  readonly options: DatagramOptions
  state: 'binding' | 'bound' | 'failed'
  /** Why it cannot be used now. */
  problem: string | null
  problemMs: number
}

/** Another process of this application, as far as it was heard. */
export interface Sender {
  clusterId: string | null
  memberId: MemberId | null
  heardMs: number
  /** What was told of it last, and when. */
  told: string
  toldMs: number
  soughtMs: number
}

export interface Answer {
  readonly atMs: number
  readonly to: Address
  readonly nonce: string
  readonly atMost: number
}

export interface DiscoveryState {
  readonly config: DiscoveryConfig
  readonly port: number
  readonly instance: string
  readonly keys: Keys
  readonly ranges: readonly Address[]
  counter: number
  stopped: boolean
  settled: boolean
  places: Place[]
  /** Other than the chosen ones: what comes from there is not for us. */
  shunned: readonly NetworkInterface[]
  /** Addresses of this machine. */
  own: ReadonlySet<string>
  /** Interfaces of the simulated world have names for addresses. */
  names: boolean
  /** Bind addresses of a list of interfaces that is not taken over yet. */
  candidate: { readonly key: string; readonly sinceMs: number } | null
  readonly sockets: Map<string, Socket>
  // When what is due, on the monotonic clock.
  helloMs: number
  beaconMs: number
  sweepMs: number
  knockMs: number
  lookMs: number
  readonly answers: Answer[]
  /** Number of the next hello since everything began anew. */
  round: number
  lastBeaconMs: number
  /** Of questions that may still be answered: when they were asked, and how. */
  readonly nonces: Map<string, { readonly atMs: number; readonly by: 'hello' | 'sweep' }>
  nonce: string
  /** Places where somebody of another machine was heard since everything began anew, and when last. */
  readonly heardAt: Map<string, number>
  readonly swept: Map<string, number>
  readonly senders: Map<string, Sender>
  readonly replays: Replays
  readonly replyRates: Rates
  readonly replyRate: Rate
  readonly handRate: Rate
  readonly hintRate: Rate
  /** Said to people already, until it is otherwise. */
  readonly noted: Set<string>
  last: Now | null
  sent: number
  received: number
  sweeps: number
  readonly dropped: Map<DropReason, number>
}

/** What one step knows. */
export interface Step {
  readonly state: DiscoveryState
  readonly now: number
  readonly wallMs: number
  readonly random: Random
  readonly view: () => DiscoveryView | null
  readonly effects: DiscoveryEffect[]
}

export function newDiscovery(
  config: DiscoveryConfig,
  ranges: readonly Address[],
  random: Random,
): DiscoveryState {
  const never = Number.POSITIVE_INFINITY
  return {
    config,
    port: config.port ?? 47_800,
    instance: random.id(),
    keys: new Keys(config.app, config.keys),
    ranges,
    counter: 0,
    stopped: false,
    settled: false,
    places: [],
    shunned: [],
    own: new Set(),
    names: false,
    candidate: null,
    sockets: new Map(),
    helloMs: never,
    beaconMs: never,
    sweepMs: never,
    knockMs: never,
    lookMs: never,
    answers: [],
    round: 0,
    lastBeaconMs: Number.NEGATIVE_INFINITY,
    nonces: new Map(),
    nonce: '',
    heardAt: new Map(),
    swept: new Map(),
    senders: new Map(),
    replays: new Replays(discoverySenders),
    replyRates: new Rates(repliesPerAddress, discoverySources),
    replyRate: new Rate(repliesInAll),
    handRate: new Rate(handedOnInAll),
    hintRate: new Rate(hintsInAll),
    noted: new Set(),
    last: null,
    sent: 0,
    received: 0,
    sweeps: 0,
    dropped: new Map(),
  }
}

export function drop({ state }: Step, reason: DropReason): void {
  state.dropped.set(reason, (state.dropped.get(reason) ?? 0) + 1)
}

/** For people, once until `key` is forgotten. */
export function note(
  { state, effects }: Step,
  key: string,
  event: string,
  text: string,
  data?: Readonly<Record<string, unknown>>,
): void {
  if (state.noted.has(key) || state.noted.size >= 256) return
  state.noted.add(key)
  effects.push({ kind: 'note', event, text, ...(data && { data }) })
}

/** Up to a fifth sooner or later. */
export const jittered = (ms: number, random: Random): number => ms * (0.8 + 0.4 * random.next())
