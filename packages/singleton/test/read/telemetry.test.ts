import { describe, expect, it } from 'vitest'
import { Guard, isTraceparent, Tracing } from '../../src/peer/telemetry.js'
import type { Telemetry, TelemetryAttributes, TelemetryContext } from '../../src/peer/telemetry.js'
import type { PeerMetrics } from '../../src/peer/index.js'
import { runSchedule, work } from '../../src/testing/index.js'
import { bag } from './reader.js'

/** The signatures of OpenTelemetry's API 1.x that a tracer and a meter of theirs must have to be taken here. */
declare enum SpanKind {
  INTERNAL = 0,
  SERVER = 1,
  CLIENT = 2,
}
declare enum SpanStatusCode {
  UNSET = 0,
  OK = 1,
  ERROR = 2,
}
type AttributeValue = string | number | boolean | (null | undefined | string)[]
interface Attributes {
  [key: string]: AttributeValue | undefined
}
interface Context {
  getValue(key: symbol): unknown
  setValue(key: symbol, value: unknown): Context
  deleteValue(key: symbol): Context
}
interface OtelSpan {
  spanContext(): { traceId: string; spanId: string; isRemote?: boolean; traceFlags: number }
  setAttribute(key: string, value: AttributeValue): this
  addEvent(name: string, attributesOrStartTime?: Attributes | number | Date, startTime?: number | Date): this
  setStatus(status: { code: SpanStatusCode; message?: string }): this
  end(endTime?: number | Date): void
}
interface OtelTracer {
  startSpan(
    name: string,
    options?: { kind?: SpanKind; attributes?: Attributes; startTime?: number | Date; root?: boolean },
    context?: Context,
  ): OtelSpan
}
interface OtelMeter {
  createCounter(
    name: string,
    options?: { description?: string; unit?: string; valueType?: number },
  ): { add(value: number, attributes?: Attributes, context?: Context): void }
  createHistogram(
    name: string,
    options?: { description?: string; unit?: string; valueType?: number },
  ): { record(value: number, attributes?: Attributes, context?: Context): void }
}
/** Compiles only while theirs fit. */
export const fits = (tracer: OtelTracer, meter: OtelMeter): Telemetry => ({ tracer, meter })

interface Told {
  readonly name: string
  readonly member: string
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | null
  readonly attributes: TelemetryAttributes
  readonly events: string[]
  ended: number
}

const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

/** A tracer that keeps everything; all peers share one list. */
function tracerOf(told: Told[]): NonNullable<Telemetry['tracer']> {
  return {
    startSpan: (name, options, context) => {
      const parent = context?.getValue(SPAN) as
        | { spanContext(): { traceId: string; spanId: string } }
        | undefined
      const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0')
      const traceId = parent?.spanContext().traceId ?? hex(told.length + 1, 32)
      const span: Told = {
        name,
        member: String(options?.attributes?.['tanist.member']),
        traceId,
        spanId: hex(told.length + 1, 16),
        parent: parent?.spanContext().spanId ?? null,
        attributes: { ...options?.attributes },
        events: [],
        ended: 0,
      }
      told.push(span)
      return {
        spanContext: () => ({ traceId, spanId: span.spanId, traceFlags: 1 }),
        setAttribute: (key, value) => (span.attributes[key] = value),
        addEvent: (event) => span.events.push(event),
        setStatus: () => {},
        end: () => void (span.ended += 1),
      }
    },
  }
}

const meterOf = (counts: Map<string, number>): NonNullable<Telemetry['meter']> => {
  const count = (name: string, by: number, attributes: TelemetryAttributes = {}): void => {
    const key = [name, attributes['tanist.role'], attributes['tanist.outcome']].filter(Boolean).join(' ')
    counts.set(key, (counts.get(key) ?? 0) + by)
  }
  return {
    createCounter: (name) => ({ add: (by, attributes) => count(name, by, attributes) }),
    createHistogram: (name) => ({ record: (_ms, attributes) => count(name, 1, attributes) }),
  }
}

const options = {
  seed: 7,
  peers: 3,
  roles: [bag],
  schedule: [{ on: 'server.appended#60', do: 'crash', who: 'server', for: 1_000 } as const],
  forMs: 2_000,
  workload: {
    work: work(bag, { put: (_dice, { name, seq }) => ({ id: `${name}:${seq}`, n: 2 }) }, { reads: 0 }),
    clients: 5,
    pauseMs: 20,
  },
}

describe('a trace context', () => {
  it.each([
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', true],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0', false],
    ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', false],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01', false],
    ['ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', false],
    ['00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01', false],
    [{ toString: (): string => '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }, false],
    [undefined, false],
  ])('%s: %s', (text, valid) => {
    expect(isTraceparent(text)).toBe(valid)
  })

  it('that is none begins a trace of its own', () => {
    const told: Told[] = []
    const tracing = new Tracing(tracerOf(told), new Guard({ write: () => {} }), 'ann')
    tracing.decide('bag', 'put', 1, 'nonsense')?.end({})
    tracing.decide('bag', 'put', 1, undefined)?.end({})
    expect(told.map(({ parent }) => parent)).toEqual([null, null])
  })

  it('can be handed on as a context of theirs', () => {
    let seen: TelemetryContext | undefined
    const tracer = tracerOf([])
    const startSpan: typeof tracer.startSpan = (name, spanOptions, context) => {
      seen = context
      return tracer.startSpan(name, spanOptions, context)
    }
    const tracing = new Tracing({ startSpan }, new Guard({ write: () => {} }), 'ann')
    tracing.decide('bag', 'put', 1, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
    const key = Symbol('mine')
    expect(seen?.setValue(key, 3).getValue(key)).toBe(3)
    expect(seen?.setValue(key, 3).getValue(SPAN)).toBe(seen?.getValue(SPAN))
    expect(seen?.deleteValue(SPAN).getValue(SPAN)).toBeUndefined()
    expect(seen?.getValue(key)).toBeUndefined()
  })
})

describe('telemetry of a cluster whose server crashes', () => {
  it('one command is one trace, from its caller to the commit, also through the take-over', () => {
    const told: Told[] = []
    const run = runSchedule({ ...options, settings: { telemetry: { tracer: tracerOf(told) } } })
    expect(run.contradictions).toEqual([])
    const traces = new Map<string, Told[]>()
    for (const span of told) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span])
    const named = (spans: readonly Told[], name: string): Told[] => spans.filter((span) => span.name === name)
    let retried = 0
    let committed = 0
    for (const spans of traces.values()) {
      const [call, ...others] = named(spans, 'tanist.call')
      expect(others).toEqual([])
      if (!call) throw new Error('a trace without a call')
      expect(call.ended).toBeLessThanOrEqual(1)
      for (const span of spans) if (span !== call) expect(span.parent).toBe(call.spanId)
      if (call.attributes['tanist.outcome'] !== 'ok') continue
      const ends = named(spans, 'tanist.commit').filter(
        ({ attributes }) => attributes['tanist.outcome'] === 'ok',
      )
      const decided = named(spans, 'tanist.decide')
      expect(decided.length).toBeGreaterThan(0)
      committed += ends.length
      if (ends.length === 0) expect(decided.at(-1)?.attributes['tanist.outcome']).toBe('repeated')
      else expect(ends[0]?.attributes['tanist.index']).toBe(call.attributes['tanist.index'])
      const servers = new Set(decided.map(({ member }) => member))
      if (servers.size > 1) {
        retried += 1
        expect(call.events).toContain('retry')
      }
    }
    expect(committed).toBeGreaterThan(100)
    expect(retried).toBeGreaterThan(0)
  })

  it('counts the same with the meter as in the metrics', () => {
    const counts = new Map<string, number>()
    const { cluster } = runSchedule({
      ...options,
      schedule: [],
      settings: { telemetry: { meter: meterOf(counts) } },
    })
    const metrics = cluster.names.map((name) => cluster.peer(name)!.metrics())
    const sum = (of: (one: PeerMetrics) => number | undefined): number =>
      metrics.reduce((total, one) => total + (of(one) ?? 0), 0)
    expect(counts.get('tanist.commands bag ok')).toBe(sum(({ roles }) => roles['bag']?.decided.ok))
    expect(counts.get('tanist.calls bag ok')).toBe(sum(({ roles }) => roles['bag']?.calls.ok))
    expect(counts.get('tanist.call.duration bag ok')).toBe(
      sum(({ roles }) => roles['bag']?.callLatency.count),
    )
    expect(counts.get('tanist.commit.duration bag')).toBe(
      sum(({ roles }) => roles['bag']?.commitLatency.count),
    )
    expect(counts.get('tanist.events bag')).toBe(sum(({ roles }) => roles['bag']?.committed.events))
    expect(counts.get('tanist.reigns')).toBe(1)
    expect(counts.get('tanist.commands bag ok')).toBeGreaterThan(50)
  })

  it('changes nothing when every hook throws, but one line in each log', () => {
    const boom = (): never => {
      throw new Error('boom')
    }
    const lines: string[] = []
    const span = { spanContext: boom, setAttribute: boom, addEvent: boom, setStatus: boom, end: boom }
    let spans = 0
    const telemetry: Telemetry = {
      tracer: { startSpan: () => (++spans % 2 === 0 ? boom() : span) },
      meter: { createCounter: () => ({ add: boom }), createHistogram: () => ({ record: boom }) },
    }
    const plain = runSchedule(options)
    const run = runSchedule({
      ...options,
      settings: { telemetry },
      host: (host) => ({
        ...host,
        log: {
          write: (level, event, text, data) => {
            if (event === 'telemetry-failed') lines.push(text)
            host.log.write(level, event, text, data)
          },
        },
      }),
    })
    expect(run.contradictions).toEqual([])
    expect(run.acknowledged).toBe(plain.acknowledged)
    expect(run.history.operations.map(({ outcome }) => outcome)).toEqual(
      plain.history.operations.map(({ outcome }) => outcome),
    )
    // One process of each peer, and the one that was started again.
    expect(lines).toHaveLength(4)
  })
})
