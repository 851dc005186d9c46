/**
 * What a witness keeps: for each voter set of two that names it, which of the two goes on without the other. At most
 * one of them, once and for ever: everything that was acknowledged under the set is on both disks, so that either may
 * go on, but never both. Pure: `decideGrant(book, request)` returns the answer, and the book to write down before it
 * is given.
 */
import type { MemberId } from '@tanist/core'
import type { SetName } from './messages.js'

export interface Grant {
  readonly branch: string
  readonly set: SetName
  /** Who goes on; null: nobody has asked. */
  readonly to: MemberId | null
  /** One of the two knew it to be committed. */
  readonly committed: boolean
}

export interface GrantBook {
  readonly grants: readonly Grant[]
  /** Rows about sets up to here were dropped, by branch: nothing is granted about them any more. */
  readonly floors: Readonly<Record<string, number>>
}

export interface GrantRequest {
  readonly branch: string
  readonly set: SetName
  readonly from: MemberId
  /** The asker knows that the set is committed: otherwise it could be lost with the disk of whoever wrote it. */
  readonly committed: boolean
  /** The asker leads, and asks about every set that may be in force. */
  readonly leads: boolean
  /** Wants nothing, only lets the witness know that the set is committed. */
  readonly notice: boolean
}

/** Rows kept for each branch: every change of a pair makes a new one. */
const ROWS_MAX = 256

export const emptyBook: GrantBook = { grants: [], floors: {} }

export interface GrantDecision {
  readonly book: GrantBook
  readonly to: MemberId | null
  readonly committed: boolean
}

export function decideGrant(book: GrantBook, request: GrantRequest): GrantDecision {
  const { branch, set, from, leads, notice } = request
  if (set[0] <= (book.floors[branch] ?? 0)) return { book, to: null, committed: false }
  const row = book.grants.find(
    (one) => one.branch === branch && one.set[0] === set[0] && one.set[1] === set[1],
  )
  const committed = row?.committed === true || request.committed
  const grants = !notice && (committed || leads)
  const to = row?.to ?? (grants ? from : null)
  if (to === (row?.to ?? null) && committed === (row?.committed ?? false)) return { book, to, committed }
  const others = book.grants.filter((one) => one !== row)
  const next = { ...book, grants: [...others, { branch, set, to, committed }] }
  return { book: pruned(next, branch), to, committed }
}

function pruned(book: GrantBook, branch: string): GrantBook {
  const own = book.grants.filter((one) => one.branch === branch).toSorted((a, b) => a.set[0] - b.set[0])
  const floor = own.at(-ROWS_MAX - 1)?.set[0]
  if (floor === undefined) return book
  const grants = book.grants.filter((one) => one.branch !== branch || one.set[0] > floor)
  return { grants, floors: { ...book.floors, [branch]: floor } }
}

/** Throws when the value is no book. */
export function parseBook(value: unknown): GrantBook {
  const { grants, floors } = (value ?? {}) as Partial<Record<string, unknown>>
  if (!Array.isArray(grants) || typeof floors !== 'object' || floors === null)
    throw new TypeError('the book of a witness has no grants')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this module ever writes it
  return value as GrantBook
}
