/**
 * Every limit of this package, with its arithmetic. Times in milliseconds, sizes in bytes.
 */

/** Until the other side's system has taken a connection, which no busy program delays. */
export const connectLimitMs = 1_000

/**
 * A dial in all: connect, TLS, upgrade and handshake. A peer on a local network needs under 10 ms of processor time for
 * it; beside six programs that wanted all of two processors, healthy ones were seen to take more than 1 s.
 */
export const dialLimitMs = 3_000

/** After a connection to where somebody may just have died: its system closes what is left within a few milliseconds. */
export const knockMs = 5

/** From the upgrade to a correct proof; one of the steps below. */
export const proofLimitMs = 3_000

/**
 * What a caller may take for each step on the doorstep: first byte, TLS, upgrade. No more than a dial: whoever is healthy
 * has given up by then.
 */
export const stepLimitMs = 3_000

/** Node's own limit for TLS, for a sentence of its own; that of the step above comes later. */
export const tlsLimitMs: number = stepLimitMs - 50

/**
 * From the connection to the proof, all steps together: a dial, and a second. Who wants to hold all places below has to
 * come 64 / 4 s = 16 times a second; longer limits change how often, not that it can.
 */
export const doorstepLimitMs = 4_000

/** The longest handshake frame is a hello: 256 bytes of name (1,536 when JSON escapes all) and 250 of frame. */
export const handshakeFrameBytes = 2_048

/** A caller sends two handshake frames and their WebSocket headers; anything beyond is cut off. */
export const handshakeTotalBytes: number = 4 * handshakeFrameBytes

/** The application name in UTF-8; see `handshakeFrameBytes`. */
export const appNameBytes = 256

/** Of the application's name in the clear part of TLS: OpenSSL takes identities of 256 bytes. */
export const identityNameBytes = 200

/** Keys accepted at once: each one is a way in, and a rotation needs two. */
export const keysMost = 8

/** Characters of a passphrase. A guess costs 35 ms; 16 random letters are 75 bits. */
export const passphraseLength = 16

/** Different ones among them: keeps out "aaaaaaaaaaaaaaaa". */
export const passphraseLetters = 5

/** Callers without a proof at once. Each may pin one read of 64 KiB: 64 x 64 KiB = 4 MiB, and a TLS state of some 50 KiB. */
export const unprovenLinks = 64

/** Of those from one address: one machine alone cannot fill the doorstep. */
export const unprovenLinksPerAddress = 8

/** Of those by loopback: all peers of this machine come from one address, and at once when it starts. */
export const unprovenLinksOnLoopback = 48

/**
 * Connections that have not said a byte yet, in all, from one address, and from this machine: sockets and nothing else.
 * Browsers open some in advance, and proxies many at once.
 */
export const silentCallers = 1_024
export const silentCallersPerAddress = 100
export const silentCallersOnLoopback = 1_024

/** Callers for whom there is no place and who are told so; more are cut without a word. */
export const turnedAwayAtOnce = 32

/** How long one of those may take to hear it. */
export const turnedAwayMs = 200

/** Request line and headers of an upgrade or a request. */
export const headerBytes = 4_096

/** Headers of an upgrade or a request. */
export const headersMost = 32

/** One frame of a link. Journal batches and snapshot parts stay well below. */
export const frameBytes: number = 8 * 1_024 * 1_024

/** One frame from a trusted client: calls with their inputs. */
export const trustedFrameBytes: number = 1_024 * 1_024

/** One frame from a stray. */
export const strayFrameBytes: number = 64 * 1_024

/** What may wait on one link for the other side: 8 of the longest frames, or some 10 s of a slow 50 Mbit/s. */
export const linkBufferedBytes: number = 8 * frameBytes

/** How long the other side may take to finish a close before the socket is cut. */
export const closeLimitMs = 500

/** A close frame holds 125 bytes, two of them the status (RFC 6455, 5.5). */
export const closeReasonBytes = 123

/** Request line and headers of an HTTP connection; silent sockets are cut after it. */
export const headersLimitMs = 3_000

/** From the headers to the end of a body that the gateway reads: 1 MiB at 2 Mbit/s. Slower ones are answered with 408. */
export const httpBodyMs = 5_000

/** HTTP connections from one address, of IPv6 from one /64; a browser opens 6 for each origin. Links and clients have limits of their own. */
export const httpConnectionsPerAddress = 100

/** From this machine, where a proxy or another program of the same application may hold all of them. */
export const httpConnectionsOfLoopback = 1_024

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

// Discovery

/** The longest datagram that is sent. A hello always has this length, so that no answer is longer than its question. */
export const discoveryBytes = 512

/** Head (50), one empty list and the code (16): nothing shorter is looked at. */
export const discoveryLeastBytes = 66

/** Addresses of one peer in one datagram: IPv6 takes 19 bytes, 4 x 19 = 76. */
export const discoveryAddresses = 4

/** Addresses of other members in one datagram: 8 x 19 = 152. */
export const discoveryMembers = 8

/** An id or a host name, in ASCII. Three ids, two names and the rest of the form stay below `discoveryBytes`. */
export const discoveryNameBytes = 64

/** Answers to one address in a second: four hellos of one process, and the sweep of a second one beside it. */
export const repliesPerAddress = 10

/** Answers to all in a second: 50 x 512 B = 25 KB/s is all that a flood of questions gets out of a peer. */
export const repliesInAll = 50

/** Hellos in a second that are handed on to the other processes of this machine. */
export const handedOnInAll = 20

/** Hints in a second that reach the peer, whoever sends them. */
export const hintsInAll = 100

/** Senders remembered against replays, and for who is near; the one not heard for longest is forgotten. */
export const discoverySenders = 1_024

/** Source addresses with a rate of their own; the one not heard for longest is forgotten. */
export const discoverySources = 1_024

/** A datagram may be that far from our wall clock, either way; else it is answered at most. */
export const discoveryClockMs = 60_000

/** How long a welcome may take. */
export const nonceMs = 10_000

/** Questions that may be answered: 4 a second at most, times `nonceMs`, and sweeps. */
export const nonces = 64

/** Addresses asked in one sweep, in all ranges, and of remembered members: what a kernel keeps of neighbours. */
export const sweepAddresses = 1_024

/** Ranges tried by TCP at once. */
export const rangeDials = 256

/** Addresses of interfaces that are used. */
export const discoveryPlaces = 32
