import { openJournal, openRegister } from '@tanist/core'
import type { Entry, Folder, Host, Journal } from '@tanist/core'
import { encodeRecord, EntryKind } from '../succession/index.js'
import type { Continuation } from '../succession/index.js'
import { Bundle, writeBundle } from './bundle.js'
import type { BundleHeader, EntrySource } from './bundle.js'
import { JoinError } from './errors.js'
import { parseIdentity } from './identity.js'
import type { Identity } from './identity.js'

const FILE = 'tanist.backup'

/** What a peer copies: its journal up to what it knows committed. */
export interface BackupSource {
  readonly header: BundleHeader
  readonly journal: EntrySource & { readonly firstIndex: number }
}

/** Writes the copy and makes it durable. Rejects with a `JoinError` of code `data`. */
export function copyJournal(
  host: Host,
  { header, journal }: BackupSource,
  path: string,
): Promise<{ readonly clusterId: string; readonly branch: string; readonly index: number }> {
  const { clusterId, branch, to } = header
  return new Promise((resolve, reject) => {
    let folder: Folder | null = null
    const fail = (error: unknown): void => {
      folder?.close()
      reject(
        error instanceof JoinError
          ? error
          : new JoinError('data', `No backup was made: ${sentence(error)}`, error),
      )
    }
    try {
      if (journal.firstIndex > 1)
        throw new Error(
          `the journal begins at ${journal.firstIndex}, behind a snapshot, and cannot be copied alone`,
        )
      if (to < 1) throw new Error('this peer has nothing that is committed yet')
      folder = host.disk.openFolder(path)
      const pause = (then: () => void): void => void host.timers.set(1, then)
      const done = (error?: Error): void => {
        if (error) return fail(error)
        folder?.close()
        resolve({ clusterId, branch, index: to })
      }
      writeBundle(folder, FILE, header, journal, done, pause)
    } catch (error) {
      fail(error)
    }
  })
}

/**
 * Makes the empty folder `data` hold what the backup in the folder `backup` holds, as a forced continuation by a new
 * identity: its next start serves alone, and no peer of before is contradicted silently.
 */
export function restoreJournal(
  host: Host,
  backup: string,
  data: string,
): Promise<{ readonly index: number }> {
  return new Promise((resolve, reject) => {
    const open: { close(): void }[] = []
    const fail = (error: unknown): void => {
      for (const one of open.toReversed()) one.close()
      reject(
        error instanceof JoinError
          ? error
          : new JoinError('data', `Nothing was restored: ${sentence(error)}`, error),
      )
    }
    try {
      const from = host.disk.openFolder(backup)
      open.push(from)
      const bundle = new Bundle(from, FILE)
      open.push(bundle)
      const folder = host.disk.openFolder(data)
      open.push(folder)
      if (folder.list().length > 0) throw new Error(`the folder ${data} is not empty; give it an empty one`)
      const journal = openJournal(folder, { log: host.log })
      const memberId = host.random.id()
      const last = fill(journal, bundle)
      const record = continuation(host, bundle.header, last, memberId)
      journal.append([record], () => {})
      const identity = openRegister<Identity>(folder, 'identity', parseIdentity)
      open.push(identity)
      const { app } = bundle.header
      journal.close((error) => {
        if (error) return fail(error)
        identity.save({ memberId, incarnation: 0, app, term: record.term, votedFor: memberId }, (unsaved) => {
          if (unsaved) return fail(unsaved)
          for (const one of open.toReversed()) one.close()
          resolve({ index: last.index })
        })
      })
    } catch (error) {
      fail(error)
    }
  })
}

function fill(journal: Journal, bundle: Bundle): Entry {
  let last: Entry | null = null
  for (const entries of bundle.entries()) {
    journal.append(entries, () => {})
    last = entries.at(-1) ?? last
  }
  if (last === null) throw new Error('the backup is empty')
  return last
}

function continuation(host: Host, header: BundleHeader, last: Entry, memberId: string): Entry {
  const record: Continuation = {
    branchId: host.random.id(),
    from: { branchId: header.branch, index: last.index, term: last.term },
    voters: [memberId],
    held: 0,
    of: header.voters ?? 1,
    by: 'operator',
    why: 'restored from a backup',
    atMs: host.clock.now().wallMs,
  }
  return {
    index: last.index + 1,
    term: last.term + 1,
    kind: EntryKind.continuation,
    payload: encodeRecord(record),
  }
}

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error))
