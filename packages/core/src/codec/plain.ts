import {
  DEPTH_LIMIT,
  hasPlainPrototype,
  isForbiddenKey,
  speaksForItself,
  VALUE_LIMITS,
  type ValueLimits,
} from './limits.js'

/** What is left of the limits in the walk that is under way. */
let nodesLeft = 0
let keysEach = 0

function begin({ nodes, keys }: ValueLimits): void {
  nodesLeft = nodes
  keysEach = keys
}

/** Whether JSON alone carries this value exactly. False says nothing more: it may be rich, or unsupported. */
export function isPlain(value: unknown, limits: ValueLimits = VALUE_LIMITS): boolean {
  begin(limits)
  return isPlainAt(value, 0)
}

function isPlainAt(value: unknown, depth: number): boolean {
  if (--nodesLeft < 0) return false
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return isPlainNumber(value)
  if (typeof value !== 'object' || depth >= DEPTH_LIMIT) return false
  if (Array.isArray(value)) return isPlainList(value, depth)
  if (!hasPlainPrototype(value) || speaksForItself(value)) return false
  const keys = Object.keys(value)
  if (keys.length > keysEach) return false
  for (const key of keys) if (isForbiddenKey(key) || !isPlainAt(value[key], depth + 1)) return false
  return Object.getOwnPropertySymbols(value).length === 0
}

function isPlainList(list: unknown[], depth: number): boolean {
  if (Object.getPrototypeOf(list) !== Array.prototype || speaksForItself(list)) return false
  for (let i = 0; i < list.length; i++) {
    const item = list[i]
    // A hole reads as undefined, which is not plain.
    if (typeof item === 'number' ? !isPlainNumber(item) : !isPlainAt(item, depth + 1)) return false
  }
  return true
}

function isPlainNumber(value: number): boolean {
  return Number.isFinite(value) && !(value === 0 && 1 / value < 0)
}

export const NOT_PLAIN: unique symbol = Symbol('not plain')

/**
 * A plain value through JSON text and back, in one walk that reads each part once: whatever a getter or a proxy would
 * say the second time. `NOT_PLAIN` like `isPlain`.
 */
export function plainCopy(value: unknown, freeze: boolean, limits: ValueLimits = VALUE_LIMITS): unknown {
  begin(limits)
  return copyAt(value, freeze, 0)
}

function copyAt(value: unknown, freeze: boolean, depth: number): unknown {
  if (--nodesLeft < 0) return NOT_PLAIN
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number') return isPlainNumber(value) ? value : NOT_PLAIN
  if (typeof value !== 'object' || depth >= DEPTH_LIMIT) return NOT_PLAIN
  if (Array.isArray(value)) return copyList(value, freeze, depth)
  if (!hasPlainPrototype(value)) return NOT_PLAIN
  const keys = Object.keys(value)
  if (keys.length > keysEach) return NOT_PLAIN
  const fields: Record<string, unknown> = {}
  for (const key of keys) {
    if (isForbiddenKey(key)) return NOT_PLAIN
    const item = copyAt(value[key], freeze, depth + 1)
    if (item === NOT_PLAIN) return NOT_PLAIN
    fields[key] = item
  }
  if (speaksForItself(value) || Object.getOwnPropertySymbols(value).length > 0) return NOT_PLAIN
  return freeze ? Object.freeze(fields) : fields
}

function copyList(from: unknown[], freeze: boolean, depth: number): unknown {
  if (Object.getPrototypeOf(from) !== Array.prototype || speaksForItself(from)) return NOT_PLAIN
  const items: unknown[] = []
  for (let i = 0; i < from.length; i++) {
    const item: unknown = from[i]
    const copy =
      typeof item === 'number' ? (isPlainNumber(item) ? item : NOT_PLAIN) : copyAt(item, freeze, depth + 1)
    if (copy === NOT_PLAIN) return NOT_PLAIN
    items.push(copy)
  }
  return freeze ? Object.freeze(items) : items
}
