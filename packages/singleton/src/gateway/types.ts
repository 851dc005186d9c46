import type { Level } from '@tanist/core'

/** A further port of a peer, with its own trust. The port that members use is the layer `main`. */
export interface LayerSettings {
  /** 1 to 32 of a-z, 0-9 and `-`; not `main`. */
  readonly name: string
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string
  /** The address under which clients are sent here; default: as `listen`, with this machine's address. */
  readonly advertise?: string
  /** Whom it lets in: `trusted` and `stray` (default), or one of them. Members come by `main` alone. */
  readonly accepts?: readonly Exclude<Level, 'member'>[]
  /** PEM texts: HTTPS and WSS instead of HTTP and WS. */
  readonly certificate?: { readonly cert: string; readonly key: string }
  /** What HTTP answers here besides the application's own: default all of it but `metrics`. */
  readonly serves?: readonly GatewayPart[]
}

/** `roles`: commands and states by HTTP; `clients`: WebSockets of clients. */
export type GatewayPart = 'manifest' | 'health' | 'metrics' | 'roles' | 'clients'

/**
 * Says for whom somebody speaks. Runs on the member that the client is linked to, once for each link or request; what it
 * gives is `ctx.caller.user`. Null: refused with `token`. Default: whoever brings a token that `peer.operate.token` made is the
 * user of that token, and without one nobody.
 */
export type Authenticate = (asked: {
  readonly token: string | null
  readonly level: 'trusted' | 'stray'
  readonly layer: string
  readonly headers: Headers | null
}) => AuthenticatedAs | null | Promise<AuthenticatedAs | null>

export interface AuthenticatedAs {
  readonly user?: string
  /** A stray with a token of the cluster can be trusted for as long. */
  readonly level?: 'trusted' | 'stray'
}

/** Names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** A request as the gateway sees it, whatever carries it. */
export interface HttpAsked {
  readonly method: string
  /** Still encoded, without the query. */
  readonly path: string
  readonly query: string
  readonly headers: Headers
  /** Address of the other side without the port. */
  readonly host: string
  readonly layer: string
  /** By TLS with a certificate. */
  readonly secure: boolean
  /** Aborted when the other side goes before it has its answer. */
  readonly signal: AbortSignal
  /** The body as JSON, undefined when it is empty; of one that is none, too long or too slow, the sentence for the caller. */
  body(
    limitBytes: number,
  ): Promise<
    | { readonly ok: true; readonly value: unknown }
    | { readonly ok: false; readonly status: 400 | 408 | 413; readonly text: string }
  >
}

export interface HttpAnswer {
  readonly status: number
  /** JSON, unless `text` is given. */
  readonly body?: unknown
  readonly text?: { readonly type: string; readonly content: string }
  readonly headers?: Readonly<Record<string, string>>
}
