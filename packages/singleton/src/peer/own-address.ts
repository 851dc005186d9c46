import type { Address, Host } from '@tanist/core'
import type { CheckedSettings } from './settings.js'

/** How often the machine's addresses are looked at. */
const LOOK_MS = 1_000
/** A new address counts when it stays for so long: one change of network gives several in a row. */
const SETTLE_MS = 500
/** A clock that went on for so long between two looks: the machine was asleep. */
const ASLEEP_MS = 5_000

const WILDCARDS = new Set(['0.0.0.0', '[::]', '*'])

type Addressed = Pick<CheckedSettings, 'listen' | 'advertise'>

/**
 * What others dial: as told, else where it listens; of a listener on all networks, this machine's likeliest address, or loopback
 * while it has none. */
export function advertised(host: Host, { advertise, listen }: Addressed, bound: Address): Address {
  if (advertise !== null) return advertise
  if (!isWildcard(listen)) return bound
  const hosts = host.network.interfaces?.()
  return hosts ? at(hosts[0] ?? '127.0.0.1', portOf(bound)) : bound
}

/** Where else a peer that listens on all networks can be dialled. */
export function hostsOf(host: Host, listen: Address, own: Address): readonly Address[] {
  if (!isWildcard(listen)) return []
  return (host.network.interfaces?.() ?? []).map((name) => at(name, portOf(own)))
}

export interface OwnAddressHooks {
  /** Every link must prove itself. */
  changed(address: Address, why: 'address' | 'resume'): void
  /** The only address at which this peer listens is gone from its machine. */
  lost(address: Address): void
}

/**
 * Watches whether this machine moved to another address, or slept: asked at every beat, it looks at the machine's
 * addresses every second, and at once when a peer is missed.
 */
export class OwnAddress {
  readonly #host: Host
  readonly #settings: Addressed
  readonly #hooks: OwnAddressHooks
  #address: Address
  #lookAtMs: number
  #next: { readonly address: Address; readonly sinceMs: number } | null = null
  #lost = false
  #last: { readonly monotonicMs: number; readonly wallMs: number }

  constructor(host: Host, settings: Addressed, address: Address, hooks: OwnAddressHooks) {
    this.#host = host
    this.#settings = settings
    this.#hooks = hooks
    this.#address = address
    this.#last = host.clock.now()
    this.#lookAtMs = this.#last.monotonicMs + LOOK_MS
  }

  /** A peer is missed: the reason may be here. */
  soon(): void {
    this.#lookAtMs = Math.min(this.#lookAtMs, this.#last.monotonicMs)
  }

  beat(): void {
    const now = this.#host.clock.now()
    // Of a sleep either clock may tell: Linux's monotonic one stands still in it.
    const passedMs = Math.max(now.monotonicMs - this.#last.monotonicMs, now.wallMs - this.#last.wallMs)
    this.#last = now
    if (passedMs > ASLEEP_MS) {
      this.#lookAtMs = now.monotonicMs
      this.#hooks.changed(this.#address, 'resume')
    }
    if (now.monotonicMs < this.#lookAtMs) return
    this.#lookAtMs = now.monotonicMs + LOOK_MS
    this.#look(now.monotonicMs)
  }

  #look(nowMs: number): void {
    const hosts = this.#host.network.interfaces?.() ?? []
    const [first] = hosts
    // Without any network there is nothing to move to.
    if (this.#settings.advertise !== null || first === undefined) return
    const own = hostOf(this.#address)
    if (hosts.includes(own)) {
      this.#next = null
      this.#lost = false
      return
    }
    if (!isWildcard(this.#settings.listen)) {
      if (!this.#lost && isNumeric(own) && !isLoopback(own)) this.#hooks.lost(this.#address)
      this.#lost = true
      return
    }
    const address = at(first, portOf(this.#address))
    if (this.#next?.address !== address) this.#next = { address, sinceMs: nowMs }
    this.#lookAtMs = this.#next.sinceMs + SETTLE_MS
    if (nowMs < this.#lookAtMs) return
    this.#lookAtMs = nowMs + LOOK_MS
    this.#next = null
    this.#address = address
    this.#hooks.changed(address, 'address')
  }
}

const portOf = (address: Address): string => address.slice(address.lastIndexOf(':') + 1)

/** Without brackets. */
const hostOf = (address: Address): string =>
  address.slice(0, address.lastIndexOf(':')).replaceAll(/[[\]]/g, '')

const at = (host: string, port: string): Address =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

const isWildcard = (listen: Address): boolean => WILDCARDS.has(listen.slice(0, listen.lastIndexOf(':')))

const isNumeric = (host: string): boolean => host.includes(':') || /^[\d.]+$/.test(host)

const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.')
