/** Where a peer listens: `host:port`, for example `127.0.0.1:7101` or `[::1]:7101`. */
export type Address = string

/**
 * Links carry whole frames of bytes between two peers, in order, until one side closes. A link is handed
 * upward only after both sides proved that they hold the secret of the same application.
 */
export interface Network {
  /** Binds `address` (port 0 picks a free one). Outcomes come by the handlers, never as an exception. */
  listen(address: Address, handlers: ListenHandlers): Listener
  /** Dials a peer. `handlers.closed` is called exactly once, also when the dial fails. */
  dial(address: Address, handlers: LinkHandlers): Link
  /**
   * The addresses by which this machine can be reached now, without ports, the likeliest first: none of them loopback.
   * Absent: they never change.
   */
  interfaces?(): readonly string[]
}

export interface ListenHandlers {
  /** Called once when bound, with the real port. */
  listening(address: Address): void
  /** An authenticated link from another peer; returns what handles it. */
  accept(link: Link): LinkHandlers
  /** Could not bind, or the listener was lost later. Called at most once. */
  failed(failure: ListenFailure): void
}

export interface ListenFailure {
  readonly code: 'in-use' | 'not-allowed' | 'lost'
  readonly text: string
}

export interface Listener {
  close(): void
}

export interface LinkHandlers {
  /** A dialled link is authenticated and usable. Not called for accepted links: they are open. */
  opened(): void
  frame(bytes: Uint8Array): void
  /** Exactly once, last; `closed` after our own `close` has kind `local`. */
  closed(end: LinkEnd): void
}

export interface Link {
  /** Address of the other side as this host sees it (for a dialled link: the address dialled). */
  readonly remote: Address
  /** Bytes accepted by `send` and not yet handed to the operating system. */
  readonly bufferedBytes: number
  /** Queues one frame. Ignored when the link is not open. The bytes must not be changed afterwards. */
  send(frame: Uint8Array): void
  /** Closes the link after what was sent; `code` and `reason` reach the other side where possible. */
  close(code?: string, reason?: string): void
}

/** Why a link ended. Only `remote` and `refused` can be part of a proof of death (evidence class A). */
export type LinkEnd =
  /** This side closed it. */
  | { readonly kind: 'local' }
  /** The other side closed or reset a link that had been open. */
  | { readonly kind: 'remote'; readonly code: string; readonly reason: string }
  /** Dial: nobody listens there (the host answered so). */
  | { readonly kind: 'refused' }
  /** Dial: accepted and reset before it was usable, as right after a process died. */
  | { readonly kind: 'reset' }
  /** Dial or handshake: no answer in time. A connect alone is no proof of life. */
  | { readonly kind: 'timeout' }
  /** Dial: no way to that host. */
  | { readonly kind: 'unreachable' }
  /** Handshake: one side does not want the other; `text` is a sentence for people. */
  | { readonly kind: 'rejected'; readonly code: RejectCode; readonly text: string }
  /** An open link failed without the other side closing it, or broke the limits. */
  | { readonly kind: 'broken'; readonly text: string }

export type RejectCode = 'application' | 'secret' | 'version' | 'limit' | 'protocol'

/** Datagrams: unreliable, unordered, at most 1,200 bytes by convention. Only ever hints. */
export interface Datagrams {
  bind(address: Address, handlers: DatagramHandlers): DatagramSocket
}

export interface DatagramHandlers {
  listening(address: Address): void
  message(bytes: Uint8Array, from: Address): void
  failed(failure: ListenFailure): void
}

export interface DatagramSocket {
  send(bytes: Uint8Array, to: Address): void
  close(): void
}
