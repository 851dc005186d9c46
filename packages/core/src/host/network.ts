/** Where a peer listens: `host:port`, for example `127.0.0.1:7101` or `[::1]:7101`. */
export type Address = string

/**
 * Links carry whole frames of bytes between two peers, in order, until one side closes. A link is handed
 * upward only after both sides proved that they hold the secret of the same application.
 */
export interface Network {
  /** Binds `address` (port 0 picks a free one). Outcomes come by the handlers, never as an exception. */
  listen(address: Address, handlers: ListenHandlers, options?: ListenOptions): Listener
  /** Dials a peer. `handlers.closed` is called exactly once, also when the dial fails. */
  dial(address: Address, handlers: LinkHandlers, options?: DialOptions): Link
  /**
   * The addresses by which this machine can be reached now, without ports, the likeliest first: none of them loopback.
   * Absent: they never change.
   */
  interfaces?(): readonly string[]
}

/**
 * What the other side of a link has proved: that it holds the members' key, that of trusted clients, or nothing at all.
 * Nobody gets from one to another on the same link.
 */
export type Level = 'member' | 'trusted' | 'stray'

export interface ListenOptions {
  /** Names the listener, in logs and to those who answer HTTP. Default `main`. */
  readonly layer?: string
  /** Whom it lets in. Default: all three, as far as `ListenHandlers` takes them. */
  readonly accepts?: readonly Level[]
  /** PEM. Whoever has no key of this cluster comes by TLS with it, and not in the clear. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

export interface DialOptions {
  /** What this side wants to be. Default `member`. */
  readonly as?: Level
  /** Whoever was there may be dead: nothing costly is begun before its host had time to say so. */
  readonly doubted?: boolean
}

/** A process that is no member, as the listener knows it. */
export interface ClientCaller {
  readonly level: 'trusted' | 'stray'
  readonly layer: string
  /** Its address without the port: for limits and logs. */
  readonly host: string
}

export interface ListenHandlers {
  /** Called once when bound, with the real port. */
  listening(address: Address): void
  /** An authenticated link from another peer; returns what handles it. */
  accept(link: Link): LinkHandlers
  /** A link from a process that is no member. Absent: such are refused (`not-open`). */
  client?(link: Link, caller: ClientCaller): LinkHandlers
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

export type RejectCode =
  | 'application'
  | 'secret'
  | 'version'
  /** Too many at once, too much, or too slow. */
  | 'limit'
  | 'protocol'
  /** This listener takes nobody of that level. */
  | 'not-open'

/** Datagrams: unreliable, unordered, at most 1,200 bytes by convention. Only ever hints. */
export interface Datagrams {
  bind(address: Address, handlers: DatagramHandlers, options?: DatagramOptions): DatagramSocket
  /** The addresses of the machine's interfaces as they are now, loopback too. Absent: there is no broadcast in this world. */
  interfaces?(): readonly NetworkInterface[]
}

export interface DatagramOptions {
  /** Others on this machine may bind the same port. What comes to a broadcast or group address reaches all of them. */
  readonly shared?: boolean
  /** Multicast groups to join, with the interface: `{ group: 'ff12::7a5', on: 'eth0' }`. */
  readonly groups?: readonly { readonly group: string; readonly on: string }[]
}

/** One address of one interface. */
export interface NetworkInterface {
  readonly name: string
  readonly family: 4 | 6
  /** Without a port; link-local IPv6 without its scope. */
  readonly address: string
  /** Bits of the subnet. */
  readonly prefix: number
  /** Directed broadcast address of the subnet; null for IPv6 and where there is none. */
  readonly broadcast: string | null
  readonly loopback: boolean
}

export interface DatagramHandlers {
  listening(address: Address): void
  message(bytes: Uint8Array, from: Address): void
  failed(failure: ListenFailure): void
  /** The system would not send one (`ENETUNREACH`, `EACCES`, `ENOBUFS`); the socket goes on. Never inside `send`. */
  unsent?(to: Address, code: string): void
}

export interface DatagramSocket {
  send(bytes: Uint8Array, to: Address): void
  /** What was sent before still goes out. */
  close(): void
}
