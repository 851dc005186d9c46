import type { Address, Level } from '@tanist/core'
import type { CallRequest, PeerMetrics, PeerStatus, ReadOutcome } from '../peer/index.js'
import type { AnyRole, CallOutcome } from '../role/index.js'
import type { Asked, Speaker } from './authenticate.js'
import type { GatewayPart, HttpAnswer } from './types.js'

/** What the gateway needs of a peer, through all its identities. */
export interface GatewayPeer {
  readonly joined: boolean
  readonly over: boolean
  readonly roles: {
    state(role: string): unknown
    failure(role: string): string | undefined
  }
  status(): PeerStatus
  metrics(): PeerMetrics
  call(request: CallRequest, done: (outcome: CallOutcome) => void): () => void
  read(
    role: string,
    deadlineMs: number,
    done: (outcome: ReadOutcome) => void,
    maxStaleMs?: number | null,
  ): void
}

/** One port, as others see it. */
export interface LayerView {
  readonly name: string
  /** Where clients are sent. */
  readonly address: Address
  readonly accepts: readonly Level[]
  readonly secure: boolean
  readonly serves: readonly GatewayPart[]
  /** Null: it listens. */
  readonly problem: string | null
}

/** What this process has used; absent in worlds without one. */
export interface ProcessFacts {
  readonly startSeconds: number
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
}

export interface GatewayParts {
  readonly app: string
  readonly roles: readonly AnyRole[]
  /** Null until the peer has begun. */
  readonly peer: () => GatewayPeer | null
  /** `main` first. */
  readonly layers: () => readonly LayerView[]
  readonly speaker: (asked: Asked, nowMs: number) => Promise<Speaker>
  readonly process: () => ProcessFacts | null
  readonly nowMs: () => number
  /** Also at `/manifest`, `/health` and so on, besides `/tanist/manifest`: the application answers no HTTP itself. */
  readonly short: boolean
}

export function problem(
  status: number,
  error: string,
  more: Readonly<Record<string, unknown>> = {},
): HttpAnswer {
  return { status, body: { ok: false, error, ...more } }
}

/** The same, with headers. */
export function problemWith(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>>,
  more: Readonly<Record<string, unknown>> = {},
): HttpAnswer {
  return { ...problem(status, error, more), headers }
}
