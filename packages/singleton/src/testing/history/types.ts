import type { FiredFault, Fault } from '@tanist/core/testing'
import type { AnyRole, JournalledOutcome } from '../../role/index.js'

/*
 * What one run was, as plain data: recorded while the cluster ran, and all that the laws look at. Times are true
 * virtual milliseconds. A replica's states are held by reference: they are frozen, and share what did not change.
 */

/** One intention of a client, from the first try to its end, whatever peers it went through. */
export interface Operation {
  /** `CLIENT:SEQ`: the id of its (last) command. */
  readonly id: string
  /** All ids under which it was asked for: more than one only when clients retry with a new id. */
  readonly ids: readonly string[]
  readonly client: string
  readonly role: string
  readonly kind: 'command' | 'read'
  /** Name of the command; empty for a read. */
  readonly command: string
  /** As the command gets it: decoded. */
  readonly input: unknown
  readonly invokedAtMs: number
  /** null: it has no end yet, or its client went away without waiting for it. */
  readonly endedAtMs: number | null
  readonly outcome: OperationOutcome | null
  /** Journal position of the outcome; for a read, everything up to `index` was in it. 0 while unknown. */
  readonly term: number
  readonly index: number
  /** The peer that was asked last. */
  readonly node: string | null
  readonly tries: number
  /** Answers `unavailable` on the way; it was asked again after each, unless that is its outcome. */
  readonly unavailable: readonly UnavailableAnswer[]
  /** Answers to a question that was repeated after it had been answered. */
  readonly echoes: readonly Echo[]
  /** Its client went away and never asked again. */
  readonly vanished: boolean
}

export type OperationOutcome =
  | { readonly status: 'ok'; readonly value: unknown }
  /** `failed`: the command threw or could not be run at all; then nothing is journalled. */
  | { readonly status: 'refused'; readonly refusal: unknown; readonly failed: boolean }
  /** The whole state of the role; `applied` is the journal position at which the replica had it. */
  | { readonly status: 'read'; readonly value: unknown; readonly applied: number }
  /** Only of clients that do not ask again. */
  | { readonly status: 'unavailable'; readonly executed: 'no' | 'unknown'; readonly reason: string }

export interface UnavailableAnswer {
  readonly atMs: number
  readonly node: string
  readonly executed: 'no' | 'unknown'
  readonly reason: string
}

export interface Echo {
  readonly atMs: number
  readonly node: string
  readonly outcome: OperationOutcome
  readonly term: number
  readonly index: number
}

/** The time in which a peer served. `index` and `term` are its fencing token. */
export interface RecordedReign {
  readonly node: string
  readonly life: number
  readonly term: number
  readonly index: number
  readonly fromMs: number
  /** null: it served to the end of the run. */
  readonly toMs: number | null
  /** Peers that would still have answered as the server at the moment when this one began. */
  readonly beside: readonly { readonly node: string; readonly term: number }[]
}

/** One position of the journal, as the first peer that knew it committed saw it. */
export interface CommittedEntry {
  readonly index: number
  readonly term: number
  /** `founding`, `start`, `voters`, `view` or `command`. */
  readonly kind: string
  /** The decided command, when it is one that can be read. */
  readonly command: RecordedCommand | null
  readonly node: string
  readonly atMs: number
  readonly payload: Uint8Array
}

export interface RecordedCommand {
  readonly role: string
  readonly command: string
  readonly session: string
  readonly seq: number
  readonly atMs: number
  readonly events: readonly { readonly type: string; readonly payload: unknown }[]
  /** Values still encoded, as in the journal. */
  readonly outcome: JournalledOutcome
}

/** Another entry at a position that is committed already. */
export interface JournalConflict {
  readonly index: number
  readonly first: { readonly atMs: number; readonly node: string; readonly text: string }
  readonly other: { readonly atMs: number; readonly node: string; readonly text: string }
}

/** A process that opened its files. */
export interface RecordedStart {
  readonly node: string
  readonly life: number
  readonly version: string
  readonly atMs: number
  /** As read from its disk. */
  readonly term: number
  readonly lastIndex: number
}

/** The members as a peer told those who watch it, each time that they were others. */
export interface RecordedMembers {
  readonly node: string
  readonly atMs: number
  /** In the order in which they were told. `process` is `NODE#LIFE` of the start that the row stands for, when known. */
  readonly rows: readonly {
    readonly id: string
    readonly seniority: number
    readonly process: string | null
  }[]
}

/** What a life had come to when it ended, or at the end of the run. */
export interface RecordedLife {
  readonly node: string
  readonly life: number
  /** The greatest term in which it served; 0 when it never did. */
  readonly servedTerm: number
  /** The greatest position that it knew committed. */
  readonly committed: number
  /** How often those who watch a role's state here were told. */
  readonly watched: number
  /** Steps from one applied position to another one that was not the next, and tellings that went back. */
  readonly leaps: readonly { readonly atMs: number; readonly from: number; readonly to: number }[]
}

/** A process that ended by itself. `code` is null when it stopped without an error and without being asked. */
export interface RecordedEnding {
  readonly node: string
  readonly life: number
  readonly atMs: number
  readonly code: string | null
  readonly text: string
}

/** A replica at the end of the run. */
export interface FinalReplica {
  readonly node: string
  readonly life: number
  readonly term: number
  readonly commitIndex: number
  readonly lastIndex: number
  readonly applied: number
  readonly states: Readonly<Record<string, unknown>>
  /** Why a role is not followed any more, by name. */
  readonly failures: Readonly<Record<string, string>>
  /** Names by seniority. */
  readonly members: readonly string[]
  readonly voters: readonly string[]
  readonly server: string | null
  readonly waitingFor: string | null
}

/** One look at the sizes and the traffic, at equal intervals. Counts are since the look before. */
export interface Sample {
  readonly atMs: number
  readonly frames: number
  readonly bytes: number
  /** The greatest over all peers: entries that are not committed, bytes that wait on links. */
  readonly tail: number
  readonly bufferedBytes: number
}

/** How the cluster was after everything was healed. */
export interface Healing {
  readonly fromMs: number
  readonly healed: boolean
  readonly tookMs: number
  /** Peers that were asked to go or ended by themselves, and seats whose machine is another member now. */
  readonly missing: readonly { readonly node: string; readonly why: string }[]
  /** Voters in the last set that is known, by name. */
  readonly voters: readonly string[]
  /** Voters that have to be there: all but those that an act or a fault of their own disk took away. */
  readonly core: readonly string[]
  /** Where every peer stands, for people; empty when healed. */
  readonly text: string
  /** When one server was followed by all that run; null when that never came. */
  readonly serverAfterMs: number | null
  /** Traffic in a time without work and faults, and in the same time before the first command. */
  readonly quiet: {
    readonly fromMs: number
    readonly forMs: number
    readonly frames: number
    readonly beforeFrames: number
  } | null
}

/** An attempt of a machine that is no peer of this cluster. */
export interface StrangerAct {
  readonly node: string
  /** Address of a peer. */
  readonly to: string
  readonly what: string
  /** It got as far as saying it. */
  readonly said: boolean
  /** How the link ended. */
  readonly end: string
}

export interface History {
  readonly seed: number | string
  readonly names: readonly string[]
  readonly strangers: readonly string[]
  /** When the cluster had formed and the schedule began. */
  readonly fromMs: number
  /** When the faults were taken back; null when the run was cut short. */
  readonly healedMs: number | null
  readonly endMs: number
  readonly operations: readonly Operation[]
  readonly reigns: readonly RecordedReign[]
  /** By position, without gaps from 1 on. */
  readonly journal: readonly CommittedEntry[]
  readonly conflicts: readonly JournalConflict[]
  readonly starts: readonly RecordedStart[]
  readonly lives: readonly RecordedLife[]
  readonly members: readonly RecordedMembers[]
  readonly endings: readonly RecordedEnding[]
  readonly strangerActs: readonly StrangerAct[]
  readonly samples: readonly Sample[]
  readonly fired: readonly FiredFault[]
  /** Faults whose trigger never happened. */
  readonly unfired: readonly Fault[]
  readonly finals: readonly FinalReplica[]
  readonly healing: Healing | null
  /** Milliseconds that the laws measure with: the longest silence, and so on. */
  readonly timing: { readonly electionMs: number; readonly removeMs: number }
  /** The roles as made for one more replica, of which nothing but the journal is known: for replays. */
  readonly witness: () => readonly AnyRole[]
}
