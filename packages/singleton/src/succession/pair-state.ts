import type { Hello, MemberId } from '@tanist/core'
import type { Clocks, SetName } from './messages.js'

/** What entitles the follower of a pair to replace its leader; rules in `basis.ts`. */
export interface Basis {
  readonly leader: MemberId
  readonly incarnation: number
  readonly term: number
  readonly set: SetName
  /** When the confirmed answer (or the vote) was sent. */
  readonly since: Clocks
  readonly soloMs: number
  /** The leader's death was proven in time. */
  readonly proven: boolean
}

export interface PairState {
  basis: Basis | null
  /** Echoes of answers that were sent before this moment say nothing (C13). */
  tagsFromMs: number
  /** Wall clock minus monotonic clock at the last step: it grows while the machine sleeps. */
  offsetMs: number | null
}

export function emptyPair(): PairState {
  return { basis: null, tagsFromMs: -Infinity, offsetMs: null }
}

/** What this peer knows of witnesses; rules in `witness.ts`. */
export interface WitnessState {
  readonly links: Map<MemberId, Hello>
  /** When one that a set names was missed first (monotonic). */
  readonly lostAtMs: Map<MemberId, number>
  /** About which sets this peer has asked, and what came of it. */
  readonly answers: Map<string, 'asked' | 'mine' | 'refused'>
  askedAtMs: number
  noticed: string
  noticedAtMs: number
}

export function emptyWitness(): WitnessState {
  return {
    links: new Map(),
    lostAtMs: new Map(),
    answers: new Map(),
    askedAtMs: -Infinity,
    noticed: '',
    noticedAtMs: -Infinity,
  }
}
