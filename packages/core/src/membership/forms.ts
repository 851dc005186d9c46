import { limits } from './limits.js'
import type { About, Fate, MemberRecord } from './types.js'

/** Whether what came from another member has the form of its type; nothing else of it is believed. */

const fates: ReadonlySet<unknown> = new Set<Fate>(['up', 'suspect', 'dead', 'left'])

/** At most 2 KiB as JSON. */
export function isAbout(value: unknown): value is About | null {
  if (value === null) return true
  if (!isObject(value)) return false
  const { roles, addresses, version, load, clients, tags } = value
  return (
    isOptional(roles, isStrings) &&
    isOptional(addresses, isStrings) &&
    isOptional(version, isString) &&
    isOptional(load, isAmount) &&
    isOptional(clients, isCount) &&
    isOptional(tags, (all) => isObject(all) && Object.values(all).every(isString)) &&
    bytesOf(JSON.stringify(value)) <= limits.aboutBytes
  )
}

export function isMemberRecord(value: unknown): value is MemberRecord {
  if (!isObject(value)) return false
  const { memberId, incarnation, seq, fate, about, bad } = value
  if (!isId(memberId) || !isCount(incarnation) || !isCount(seq) || !fates.has(fate)) return false
  return isAbout(about) && isOptional(bad, (ids) => isListOf(ids, isId, limits.badInRecord))
}

/** The inner parts of a message whose outer fields are there. */
export function isMembershipForm(message: Readonly<Record<string, unknown>>): boolean {
  const max = limits.recordsInMessage
  switch (message['t']) {
    case 'beat':
      return isBeatForm(message)
    case 'news':
      return isListOf(message['records'], isMemberRecord, max)
    case 'buckets':
      return isListOf(message['digests'], isCount, max)
    case 'marks':
      return (
        isListOf(message['buckets'], isCount, max) &&
        isListOf(message['marks'], isMark, limits.marksInMessage)
      )
    case 'view':
      return isPosition(message['at']) && isListOf(message['members'], isViewMember, limits.viewMembers)
    case 'hubs':
      return isListOf(message['hubs'], isHubForm, max)
    case 'accuse':
      return isListOf(message['accusations'], isAccusation, max)
    default:
      return true
  }
}

function isBeatForm({ everyMs, wants, digest, at }: Readonly<Record<string, unknown>>): boolean {
  return (
    isOptional(everyMs, isAmount) &&
    isOptional(wants, (value) => typeof value === 'boolean') &&
    isOptional(digest, (value) => isListOf(value, isCount, 2) && value.length === 2) &&
    isOptional(at, isPosition)
  )
}

function isMark(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 4) return false
  const [memberId, incarnation, seq, fate]: readonly unknown[] = value
  return isId(memberId) && isCount(incarnation) && isCount(seq) && fates.has(fate)
}

function isViewMember(value: unknown): boolean {
  if (!isObject(value)) return false
  const { memberId, incarnation, name, address, seniority, demoted } = value
  if (!isId(memberId) || !isCount(incarnation) || !isString(name) || !isString(address)) return false
  return isCount(seniority) && (demoted === undefined || demoted === true)
}

/** Of a member, and so trusted with its meaning; not with its form. */
export function isHubForm(value: unknown): boolean {
  return isObject(value) && isId(value['memberId']) && isString(value['address'])
}

function isAccusation(value: unknown): boolean {
  if (!isObject(value)) return false
  const { memberId, incarnation, seq, quietMs } = value
  if (!isId(memberId) || !isCount(incarnation) || !isCount(seq) || !isAmount(quietMs)) return false
  return ['A', 'B', 'C', 'D'].includes(String(value['class']))
}

function isPosition(value: unknown): boolean {
  return isListOf(value, isCount, 2) && value.length === 2
}

function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value)
}

function isListOf(value: unknown, is: (one: unknown) => boolean, max: number): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= max && value.every((one) => is(one))
}

function isStrings(value: unknown): boolean {
  return isListOf(value, isString, limits.aboutBytes)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isString = (value: unknown): value is string => typeof value === 'string'
const isId = (value: unknown): boolean => isString(value) && value.length > 0 && value.length <= 64
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && isAmount(value)

/** In UTF-8. */
function bytesOf(text: string): number {
  let bytes = 0
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}
