/** Every limit of the register service, with its arithmetic. Times in milliseconds, sizes in bytes. */

/** A key after URL-decoding. */
export const KEY_CHARACTERS = 200

/** A value as JSON text in UTF-8. The journal keeps it twice (event and outcome) below the 1 MiB of an entry. */
export const VALUE_BYTES = 65_536

/** Objects and lists in each other. */
export const VALUE_DEPTH = 64

/** `CLIENT:SEQ`, as `peer.role(...)` takes it. */
export const ID_CHARACTERS = 200

/** A cas carries two values; the rest is its other fields, and room for white space. */
export const BODY_BYTES: number = 2 * VALUE_BYTES + 4_096

/** How long a request waits for a server before it is answered 503. Longer than any take-over. */
export const ANSWER_MS = 5_000

/** A stopping peer waits so long for answers under way: a take-over may lie between, and 5 s are the promise. */
export const DRAIN_MS = 1_500

/** A stop takes no longer, whatever hangs. A service that is stopped from outside is killed after 5 to 10 s. */
export const STOP_MS = 4_500

/** For the last answers to get out of the process. */
export const SENT_MS = 1_000

/** An answer from another member waits no longer for the own port to close; a hand-over takes some 200. */
export const HELD_MS = 1_000
