import type { Address, Level, MemberId } from '@tanist/core'

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

/** What a server says of itself to whoever asks: `GET /manifest`, and in answer to a client. */
export interface Manifest {
  readonly app: string
  /** Of Tanist, of the client protocol, and of the application as `about.version` has it. */
  readonly versions: {
    readonly tanist: string
    readonly client: number
    readonly link: number
    readonly app: string | null
  }
  readonly clusterId: string | null
  readonly self: { readonly id: MemberId; readonly name: string; readonly address: Address }
  readonly server: {
    readonly id: MemberId
    readonly name: string
    readonly address: Address
    readonly term: number
  } | null
  readonly successor: { readonly id: MemberId; readonly name: string } | null
  readonly members: readonly ManifestMember[]
  /** Share of the time in which this process has work; null when it is not told. */
  readonly load: number | null
  /** Null to strays. */
  readonly connections: {
    readonly members: number
    readonly trusted: number
    readonly stray: number
  } | null
  readonly sandboxes: readonly string[]
  readonly layers: readonly {
    readonly name: string
    readonly address: Address
    readonly accepts: readonly Level[]
    readonly secure: boolean
  }[]
  /** To strays those with open commands alone. */
  readonly roles: readonly { readonly name: string; readonly open: readonly string[] }[]
  readonly waitingFor: string | null
}

/** To strays: names and addresses of members, and nothing of their state, only where `main` or a layer takes strays. */
export interface ManifestMember {
  readonly id: MemberId
  readonly name: string
  readonly address: Address
  readonly load: number | null
}
