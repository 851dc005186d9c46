import type { Entry, Hello } from '@tanist/core'
import type { SuccessionMessage } from '../../succession/index.js'

/** What travels between machines. `link` numbers links: what was sent on one that is closed is not heard. */
export type Parcel =
  | {
      readonly k: 'said'
      readonly link: number
      readonly message: SuccessionMessage
      readonly entries: readonly Entry[]
    }
  | { readonly k: 'beat'; readonly link: number }
  /** A new link, its answer, and news of the one who speaks. */
  | { readonly k: 'dial' | 'welcome' | 'hello'; readonly link: number; readonly hello: Hello }
  /** The other side closed it, or its kernel did after the process had died. */
  | { readonly k: 'close'; readonly link: number }
  | { readonly k: 'call'; readonly op: number; readonly read: boolean }
  | { readonly k: 'answer'; readonly op: number; readonly index: number; readonly term: number }

/** As `membershipDefaults`. */
export const BEAT_MS = 250
export const HELLO_BEATS = 4
export const SILENCE_MS = 1_000
export const REMOVE_MS = 3_000
/** A closed link and a refused dial prove an end only when this close together. */
export const PROOF_MS = 2_000
