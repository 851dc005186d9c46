import { encodeFrames, encodeText } from '@tanist/core'
import type { Address, Cell, Host, Link, Timer } from '@tanist/core'
import { createCalls, stepCalls } from '../role/index.js'
import type { CallInput, CallOutcome, Calls, CallsInput } from '../role/index.js'
import { Asked } from './asked.js'
import { createConnection, stepConnection } from './connection.js'
import type { Connection, ConnectionInput } from './connection.js'
import { ConnectError } from './errors.js'
import { CALL_HEAD_BYTES, FRAME_BYTES, IN_FLIGHT } from './limits.js'
import { CLIENT_PROTOCOL } from './messages.js'
import type { ClientMessage, ClusterView, MemberMessage } from './messages.js'
import type { CheckedClient } from './settings.js'
import type { ClientStatus } from './types.js'
import { Watches } from './watches.js'
import { CHANNEL, decodeFromMember } from './wire.js'

export type ClientEvent =
  /** `status()` is another one. */
  | { readonly kind: 'status' }
  /** The first link. */
  | { readonly kind: 'connected' }
  /** Nothing follows. Null: it was asked to. */
  | { readonly kind: 'closed'; readonly error: ConnectError | null }

type Welcome = Extract<MemberMessage, { t: 'welcome' }>

interface Row {
  readonly number: number
  readonly link: Link
  welcome: Welcome | null
}

interface OpenCall {
  readonly bytes: number
  readonly done: (outcome: CallOutcome) => void
}

/**
 * A process that is no member, on whatever host: runs the machines of connection and calls, and what it watches. Nothing
 * is called back inside of a call to it, but by `close`.
 */
export class ClientCore {
  readonly id: string
  readonly settings: CheckedClient
  readonly host: Host
  readonly watches: Watches
  readonly asked: Asked
  readonly #connection: Connection
  readonly #calls: Calls
  readonly #cell: Cell
  readonly #open = new Map<number, OpenCall>()
  readonly #listeners = new Set<(event: ClientEvent) => void>()
  readonly #timers = new Map<'calls' | 'connection', Timer>()
  #row: Row | null = null
  #view: ClusterView | null = null
  #welcome: Welcome | null = null
  #outbox: ClientMessage[] = []
  /** Bytes of the inputs of calls that have not ended. */
  #bytes = 0
  #lastCall = 0
  #links = 0
  #closed: ConnectError | 'asked' | null = null

  constructor(host: Host, settings: CheckedClient) {
    this.host = host
    this.settings = settings
    this.id = settings.session ?? host.random.id()
    // Ids of an earlier run with the same session are asked for by name, and never drawn again.
    const session = `${this.id}.${host.random.id().slice(0, 8)}`
    this.#calls = createCalls({
      session,
      limits: { inFlight: IN_FLIGHT },
      resends: false,
      inputBytes: FRAME_BYTES[settings.level] - CALL_HEAD_BYTES,
      words: {
        stopped: 'This client was closed.',
        silent: ({ memberId }) => `The member ${memberId} has not answered.`,
      },
    })
    this.#connection = createConnection(settings.addresses, settings.reconnect)
    const say = (message: ClientMessage): void => this.#say(message)
    const changed = (): void => this.#tell({ kind: 'status' })
    this.watches = new Watches(host, say, changed)
    this.asked = new Asked(host, say)
    this.#cell = host.engine.cell('client', () => this.#flush())
  }

  /** Looks for the first member. */
  begin(): void {
    this.#server('No member was found yet.')
    this.#step({ kind: 'begin' })
  }

  get isClosed(): boolean {
    return this.#closed !== null
  }

  observe(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Discovery saw somebody. */
  found(addresses: readonly Address[]): void {
    this.#step({ kind: 'found', addresses })
  }

  /** The network is back, or the page is looked at again: is the link still good? */
  check(): void {
    this.#step({ kind: 'check' })
  }

  /** Returns what cancels it. `isOff`: it was cancelled before, and is not sent. */
  call(
    request: Omit<CallInput, 'kind' | 'callId'>,
    done: (outcome: CallOutcome) => void,
    isOff = false,
  ): () => void {
    this.#lastCall += 1
    const callId = this.#lastCall
    const bytes = sizeOf(request.input)
    this.#open.set(callId, { bytes, done })
    this.#bytes += bytes
    this.#calls.full = isOff ? CANCELLED : this.#whyFull()
    this.#stepCalls({ kind: 'call', callId, ...request })
    return () => this.#cancel(callId)
  }

  status(): ClientStatus {
    const { phase, why } = this.#connection
    const row = this.#row
    const welcome = row?.welcome ?? null
    const state = this.isClosed
      ? 'closed'
      : welcome
        ? 'connected'
        : phase.kind === 'idle'
          ? 'searching'
          : 'connecting'
    let waiting = 0
    let inFlight = 0
    for (const { sentMs } of this.#calls.book.all()) {
      if (sentMs === null) waiting += 1
      else inFlight += 1
    }
    return {
      state,
      member: welcome && row && { ...named(welcome.member), address: row.link.remote },
      level: this.#welcome?.level ?? this.settings.level,
      user: this.#welcome?.user ?? null,
      clusterId: this.#welcome?.clusterId ?? null,
      view: this.#view,
      waiting,
      inFlight,
      links: this.#links,
      waitingFor: state === 'connected' ? null : this.#whyNot(why),
      retryAtMs: state !== 'closed' && phase.kind === 'pause' ? Math.ceil(phase.untilWallMs) : null,
    }
  }

  close(error: ConnectError | null = null): void {
    if (this.#closed !== null) return
    this.#closed = error ?? 'asked'
    if (this.#row?.welcome) this.#say({ t: 'bye' })
    this.#calls.server = null
    this.#stepCalls({ kind: 'stop' })
    this.asked.stop(error?.message ?? 'This client was closed.')
    this.#flush()
    this.#step({ kind: 'stop' })
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    this.#cell.stop()
    this.watches.stop()
    this.#tell({ kind: 'closed', error })
    this.#listeners.clear()
  }

  // Connection

  #step(input: ConnectionInput): void {
    const { clock, random } = this.host
    const before = this.#seen()
    for (const effect of stepConnection(this.#connection, input, clock.now(), random)) {
      switch (effect.kind) {
        case 'dial':
          this.#dial(effect.link, effect.address)
          break
        case 'greet':
          this.#greet()
          break
        case 'ask':
          this.#say({ t: 'ping' })
          break
        case 'close': {
          this.#flush()
          const row = this.#row
          this.#row = null
          row?.link.close(effect.code, effect.reason)
          break
        }
        case 'up':
          this.#up()
          break
        case 'down':
          this.#row = null
          this.#outbox = []
          this.#server(this.#whyNot(this.#connection.why))
          this.watches.down()
          this.asked.down()
          break
        case 'fail':
          this.close(new ConnectError(effect.refusal.code, effect.refusal.text))
          return
        case 'timer':
          this.#timer('connection', effect.afterMs, () => this.#step({ kind: 'timer' }))
      }
    }
    if (before === this.#seen() || this.isClosed) return
    if (!this.#row?.welcome) this.#server(this.#whyNot(null))
    this.#tell({ kind: 'status' })
  }

  /** Another one: another status. */
  #seen(): string {
    const { phase, why } = this.#connection
    return `${phase.kind} ${'link' in phase ? phase.link : ''} ${phase.kind === 'pause' ? phase.untilMs : ''} ${why}`
  }

  #dial(number: number, address: Address): void {
    const { network } = this.host
    const link = network.dial(
      address,
      {
        opened: () => this.#step({ kind: 'opened', link: number }),
        frame: (bytes) => this.#frame(number, bytes),
        closed: (end) => this.#step({ kind: 'closed', link: number, end }),
      },
      { as: this.settings.level },
    )
    this.#row = { number, link, welcome: null }
    this.#outbox = []
  }

  #greet(): void {
    const { app, name, token, roles } = this.settings
    const known = roles.map((role) => role.name)
    this.#say({ t: 'hello', protocol: CLIENT_PROTOCOL, app, client: this.id, name, token, roles: known })
    this.#flush()
  }

  #up(): void {
    const row = this.#row
    if (!row?.welcome) return
    this.#links += 1
    if (this.#links === 1) this.#calls.book.startAt(row.welcome.committed ?? 0)
    this.#server('')
    this.watches.up()
    this.asked.up()
    if (this.#links === 1) this.#tell({ kind: 'connected' })
  }

  #frame(number: number, bytes: Uint8Array): void {
    const row = this.#row
    if (row?.number !== number) return
    let messages: MemberMessage[]
    try {
      messages = decodeFromMember(bytes)
    } catch (error) {
      const text = `What came from ${row.link.remote} is no frame of a member: ${String(error)}`
      this.host.log.write('warn', 'frame-refused', text, { remote: row.link.remote })
      return this.#step({ kind: 'refused', link: number, code: 'unavailable', text })
    }
    this.#step({ kind: 'heard', link: number })
    for (const message of messages) if (this.#row === row) this.#take(row, message)
    this.#flush()
  }

  #take(row: Row, message: MemberMessage): void {
    const link = row.number
    switch (message.t) {
      case 'welcome':
        if (row.welcome) return
        row.welcome = message
        this.#welcome = message
        this.#view = message.view
        return this.#step({ kind: 'welcome', link, members: addressesIn(message.view) })
      case 'refused':
        return this.#step({ kind: 'refused', link, code: message.code, text: message.text })
      case 'redirect':
        return this.#step({ kind: 'redirect', link, to: message.to, text: message.text })
      case 'ping':
        return this.#say({ t: 'pong' })
      case 'pong':
        return
      default:
        if (row.welcome) this.#takeAnswer(link, message)
    }
  }

  #takeAnswer(
    link: number,
    message: Exclude<MemberMessage, { t: 'welcome' | 'refused' | 'redirect' | 'ping' | 'pong' }>,
  ): void {
    switch (message.t) {
      case 'result':
      case 'failed':
      case 'expired':
      case 'retry':
        return this.#stepCalls({ kind: 'answer', message })
      case 'unavailable': {
        const { session, seq, executed, reason } = message
        // Another time, or another member, may do better; the deadline ends it.
        for (const { attempt } of this.#calls.book.byId({ session, seq }).slice(0, 1)) {
          const appended = executed === 'unknown'
          this.#stepCalls({
            kind: 'answer',
            message: { t: 'retry', session, seq, attempt, appended, reason },
          })
        }
        return
      }
      case 'state':
      case 'event':
      case 'unwatched':
        return this.watches.take(message)
      case 'readable':
      case 'unreadable':
      case 'manifest':
        return this.asked.take(message)
      case 'view':
        this.#view = message.view
        this.#step({ kind: 'view', link, members: addressesIn(message.view) })
        return this.#tell({ kind: 'status' })
    }
  }

  // Calls

  #server(waitingFor: string): void {
    const { wallMs } = this.host.clock.now()
    const welcome = this.#row?.welcome
    const server = welcome
      ? { memberId: welcome.member.id, incarnation: this.#links, term: this.#links }
      : null
    const since = server === null && this.#calls.server === null ? (this.#calls.since ?? wallMs) : wallMs
    this.#stepCalls({ kind: 'server', server, since, waitingFor, committed: welcome?.committed ?? 0 })
  }

  #stepCalls(input: CallsInput): void {
    const now = this.host.clock.now()
    for (const effect of stepCalls(this.#calls, input, now, this.host.random)) {
      if (effect.kind === 'send') {
        const { suspect: _, ...message } = effect.message
        let dueMs = now.monotonicMs
        for (const { deadlineMs } of this.#calls.book.byId(message)) dueMs = Math.max(dueMs, deadlineMs)
        this.#say({ deadlineMs: Math.ceil(dueMs - now.monotonicMs), ...message })
      } else if (effect.kind === 'timer')
        this.#timer('calls', effect.afterMs, () => this.#stepCalls({ kind: 'timer' }))
      else {
        const open = this.#open.get(effect.callId)
        this.#open.delete(effect.callId)
        this.#bytes -= open?.bytes ?? 0
        open?.done(effect.outcome)
      }
    }
  }

  #cancel(callId: number): void {
    const pending = this.#calls.book.get(callId)
    if (!pending) return
    const { session, seq } = pending.id
    this.#stepCalls({ kind: 'cancel', callId })
    if (pending.sentMs !== null && this.#calls.book.byId({ session, seq }).length === 0)
      this.#say({ t: 'cancel', session, seq })
  }

  #whyFull(): string | null {
    if (this.#row?.welcome) return null
    const { bufferMax, bufferBytes } = this.settings
    const most = `${bufferMax} calls and ${bufferBytes} bytes of inputs wait at most while there is no link`
    const full = this.#open.size > bufferMax || this.#bytes > bufferBytes
    return full ? `busy: ${most}. ${this.#whyNot(this.#connection.why)}` : null
  }

  #whyNot(why: string | null): string {
    if (this.#closed !== null)
      return this.#closed === 'asked' ? 'This client was closed.' : this.#closed.message
    return why ?? this.#connection.why ?? 'There is no link to a member.'
  }

  // Words

  #say(message: ClientMessage): void {
    if (!this.#row?.welcome && message.t !== 'hello' && message.t !== 'pong') return
    this.#outbox.push(message)
    if (this.#outbox.length === 1) this.#cell.wake()
  }

  #flush(): void {
    const messages = this.#outbox
    if (messages.length === 0) return
    this.#outbox = []
    const frames = encodeFrames(
      messages.map((body) => ({ channel: CHANNEL, body })),
      ({ body }, error) =>
        this.host.log.write(
          'error',
          'message-not-sent',
          `A message '${body.t}' was not sent: ${error.message}.`,
        ),
      FRAME_BYTES[this.settings.level],
    )
    for (const frame of frames) this.#row?.link.send(frame)
  }

  #timer(name: 'calls' | 'connection', afterMs: number | null, fire: () => void): void {
    this.#timers.get(name)?.cancel()
    this.#timers.delete(name)
    if (afterMs === null || this.#cellIsOver) return
    this.#timers.set(
      name,
      this.host.timers.set(afterMs, () => {
        this.#timers.delete(name)
        fire()
      }),
    )
  }

  get #cellIsOver(): boolean {
    return this.#closed !== null
  }

  #tell(event: ClientEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

const CANCELLED = 'The caller cancelled the call.'

function addressesIn(view: ClusterView): Address[] {
  return view.members.map(({ address }) => address)
}

function named({ id, name }: Welcome['member']): { readonly id: string; readonly name: string } {
  return { id, name }
}

function sizeOf(input: unknown): number {
  return encodeText(JSON.stringify(input) ?? '').length
}
