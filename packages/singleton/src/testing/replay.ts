import { type Entry, type Folder, openJournal, openSnapshots } from '@tanist/core'
import { seededRandom, SimDisk } from '@tanist/core/testing'
import { type AnyRole, createRoleHost, decodeEntry, fromEncoded, type RoleHost } from '../role/index.js'
import type { StoredEvent } from '../role/index.js'
import { restoreSnapshot } from '../peer/index.js'
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
  readonly kind:
    | 'founding'
    | 'start'
    | 'voters'
    | 'view'
    | 'command'
    | 'checkpoint'
    | 'digest'
    | 'continuation'
    | 'unknown'
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
  readonly events: readonly StoredEvent[]
  readonly outcome:
    | { readonly status: 'ok'; readonly value: unknown }
    | { readonly status: 'refused'; readonly refusal: unknown }
}

export interface JournalReplay {
  /** 0, or the end of the snapshot from which the replay begins, because the journal does not reach back further. */
  readonly from: number
  /** All that the journal still holds, from the first to the last. */
  readonly entries: readonly ReplayedEntry[]
  /** By role, after the last entry. */
  readonly states: Readonly<Record<string, unknown>>
  /** By role, why it cannot take this journal: a sentence with the position. */
  readonly failures: Readonly<Record<string, string>>
  /** Of states, failures and sessions: equal to that of every replica that applied the same. */
  readonly digest: string
  /** The states by role after the entry at `index`; 0 gives the first states. Throws a `RangeError` before `from`. */
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
  // Nothing is written that matters: syncs may wait for ever.
  const disk = new SimDisk({ random: seededRandom(FOLDER), schedule: () => {} })
  disk.load(FOLDER, files)
  const folder = disk.openFolder(FOLDER)
  const { journal, firstIndex } = readEntries(folder, files)
  const replica = (): Replica => replicaOf(roles, folder, firstIndex)
  const all = replica()
  all.advance(journal, Number.POSITIVE_INFINITY)
  let past = replica()
  const from = past.index
  return {
    from: past.index,
    entries: journal.map(readable),
    states: all.states(),
    failures: all.failures(),
    digest: all.host.digest(),
    stateAt: (index) => {
      if (index < from)
        throw new RangeError(`The journal in these files goes back to entry ${from}, not to ${index}.`)
      // Mostly asked for in order.
      if (past.index > index) past = replica()
      past.advance(journal, index)
      return past.states()
    },
  }
}

const FOLDER = 'replay'

function readEntries(
  folder: Folder,
  files: ReplayOptions['files'],
): { readonly journal: readonly Entry[]; readonly firstIndex: number } {
  const base = openSnapshots(folder).whole.at(-1)
  const journal = openJournal(folder, base && { base })
  if (journal.lastIndex === 0) {
    const names = Object.keys(files).toSorted().join(', ')
    throw new TypeError(`There is no journal entry in these files: ${names || 'none were given'}.`)
  }
  const { firstIndex, lastIndex } = journal
  const entries = lastIndex < firstIndex ? [] : journal.read(firstIndex, Number.POSITIVE_INFINITY)
  return { journal: entries, firstIndex }
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

/** From the first state on; or, when the journal begins later, from the oldest snapshot that leads into it. */
function replicaOf(roles: readonly AnyRole[], folder: Folder, firstIndex: number): Replica {
  const host = createRoleHost(roles)
  const names = roles.map(({ name }) => name)
  let index = firstIndex === 1 ? 0 : restored(host, folder, firstIndex)
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

function restored(host: RoleHost, folder: Folder, firstIndex: number): number {
  const snapshots = openSnapshots(folder)
  const id = snapshots.whole.find((one) => one.index >= firstIndex - 1)
  if (!id) throw new TypeError(`The journal begins with entry ${firstIndex}, and no snapshot leads to it.`)
  const restoring = restoreSnapshot(snapshots, host, id)
  let read = restoring()
  while (read === null) read = restoring()
  if ('error' in read) throw new TypeError(`The snapshot of entry ${id.index} cannot be read: ${read.error}`)
  read.restore.finish()
  return id.index
}

const kinds = new Map<number, ReplayedEntry['kind']>([
  [EntryKind.founding, 'founding'],
  [EntryKind.start, 'start'],
  [EntryKind.voters, 'voters'],
  [EntryKind.view, 'view'],
  [EntryKind.command, 'command'],
  [EntryKind.checkpoint, 'checkpoint'],
  [EntryKind.digest, 'digest'],
  [EntryKind.continuation, 'continuation'],
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
