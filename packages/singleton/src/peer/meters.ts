import type { Log } from '@tanist/core'
import { Latency } from './latency.js'
import { Guard } from './telemetry.js'
import type { Telemetry, TelemetryMeter } from './telemetry.js'

/** How a command ended at the server. */
export type DecidedAs = 'ok' | 'refused' | 'failed' | 'expired' | 'repeated'
/** How a call ended at its caller. */
export type CalledAs = 'ok' | 'refused' | 'unavailable'

/** The counters of one role: plain numbers, and two histograms. */
export class RoleMeter {
  readonly decided: Record<DecidedAs, number> = { ok: 0, refused: 0, failed: 0, expired: 0, repeated: 0 }
  readonly called: Record<CalledAs, number> = { ok: 0, refused: 0, unavailable: 0 }
  readonly callLatency: Latency = new Latency()
  readonly commitLatency: Latency = new Latency()
  commands = 0
  events = 0
  bytes = 0
}

interface Instruments {
  readonly commands: ReturnType<TelemetryMeter['createCounter']>
  readonly calls: ReturnType<TelemetryMeter['createCounter']>
  readonly events: ReturnType<TelemetryMeter['createCounter']>
  readonly bytes: ReturnType<TelemetryMeter['createCounter']>
  readonly reigns: ReturnType<TelemetryMeter['createCounter']>
  readonly takeovers: ReturnType<TelemetryMeter['createCounter']>
  readonly callMs: ReturnType<TelemetryMeter['createHistogram']>
  readonly commitMs: ReturnType<TelemetryMeter['createHistogram']>
}

/** What one process counts, through all its identities. */
export class Meters {
  readonly roles: ReadonlyMap<string, RoleMeter>
  readonly guard: Guard
  /** Times that this peer began to serve; changes of the server as seen from here; changes between leader, follower, learner. */
  reigns = 0
  takeovers = 0
  roleChanges = 0
  readonly #instruments: Instruments | null

  constructor(roles: readonly string[], telemetry: Telemetry | null, log: Log) {
    this.roles = new Map(roles.map((role) => [role, new RoleMeter()]))
    this.guard = new Guard(log)
    const meter = telemetry?.meter
    this.#instruments = meter ? this.guard.run(() => instrumentsOf(meter)) : null
  }

  decided(role: string, as: DecidedAs): void {
    const meter = this.roles.get(role)
    if (meter) meter.decided[as] += 1
    const to = this.#instruments
    if (to) this.guard.run(() => to.commands.add(1, { 'tanist.role': role, 'tanist.outcome': as }))
  }

  called(role: string, as: CalledAs, tookMs: number): void {
    const meter = this.roles.get(role)
    if (meter) {
      meter.called[as] += 1
      meter.callLatency.record(tookMs)
    }
    const to = this.#instruments
    if (!to) return
    const attributes = { 'tanist.role': role, 'tanist.outcome': as }
    this.guard.run(() => to.calls.add(1, attributes))
    this.guard.run(() => to.callMs.record(tookMs, attributes))
  }

  /** On every replica. */
  applied(role: string, events: number, bytes: number): void {
    const meter = this.roles.get(role)
    if (meter) {
      meter.commands += 1
      meter.events += events
      meter.bytes += bytes
    }
    const to = this.#instruments
    if (!to) return
    const attributes = { 'tanist.role': role }
    this.guard.run(() => to.events.add(events, attributes))
    this.guard.run(() => to.bytes.add(bytes, attributes))
  }

  /** On the server. */
  committed(role: string, tookMs: number): void {
    this.roles.get(role)?.commitLatency.record(tookMs)
    const to = this.#instruments
    if (to) this.guard.run(() => to.commitMs.record(tookMs, { 'tanist.role': role }))
  }

  reignBegun(): void {
    this.reigns += 1
    const to = this.#instruments
    if (to) this.guard.run(() => to.reigns.add(1))
  }

  tookOver(): void {
    this.takeovers += 1
    const to = this.#instruments
    if (to) this.guard.run(() => to.takeovers.add(1))
  }
}

function instrumentsOf(meter: TelemetryMeter): Instruments {
  const counter = (name: string, description: string, unit: string): Instruments['commands'] =>
    meter.createCounter(`tanist.${name}`, { description, unit })
  const histogram = (name: string, description: string): Instruments['callMs'] =>
    meter.createHistogram(`tanist.${name}`, { description, unit: 'ms' })
  return {
    commands: counter('commands', 'Commands that this peer decided as the server, by how.', '{command}'),
    calls: counter('calls', 'Calls of this peer that ended, by how.', '{call}'),
    events: counter('events', 'Events that were committed on this replica.', '{event}'),
    bytes: counter('journal.bytes', 'Bytes of entries that were committed on this replica.', 'By'),
    reigns: counter('reigns', 'Times that this peer began to serve.', '{reign}'),
    takeovers: counter('takeovers', 'Times that this peer saw the server change.', '{takeover}'),
    callMs: histogram('call.duration', 'From a call to its end, at the caller.'),
    commitMs: histogram('commit.duration', 'From the decision of a command to its commit, at the server.'),
  }
}
