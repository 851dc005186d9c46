import type { Log } from '@tanist/core'

/*
 * What is used of OpenTelemetry's `Tracer` and `Meter` (JavaScript API 1.x), by shape: theirs fit, and nothing of theirs
 * is needed here.
 */

type AttributeValue = string | number | boolean
export type TelemetryAttributes = Record<string, AttributeValue>

export interface TelemetryContext {
  getValue(key: symbol): unknown
  setValue(key: symbol, value: unknown): TelemetryContext
  deleteValue(key: symbol): TelemetryContext
}

export interface TelemetrySpan {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number }
  setAttribute(key: string, value: AttributeValue): unknown
  addEvent(name: string, attributes?: TelemetryAttributes): unknown
  setStatus(status: { code: number; message?: string }): unknown
  end(): void
}

export interface TelemetryTracer {
  startSpan(
    name: string,
    options?: { kind?: number; attributes?: TelemetryAttributes },
    context?: TelemetryContext,
  ): TelemetrySpan
}

export interface TelemetryMeter {
  createCounter(
    name: string,
    options?: { description?: string; unit?: string },
  ): { add(value: number, attributes?: TelemetryAttributes): void }
  createHistogram(
    name: string,
    options?: { description?: string; unit?: string },
  ): { record(value: number, attributes?: TelemetryAttributes): void }
}

/** Where a peer's spans and measurements go. What throws in there is logged once and changes nothing else. */
export interface Telemetry {
  readonly tracer?: TelemetryTracer
  readonly meter?: TelemetryMeter
}

/** OpenTelemetry's kinds of span, and its status of an error. */
const CLIENT = 2
const SERVER = 1
const INTERNAL = 0
const ERROR = 2

/** Under this key its contexts hold the active span. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN')

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** Whether it is a trace context of the W3C's form, 55 characters. */
export function isTraceparent(text: unknown): text is string {
  return typeof text === 'string' && text.length === 55 && TRACEPARENT.test(text)
}

/** Runs what belongs to others: the first failure is logged, and none goes further. */
export class Guard {
  readonly #log: Log
  #failed = false

  constructor(log: Log) {
    this.#log = log
  }

  run<T>(act: () => T): T | null {
    try {
      return act()
    } catch (error) {
      if (!this.#failed)
        this.#log.write('error', 'telemetry-failed', `The telemetry hooks failed: ${String(error)}`, {
          error,
        })
      this.#failed = true
      return null
    }
  }
}

/** One piece of work, and how it is told. */
export class Span {
  readonly #span: TelemetrySpan
  readonly #guard: Guard

  constructor(span: TelemetrySpan, guard: Guard) {
    this.#span = span
    this.#guard = guard
  }

  /** To be sent along; null where the tracer gives no usable one. */
  get traceparent(): string | null {
    return this.#guard.run(() => {
      const { traceId, spanId, traceFlags } = this.#span.spanContext()
      const text = `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`
      return isTraceparent(text) ? text : null
    })
  }

  event(name: string, attributes: TelemetryAttributes): void {
    this.#guard.run(() => this.#span.addEvent(name, attributes))
  }

  end(attributes: TelemetryAttributes, isError: boolean = false): void {
    this.#guard.run(() => {
      for (const [key, value] of Object.entries(attributes)) this.#span.setAttribute(key, value)
      if (isError) this.#span.setStatus({ code: ERROR })
      this.#span.end()
    })
  }
}

/** The spans of commands. */
export class Tracing {
  readonly #tracer: TelemetryTracer
  readonly #guard: Guard
  readonly #member: string

  constructor(tracer: TelemetryTracer, guard: Guard, member: string) {
    this.#tracer = tracer
    this.#guard = guard
    this.#member = member
  }

  /** To be called where the application calls, so that its active span is the parent. */
  call(role: string, command: string): Span | null {
    return this.#start('tanist.call', CLIENT, { role, command })
  }

  decide(role: string, command: string, term: number, traceparent: string | undefined): Span | null {
    return this.#start('tanist.decide', SERVER, { role, command, term }, traceparent)
  }

  commit(
    role: string,
    command: string,
    position: { readonly term: number; readonly index: number },
    traceparent: string | undefined,
  ): Span | null {
    return this.#start('tanist.commit', INTERNAL, { role, command, ...position }, traceparent)
  }

  #start(
    name: string,
    kind: number,
    {
      role,
      command,
      ...position
    }: { readonly role: string; readonly command: string; readonly term?: number },
    parent?: string,
  ): Span | null {
    const attributes: TelemetryAttributes = {
      'tanist.role': role,
      'tanist.command': command,
      'tanist.member': this.#member,
    }
    for (const [key, value] of Object.entries(position)) attributes[`tanist.${key}`] = value
    const span = this.#guard.run(() =>
      this.#tracer.startSpan(
        name,
        { kind, attributes },
        isTraceparent(parent) ? contextOf(parent) : undefined,
      ),
    )
    return span && new Span(span, this.#guard)
  }
}

/** A context with nothing but a span from elsewhere, as its propagators make it. */
function contextOf(traceparent: string): TelemetryContext {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  const spanContext = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true }
  const span = {
    spanContext: () => spanContext,
    isRecording: () => false,
  }
  return contextWith(new Map<symbol, unknown>([[SPAN_KEY, span]]))
}

function contextWith(values: ReadonlyMap<symbol, unknown>): TelemetryContext {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => contextWith(new Map(values).set(key, value)),
    deleteValue: (key) => contextWith(new Map([...values].filter(([held]) => held !== key))),
  }
}
