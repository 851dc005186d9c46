import type { Entry, Folder, Journal, Snapshots } from '@tanist/core'
import { decodeEntry } from '../role/index.js'
import type { CommandEntry } from '../role/index.js'
import { EntryKind } from '../succession/index.js'
import { Bundle, writeBundle } from './bundle.js'
import type { BundleHeader } from './bundle.js'

/** What a file of entries that were set aside says of itself. */
export interface AsideHeader extends BundleHeader {
  readonly kind: 'aside'
  readonly because: 'branch' | 'committed' | 'cluster'
  readonly text: string
  /** How many commands with an effect are in it, by role. */
  readonly commands: Readonly<Record<string, number>>
  /** With a snapshot and no entries: those from here up to `to` were compacted away, and only their state is left. */
  readonly since?: number
}

export interface AsideFile {
  readonly name: string
  readonly header: AsideHeader
}

/** What status says of each such file. */
export interface SetAsideStatus {
  readonly branch: string
  readonly from: number
  readonly to: number
  /** Commands in it that were not handled yet. */
  readonly commands: number
  readonly file: string
  /** What becomes of it: a sentence. */
  readonly text: string
}

export function asideName({ branch, from, to }: Pick<BundleHeader, 'branch' | 'from' | 'to'>): string {
  return `aside-${branch.slice(0, 16)}.${from}-${to}`
}

type About = Omit<AsideHeader, 'kind' | 'to' | 'commands' | 'since' | 'snapshot'>

/**
 * Writes entries `from` to the end of the journal into a file of their own; nothing at all when no command is in. Of
 * those that were compacted away nobody can tell any more what they were: the newest snapshot goes into a file besides.
 */
export function setAsideFiles(
  folder: Folder,
  { journal, snapshots }: { readonly journal: Journal; readonly snapshots: Snapshots },
  about: About,
  done: (error: Error | null, files: readonly AsideFile[]) => void,
): void {
  const { firstIndex, lastIndex: to } = journal
  const files: AsideFile[] = []
  const write = (name: string, header: AsideHeader, then: () => void): void =>
    writeBundle(folder, name, header, { journal, snapshots }, (error) => {
      if (error) return done(error, [])
      files.push({ name, header })
      then()
    })
  const entries = (): void => {
    const from = Math.max(about.from, firstIndex)
    const commands = countCommands(journal, from, to)
    if (Object.keys(commands).length === 0) return done(null, files)
    const header: AsideHeader = { ...about, from, kind: 'aside', to, commands }
    write(asideName(header), header, () => done(null, files))
  }
  try {
    // A cluster without a command has no state that anybody would miss.
    const hides = about.from < firstIndex && about.because !== 'cluster'
    const snapshot = hides ? snapshots.whole.at(-1) : undefined
    if (!snapshot) return entries()
    const [from, last] = [firstIndex, firstIndex - 1]
    const header = {
      ...about,
      from,
      kind: 'aside',
      to: last,
      commands: {},
      since: about.from,
      snapshot,
    } as const
    write(asideName({ ...about, to: last }), header, entries)
  } catch (error) {
    done(error as Error, [])
  }
}

function countCommands(journal: Journal, from: number, to: number): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let at = from; at <= to; ) {
    const entries = journal.read(at, 1 << 20)
    at += entries.length
    for (const entry of entries) {
      if (entry.kind !== EntryKind.command) continue
      const command = commandIn(entry)
      if (command?.events.length) counts[command.role] = (counts[command.role] ?? 0) + 1
    }
  }
  return counts
}

/** Null for an entry that is no command, or cannot be read. */
export function commandIn(entry: Entry): CommandEntry | null {
  if (entry.kind !== EntryKind.command) return null
  try {
    return decodeEntry(entry.payload)
  } catch {
    return null
  }
}

/** The files in a data folder. One that cannot be read is told to `bad` and left alone. */
export function asideFiles(folder: Folder, bad: (text: string) => void): AsideFile[] {
  const found: AsideFile[] = []
  for (const name of folder.list()) {
    if (!name.startsWith('aside-')) continue
    if (name.endsWith('.part')) {
      // Never finished: what it was made of is still in the journal.
      folder.remove(name)
      continue
    }
    try {
      const bundle = new Bundle(folder, name)
      found.push({ name, header: bundle.header as AsideHeader })
      bundle.close()
    } catch (error) {
      bad(`The file ${name}, which keeps what was set aside, cannot be read: ${String(error)}`)
    }
  }
  return found
}
