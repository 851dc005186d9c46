import { isRef, RECEIVE } from '../../actor/index.js'

/** A sentence of an actor test did not come true. */
export class ActorTestError extends Error {
  constructor(text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'ActorTestError'
  }
}

/** A value on one line, cut where it gets long; a ref is its path. */
export function short(value: unknown, length = 100): string {
  const text = show(value, 0)
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}

function show(value: unknown, depth: number): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return '[function]'
  if (typeof value !== 'object' || value === null) return String(value)
  if (isRef(value)) return `<${value.path}>`
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (depth > 4) return '...'
  const inner = (item: unknown): string => show(item, depth + 1)
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`
  if (value instanceof Set) return `Set{${[...value].map(inner).join(', ')}}`
  if (value instanceof Map)
    return `Map{${[...value].map(([k, v]) => `${inner(k)} => ${inner(v)}`).join(', ')}}`
  const fields = Object.entries(value).map(([key, item]) => `${key}: ${inner(item)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/** `inc({ by: 1 })`, or the message alone where the actor takes a union. */
export function call(handler: string, message: unknown): string {
  if (handler === RECEIVE) return short(message)
  return `${handler}(${message === undefined ? '' : short(message)})`
}

/** What came, as lines below a sentence; the last ones of many. */
export function list(lines: readonly string[], most = 8): string {
  const left = lines.length - most
  const shown = left > 0 ? [`(${left} before)`, ...lines.slice(-most)] : lines
  return shown.map((line) => `\n  ${line}`).join('')
}
