import type { BoardRefusal } from './role.js'
import { board } from './role.js'
import type { Peer } from '@tanist/singleton'
import type { Wish } from './messages.js'

/** The body of `POST /api/commands`. `id` is `CLIENT:SEQ`; whoever repeats a command repeats its id. */
export type CommandBody = { readonly id?: string } & (
  | { readonly command: 'add'; readonly text: string }
  | { readonly command: 'tick'; readonly note: string; readonly done: boolean }
  | { readonly command: 'remove'; readonly note: string }
)

export interface Answer {
  readonly status: 200 | 409 | 503
  readonly body: Record<string, unknown>
}

/** The command in a body, or the sentence that says what is wrong with it. */
export function parseCommand(value: unknown): CommandBody | string {
  if (typeof value !== 'object' || value === null) return 'The body must be a JSON object with a "command".'
  const { id, command, text, note, done } = value as Record<string, unknown>
  if (id !== undefined && (typeof id !== 'string' || !/^[\w.-]{1,64}:[1-9]\d{0,14}$/.test(id))) {
    return 'The "id" must have the form "CLIENT:SEQ", with SEQ counting from 1.'
  }
  const named = id === undefined ? {} : { id }
  switch (command) {
    case 'add':
      return typeof text === 'string' ? { ...named, command, text } : 'To add, give a "text".'
    case 'tick':
      if (typeof note !== 'string' || typeof done !== 'boolean') {
        return 'To tick, give the id of a "note" and "done" as true or false.'
      }
      return { ...named, command, note, done }
    case 'remove':
      return typeof note === 'string' ? { ...named, command, note } : 'To remove, give the id of a "note".'
    default:
      return 'The "command" must be "add", "tick" or "remove".'
  }
}

/** Runs a command on the board, wherever it is served now, and says how it ended. */
export async function runCommand(peer: Peer, { id, ...body }: CommandBody): Promise<Answer> {
  const options = id === undefined ? {} : { id }
  const notes = peer.role(board)
  const outcome =
    body.command === 'add'
      ? await notes.add({ text: body.text }, options)
      : body.command === 'tick'
        ? await notes.tick({ note: body.note, done: body.done }, options)
        : await notes.remove({ note: body.note }, options)
  switch (outcome.status) {
    case 'ok': {
      const { value, term, index } = outcome
      return { status: 200, body: { ok: true, value: value ?? null, term, index } }
    }
    case 'refused': {
      const { code, text }: Pick<BoardRefusal, 'text'> & { code: string } = outcome.refusal
      return { status: 409, body: { ok: false, refused: code, text } }
    }
    case 'unavailable': {
      const { reason, since, executed, id: own } = outcome
      return { status: 503, body: { ok: false, unavailable: reason, since, executed, id: own } }
    }
  }
}

/** What a button on a page asks of the launcher, or what is wrong with it. */
export function parseWish(value: unknown): Wish | string {
  if (typeof value !== 'object' || value === null) return 'The body must be a JSON object with an "act".'
  const { act, name } = value as Record<string, unknown>
  if (act === 'start') return { act }
  if (act !== 'crash' && act !== 'leave' && act !== 'return') {
    return 'The "act" must be "crash", "leave", "return" or "start".'
  }
  return typeof name === 'string' ? { act, name } : 'Give the "name" of a peer.'
}
