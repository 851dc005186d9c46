/** Members that answered one call for another: further ones are not followed, the list is gone through instead. */
export const REDIRECTS_MAX = 5

/** Between the begins of two attempts at members that nobody gave by name. */
export const APART_MS = 250

/** From an open link to its welcome. */
export const GREETING_MS = 3_000

/** How often a client looks at its clocks: a sleep is noticed so soon. */
export const LOOK_MS = 5_000

/** A wall clock that went on so much further than the monotonic one, or a timer that comes so late, was a sleep. */
export const JUMP_MS = 5_000

/** A verdict of silence that comes so late was none: what had come meanwhile waits to be read. */
export const LATE_MS = 1_000

/** Addresses kept of one kind: of the view, of discovery, of earlier links. */
export const ADDRESSES_MAX = 64

/** Calls sent and not answered on one link. A member begins 256 of them at once and lets the others wait. */
export const IN_FLIGHT = 512

/** Calls that wait while there is no link, and the bytes of their inputs. */
export const BUFFER_MAX = 1_000
export const BUFFER_BYTES: number = 4 * 1024 * 1024

/** Items of events that wait for one slow reader. */
export const READER_MAX = 10_000

/** Before a read or a watch that a member could not take is asked for again. */
export const AGAIN_MS = 250

export const READ_MS = 10_000

/** One frame to a member, as its side takes it: of a trusted client 1 MiB, of a stray 64 KiB. */
export const FRAME_BYTES = { trusted: 1_048_576, stray: 65_536 } as const

/** What a call has around its input: ids, names and numbers. */
export const CALL_HEAD_BYTES = 2_048
