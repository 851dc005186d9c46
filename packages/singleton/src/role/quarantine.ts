import { fromEncoded, ImageWriter, toEncoded } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import type { CommandEntry } from './entry.js'
import { QUARANTINE_MAX } from './limits.js'
import type { JournalledOutcome } from './messages.js'

/**
 * A command that was being decided, alone, when a server was lost for the second time. Nobody decides it again, and
 * none with the same input, until an operator releases it.
 */
export interface Quarantined {
  /** Names it, in the refusal and to `release`. */
  readonly reference: string
  readonly role: string
  readonly command: string
  /** Of the input: see `digestOf`. */
  readonly digest: string
  readonly session: string
  readonly seq: number
  /** Where its refusal stands in the journal. */
  readonly term: number
  readonly index: number
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** What stands in a journal entry in place of a role's name when an operator releases a command. */
export const QUARANTINE = '!quarantine'

/** The list, a function of the journal. Of more than `QUARANTINE_MAX` the oldest are forgotten. */
export class Quarantine {
  #list: readonly Quarantined[]

  constructor(list: readonly Quarantined[] = []) {
    this.#list = list
  }

  /** In the order of the journal. Never changed: what it is later is another list. */
  get list(): readonly Quarantined[] {
    return this.#list
  }

  /** Takes what an entry says of it. */
  take(
    entry: Omit<CommandEntry, 'events'>,
    { term, index }: { readonly term: number; readonly index: number },
  ): void {
    if (entry.quarantine === undefined && entry.release === undefined) return
    const { role, command, session, seq, atMs, quarantine: digest, release } = entry
    if (release !== undefined) this.#list = this.#list.filter(({ reference }) => reference !== release)
    if (digest === undefined) return
    const reference = referenceAt({ term, index })
    const item = { reference, role, command, digest, session, seq, term, index, atMs }
    this.#list = [...this.#list, item].slice(-QUARANTINE_MAX)
  }

  get(reference: string): Quarantined | undefined {
    return this.#list.find((one) => one.reference === reference)
  }

  /** The one that is of this kind. Costs nothing for roles and commands of which there is none. */
  like(role: string, command: string, input: Encoded): Quarantined | undefined {
    let digest: string | undefined
    return this.#list.find(
      (one) =>
        one.role === role &&
        one.command === command &&
        one.digest === (digest ??= digestOf(role, command, input)),
    )
  }
}

export function referenceAt({ term, index }: { readonly term: number; readonly index: number }): string {
  return `${term}.${index}.q`
}

/** A short hash, the same for inputs that differ in nothing but the order of their keys. */
export function digestOf(role: string, command: string, input: Encoded): string {
  const writer = new ImageWriter([role, command, input].values())
  while (writer.next() !== null);
  return writer.digest ?? ''
}

/** The first outcome of a command that is quarantined, and the only one it ever has. */
export function quarantinedOutcome(place: string, reference: string): JournalledOutcome {
  const text = `${place} was being decided each time when two servers were lost: it is quarantined and is not decided any more, nor is any with the same input, until an operator releases ${reference}.`
  return { status: 'refused', refusal: toEncoded({ code: 'failed', reason: 'quarantined', reference, text }) }
}

/** What an operator wants released; null when the input names nothing. */
export function referenceIn(input: Encoded): string | null {
  try {
    const reference = fromEncoded(input)
    return typeof reference === 'string' ? reference : null
  } catch {
    return null
  }
}
