import type { ClientCaller, Host, Link, LinkHandlers, Timer } from '@tanist/core'
import { CLIENT_PROTOCOL } from '../client/index.js'
import type { ClientMessage, ClusterView } from '../client/index.js'
import type { ClientCounts, ClientDesk, ClientsStatus, EventStreams, Lives } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import { Addresses } from './addresses.js'
import type { Speaker, Speakers } from './authenticate.js'
import { Bucket } from './bucket.js'
import { ClientCount } from './client-count.js'
import { DeskLink } from './desk-link.js'
import type { LinkPorts } from './desk-link.js'
import { DeskReads } from './desk-reads.js'
import { DeskTurns } from './desk-turns.js'
import * as limits from './limits.js'
import { SessionGate } from './session-gate.js'
import { othersFor } from './redirect.js'
import { viewOf } from './view.js'
import type { AddressOn } from './view.js'

export interface DeskParts {
  readonly host: Host
  readonly app: string
  readonly roles: readonly AnyRole[]
  readonly speakers: Speakers
  /** Where clients of a layer find a member. */
  readonly addressOn: (layer: string) => AddressOn
  readonly manifest: (level: 'trusted' | 'stray', layer: string) => unknown
}

/** A link that was told to go stays so long at least: what its client had sent meanwhile is still answered. */
const LEAVE_LOOK_MS = 25

const NOBODY = (): void => {}

type HelloMessage = Extract<ClientMessage, { readonly t: 'hello' }>

/**
 * The member's side of all links of processes that are no members, through all identities of its peer.
 *
 * - Nothing is done for a link before a correct hello; a message that has not its form closes that link alone.
 * - What a link has under way ends with it: nothing of it is left here. What was sent to the server goes on there, and
 *   the client asks for the outcome by its id, wherever it comes next.
 * - What a client may is decided by what its link proved and `authenticate` said, and never by its own words.
 * - Nobody is waited for: who does not take in what it asked for is passed over, and closed when it is too much.
 */
export class Desk implements ClientDesk {
  readonly #parts: DeskParts
  readonly #links = new Set<DeskLink>()
  /** Those that have not said hello. */
  readonly #silent = new Set<DeskLink>()
  readonly #addresses = new Addresses()
  readonly #opens: Bucket
  readonly #ports: LinkPorts
  readonly #turns: DeskTurns<DeskLink>
  readonly #counted = new ClientCount()
  #lives: Lives | null = null
  #streams: EventStreams | null = null
  #tickTimer: Timer | null = null
  #tickedMs = 0
  #viewTimer: Timer | null = null
  #leaving: { readonly sinceMs: number; readonly done: () => void } | null = null
  #over = false
  readonly #counts = { opened: 0, closed: 0, refused: new Map<string, number>() }

  constructor(parts: DeskParts) {
    this.#parts = parts
    const { host, roles } = parts
    const byName = new Map(roles.map((role) => [role.name, role]))
    const nowMs = (): number => host.clock.now().monotonicMs
    this.#opens = new Bucket(limits.linkRate, nowMs())
    this.#turns = new DeskTurns(host)
    this.#ports = {
      roles: byName,
      lives: () => this.#lives as Lives,
      nowMs,
      wallMs: () => host.clock.now().wallMs,
      total: new Bucket(limits.strayTotalRate, nowMs()),
      sessions: new SessionGate(),
      hello: (link, hello) => this.#hello(link, hello),
      manifest: parts.manifest,
      reads: (link) =>
        new DeskReads(
          link,
          () => this.#lives as Lives,
          () => this.#streams as EventStreams,
        ),
      dirty: (link) => this.#turns.dirty(link),
      ready: (link) => this.#turns.ready(link),
      paused: (link) => this.#turns.pause(link),
      closed: (link) => this.#closed(link),
    }
  }

  /** The peer is there: clients are let in. */
  begin(lives: Lives, streams: EventStreams): void {
    this.#lives = lives
    this.#streams = streams
    lives.observe((event) => {
      if (event.kind === 'status') this.#viewSoon()
      else if (event.kind === 'stopped') this.#end('This member has stopped.')
    })
  }

  status(): ClientsStatus {
    let [trusted, stray, inFlight, watches] = [0, 0, 0, 0]
    for (const link of this.#links) {
      if (link.state !== 'open') continue
      if (link.level === 'trusted') trusted += 1
      else stray += 1
      inFlight += link.calls.inFlight
      watches += link.reads.watches
    }
    return { trusted, stray, inFlight, watches }
  }

  counts(): ClientCounts {
    return { ...this.#counts, refused: Object.fromEntries(this.#counts.refused) }
  }

  /** `ListenHandlers.client`. */
  accept(link: Link, caller: ClientCaller): LinkHandlers {
    const nowMs = this.#ports.nowMs()
    const address = this.#addresses.open(caller.host, nowMs)
    const row = new DeskLink(link, caller, address, this.#ports)
    this.#links.add(row)
    this.#silent.add(row)
    if (this.#tickTimer === null && !this.#over) {
      this.#tickedMs = nowMs
      this.#tickTimer = this.#tickSoon()
    }
    if (this.#over) row.end('stopping', 'This member has stopped.')
    else if (!address.opens.take(nowMs) || !this.#opens.take(nowMs))
      row.end('limit', 'Too many links come from there in a short time; come again in a while.')
    else if (this.#silent.size > limits.unhelloed)
      row.end('limit', 'Too many links wait here for their first word; come again in a while.')
    else if (address.links > limits.clientsPerAddress || this.#links.size > limits.clientsMax)
      this.#redirect(row, 'full')
    return row.handlers()
  }

  /**
   * Tells all clients to go elsewhere, and answers what they have under way, within `leavingMs`. Their links are closed
   * when nothing is left to answer; nobody is let in from now on.
   */
  leave(done: () => void): void {
    if (this.#over || this.#leaving !== null || this.#links.size === 0) {
      this.#leaving ??= { sinceMs: 0, done: NOBODY }
      return done()
    }
    this.#leaving = { sinceMs: this.#ports.nowMs(), done }
    for (const link of this.#links) if (link.state === 'open') this.#sayRedirect(link, 'leaving')
    this.#lookWhoLeft()
  }

  /** This key is not accepted any more: whoever came by a token of it has to ask for another one. */
  keyRemoved(keyId: string): void {
    for (const link of this.#links)
      if (link.by?.keyId === keyId)
        link.end(
          'token',
          'The secret that the token was made with is not accepted any more; ask for a new one.',
        )
  }

  #hello(link: DeskLink, hello: HelloMessage): void {
    const { app } = hello
    if (hello.protocol !== CLIENT_PROTOCOL)
      return this.#refuse(
        link,
        'version',
        `This member speaks version ${CLIENT_PROTOCOL} of the client protocol, and the client version ${hello.protocol}.`,
      )
    if (app !== this.#parts.app)
      return this.#refuse(
        link,
        'application',
        `This member belongs to the application '${this.#parts.app}', and the client asks for '${app}'.`,
      )
    if (this.#leaving !== null) return this.#redirect(link, 'leaving')
    if (this.#lives === null || !this.#lives.joined)
      return this.#refuse(link, 'starting', 'This member has not joined its cluster yet; ask again soon.')
    link.state = 'asking'
    this.#silent.delete(link)
    const { layer, proved: level } = link
    const asked = { token: hello.token, level, layer, headers: null }
    this.#parts.speakers.of(asked, this.#ports.wallMs(), (speaker) => this.#answer(link, speaker))
  }

  #answer(link: DeskLink, speaker: Speaker): void {
    const lives = this.#lives
    if (link.state !== 'asking' || lives === null) return
    if (!speaker.ok) return this.#refuse(link, 'token', speaker.text)
    if (this.#leaving !== null) return this.#redirect(link, 'leaving')
    link.level = speaker.level
    link.user = speaker.user
    link.by = speaker.by
    link.state = 'open'
    this.#counts.opened += 1
    const status = lives.status()
    const view = viewOf(status, this.#parts.addressOn(link.layer))
    link.viewText = JSON.stringify(view)
    const { id, incarnation, name } = status.self
    link.say({
      t: 'welcome',
      protocol: CLIENT_PROTOCOL,
      member: { id, incarnation, name },
      clusterId: status.clusterId,
      level: link.level,
      user: link.user,
      committed: status.commitIndex,
      view,
    })
  }

  #refuse(link: DeskLink, code: Parameters<DeskLink['end']>[0], text: string): void {
    this.#count(code)
    link.end(code, text)
  }

  #count(code: string): void {
    this.#counts.refused.set(code, (this.#counts.refused.get(code) ?? 0) + 1)
  }

  #redirect(link: DeskLink, code: 'full' | 'leaving'): void {
    this.#sayRedirect(link, code)
    this.#count(code === 'full' ? 'limit' : 'stopping')
    if (code === 'full') link.end('limit', 'This member has as many clients as it takes.')
    else link.end('stopping', 'This member is about to stop.')
  }

  #sayRedirect(link: DeskLink, code: 'full' | 'leaving'): void {
    const status = this.#lives?.status()
    const to = status ? othersFor(status, this.#parts.addressOn(link.layer), this.#parts.host.random) : []
    const text =
      code === 'full' ? 'This member has as many clients as it takes.' : 'This member is about to stop.'
    link.say({ t: 'redirect', to, code, text })
  }

  #closed(link: DeskLink): void {
    if (!this.#links.delete(link)) return
    this.#silent.delete(link)
    this.#addresses.close(link.host)
    this.#turns.forget(link)
    this.#counts.closed += 1
  }

  #viewSoon(): void {
    if (this.#links.size === 0) return
    this.#viewTimer ??= this.#parts.host.timers.set(limits.viewDelayMs, () => {
      this.#viewTimer = null
      const status = this.#lives?.status()
      if (!status || this.#over) return
      const views = new Map<string, { readonly view: ClusterView; readonly text: string }>()
      for (const link of this.#links) {
        const view = views.get(link.layer)?.view ?? viewOf(status, this.#parts.addressOn(link.layer))
        const text = views.get(link.layer)?.text ?? JSON.stringify(view)
        views.set(link.layer, { view, text })
        link.sayView(text, view)
      }
    })
  }

  /** Once a second while there are clients: pings, silence, what has run out. */
  #tick(): void {
    const nowMs = this.#ports.nowMs()
    // A process that stood still has not listened either.
    const late = nowMs - this.#tickedMs > 5 * limits.tickMs
    this.#tickedMs = nowMs
    const wallMs = this.#ports.wallMs()
    for (const link of this.#links) {
      if (late) link.heardMs = nowMs
      link.look(nowMs, wallMs)
    }
    if (this.#lives !== null && !this.#over) {
      const { members, self } = this.#lives.status()
      const about = members.find(({ id }) => id === self.id)?.about ?? null
      const { trusted, stray } = this.status()
      const change = this.#counted.look(trusted + stray, about, nowMs)
      if (change !== null) this.#lives.announce(change)
    }
    this.#tickTimer = this.#links.size > 0 || this.#counted.tells ? this.#tickSoon() : null
  }

  #tickSoon(): Timer {
    return this.#parts.host.timers.set(limits.tickMs, () => this.#tick())
  }

  #lookWhoLeft(): void {
    const leaving = this.#leaving
    if (leaving === null || this.#over) return
    const waitedMs = this.#ports.nowMs() - leaving.sinceMs
    const text = 'This member is about to stop.'
    for (const link of this.#links) {
      const idle = waitedMs >= LEAVE_LOOK_MS && link.calls.inFlight + link.reads.pending === 0
      if (idle || waitedMs >= limits.leavingMs) link.endMoved('leaving', text)
    }
    if (this.#links.size === 0) return this.#left()
    this.#parts.host.timers.set(LEAVE_LOOK_MS, () => this.#lookWhoLeft())
  }

  #end(text: string): void {
    if (this.#over) return
    this.#over = true
    for (const link of this.#links) link.end('stopping', text)
    this.#tickTimer?.cancel()
    this.#viewTimer?.cancel()
    this.#turns.stop()
    this.#left()
  }

  #left(): void {
    const leaving = this.#leaving
    this.#leaving = { sinceMs: 0, done: NOBODY }
    leaving?.done()
  }
}
