/**
 * Every limit of this package, with its arithmetic. Times in milliseconds, sizes in bytes.
 */

/** Connect, upgrade and handshake of a dial together: a peer on a local network needs under 10 ms. */
export const dialLimitMs = 1_000

/** From the upgrade to a correct proof; after it the listener gives the place on its doorstep to another. */
export const proofLimitMs = 1_000

/** The longest handshake frame is a hello: 256 bytes of name (1,536 when JSON escapes all) and 200 of frame. */
export const handshakeFrameBytes = 2_048

/** A caller sends two handshake frames and their WebSocket headers; anything beyond is cut off. */
export const handshakeTotalBytes: number = 4 * handshakeFrameBytes

/** The application name in UTF-8; see `handshakeFrameBytes`. */
export const appNameBytes = 256

/** Callers without a proof at once. Each may pin one read of 64 KiB: 256 x 64 KiB = 16 MiB. */
export const unprovenLinks = 256

/** Of those from one address: one machine alone cannot fill the doorstep. */
export const unprovenLinksPerAddress = 64

/** One frame of a link. Journal batches and snapshot parts stay well below. */
export const frameBytes: number = 8 * 1_024 * 1_024

/** What may wait on one link for the other side: 8 of the longest frames, or some 10 s of a slow 50 Mbit/s. */
export const linkBufferedBytes: number = 8 * frameBytes

/** How long the other side may take to finish a close before the socket is cut. */
export const closeLimitMs = 500

/** A close frame holds 125 bytes, two of them the status (RFC 6455, 5.5). */
export const closeReasonBytes = 123

/** Request line and headers of an HTTP connection; silent sockets are cut after it. */
export const headersLimitMs = 3_000

/** Header lines of one request: a browser sends some 15. More are answered with 431. */
export const httpHeaders = 32

/** Request line and headers together: a browser sends 1 KiB, and some cookies. More are answered with 431. */
export const httpHeaderBytes = 4_096

/** From the headers to the end of a body that the gateway reads: 1 MiB at 2 Mbit/s. Slower ones are answered with 408. */
export const httpBodyMs = 5_000

/** HTTP connections from one address; a browser opens 6 for each origin. Links and clients have limits of their own. */
export const httpConnectionsPerAddress = 100

/** Requests of one connection that have no answer yet; one more is answered with 429, and the connection ends. */
export const httpPipelined = 16

/** Requests in progress that the gateway answers; with bodies of 64 KiB each they hold 64 MiB. More: 503. */
export const httpInProgress = 1_024

/** A connection that asks nothing for so long is closed. */
export const httpKeepAliveMs = 5_000

/** Answers of the gateway for one address, and for all: so many at once, and then so many a second. More: 429. */
export const httpRatePerAddress: RateLimit = { burst: 400, perSecond: 200 }
export const httpRateInAll: RateLimit = { burst: 8_000, perSecond: 4_000 }

/** Addresses whose rate is remembered, some 100 bytes each; one that is forgotten begins anew. */
export const httpRateAddresses = 4_096

/** From an answer of the gateway to its last byte at the reader's machine: 8 MiB at 2 Mbit/s. */
export const httpAnswerMs = 30_000

export interface RateLimit {
  readonly burst: number
  readonly perSecond: number
}

/** Sockets of one port, links and HTTP together: 2,000 clients a peer, twice. */
export const portConnections = 4_096

/** Fits the smallest common MTU (1,280 of IPv6) less its headers. */
export const datagramBytes = 1_200

/** A refused caller is logged once per address, reason and minute. */
export const warnEveryMs = 60_000

/** Addresses remembered for that; the oldest is forgotten first. */
export const warnAddresses = 1_024
