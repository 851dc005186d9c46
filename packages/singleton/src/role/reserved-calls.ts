import { fromEncoded } from '@tanist/core'
import type { DueBook } from './due-items.js'
import { dueKey } from './due-items.js'
import type { CommandRequest } from './host-contract.js'
import { FORGET_MAX, REACTION_CALLS_MAX } from './limits.js'
import type { OutboxView } from './outbox.js'
import { parseReserved } from './reserved.js'
import type { Answer } from './sessions.js'
import { sentence } from './run.js'
import type { AnyRole, Caller, FailReason } from './types.js'

/** Under which rules a command is decided. */
export type Admission =
  /** Of a caller's own session. */
  | { readonly kind: 'own'; readonly caller: Caller }
  | { readonly kind: 'reaction'; readonly caller: Caller; readonly known: Answer | 'expired' | undefined }
  | {
      readonly kind: 'due'
      readonly caller: Caller
      readonly key: string
      readonly input: unknown
      readonly known: 'expired' | undefined
    }

type Refused = { readonly kind: 'failed'; readonly reason: FailReason; readonly text: string }

/** What the session of a command says, by the outbox alone. */
export function admit(outbox: OutboxView, request: CommandRequest): Admission | Refused {
  const { session, seq, role, command, input, caller } = request
  const reserved = parseReserved(session)
  if (reserved === null) return { kind: 'own', caller }
  if (reserved === 'malformed' || (caller.level !== 'member' && caller.level !== 'role'))
    return { kind: 'failed', reason: 'bad-id', text: `No caller may use the session '${session}'.` }
  const self: Caller = { level: 'role', role: reserved.role }
  const { key } = reserved
  if (reserved.kind === 'reaction') {
    const item = outbox.item(reserved.role, key)
    if (item === undefined) return { kind: 'reaction', caller: self, known: 'expired' }
    if (seq > REACTION_CALLS_MAX) {
      const text = `The reaction to event ${key} of the role '${reserved.role}' makes more than ${REACTION_CALLS_MAX} calls.`
      return { kind: 'failed', reason: 'too-large', text }
    }
    return { kind: 'reaction', caller: self, known: item.answers.find((answer) => answer.seq === seq) }
  }
  if (
    reserved.role !== role ||
    seq !== 1 ||
    key !== dueKey(command, Number(key.slice(0, key.lastIndexOf('.'))), input)
  )
    return { kind: 'failed', reason: 'bad-id', text: `The id ${session}:${seq} belongs to another command.` }
  try {
    const known = outbox.ran(role).has(key) ? 'expired' : undefined
    return { kind: 'due', caller: self, key, input: fromEncoded(input), known }
  } catch (error) {
    const text = `The input of ${role}.${command} cannot be read: ${sentence(error)}`
    return { kind: 'failed', reason: 'invalid', text }
  }
}

/** What is known of a command of a reserved session, as `SessionTable.find` says it of others. */
export function findReserved(
  outbox: OutboxView,
  session: string,
  seq: number,
): Answer | 'expired' | undefined {
  const reserved = parseReserved(session)
  if (reserved === null || reserved === 'malformed' || reserved.kind === 'due') return 'expired'
  const item = outbox.item(reserved.role, reserved.key)
  return item === undefined ? 'expired' : item.answers.find((answer) => answer.seq === seq)
}

/**
 * What an entry says of due commands: whether its own item is still derived behind it, and which that ran are derived
 * no longer. A `due` that fails says nothing: then its own counts as derived, so that it does not run again.
 */
export function aftermath(
  due: DueBook,
  outbox: OutboxView,
  of: AnyRole,
  claim: Admission,
  before: unknown,
  next: unknown,
): { readonly ran?: true; readonly forget?: readonly string[] } | null {
  const own = claim.kind === 'due' && due.has(of, next, claim.key, claim) !== false
  const ran = outbox.ran(of.name)
  const forget =
    ran.size === 0 || Object.is(before, next) ? [] : due.missing(of, next, ran).slice(0, FORGET_MAX)
  if (!own && forget.length === 0) return null
  return { ...(own ? { ran: true as const } : {}), ...(forget.length > 0 ? { forget } : {}) }
}
