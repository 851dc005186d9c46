import { deepFreeze } from '../freeze.js'
import { limits } from './limits.js'
import type { About, AboutChange } from './types.js'

/** What a member may say of itself; as JSON no more than `bytes` altogether. */
export const aboutLimits: Readonly<
  Record<
    | 'roles'
    | 'addresses'
    | 'load'
    | 'layers'
    | 'tags'
    | 'bytes'
    | 'roleChars'
    | 'addressChars'
    | 'versionChars'
    | 'tagKeyChars'
    | 'tagChars',
    number
  >
> = {
  bytes: limits.aboutBytes,
  roles: 32,
  roleChars: 64,
  addresses: 16,
  addressChars: 256,
  versionChars: 64,
  load: 1_000,
  layers: 16,
  tags: 32,
  tagKeyChars: 64,
  tagChars: 256,
}

const max = aboutLimits

interface Field {
  readonly fits: (value: unknown) => boolean
  readonly allowed: string
}

/** Values come from users and from the wire. */
const fields: Readonly<Record<keyof About, Field>> = {
  roles: {
    fits: (value) => isList(value, max.roles, max.roleChars),
    allowed: `a list of at most ${max.roles} names of 1 to ${max.roleChars} characters`,
  },
  addresses: {
    fits: (value) => isList(value, max.addresses, max.addressChars),
    allowed: `a list of at most ${max.addresses} addresses host:port`,
  },
  version: {
    fits: (value) => isText(value, max.versionChars),
    allowed: `a text of 1 to ${max.versionChars} characters`,
  },
  load: {
    fits: (value) => typeof value === 'number' && value >= 0 && value <= max.load,
    allowed: `a number from 0 to ${max.load}`,
  },
  clients: {
    fits: (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0,
    allowed: 'a whole number from 0 on',
  },
  layers: {
    fits: isLayers,
    allowed: `at most ${max.layers} addresses host:port by name`,
  },
  tags: {
    fits: isTags,
    allowed: `at most ${max.tags} tags: keys of 1 to ${max.tagKeyChars} characters with texts of at most ${max.tagChars}`,
  },
}

const fieldOf: ReadonlyMap<string, Field> = new Map(Object.entries(fields))
const names = [...fieldOf.keys()].join(', ')

/** The same as a frozen value of its own; throws a `TypeError` that names the field and what is allowed. */
export function checkAbout(value: unknown): About {
  if (!isPlainObject(value))
    throw new TypeError(`about is ${shown(value)}; allowed is an object of ${names}.`)
  const about: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(value)) {
    if (given === undefined) continue
    const field = fieldOf.get(name)
    if (!field) throw new TypeError(`about.${name} is unknown; allowed are ${names}.`)
    if (!field.fits(given))
      throw new TypeError(`about.${name} is ${shown(given)}; allowed is ${field.allowed}.`)
    about[name] = given
  }
  const text = JSON.stringify(about)
  const bytes = new TextEncoder().encode(text).length
  if (bytes > max.bytes)
    throw new TypeError(`about has ${bytes} bytes as JSON; allowed are ${max.bytes} altogether.`)
  const own: About = JSON.parse(text)
  return deepFreeze(own)
}

/** What is said after this change; null: nothing any more. The change is checked as `checkAbout` does. */
export function announced(before: About | null, change: AboutChange): About | null {
  if (!isPlainObject(change)) return checkAbout(change)
  const taken = Object.entries(change).filter(([, value]) => value === null)
  for (const [name] of taken) if (!fieldOf.has(name)) checkAbout({ [name]: null })
  const kept = Object.entries(before ?? {}).filter(([name]) => !taken.some(([one]) => one === name))
  const said = Object.entries(change).filter(([, value]) => value !== null && value !== undefined)
  const about = checkAbout(Object.fromEntries([...kept, ...said]))
  return Object.keys(about).length === 0 ? null : about
}

function isText(value: unknown, chars: number, least = 1): boolean {
  return typeof value === 'string' && value.length >= least && value.length <= chars
}

function isList(value: unknown, most: number, chars: number): boolean {
  return Array.isArray(value) && value.length <= most && Array.from(value).every((one) => isText(one, chars))
}

function isTags(value: unknown): boolean {
  if (!isPlainObject(value)) return false
  const tags = Object.entries(value)
  if (tags.length > max.tags) return false
  return tags.every(([key, text]) => isText(key, max.tagKeyChars) && isText(text, max.tagChars, 0))
}

function isLayers(value: unknown): boolean {
  if (!isPlainObject(value)) return false
  const layers = Object.entries(value)
  if (layers.length > max.layers) return false
  return layers.every(([name, at]) => isText(name, 32) && isText(at, max.addressChars))
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function shown(value: unknown): string {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  const text = isNumber ? String(value) : safeJson(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
