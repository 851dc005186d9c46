import { isRecord } from './record.js'

type Fields = Readonly<Record<string, unknown>>

const ROLE_NAME = /^[a-z][a-z0-9-]{0,63}$/
const EVENT_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** What a definition says of its age. Throws a `TypeError` with a sentence that names the place. */
export function checkVersions(name: string, definition: Fields): void {
  const place = `role('${name}')`
  const events = isRecord(definition['events']) ? definition['events'] : {}
  const versions = fields(place, 'versions', definition['versions'])
  for (const [event, version] of Object.entries(versions)) {
    checkEvent(place, 'versions', event, events)
    checkVersion(`${place}: versions.${event}`, version)
  }
  const versionOf = (event: string): number => (versions[event] as number | undefined) ?? 1
  const upcast = fields(place, 'upcast', definition['upcast'])
  for (const event of Object.keys(upcast)) checkEvent(place, 'upcast', event, events)
  for (const event of new Set([...Object.keys(versions), ...Object.keys(upcast)])) {
    const steps = Object.hasOwn(upcast, event) ? upcast[event] : undefined
    checkStepsUp(`${place}: upcast.${event}`, `version ${versionOf(event)}`, steps, versionOf(event))
  }
  const downcast = fields(place, 'downcast', definition['downcast'])
  for (const [event, steps] of Object.entries(downcast)) {
    checkEvent(place, 'downcast', event, events)
    checkStepsDown(`${place}: downcast.${event}`, steps, versionOf(event))
  }
  const { stateVersion = 1 } = definition
  checkVersion(`${place}: stateVersion`, stateVersion)
  const newest = stateVersion as number
  checkStepsUp(`${place}: upcastState`, `stateVersion ${newest}`, definition['upcastState'], newest)
  checkRenamed(place, definition['renamed'], events)
  checkFormerly(place, name, definition['formerly'])
}

function checkEvent(place: string, part: string, event: string, events: Fields): void {
  if (Object.hasOwn(events, event)) return
  throw new TypeError(
    `${place}: ${part}.${event} is about an event that there is not; there are ${list(Object.keys(events))}.`,
  )
}

function checkVersion(place: string, version: unknown): void {
  if (Number.isSafeInteger(version) && (version as number) >= 1) return
  throw new TypeError(`${place} is ${String(version)}; versions are whole numbers from 1 on.`)
}

/** A step from each version below the newest, and no others. */
function checkStepsUp(place: string, what: string, given: unknown, newest: number): void {
  const steps = stepsIn(place, given ?? {})
  for (let from = 1; from < newest; from++)
    if (!steps.has(from))
      throw new TypeError(
        `${place}[${from}] is missing: ${what} needs a step up from each version before it.`,
      )
  for (const from of steps)
    if (from < 1 || from >= newest)
      throw new TypeError(`${place}[${from}] leads nowhere: ${what} has steps from 1 to below it.`)
}

/** Steps from the newest version down; they may end anywhere. */
function checkStepsDown(place: string, given: unknown, newest: number): void {
  const steps = stepsIn(place, given)
  for (const from of steps)
    if (from < 2 || from > newest)
      throw new TypeError(
        `${place}[${from}] comes from nowhere: steps down begin at a version from 2 to ${newest}, today's.`,
      )
  const lowest = Math.min(newest, ...steps)
  for (let from = newest; from > lowest; from--)
    if (!steps.has(from))
      throw new TypeError(`${place}[${from}] is missing: the way down begins at today's version ${newest}.`)
}

function stepsIn(place: string, given: unknown): ReadonlySet<number> {
  if (!isRecord(given)) throw new TypeError(`${place} must be an object of functions by version.`)
  for (const [from, step] of Object.entries(given)) {
    if (!Number.isSafeInteger(Number(from)))
      throw new TypeError(`${place}.${from} is no version: steps are numbered by the version they begin at.`)
    if (typeof step !== 'function') throw new TypeError(`${place}[${from}] must be a function.`)
  }
  return new Set(Object.keys(given).map(Number))
}

function checkRenamed(place: string, given: unknown, events: Fields): void {
  for (const [former, today] of Object.entries(fields(place, 'renamed', given))) {
    const at = `${place}: renamed.${former}`
    if (!EVENT_NAME.test(former)) throw new TypeError(`${at} cannot have been the name of an event.`)
    if (Object.hasOwn(events, former))
      throw new TypeError(
        `${at}: '${former}' is the name of an event today, so the journal could mean either.`,
      )
    if (typeof today !== 'string' || !Object.hasOwn(events, today))
      throw new TypeError(`${at} must name one of today's events: ${list(Object.keys(events))}.`)
  }
}

function checkFormerly(place: string, name: string, given: unknown): void {
  if (given === undefined) return
  if (!Array.isArray(given)) throw new TypeError(`${place}: 'formerly' must be a list of names.`)
  const names: readonly unknown[] = given
  names.forEach((former, i) => {
    if (typeof former !== 'string' || !ROLE_NAME.test(former))
      throw new TypeError(`${place}: formerly[${i}] cannot have been the name of a role.`)
    if (former === name) throw new TypeError(`${place}: formerly[${i}] is its name today.`)
    if (names.indexOf(former) !== i) throw new TypeError(`${place}: formerly[${i}] stands there twice.`)
  })
}

function fields(place: string, part: string, given: unknown): Fields {
  if (given === undefined) return {}
  if (!isRecord(given)) throw new TypeError(`${place}: '${part}' must be an object by event.`)
  return given
}

function list(names: readonly string[]): string {
  return names.join(', ') || 'none'
}
