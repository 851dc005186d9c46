const known = new WeakMap<object, string>()

/**
 * A short stable hash of plain data, equal for equal values whatever the order of their keys. What is frozen is
 * looked at once: states of a journal share what did not change, so the next one costs what it made new.
 */
export function fingerprint(value: unknown): string {
  if (typeof value !== 'object' || value === null) return primitive(value)
  const found = known.get(value)
  if (found !== undefined) return found
  const made = hash(textOf(value))
  if (Object.isFrozen(value) && isPlain(value)) known.set(value, made)
  return made
}

function primitive(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return Object.is(value, -0) ? '-0' : `${typeof value === 'bigint' ? 'n' : ''}${String(value)}`
}

/** Freezing a map or a date does not keep its contents. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function textOf(value: object): string {
  if (Array.isArray(value)) return `[${value.map(fingerprint).join(',')}]`
  if (value instanceof Map) return `Map[${[...value].flat().map(fingerprint).join(',')}]`
  if (value instanceof Set) return `Set[${[...value].map(fingerprint).join(',')}]`
  if (value instanceof Uint8Array) return `Bytes[${value.join(',')}]`
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof URL) return `URL(${value.href})`
  const fields = value as Readonly<Record<string, unknown>>
  const keys = Object.keys(fields).toSorted()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${fingerprint(fields[key])}`).join(',')}}`
}

function hash(text: string): string {
  let a = 0x811c9dc5
  let b = 0x9dc5811c
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code ^ (a >>> 15), 0x5bd1e995)
  }
  return `#${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`
}
