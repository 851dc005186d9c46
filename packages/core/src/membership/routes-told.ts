import { emit, type Step } from './state.js'
import type { MemberId } from './types.js'

/** A member has said of which members its own links are bad; replaces what it said before. */
export function badTold(s: Step, from: MemberId, to: readonly MemberId[]): void {
  const { told } = s.state.routes
  if (from === s.state.self.memberId) return
  const before = told.get(from)
  if (to.length > 0) told.set(from, new Set(to))
  else told.delete(from)
  for (const id of to) if (!before?.has(id)) emit(s, { kind: 'bad-link', from, to: id, bad: true })
  for (const id of before ?? []) if (!to.includes(id)) emit(s, { kind: 'bad-link', from, to: id, bad: false })
}
