import { CodecError, encodeJson, ImageWriter, STATE_LIMITS } from '@tanist/core'
import { isRecord } from './record.js'

/*
 * What the compiler cannot see, or did not see, of the parts of a definition. Each sentence names the place.
 */

const REACTION_KEYS: readonly string[] = ['run', 'lane', 'attempts', 'timeoutMs', 'backoffMs', 'maxBackoffMs']
/** Hosts keep timers of up to about 24 days. */
const LONGEST_MS = 2_147_483_647

type Parts = Readonly<Record<string, unknown>>

/** Throws a `TypeError`. `state`, `events` and `commands` have been checked. */
export function checkParts(place: string, definition: Parts): void {
  const { reactions, due, schemas, open, readable } = definition
  const events = definition['events'] as Parts
  const commands = definition['commands'] as Parts
  if (reactions !== undefined) checkReactions(place, reactions, events)
  if (due !== undefined && typeof due !== 'function')
    throw new TypeError(
      `${place}: 'due' must be a function of the state that returns what run.COMMAND(...) gives.`,
    )
  if (schemas !== undefined) checkSchemas(place, schemas, commands)
  if (open !== undefined) checkOpen(place, open, commands, isRecord(schemas) ? schemas : {})
  if (readable !== undefined && readable !== 'stray')
    throw new TypeError(
      `${place}: 'readable' is ${JSON.stringify(readable)}; it may be 'stray', which lets everybody read, or be left out.`,
    )
  checkFirstState(place, definition['state'] as () => unknown)
}

function checkReactions(place: string, reactions: unknown, events: Parts): void {
  if (!isRecord(reactions))
    throw new TypeError(`${place}: 'reactions' must be an object with a function or { run } by event.`)
  for (const [event, reaction] of Object.entries(reactions)) {
    const at = `${place}: reactions.${event}`
    if (!Object.hasOwn(events, event))
      throw new TypeError(`${at} reacts to no event of the role; ${theyAre(events)}.`)
    if (reaction === undefined || typeof reaction === 'function') continue
    if (!isRecord(reaction)) throw new TypeError(`${at} must be a function, or an object with 'run'.`)
    const unknown = Object.keys(reaction).filter((key) => !REACTION_KEYS.includes(key))
    if (unknown.length > 0)
      throw new TypeError(`${at} has no option ${unknown.join(', ')}; there are ${REACTION_KEYS.join(', ')}.`)
    const { run, lane, attempts, timeoutMs, backoffMs, maxBackoffMs } = reaction
    if (typeof run !== 'function') throw new TypeError(`${at}.run must be a function.`)
    if (lane !== undefined && typeof lane !== 'function')
      throw new TypeError(`${at}.lane must be a function of the event that returns a text.`)
    if (attempts !== undefined && !(Number.isSafeInteger(attempts) && Number(attempts) >= 1))
      throw new TypeError(`${at}.attempts must be a whole number, 1 or more.`)
    for (const [name, value] of Object.entries({ timeoutMs, backoffMs, maxBackoffMs })) {
      if (value !== undefined && !(typeof value === 'number' && value > 0 && value <= LONGEST_MS))
        throw new TypeError(`${at}.${name} must be a number of milliseconds above 0, at most ${LONGEST_MS}.`)
    }
    if (typeof backoffMs === 'number' && typeof maxBackoffMs === 'number' && maxBackoffMs < backoffMs)
      throw new TypeError(`${at}.maxBackoffMs is less than backoffMs.`)
  }
}

function checkSchemas(place: string, schemas: unknown, commands: Parts): void {
  if (!isRecord(schemas))
    throw new TypeError(`${place}: 'schemas' must be an object with a schema by command.`)
  for (const [command, schema] of Object.entries(schemas)) {
    const at = `${place}: schemas.${command}`
    if (!Object.hasOwn(commands, command))
      throw new TypeError(`${at} is for no command of the role; ${theyAre(commands)}.`)
    const standard = partsOf(schema)?.['~standard']
    if (!isRecord(standard) || standard['version'] !== 1 || typeof standard['validate'] !== 'function')
      throw new TypeError(
        `${at} is no validator with Standard Schema, version 1 (zod, valibot and others make such).`,
      )
  }
}

/** Some validators are functions. */
function partsOf(value: unknown): Parts | undefined {
  return isRecord(value) || typeof value === 'function' ? (value as Parts) : undefined
}

function checkOpen(place: string, open: unknown, commands: Parts, schemas: Parts): void {
  if (!Array.isArray(open)) throw new TypeError(`${place}: 'open' must be a list of commands.`)
  for (const command of open as readonly unknown[]) {
    const name = typeof command === 'string' ? command : JSON.stringify(command)
    if (typeof command !== 'string' || !Object.hasOwn(commands, command))
      throw new TypeError(
        `${place}: 'open' names ${name}, which is no command of the role; ${theyAre(commands)}.`,
      )
    if (!Object.hasOwn(schemas, command))
      throw new TypeError(
        `${place}: 'open' names ${name}, so strays may call it; it needs a schema in 'schemas'.`,
      )
  }
}

/** What a snapshot could not keep is found here, and not when the first snapshot is due. */
function checkFirstState(place: string, state: () => unknown): void {
  let first: unknown
  try {
    first = state()
  } catch {
    // It may need what is there later; a peer that hosts the role says so then.
    return
  }
  if (first === undefined) return
  try {
    const writer = new ImageWriter([first].values())
    while (writer.next() !== null);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new TypeError(`${place}: the first state cannot be kept: ${pathed(first, error)}.`, {
      cause: error,
    })
  }
}

/** The writer of snapshots knows no paths. */
function pathed(value: unknown, error: CodecError): string {
  try {
    encodeJson(value, STATE_LIMITS)
  } catch (named) {
    if (named instanceof CodecError) return named.message.replace(/^\$/, 'state')
  }
  return error.message.replace(/^\$/, 'state')
}

function theyAre(parts: Parts): string {
  const names = Object.keys(parts)
  return names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`
}
