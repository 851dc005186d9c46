/** A request to what Tanist itself answers by HTTP, whoever listens. */
export interface GatewayRequest {
  readonly method: string
  /** Still encoded, without the query. */
  readonly path: string
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Address of the other side without the port. */
  readonly host: string
  readonly layer: string
  /** By TLS with a certificate. */
  readonly secure: boolean
  /** Aborted when the other side goes before it has its answer. */
  readonly signal: AbortSignal
  /** The body as JSON, undefined when it is empty; of one that is none, too long or too slow, the sentence for the caller. */
  body(limitBytes: number): Promise<GatewayBody>
}

export type GatewayBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly status: 400 | 408 | 413; readonly text: string }

export interface GatewayAnswer {
  readonly status: number
  /** JSON, unless `text` is given. */
  readonly body?: unknown
  readonly text?: { readonly type: string; readonly content: string }
  readonly headers?: Readonly<Record<string, string>>
}

/** Why a request got no further than the port. */
export type HttpRefusal = 'headers' | 'connections' | 'pipelined' | 'rate' | 'busy' | 'malformed' | 'slow'

export interface Gateway {
  /** Whether it answers this path, rather than the application. */
  owns(path: string): boolean
  answer(asked: GatewayRequest): Promise<GatewayAnswer>
  refused?(why: HttpRefusal): void
}
