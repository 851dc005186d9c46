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
  /** Who goes on. Null: the set is only known to be committed. */
  readonly to: MemberId | null
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
  readonly known: boolean
  /** Wants nothing, only lets the witness know that the set is committed. */
  readonly notice: boolean
}

/** Rows kept for each branch: every change of a pair makes a new one. */
const ROWS_MAX = 256

export const emptyBook: GrantBook = { grants: [], floors: {} }

export function decideGrant(
  book: GrantBook,
  { branch, set, from, known, notice }: GrantRequest,
): { readonly book: GrantBook; readonly to: MemberId | null } {
  if (set[0] <= (book.floors[branch] ?? 0)) return { book, to: null }
  const row = book.grants.find(
    (one) => one.branch === branch && one.set[0] === set[0] && one.set[1] === set[1],
  )
  if (row && (row.to !== null || notice)) return { book, to: row.to }
  if (!row && !known) return { book, to: null }
  const to = notice ? null : from
  const others = book.grants.filter((one) => one !== row)
  return { book: pruned({ ...book, grants: [...others, { branch, set, to }] }, branch), to }
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
