import type { Host } from '@tanist/core'
import { copyJournal } from './peer/index.js'
import type { Lives } from './peer/index.js'

/** What an operator can do about branches and copies. */
export interface OperateBranches {
  /**
   * Goes on with what this peer holds, after a majority of the voters is lost for good. Recorded in the journal as
   * the begin of a new branch whose only voter is this peer; the others, wherever they are, join it when they meet
   * it, unless they held a majority after all: then this branch is set aside. Newer work of the lost voters is not
   * in it. Rejects with a sentence while anybody leads.
   *
   * @example
   * await peer.operate.continueHere('the machines in the cellar drowned')
   */
  continueHere(why: string): Promise<void>
  /**
   * Writes a consistent copy of the group, up to what is committed here, into `folder` (created when missing) as the
   * file `tanist.backup`. `restore` makes a data folder of it. Resolves when it is durable.
   */
  backup(folder: string): Promise<BackupInfo>
}

export interface BackupInfo {
  readonly clusterId: string
  readonly branch: string
  /** The copy holds everything up to this position. */
  readonly index: number
}

export function operateBranches(lives: Lives, host: Host): OperateBranches {
  return {
    continueHere: (why) =>
      new Promise((resolve, reject) => {
        if (typeof why !== 'string' || why.trim() === '')
          throw new TypeError('continueHere needs a reason: it stands in the journal for ever.')
        lives.continueHere(why.slice(0, 1_000), (ok, text) => (ok ? resolve() : reject(new Error(text))))
      }),
    backup: (folder) => copyJournal(host, lives.backup(), folder),
  }
}
