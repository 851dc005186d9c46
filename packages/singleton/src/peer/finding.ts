import type { Address, Host, MemberId } from '@tanist/core'
import type { Succession } from '../succession/index.js'
import type { PeerCore } from './core.js'
import { hostsOf } from './own-address.js'

/** Somebody of this application, with this secret, may be there: nothing is decided by it but whom to dial. */
export interface Hint {
  readonly memberId: MemberId | null
  readonly clusterId: string | null
  readonly isServer: boolean
  readonly addresses: readonly Address[]
  /** Other members it named. */
  readonly members: readonly Address[]
  readonly by: 'hello' | 'beacon' | 'sweep' | 'range' | 'goodbye'
}

/** What a peer says of itself to those who look for one. */
export interface PeerView {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly clusterId: string | null
  readonly addresses: readonly Address[]
  readonly isServer: boolean
  readonly server: { readonly memberId: MemberId; readonly address: Address } | null
  readonly successor: MemberId | null
  readonly term: number
  readonly members: readonly Address[]
}

/** What discovery sees of the network, and what is wrong with it. */
export interface DiscoveryReport {
  readonly interfaces: readonly {
    readonly name: string
    readonly address: string
    readonly problem: string | null
  }[]
  /** Datagrams. */
  readonly sent: number
  /** The same, whoever sent them: what this peer heard of others is what was not dropped. */
  readonly received: number
  /** Datagrams that say nothing to this peer, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** How often every address of the subnet was asked. */
  readonly sweeps: number
}

/** What looks for peers. */
export interface Looking {
  changed(): void
  settled(found: boolean): void
  status(): DiscoveryReport
  stop(goodbye: boolean): void
}

export interface LookHooks {
  view(): PeerView | null
  found(hint: Hint): void
  note(event: string, text: string, data?: Readonly<Record<string, unknown>>): void
}

/** Begins to look. `listen`: where this peer listens; `remembered`: where somebody was the last time, and seeds. */
export type Look = (
  where: { readonly listen: Address; readonly remembered: readonly Address[] },
  hooks: LookHooks,
) => Looking

/** Addresses of a peer that are told. */
const ADDRESSES_MAX = 4
const MEMBERS_MAX = 8

/** Looks for others as long as the process runs, for one identity after another, and hands on what it hears. */
export class Finding {
  readonly #host: Host
  readonly #look: Look
  readonly #settings: { readonly listen: Address; readonly advertise: Address | null }
  #looking: Looking | null = null
  #core: PeerCore | null = null
  #told = ''
  #settled: boolean | null = null

  constructor(
    host: Host,
    look: Look,
    settings: { readonly listen: Address; readonly advertise: Address | null },
  ) {
    this.#host = host
    this.#look = look
    this.#settings = settings
  }

  /** This identity is the present one. `bound`: where the process listens. */
  follow(core: PeerCore, bound: Address, remembered: readonly Address[]): void {
    this.#core = core
    core.observe((event) => {
      if (event.kind === 'status') this.#statusChanged()
      else if (event.kind === 'setting-aside') this.#core = null
      else if (event.kind === 'stopped') this.stop(event.error === null)
    })
    this.#looking ??= this.#look(
      { listen: bound, remembered },
      {
        view: () => this.#core && viewOf(this.#core, this.#addresses(this.#core.succession.self.address)),
        found: (hint) => this.#core?.seek(hint),
        note: (event, text, data) => {
          if (this.#core) this.#core.noteFinding(event, text, data ?? {})
          else this.#host.log.write('info', event, text, data)
        },
      },
    )
    this.#statusChanged()
  }

  report(): DiscoveryReport | null {
    return this.#looking?.status() ?? null
  }

  stop(goodbye: boolean): void {
    this.#looking?.stop(goodbye)
    this.#looking = null
    this.#core = null
  }

  #statusChanged(): void {
    const core = this.#core
    if (core === null || this.#looking === null) return
    const { founding, leader, links, line, self, hard } = core.succession
    const settled = founding !== null && links.size > 0
    if (settled !== this.#settled) this.#looking.settled(settled)
    this.#settled = settled
    const key = [
      self.memberId,
      self.address,
      founding?.clusterId,
      leader?.memberId,
      core.serves,
      hard.term,
      line[0],
    ].join()
    if (key !== this.#told) this.#looking.changed()
    this.#told = key
  }

  /** The one that members use first; of a listener on all networks, those of the other networks after it. */
  #addresses(own: Address): readonly Address[] {
    const { advertise, listen } = this.#settings
    if (advertise !== null) return [own]
    return [...new Set([own, ...hostsOf(this.#host, listen, own)])].slice(0, ADDRESSES_MAX)
  }
}

function viewOf(core: PeerCore, addresses: readonly Address[]): PeerView {
  const s = core.succession
  const { memberId, incarnation } = s.self
  const others = [...s.view.values()].filter((row) => row.memberId !== memberId)
  const serverId = s.leader?.memberId ?? null
  const at = serverId === null ? undefined : addressOf(s, serverId)
  return {
    memberId,
    incarnation,
    clusterId: s.founding?.clusterId ?? null,
    addresses,
    isServer: core.serves,
    server: serverId === null || at === undefined ? null : { memberId: serverId, address: at },
    successor: s.line.find((id) => id !== serverId) ?? null,
    term: s.hard.term,
    members: others.slice(0, MEMBERS_MAX).map(({ address }) => address),
  }
}

function addressOf(s: Succession, id: MemberId): Address | undefined {
  return id === s.self.memberId ? s.self.address : (s.links.get(id) ?? s.view.get(id))?.address
}

/**
 * Whom a hint is worth dialling. A member of a large cluster leaves it to its leader, for a thousand would dial at once.
 * Of another cluster with work of its own everything is known. And two clusters that can become one do so by
 * a leader: a follower dials nobody but the other's server, in case its own leader cannot hear that one.
 */
export function worthDialling(s: Succession, hint: Hint, isLarge: boolean): boolean {
  const { clusterId, memberId, isServer, by } = hint
  // Whoever goes says so on its links; whoever is linked needs no hint.
  if (by === 'goodbye' || memberId === s.self.memberId || (memberId !== null && s.links.has(memberId)))
    return false
  const own = s.founding?.clusterId ?? null
  const mayDecide = s.role.kind === 'leader' || s.leader === null
  if (own === null || clusterId === null) return own === null || !isLarge || mayDecide
  if (own === clusterId) return !isLarge || mayDecide || !s.view.has(s.self.memberId)
  if (s.meetings.clusters.has(clusterId)) return false
  return mayDecide || (isServer && !isLarge)
}

/** Adds to a wait for others what the network looks like from here. */
export function searchWords(report: DiscoveryReport | null): string {
  if (report === null) return ''
  const { interfaces, received, dropped } = report
  const heard = received - Object.values(dropped).reduce((sum, n) => sum + n, 0)
  if (interfaces.length === 0) return ' There is no network to look on.'
  const broken = interfaces.flatMap(({ name, problem }) => (problem === null ? [] : [`${name}: ${problem}`]))
  const fine = interfaces.filter(({ problem }) => problem === null).map(({ name }) => name)
  const names = [...new Set(fine)].join(', ')
  const strangers =
    (dropped['key'] ?? 0) + (dropped['mac'] ?? 0) > 0
      ? ' Peers with another secret or application name are there.'
      : ''
  const silence = heard <= 0 && names !== '' ? ` Nobody answered on ${names}.` : ''
  return `${silence}${broken.length > 0 ? ` Cannot look on ${broken.join('; ')}.` : ''}${strangers}`
}
