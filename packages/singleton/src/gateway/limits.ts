/**
 * Every limit of clients on a member, with its arithmetic. Times in milliseconds, sizes in bytes.
 */

/** Clients of one member. Idle ones cost 28 KB of memory each, 56 MB, and together 1 or 2 % of a processor. */
export const clientsMax = 2_000

/** Of those from one address: a whole office behind one router still fits. */
export const clientsPerAddress = 100

/** Links that have not said hello, in all: 2,000 that come within a quarter of a second, and 20 ms for each. */
export const unhelloed = 256

/** From the open link to a correct hello, and from that to what `authenticate` says. */
export const helloLimitMs = 3_000
export const authenticateLimitMs = 5_000

/** A hello: a token of 4 KiB, names of 64 roles, and its frame. */
export const helloBytes = 16_384
export const tokenChars = 4_096

/**
 * One frame of a stray: no input of a browser needs more. Of a trusted client: the calls whose inputs fit an entry of the
 * journal. The port takes no more either, and a client sends no more.
 */
export const strayFrameBytes = 65_536
export const trustedFrameBytes: number = 1024 * 1024

/** One frame to a client: what its side takes. A state that is larger cannot be read from outside. */
export const clientFrameBytes: number = 4 * 1024 * 1024

/** Nesting of an input: the codec's 64, a Map counted twice, and its envelope. */
export const inputDepth = 72

/** Calls of one client that are under way at the server: one stray takes at most 64 of the 4,096 of its member. */
export const strayInFlight = 64
export const trustedInFlight = 256

/** Those that wait behind them, and their bytes: as many as a session's window holds. More are answered `busy`. */
export const callsWaiting = 1_024
export const callBytes: number = 4 * 1024 * 1024

/** No call waits longer at the server's side, whatever its client asked for. */
export const callDeadlineMs = 3_600_000

/** Reads under way and watches of one client: one of each role, and then some. */
export const readsMax = 64
export const watchesMax = 64

/** Commands of a stray that begin, each second and at once; more wait. A person makes ten in a second. */
export const strayCallRate = { perSecond: 200, burst: 400 } as const

/** Messages of a link; whoever sends more is closed. A stray's commands, their cancels, and pongs, five times over. */
export const strayMessageRate = { perSecond: 1_000, burst: 2_000 } as const
export const trustedMessageRate = { perSecond: 20_000, burst: 40_000 } as const

/** Messages of all strays of one address: four busy ones. */
export const addressMessageRate = { perSecond: 4_000, burst: 8_000 } as const

/**
 * New sessions of strays, by address: every replica keeps 10,000 and forgets the longest unused for a new one. Those that
 * were seen here before are free, as many as twice the clients of a member.
 */
export const addressSessionRate = { perSecond: 1, burst: 200 } as const
export const straySessionsKnown = 4_096

/** Commands of all strays together, about half of what a member passes on; more are answered `busy`. */
export const strayTotalRate = { perSecond: 5_000, burst: 10_000 } as const

/** New links of one address, and of all: every client of a member that died comes within a second or two. */
export const addressLinkRate = { perSecond: 20, burst: 200 } as const
export const linkRate = { perSecond: 1_000, burst: 4_000 } as const

/** Addresses whose rates are remembered without a link; the oldest is forgotten first. */
export const addressesKept = 4_096

/** Clients are asked so often, and given up after so long a silence. */
export const pingMs = 10_000
export const deadMs = 25_000

/**
 * What waits for a client: watches and reads pause from the first on, so that there is one state at most, of 4 MiB; answers
 * to calls add up to as much again, and from the second on the link is closed.
 */
export const watchBufferedBytes: number = 256 * 1024
export const linkBufferedBytes: number = 8 * 1024 * 1024

/** Written to clients in one go, so that a hundred who want a large state do not hold up everybody else. */
export const turnBytes: number = 512 * 1024

/** Links that have their turn in one go: some 25 us each, so that 2,000 who watch one role hold up nobody for 50 ms. */
export const turnLinks = 128

/** A paused watch looks so often whether there is room, and a member at its clients. */
export const pausedMs = 25
export const tickMs = 1_000

/** The view is told so long after it changed, with all that changed meanwhile. */
export const viewDelayMs = 100

/** Members named in a view. */
export const viewMembers = 64

/** A member that goes waits so long for the answers of its clients, and for them to go. */
export const leavingMs = 1_000
