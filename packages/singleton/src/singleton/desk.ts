import type { AskErrorCode, Now } from '@tanist/core'

/**
 * The proxy of one singleton on one member: what is told and asked here goes to the instance that runs now, and waits
 * while none is known.
 *
 *   inputs   tell, ask, place (which instance, and whether it can be sent to), settled, timer, stop
 *   effects  send, answer, fail, dead, timer
 *
 * - Sent in the order of the calls, each once, and never to a second instance: an ask under way when its instance ends
 *   fails with `lost`. What was not sent yet goes to the next instance.
 * - While nothing can be sent, at most `waiting` wait: tells for `waitMs`, asks for their own time.
 * - Every ask ends exactly once; a tell that is not sent becomes a dead letter.
 */
export interface Desk {
  readonly config: DeskConfig
  /** The instance whose asks are under way. */
  instance: string | null
  /** It can be sent to. */
  open: boolean
  /** Nothing is waited for: it does not run, for this reason. */
  refusal: string | null
  waitingFor: string
  queue: Waiting[]
  readonly under: Map<number, UnderWay>
  timerAtMs: number
  stopped: boolean
}

export interface DeskConfig {
  readonly name: string
  readonly waiting: number
  readonly waitMs: number
}

interface Waiting {
  /** Null: a tell. */
  readonly id: number | null
  readonly handler: string
  readonly message: unknown
  readonly forMs: number
  readonly untilMs: number
}

interface UnderWay {
  readonly handler: string
  readonly untilMs: number
  readonly forMs: number
}

export interface DeskPlace {
  readonly instance: string | null
  readonly open: boolean
  readonly refusal: string | null
  readonly waitingFor: string
}

export type DeskInput =
  | { readonly kind: 'tell'; readonly handler: string; readonly message: unknown }
  | {
      readonly kind: 'ask'
      readonly id: number
      readonly handler: string
      readonly message: unknown
      readonly forMs: number
    }
  | ({ readonly kind: 'place' } & DeskPlace)
  | { readonly kind: 'answered'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly code: AskErrorCode
      readonly text: string
      readonly cause: unknown
    }
  | { readonly kind: 'timer' }
  | { readonly kind: 'stop' }

export type DeskEffect =
  | {
      readonly kind: 'send'
      readonly instance: string
      readonly id: number | null
      readonly handler: string
      readonly message: unknown
      readonly forMs: number
    }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'fail'
      readonly id: number
      readonly code: AskErrorCode
      readonly text: string
      readonly cause?: unknown
    }
  | { readonly kind: 'dead'; readonly handler: string; readonly message: unknown; readonly reason: DeskLoss }
  | { readonly kind: 'timer'; readonly afterMs: number }

/** `stopped`: it does not run, or nobody ran it in time. */
export type DeskLoss = 'stopped' | 'full'

const AFTER_MS = 5

export function createDesk(config: DeskConfig): Desk {
  return {
    config,
    instance: null,
    open: false,
    refusal: null,
    waitingFor: 'The server has not said yet where it runs.',
    queue: [],
    under: new Map(),
    timerAtMs: Infinity,
    stopped: false,
  }
}

export function stepDesk(d: Desk, input: DeskInput, { monotonicMs }: Now): DeskEffect[] {
  const out: DeskEffect[] = []
  switch (input.kind) {
    case 'tell':
    case 'ask': {
      const { handler, message } = input
      const id = input.kind === 'ask' ? input.id : null
      const forMs = input.kind === 'ask' ? input.forMs : d.config.waitMs
      take(d, { id, handler, message, forMs, untilMs: monotonicMs + forMs }, monotonicMs, out)
      break
    }
    case 'place':
      placed(d, input, monotonicMs, out)
      break
    case 'answered':
      if (d.under.delete(input.id)) out.push({ kind: 'answer', id: input.id, value: input.value })
      break
    case 'failed':
      failed(d, input, out)
      break
    case 'timer':
      d.timerAtMs = Infinity
      expire(d, monotonicMs, out)
      arm(d, earliest(d), monotonicMs, out)
      break
    case 'stop':
      d.stopped = true
      placed(d, { instance: null, open: false, refusal: 'this peer has stopped', waitingFor: '' }, 0, out)
  }
  return out
}

function take(d: Desk, item: Waiting, nowMs: number, out: DeskEffect[]): void {
  if (d.refusal !== null) return refuse(d, item, 'stopped', d.refusal, out)
  if (d.open) {
    send(d, item, nowMs, out)
    if (item.id !== null) arm(d, item.untilMs, nowMs, out)
    return
  }
  if (d.queue.length >= d.config.waiting)
    return refuse(d, item, 'full', `${d.queue.length} messages wait for it already. ${d.waitingFor}`, out)
  d.queue.push(item)
  arm(d, item.untilMs, nowMs, out)
}

function send(
  d: Desk,
  { id, handler, message, untilMs, forMs }: Waiting,
  nowMs: number,
  out: DeskEffect[],
): void {
  const { instance } = d
  if (instance === null) return
  if (id !== null) d.under.set(id, { handler, untilMs, forMs })
  out.push({ kind: 'send', instance, id, handler, message, forMs: Math.max(1, untilMs - nowMs) })
}

function refuse(
  d: Desk,
  { id, handler, message }: Waiting,
  code: DeskLoss,
  text: string,
  out: DeskEffect[],
): void {
  out.push({ kind: 'dead', handler, message, reason: code })
  if (id !== null) out.push({ kind: 'fail', id, code, text: sentence(d, handler, text) })
}

function placed(d: Desk, place: DeskPlace, nowMs: number, out: DeskEffect[]): void {
  const { instance, open, refusal, waitingFor } = place
  if (instance !== d.instance) loseAll(d, out)
  d.instance = instance
  d.open = open && instance !== null && refusal === null
  d.refusal = d.stopped ? 'this peer has stopped' : refusal
  d.waitingFor = waitingFor
  if (!d.open && d.refusal === null) return
  const { queue } = d
  d.queue = []
  for (const item of queue) {
    if (d.refusal !== null) refuse(d, item, 'stopped', d.refusal, out)
    else if (item.untilMs <= nowMs) late(d, item, out)
    else send(d, item, nowMs, out)
  }
}

function loseAll(d: Desk, out: DeskEffect[]): void {
  for (const [id, { handler }] of d.under) {
    const text = 'its server stopped it or was lost before the reply; the message may have been handled'
    out.push({ kind: 'fail', id, code: 'lost', text: sentence(d, handler, text) })
  }
  d.under.clear()
}

/** What a former instance still says about an ask that was lost with it is of no interest. */
function failed(d: Desk, input: Extract<DeskInput, { kind: 'failed' }>, out: DeskEffect[]): void {
  const asked = d.under.get(input.id)
  if (asked === undefined) return
  d.under.delete(input.id)
  const { id, code, text, cause } = input
  // It was stopped after the message was on its way: the next place will say so, too.
  if (code === 'stopped' || code === 'lost') {
    const why = 'it was stopped on its server, or its server was lost; the message may have been handled'
    out.push({ kind: 'fail', id, code: 'lost', text: sentence(d, asked.handler, why), cause })
  } else out.push({ kind: 'fail', id, code, text, cause })
}

function expire(d: Desk, nowMs: number, out: DeskEffect[]): void {
  const queue: Waiting[] = []
  for (const item of d.queue) {
    if (item.untilMs <= nowMs) late(d, item, out)
    else queue.push(item)
  }
  d.queue = queue
  for (const [id, { handler, untilMs, forMs }] of d.under) {
    if (untilMs > nowMs) continue
    d.under.delete(id)
    out.push({ kind: 'fail', id, code: 'timeout', text: sentence(d, handler, `no reply within ${forMs} ms`) })
  }
}

function late(d: Desk, { id, handler, message, forMs }: Waiting, out: DeskEffect[]): void {
  out.push({ kind: 'dead', handler, message, reason: 'stopped' })
  if (id === null) return
  const text = sentence(d, handler, `it ran nowhere within ${forMs} ms. ${d.waitingFor}`)
  out.push({ kind: 'fail', id, code: 'timeout', text })
}

function sentence(d: Desk, handler: string, text: string): string {
  return `${handler} of the singleton '${d.config.name}': ${text}`
}

/** One timer, for the earliest deadline, and a little late rather than often. */
function arm(d: Desk, untilMs: number, nowMs: number, out: DeskEffect[]): void {
  if (untilMs + AFTER_MS >= d.timerAtMs) return
  d.timerAtMs = untilMs + AFTER_MS
  out.push({ kind: 'timer', afterMs: Math.max(0, d.timerAtMs - nowMs) })
}

function earliest(d: Desk): number {
  let next = Infinity
  for (const { untilMs } of d.queue) next = Math.min(next, untilMs)
  for (const { untilMs } of d.under.values()) next = Math.min(next, untilMs)
  return next
}
