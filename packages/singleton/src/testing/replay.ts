import { type Entry, openJournal } from '@tanist/core'
import { seededRandom, SimDisk } from '@tanist/core/testing'
import { type AnyRole, createRoleHost, decodeEntry, fromEncoded, type RoleHost } from '../role/index.js'
import type { DecidedEvent } from '../role/index.js'
import { EntryKind } from '../succession/index.js'

export interface ReplayOptions {
  /** The files of a peer's data folder by name, without its lock. */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** The roles as the application has them now, which need not be as they were then. */
  readonly roles: readonly AnyRole[]
}

/** One entry of the journal, readable. */
export interface ReplayedEntry {
  readonly index: number
  readonly term: number
  readonly kind: 'founding' | 'start' | 'voters' | 'view' | 'command' | 'unknown'
  /** Of a command that can be read; otherwise null. */
  readonly command: ReplayedCommand | null
  /** Of every other entry: what it says, as plain data. */
  readonly value: unknown
}

export interface ReplayedCommand {
  readonly role: string
  readonly command: string
  /** `SESSION:SEQ`. */
  readonly id: string
  readonly atMs: number
  readonly events: readonly DecidedEvent[]
  readonly outcome:
    | { readonly status: 'ok'; readonly value: unknown }
    | { readonly status: 'refused'; readonly refusal: unknown }
}

export interface JournalReplay {
  readonly entries: readonly ReplayedEntry[]
  /** By role, after the last entry. */
  readonly states: Readonly<Record<string, unknown>>
  /** By role, why it cannot take this journal: a sentence with the position. */
  readonly failures: Readonly<Record<string, string>>
  /** Of states, failures and sessions: equal to that of every replica that applied the same. */
  readonly digest: string
  /** The states by role after the entry at `index`; 0 gives the first states. */
  readonly stateAt: (index: number) => Readonly<Record<string, unknown>>
}

/**
 * Reads the journal of a peer, a production one say, and applies its commands to fresh replicas of these roles: what
 * the application would make of its past today. The newest entries may not have been committed when the files were
 * copied; that is not written in them. Throws a `JournalError` when the journal is damaged.
 *
 * @example
 * const folder = 'data of the peer'
 * const files = Object.fromEntries(
 *   readdirSync(folder).filter((name) => !/^lock(-|$)/.test(name)).map((name) => [name, readFileSync(join(folder, name))]),
 * )
 * const { states, failures, stateAt } = replayJournal({ files, roles: [stock] })
 */
export function replayJournal({ files, roles }: ReplayOptions): JournalReplay {
  const journal = readEntries(files)
  const all = replicaOf(roles)
  all.advance(journal, Number.POSITIVE_INFINITY)
  let past = replicaOf(roles)
  return {
    entries: journal.map(readable),
    states: all.states(),
    failures: all.failures(),
    digest: all.host.digest(),
    stateAt: (index) => {
      // Mostly asked for in order.
      if (past.index > index) past = replicaOf(roles)
      past.advance(journal, index)
      return past.states()
    },
  }
}

const FOLDER = 'replay'

function readEntries(files: Readonly<Record<string, Uint8Array>>): readonly Entry[] {
  // Nothing is written that matters: syncs may wait for ever.
  const disk = new SimDisk({ random: seededRandom('replay'), schedule: () => {} })
  disk.load(FOLDER, files)
  const journal = openJournal(disk.openFolder(FOLDER))
  if (journal.lastIndex < journal.firstIndex) {
    const names = Object.keys(files).toSorted().join(', ')
    throw new TypeError(`There is no journal entry in these files: ${names || 'none were given'}.`)
  }
  return journal.read(journal.firstIndex, Number.POSITIVE_INFINITY)
}

interface Replica {
  readonly host: RoleHost
  /** Of the last entry that was passed. */
  readonly index: number
  /** Applies what follows, up to and including `until`. */
  advance(journal: readonly Entry[], until: number): void
  states(): Record<string, unknown>
  failures(): Record<string, string>
}

function replicaOf(roles: readonly AnyRole[]): Replica {
  const host = createRoleHost(roles)
  const names = roles.map(({ name }) => name)
  let index = 0
  return {
    host,
    get index() {
      return index
    },
    advance: (journal, until) => {
      const first = journal[0]?.index ?? 1
      for (let entry = journal[index + 1 - first]; entry !== undefined && entry.index <= until; ) {
        if (entry.kind === EntryKind.command) host.apply(entry)
        index = entry.index
        entry = journal[index + 1 - first]
      }
    },
    states: () => Object.fromEntries(names.map((name) => [name, host.state(name)])),
    failures: () =>
      Object.fromEntries(
        names.flatMap((name) => {
          const failure = host.failure(name)
          return failure === undefined ? [] : [[name, failure]]
        }),
      ),
  }
}

const kinds = new Map<number, ReplayedEntry['kind']>([
  [EntryKind.founding, 'founding'],
  [EntryKind.start, 'start'],
  [EntryKind.voters, 'voters'],
  [EntryKind.view, 'view'],
  [EntryKind.command, 'command'],
])

function readable({ index, term, kind, payload }: Entry): ReplayedEntry {
  const name = kinds.get(kind) ?? 'unknown'
  const place = { index, term, kind: name }
  if (name === 'command') return { ...place, command: commandOf(payload), value: null }
  return { ...place, command: null, value: jsonOf(payload) }
}

/** Why one cannot be read is among the failures. */
function commandOf(payload: Uint8Array): ReplayedCommand | null {
  try {
    const { role, command, session, seq, atMs, events, outcome } = decodeEntry(payload)
    return {
      role,
      command,
      id: `${session}:${seq}`,
      atMs,
      events,
      outcome:
        outcome.status === 'ok'
          ? { status: 'ok', value: fromEncoded(outcome.value) }
          : { status: 'refused', refusal: fromEncoded(outcome.refusal) },
    }
  } catch {
    return null
  }
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload))
  } catch {
    return null
  }
}
