import { JournalError } from '@tanist/core'
import type { Folder, Journal, Log, Random } from '@tanist/core'
import { newIdentity } from './identity.js'
import type { Identity, Lost } from './identity.js'

/*
 * A peer that lost what it had promised must not vote as if it had promised nothing. So it takes a new member id:
 * the old seat counts as lost until the leader gives it to a learner, and this peer is one, that fetches the
 * journal again. It founds no cluster, and joins none but the one whose journal it lost.
 */

const DAMAGED = /^damaged-(\d+)-/

/** What is wrong with a data folder, as the middle of a sentence; null when nothing is. */
export function lossIn(
  folder: Folder,
  identity: Identity | undefined,
  journal: Journal | JournalError,
): string | null {
  if (journal instanceof JournalError) return journal.message
  if (identity !== undefined) return null
  if (folder.list().some((name) => DAMAGED.test(name))) return 'The file "identity" was damaged.'
  return journal.lastIndex > 0 ? 'There is a journal, but the file "identity" is missing.' : null
}

/** Up to here the journal was on the disk at some time, and nothing took that back. */
export function journalReaches(identity: Identity | undefined): number {
  const { clusterId = null, committed = 0, ends = 0 } = identity ?? {}
  return Math.max(committed, ends, clusterId === null ? 0 : 1)
}

/** The identity that waits to fetch the journal again. */
export function identityAfterLoss(
  loss: { readonly text: string; readonly folder: string; readonly clusterId: string | null },
  last: Identity | undefined,
  app: string,
  random: Random,
): Identity {
  const lost: Lost = {
    clusterId: loss.clusterId,
    text: `The journal in ${loss.folder} was damaged (${loss.text.replace(/\.$/, '')})`,
  }
  return { ...newIdentity(app, random), term: last?.term ?? 0, lost }
}

/** Gives these files names that nothing opens; they are never deleted. The caller syncs the folder. */
export function setAside(folder: Folder, wanted: (name: string) => boolean): string[] {
  const names = folder.list()
  const numbers = names.map((name) => Number(DAMAGED.exec(name)?.[1] ?? 0))
  const number = Math.max(0, ...numbers) + 1
  return names.filter(wanted).map((name) => {
    const aside = `damaged-${number}-${name}`
    folder.rename(name, aside)
    return aside
  })
}

export const isJournalFile = (name: string): boolean => name.startsWith('journal-')

export function logLoss(
  log: Log,
  lost: Lost,
  memberId: string,
  folder: string,
  files: readonly string[],
): void {
  const kept = files.length > 0 ? ` What was there is kept in ${folder}: ${files.join(', ')}.` : ''
  log.write(
    'error',
    'data-lost',
    `${lost.text}. This peer goes on as a new member that fetches it again.${kept}`,
    {
      folder,
      files,
      clusterId: lost.clusterId,
      memberId,
    },
  )
}
