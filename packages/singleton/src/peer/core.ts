import { createMembership, stepMembership } from '@tanist/core'
import type {
  Cell,
  Entry,
  Folder,
  Hello,
  Host,
  Journal,
  JournalError,
  LinkEnd,
  Listener,
  MemberId,
  Membership,
  MembershipEffect,
  MembershipInput,
  Now,
  Register,
} from '@tanist/core'
import { createCalls, createRoleHost, stepCalls } from '../role/index.js'
import type {
  AnswerMessage,
  CallEffect,
  CallInput,
  CallOutcome,
  Calls,
  CallsInput,
  RoleHost,
} from '../role/index.js'
import { branch, createSuccession, EntryKind, leaseHolds, stepSuccession } from '../succession/index.js'
import type { FencingToken, Succession, SuccessionEffect, SuccessionInput } from '../succession/index.js'
import { JoinError } from './errors.js'
import type { Identity } from './identity.js'
import { Links } from './links.js'
import { Reads } from './reads.js'
import type { ReadOutcome } from './reads.js'
import { Reigns } from './reign.js'
import { Server } from './server.js'
import type { CheckedSettings } from './settings.js'
import { explainWait, statusOf } from './status.js'
import type { PeerStatus, Takeover } from './status.js'
import type { SyncGate } from './sync-gate.js'
import { KeyedTimers } from './timers.js'
import type { RoleMessage, WireMessage } from './wire.js'

/** Inputs handled in one turn before others get theirs. */
const BATCH = 2_048
/** A refused peer that is linked to nobody after this time gives up. */
const REFUSED_MS = 1_000
/** A turn goes on with what its own effects brought, so often at most. */
const ROUNDS = 4

export interface PeerParts {
  readonly host: Host
  readonly settings: CheckedSettings
  readonly identity: Register<Identity>
  readonly journal: Journal
  readonly folder: Folder
  readonly gate: SyncGate
  readonly listener: Listener
  /** The own hello, with the address that others dial. */
  readonly self: Hello
}

export type PeerEvent =
  /** Anything in `status` but the journal positions changed. */
  | { readonly kind: 'status' }
  | { readonly kind: 'joined' }
  | {
      readonly kind: 'note'
      readonly event: string
      readonly text: string
      readonly data: Record<string, unknown>
    }
  /** The last event. `error` is null after a wanted stop. */
  | { readonly kind: 'stopped'; readonly error: JoinError | null }

type UpwardEffect = Exclude<SuccessionEffect, { kind: 'send' | 'timer' | 'persist' | 'append' | 'truncate' }>

export type CallRequest = Omit<CallInput, 'kind' | 'callId'>

/**
 * One peer: the shell around the step machines of membership, succession, roles and calls. It is driven by
 * callbacks of its host alone and runs in turns of one cell: everything that arrived is stepped through, then
 * what it asked for is written and sent. The same code runs on Node and in the simulated world.
 */
export class PeerCore {
  readonly roles: RoleHost
  /** For laws and recorders: every entry as it is committed here, and the begin of every reign. */
  onCommitted: ((entries: readonly Entry[]) => void) | null = null
  onServe: ((token: FencingToken) => void) | null = null
  readonly #parts: PeerParts
  readonly #host: Host
  readonly #cell: Cell
  readonly #timers: KeyedTimers
  readonly #links: Links
  readonly #membership: Membership
  readonly #succession: Succession
  readonly #server: Server
  readonly #reigns: Reigns
  readonly #calls: Calls
  readonly #reads: Reads
  readonly #callers = new Map<number, (outcome: CallOutcome) => void>()
  readonly #confirms = new Map<number, (index: number | null) => void>()
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  #queue: (() => void)[] = []
  /** What machines told their owner in the steps so far: run one after another, never inside a step. */
  #upcalls: (() => void)[] = []
  #draining = false
  #lastCall = 0
  #lastConfirm = 0
  #applied = 0
  #dirty = false
  #joined = false
  #refusal: string | null = null
  #state: 'running' | 'stopping' | 'stopped' = 'running'
  #transfers: ((ok: boolean, text: string) => void)[] = []
  #leaveDone: (() => void) | null = null
  #leaderSpokeAtMs = 0
  #lastLeader: MemberId | null = null
  #takeover: Takeover | null = null

  constructor(parts: PeerParts) {
    const { host, settings, self, identity, journal } = parts
    this.#parts = parts
    this.#host = host
    const now = host.clock.now()
    this.roles = createRoleHost(settings.roles, { log: host.log })
    this.#cell = host.engine.cell(`peer-${self.memberId.slice(0, 8)}`, () => this.#turn())
    this.#timers = new KeyedTimers(host, (key) => this.#enqueue(() => this.#onTimer(key)))
    this.#links = new Links(host.network, host.log, {
      opened: (link, out, remote) => this.#enqueue(() => this.#member({ kind: 'opened', link, out, remote })),
      received: (link, messages) => this.#enqueue(() => this.#received(link, messages)),
      closed: (link, end) => this.#enqueue(() => this.#linkClosed(link, end)),
    })
    this.#membership = createMembership({ self, seeds: settings.seeds, ...settings.membership }, now)
    const value = identity.value
    this.#succession = createSuccession(
      {
        self,
        app: settings.app,
        mode: settings.mode,
        expect: settings.expect,
        timing: settings.timing,
        hard: { term: value?.term ?? 0, votedFor: value?.votedFor ?? null },
        log: journal,
      },
      now,
    )
    this.#server = new Server(this.roles, {
      now: () => this.#now(),
      log: host.log,
      send: (to, message) => this.#sendRole(to, message),
      next: () => this.#nextPosition(),
      propose: (payload) => this.#succeed({ kind: 'propose', payload }),
      confirm: (done) => this.#confirm(done),
    })
    this.#reigns = new Reigns(host, settings.roles, (role) => this.roles.state(role))
    this.#calls = createCalls({ session: `${self.memberId}:${self.incarnation}` })
    this.#reads = new Reads((to, id) => this.#sendRole(to, { t: 'read', id }))
  }

  start(): void {
    this.#enqueue(() => {
      this.#succeed({ kind: 'start' })
      this.#member({ kind: 'start' })
    })
  }

  /** An authenticated link from another peer. */
  accept: Links['accept'] = (link) => this.#links.accept(link)

  /** The listener is gone: nobody could tell this process from a dead one, so it stops at once. */
  listenerLost(text: string): void {
    this.#enqueue(() => this.#fail(new JoinError('listen', text)))
  }

  observe(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get joined(): boolean {
    return this.#joined
  }

  get serves(): boolean {
    return this.#server.serves
  }

  /** Whether the next input would find it still serving: for laws about a peer that is about to wake. */
  get wouldServe(): boolean {
    const { role } = this.#succession
    if (role.kind !== 'leader' || !role.serving) return false
    return leaseHolds({ s: this.#succession, now: this.#now(), random: this.#host.random, out: [] }, role)
  }

  get appliedIndex(): number {
    return this.#applied
  }

  status(): PeerStatus {
    return statusOf(this.#succession, this.#now(), this.#takeover)
  }

  /** For tests and laws: the protocol state, to be read only. */
  get succession(): Succession {
    return this.#succession
  }

  call(request: CallRequest, done: (outcome: CallOutcome) => void): () => void {
    this.#lastCall += 1
    const callId = this.#lastCall
    this.#callers.set(callId, done)
    this.#enqueue(() => this.#stepCalls({ kind: 'call', callId, ...request }))
    return () => this.#enqueue(() => this.#stepCalls({ kind: 'cancel', callId }))
  }

  /** Calls back once this replica holds everything that was committed before this call. */
  read(deadlineMs: number, done: (outcome: ReadOutcome) => void): void {
    this.#enqueue(() => {
      const nowMs = this.#now().monotonicMs
      if (this.#state === 'stopped') return done({ status: 'unavailable', reason: 'this peer has stopped' })
      this.#reads.ask(nowMs + deadlineMs, nowMs, done)
    })
  }

  /** Hands the role over to `to` (a member id) or to the first in line. */
  transfer(to: MemberId | null, done: (ok: boolean, text: string) => void): void {
    this.#enqueue(() => {
      this.#transfers.push(done)
      this.#succeed({ kind: 'transfer', to })
    })
  }

  /** Gives up the seat for good, then stops. */
  leave(limitMs: number, done: () => void): void {
    this.#enqueue(() => {
      if (this.#state !== 'running') return done()
      this.#leaveDone = done
      this.#host.timers.set(limitMs, () => this.#enqueue(() => this.#left()))
      this.#succeed({ kind: 'leave' })
    })
  }

  /** Hands over if it must, says `bye`, and stops; the seat stays. */
  stop(done: () => void): void {
    this.#enqueue(() => {
      if (this.#state !== 'running') return done()
      const end = (): void => this.#shutDown(false, null, done)
      if (this.#succession.role.kind !== 'leader') return end()
      this.#transfers.push(end)
      this.#succeed({ kind: 'transfer', to: null })
    })
  }

  // --- turns ---

  #enqueue(input: () => void): void {
    if (this.#state === 'stopped') return
    this.#queue.push(input)
    if (this.#queue.length === 1) this.#cell.wake()
  }

  #turn(): void {
    try {
      for (let round = 0; round < ROUNDS && this.#queue.length > 0; round++) {
        const inputs = this.#queue.splice(0, BATCH)
        for (const input of inputs) input()
        this.#flush()
      }
    } catch (error) {
      this.#fail(new JoinError('broken', `This peer stops: ${String(error)}`, error))
    }
    if (this.#queue.length > 0) this.#cell.wake()
  }

  #flush(): void {
    if (this.#state === 'stopped') return
    this.#succeed({ kind: 'flush' })
    this.#links.flush()
    this.roles.flush()
    if (this.#reads.size > 0) {
      this.#timers.set('reads', this.#reads.settle(this.#applied, this.#now().monotonicMs))
    }
    if (!this.#dirty) return
    this.#dirty = false
    this.#emit({ kind: 'status' })
  }

  #now(): Now {
    return this.#host.clock.now()
  }

  #emit(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #onTimer(key: string): void {
    const dot = key.indexOf('.')
    const name = key.slice(dot + 1)
    if (key.startsWith('member.')) this.#member({ kind: 'timer', key: name })
    else if (key.startsWith('succession.')) this.#succeed({ kind: 'timer', key: name })
    else if (key === 'calls') this.#stepCalls({ kind: 'timer' })
    else if (key === 'refused') this.#refusalFinal()
  }

  /** Steps may be asked for by upcalls, whose steps make further upcalls: they all queue here, in order. */
  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      for (let i = 0; i < this.#upcalls.length; i++) this.#upcalls[i]?.()
    } finally {
      this.#upcalls = []
      this.#draining = false
    }
  }

  // --- membership ---

  #member(input: MembershipInput): void {
    for (const effect of stepMembership(this.#membership, input, this.#now(), this.#host.random)) {
      this.#memberEffect(effect)
    }
    this.#drain()
  }

  #memberEffect(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'dial':
        return this.#links.dial(effect.link, effect.address)
      case 'send':
        return this.#links.send(effect.link, { channel: 'm', body: effect.message })
      case 'close':
        return this.#links.close(effect.link, effect.code, effect.reason)
      case 'timer':
        return this.#timers.set(`member.${effect.key}`, effect.afterMs)
      case 'event':
        this.#upcalls.push(() => this.#memberEvent(effect.event))
    }
  }

  #memberEvent(event: Extract<MembershipEffect, { kind: 'event' }>['event']): void {
    switch (event.kind) {
      case 'up':
        this.#dirty = true
        this.#links.up(event.link, event.hello)
        return this.#succeed({ kind: 'up', hello: event.hello })
      case 'down':
        this.#dirty = true
        this.#links.down(event.memberId)
        return this.#succeed({ kind: 'down', memberId: event.memberId })
      case 'evidence':
        this.#note('evidence', event.text, { class: event.class, memberId: event.memberId })
        if (event.class !== 'A') return
        return this.#succeed({ kind: 'dead', memberId: event.memberId, incarnation: event.incarnation })
      case 'bye':
        return this.#gone(event.memberId, event.incarnation, event.leaving, 'it said bye')
      case 'gone':
        return this.#gone(event.memberId, event.incarnation, false, event.text)
      case 'refused':
        return this.#refused(event.address, event.code, event.text)
    }
  }

  #gone(memberId: MemberId, incarnation: number, leaving: boolean, why: string): void {
    this.#succeed({ kind: 'gone', memberId, incarnation, leaving, why })
  }

  /** Whoever has not joined yet and sees nobody else takes a refusal as final; members only report it. */
  #refused(address: string, code: string, text: string): void {
    this.#host.log.write('warn', 'peer-refused', text, { address, code })
    this.#emit({ kind: 'note', event: 'peer-refused', text, data: { address, code } })
    if (this.#joined || this.#refusal !== null) return
    this.#refusal = text
    this.#timers.set('refused', REFUSED_MS)
  }

  #refusalFinal(): void {
    const text = this.#refusal ?? ''
    this.#refusal = null
    if (!this.#joined && this.#succession.links.size === 0) this.#fail(new JoinError('refused', text))
  }

  #linkClosed(link: number, end: LinkEnd): void {
    this.#member({ kind: 'closed', link, end })
  }

  #received(link: number, messages: readonly WireMessage[]): void {
    this.#member({ kind: 'heard', link })
    for (const message of messages) {
      if (message.channel === 'm') {
        this.#member({ kind: 'message', link, message: message.body })
        continue
      }
      const speaker = this.#links.speaker(link)
      if (!speaker) continue
      if (message.channel === 'r') this.#roleMessage(speaker.memberId, message.body)
      else {
        const { body, entries } = message
        if (body.t === 'append' && this.#succession.leader?.memberId === speaker.memberId) {
          this.#leaderSpokeAtMs = this.#now().monotonicMs
        }
        this.#succeed({
          kind: 'message',
          from: speaker.memberId,
          incarnation: speaker.incarnation,
          message: body,
          entries,
        })
      }
    }
  }

  // --- succession ---

  #succeed(input: SuccessionInput): void {
    if (this.#state === 'stopped') return
    for (const effect of stepSuccession(this.#succession, input, this.#now(), this.#host.random)) {
      this.#successionEffect(effect)
    }
    this.#drain()
  }

  /** What goes to disk and network is done at once, in order; everything else waits until the step is over. */
  #successionEffect(effect: SuccessionEffect): void {
    const { journal, identity } = this.#parts
    switch (effect.kind) {
      case 'send':
        return this.#links.sendTo(effect.to, {
          channel: 's',
          body: effect.message,
          entries: effect.entries ?? [],
        })
      case 'timer':
        return this.#timers.set(`succession.${effect.key}`, effect.afterMs)
      case 'persist': {
        const last = identity.value as Identity
        const done = this.#durable(() => this.#succeed({ kind: 'persisted', ticket: effect.ticket }))
        return identity.save({ ...last, term: effect.hard.term, votedFor: effect.hard.votedFor }, done)
      }
      case 'append':
        return journal.append(
          effect.entries,
          this.#durable(() => this.#succeed({ kind: 'appended', ticket: effect.ticket })),
        )
      case 'truncate':
        return journal.truncateFrom(effect.from)
      default:
        this.#upcalls.push(() => this.#successionEvent(effect))
    }
  }

  #successionEvent(effect: UpwardEffect): void {
    switch (effect.kind) {
      case 'committed':
        return this.#committed(effect.entries)
      case 'serve':
        return this.#serve(effect.token)
      case 'yield':
        this.#dirty = true
        this.#server.suspend()
        return this.#reigns.end(() => this.#enqueue(() => this.#succeed({ kind: 'yielded' })))
      case 'leader':
        return this.#leaderChanged()
      case 'view':
        this.#dirty = true
        this.#member({ kind: 'view', members: effect.members })
        return this.#checkJoined()
      case 'cluster':
        this.#succession.self = { ...this.#succession.self, clusterId: effect.clusterId, mode: effect.mode }
        return this.#member({ kind: 'self', self: this.#succession.self })
      case 'readable':
        return this.#confirmed(effect.id, effect.index)
      case 'unreadable':
        return this.#confirmed(effect.id, null)
      case 'probe':
        return this.#member({ kind: 'probe', memberId: effect.memberId })
      case 'transferred': {
        const [done, ...rest] = this.#transfers
        this.#transfers = rest
        return done?.(effect.ok, effect.text)
      }
      case 'left':
        return this.#left()
      case 'note':
        return this.#note(effect.event, effect.text, effect.data)
      case 'fatal':
        return this.#fail(new JoinError('data', effect.text))
    }
  }

  /** A failed write is final: what was not acknowledged is unknown, what was is on the other voters. */
  #durable(then: () => void): (error?: JournalError) => void {
    return (error) =>
      this.#enqueue(() => {
        if (error) this.#fail(new JoinError('data', `The journal cannot be written: ${error.message}`, error))
        else then()
      })
  }

  #committed(entries: readonly Entry[]): void {
    this.onCommitted?.(entries)
    this.#server.committed(entries)
    this.#applied = entries.at(-1)?.index ?? this.#applied
  }

  #serve(token: FencingToken): void {
    this.#dirty = true
    this.onServe?.(token)
    const tail: Entry[] = []
    for (let from = this.#applied + 1; from <= this.#parts.journal.lastIndex; ) {
      const read = this.#parts.journal.read(from, 1 << 20)
      tail.push(...read)
      from += read.length
    }
    const unwritten = this.#succession.tail.filter((entry) => entry.index > this.#parts.journal.lastIndex)
    this.#server.serve([...tail, ...unwritten].filter((entry) => entry.kind === EntryKind.command))
    this.#reigns.begin(token)
    this.#note('serving', `This peer is the server in term ${token.term}.`, { ...token })
    this.#checkJoined()
  }

  #leaderChanged(): void {
    this.#dirty = true
    const { leader, self } = this.#succession
    const now = this.#now()
    if (leader?.memberId === self.memberId) this.#server.lead()
    else this.#server.resign()
    if (leader) this.#noteTakeover(leader.memberId, leader.term, now)
    const waitingFor = explainWait(this.#succession) ?? 'the server'
    this.#stepCalls({ kind: 'server', server: leader, since: now.wallMs, waitingFor })
    this.#reads.serverChanged(leader?.memberId ?? null, waitingFor, now.monotonicMs)
  }

  #noteTakeover(to: MemberId, term: number, now: Now): void {
    const from = this.#lastLeader
    if (from !== null && from !== to) {
      this.#takeover = { from, to, term, silenceMs: Math.round(now.monotonicMs - this.#leaderSpokeAtMs) }
    }
    this.#lastLeader = to
    this.#leaderSpokeAtMs = now.monotonicMs
  }

  #checkJoined(): void {
    const { self, view } = this.#succession
    if (this.#joined || view.get(self.memberId)?.incarnation !== self.incarnation) return
    this.#joined = true
    this.#emit({ kind: 'joined' })
  }

  // --- roles ---

  #sendRole(to: MemberId, body: RoleMessage): void {
    if (to !== this.#succession.self.memberId) return this.#links.sendTo(to, { channel: 'r', body })
    this.#enqueue(() => this.#roleMessage(to, body))
  }

  #roleMessage(from: MemberId, body: RoleMessage): void {
    switch (body.t) {
      case 'call':
        return this.#server.call(from, body)
      case 'read':
        return this.#server.read(from, body.id)
      case 'readable':
      case 'unreadable':
        return this.#reads.answered(body, this.#now().monotonicMs)
      default:
        return this.#stepCalls({ kind: 'answer', message: body satisfies AnswerMessage })
    }
  }

  #stepCalls(input: CallsInput): void {
    for (const effect of stepCalls(this.#calls, input, this.#now(), this.#host.random))
      this.#callEffect(effect)
  }

  #callEffect(effect: CallEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#sendRole(effect.to, effect.message)
      case 'timer':
        return this.#timers.set('calls', effect.afterMs)
      case 'resolve': {
        const done = this.#callers.get(effect.callId)
        this.#callers.delete(effect.callId)
        return done?.(effect.outcome)
      }
    }
  }

  #confirm(done: (index: number | null) => void): void {
    this.#lastConfirm += 1
    this.#confirms.set(this.#lastConfirm, done)
    this.#succeed({ kind: 'read', id: this.#lastConfirm })
  }

  #confirmed(id: number, index: number | null): void {
    const done = this.#confirms.get(id)
    this.#confirms.delete(id)
    done?.(index)
  }

  /** Null while the machine does not serve, though the news may still be on its way up. */
  #nextPosition(): { term: number; index: number; branch: string } | null {
    const { role, hard, lastIndex } = this.#succession
    if (role.kind !== 'leader' || !role.serving) return null
    return { term: hard.term, index: lastIndex + 1, branch: branch(this.#succession) ?? '' }
  }

  #note(event: string, text: string, data: Record<string, unknown>): void {
    this.#host.log.write('info', event, text, data)
    this.#emit({ kind: 'note', event, text, data })
  }

  // --- the end ---

  #left(): void {
    const done = this.#leaveDone
    if (!done) return
    this.#leaveDone = null
    this.#shutDown(true, null, done)
  }

  #fail(error: JoinError): void {
    if (this.#state === 'stopped') return
    this.#host.log.write('error', 'peer-failed', error.message, { code: error.code })
    this.#shutDown(false, error, () => {})
  }

  /** Rule 10: stop serving, say bye, close the links, and close the listener last. */
  #shutDown(leaving: boolean, error: JoinError | null, done: () => void): void {
    if (this.#state !== 'running') return done()
    // After a failure not one more beat leaves; after a wish the links stay up until handlers have ended.
    this.#state = error ? 'stopped' : 'stopping'
    this.#server.resign()
    this.#reigns.end(() => {
      this.#stepCalls({ kind: 'stop' })
      this.#reads.stop()
      if (error?.code !== 'broken') this.#member({ kind: 'stop', leaving })
      this.#links.flush()
      this.#links.closeAll('bye')
      this.#timers.cancelAll()
      this.#state = 'stopped'
      this.#queue = []
      this.#cell.stop()
      this.#closeFiles(() => {
        this.#parts.listener.close()
        this.#emit({ kind: 'stopped', error })
        done()
      })
    })
  }

  #closeFiles(then: () => void): void {
    const { journal, identity, folder, gate } = this.#parts
    journal.close(() => {
      identity.close()
      folder.close()
      gate.stop()
      then()
    })
  }
}
