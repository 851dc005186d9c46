import type { FaultKind, Schedule } from './fault.js'
import { type Field, faultFields, faultKinds, type FieldType, linkKinds } from './fields.js'
import { parseTrigger, triggerForm } from './trigger.js'

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isTarget = isText

const types: Readonly<
  Record<FieldType, { readonly words: string; readonly holds: (v: unknown) => boolean }>
> = {
  target: { words: 'the name of a node or a role', holds: isTarget },
  targets: {
    words: 'a list of names of nodes or roles',
    holds: (value) => Array.isArray(value) && value.length > 0 && value.every(isTarget),
  },
  ms: { words: 'a number of milliseconds, 0 or more', holds: (value) => isNumber(value) && value >= 0 },
  'more ms': { words: 'a number of milliseconds above 0', holds: (value) => isNumber(value) && value > 0 },
  'signed ms': { words: 'a number of milliseconds', holds: isNumber },
  share: { words: 'a number from 0 to 1', holds: (value) => isNumber(value) && value >= 0 && value <= 1 },
  rate: { words: 'a number above 0', holds: (value) => isNumber(value) && value > 0 },
  'yes or no': { words: 'true or false', holds: (value) => typeof value === 'boolean' },
  text: { words: 'a text', holds: isText },
}

const msField: Field = { type: 'ms' }

/**
 * Reads a schedule from a file that people may have written: a list of faults as JSON. Throws a `TypeError`
 * whose message names the fault, its field, and what may stand there.
 */
export function parseSchedule(json: unknown): Schedule {
  if (!Array.isArray(json)) throw new TypeError(`a schedule is a list of faults, not ${shown(json)}`)
  json.forEach((fault: unknown, index) => {
    const why = wrong(fault)
    if (why !== null) throw new TypeError(`fault ${index + 1} of the schedule: ${why}`)
  })
  return json
}

function wrong(fault: unknown): string | null {
  if (typeof fault !== 'object' || fault === null) return `${shown(fault)} is not an object`
  const given: Readonly<Record<string, unknown>> = { ...fault }
  const kind = faultKinds.find((name) => name === given['do'])
  if (kind === undefined) return `"do" is one of ${faultKinds.join(', ')}, not ${shown(given['do'])}`
  return wrongTime(given) ?? wrongFields(kind, given) ?? wrongTogether(kind, given)
}

function wrongTime({ at, on, after }: Readonly<Record<string, unknown>>): string | null {
  if ((at === undefined) === (on === undefined)) {
    return 'it needs either "at" (a time in milliseconds) or "on" (something that happens)'
  }
  if (on === undefined) {
    return after === undefined ? wrongField('at', msField, at) : '"after" goes with "on", not with "at"'
  }
  if (typeof on !== 'string' || parseTrigger(on) === null) return `"on" is ${triggerForm}, not ${shown(on)}`
  return after === undefined ? null : wrongField('after', msField, after)
}

function wrongFields(kind: FaultKind, given: Readonly<Record<string, unknown>>): string | null {
  const fields = faultFields[kind]
  const known = new Set(['do', 'at', 'on', 'after', ...Object.keys(fields)])
  const stranger = Object.keys(given).find((name) => !known.has(name))
  if (stranger !== undefined) {
    return `${kind} has no field "${stranger}"; it has ${Object.keys(fields).join(', ')}`
  }
  for (const [name, field] of Object.entries(fields)) {
    if (given[name] === undefined && field.optional === true) continue
    const why = wrongField(name, field, given[name])
    if (why !== null) return `${why} (${kind})`
  }
  return null
}

function wrongTogether(kind: FaultKind, given: Readonly<Record<string, unknown>>): string | null {
  const { who, from, to, busyMs, everyMs } = given
  if (linkKinds.includes(kind)) {
    if ((from === undefined) !== (to === undefined)) return `${kind} needs "from" and "to" together`
    if (who !== undefined && from !== undefined) return `${kind} has "who", or "from" and "to", but not all`
  }
  const busy = kind === 'stall' && Number(busyMs) >= Number(everyMs)
  return busy ? `"busyMs" of stall is below its "everyMs"` : null
}

function wrongField(name: string, { type }: Field, value: unknown): string | null {
  const { words, holds } = types[type]
  return holds(value) ? null : `"${name}" is ${words}, not ${shown(value)}`
}

const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value))
