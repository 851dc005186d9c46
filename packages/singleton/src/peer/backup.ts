import { openJournal, openRegister, openSnapshots } from '@tanist/core'
import type { Entry, Folder, Host, Journal, Snapshots } from '@tanist/core'
import { encodeRecord, EntryKind } from '../succession/index.js'
import type { Continuation } from '../succession/index.js'
import { Bundle, writeBundle } from './bundle.js'
import type { BundleHeader, BundleSource } from './bundle.js'
import { JoinError } from './errors.js'
import { parseIdentity } from './identity.js'
import type { Identity } from './identity.js'

const FILE = 'tanist.backup'

/** What a peer copies: its journal up to what it knows committed, behind a snapshot when it begins behind one. */
export interface BackupSource {
  readonly header: BundleHeader
  readonly source: BundleSource
  /** Why there is nothing to copy now; null when there is. */
  readonly refusal: string | null
  /** Until this is called, nothing of it is dropped. */
  readonly release: () => void
}

/** Writes the copy and makes it durable. Rejects with a `JoinError` of code `data`. */
export function copyJournal(
  host: Host,
  { header, source, refusal, release }: BackupSource,
  path: string,
): Promise<{ readonly clusterId: string; readonly branch: string; readonly index: number }> {
  const { clusterId, branch, to } = header
  return new Promise((resolve, reject) => {
    let folder: Folder | null = null
    const fail = (error: unknown): void => {
      release()
      folder?.close()
      reject(
        error instanceof JoinError
          ? error
          : new JoinError('data', `No backup was made: ${sentence(error)}`, error),
      )
    }
    try {
      if (refusal !== null) throw new Error(refusal)
      if (to < 1) throw new Error('this peer has nothing that is committed yet')
      folder = host.disk.openFolder(path)
      const pause = (then: () => void): void => void host.timers.set(1, then)
      const done = (error?: Error): void => {
        if (error) return fail(error)
        release()
        folder?.close()
        resolve({ clusterId, branch, index: to })
      }
      writeBundle(folder, FILE, header, source, done, pause)
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
      const snapshots = openSnapshots(folder, { log: host.log })
      open.push(snapshots)
      fillSnapshot(snapshots, bundle, (unfilled) => {
        if (unfilled) return fail(unfilled)
        try {
          fillJournal(host, folder, bundle, (error, index) => (error ? fail(error) : end(index)))
        } catch (error) {
          fail(error)
        }
      })
    } catch (error) {
      fail(error)
    }
    function end(index: number): void {
      for (const one of open.toReversed()) one.close()
      resolve({ index })
    }
  })
}

function fillSnapshot(snapshots: Snapshots, bundle: Bundle, done: (error?: Error) => void): void {
  const { snapshot } = bundle.header
  if (!snapshot) return done()
  let offset = 0
  for (const piece of bundle.pieces()) offset = snapshots.receive(snapshot, offset, piece)
  snapshots.complete(done)
}

/** The identity comes last: without it nothing starts. */
function fillJournal(
  host: Host,
  folder: Folder,
  bundle: Bundle,
  done: (error: Error | null, index: number) => void,
): void {
  const { app, snapshot } = bundle.header
  const memberId = host.random.id()
  const journal = openJournal(folder, { log: host.log, ...(snapshot && { base: snapshot }) })
  const last = fill(journal, bundle)
  const record = continuation(host, bundle.header, last, memberId)
  journal.append([record], () => {})
  journal.close((error) => {
    if (error) return done(error, 0)
    const identity = openRegister<Identity>(folder, 'identity', parseIdentity)
    const first = { memberId, incarnation: 0, app, term: record.term, votedFor: memberId }
    identity.save(first, (unsaved) => {
      identity.close()
      done(unsaved ?? null, last.index)
    })
  })
}

interface Position {
  readonly index: number
  readonly term: number
}

function fill(journal: Journal, bundle: Bundle): Position {
  let last: Position | null = bundle.header.snapshot ?? null
  for (const entries of bundle.entries()) {
    journal.append(entries, () => {})
    last = entries.at(-1) ?? last
  }
  if (last === null) throw new Error('the backup is empty')
  return last
}

function continuation(host: Host, header: BundleHeader, last: Position, memberId: string): Entry {
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
