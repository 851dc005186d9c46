import { CodecError, Table, toEncoded } from '@tanist/core'

/**
 * Throws a `CodecError` when what a command made new in the state could not be kept in a snapshot: a function, an
 * instance of a class, and so on. Looks only at what the two states do not share, so it costs about what made it.
 */
export function checkCarried(before: unknown, after: unknown): void {
  if (Object.is(before, after)) return
  if (typeof after === 'function' || typeof after === 'symbol') return refuse(after)
  if (typeof after !== 'object' || after === null) return
  const prototype: unknown = Object.getPrototypeOf(after)
  if (prototype === Object.prototype || prototype === null) return checkRecord(before, after)
  if (Array.isArray(after) && prototype === Array.prototype) {
    const old: readonly unknown[] = Array.isArray(before) ? before : []
    for (let i = 0; i < after.length; i++) checkCarried(old[i], after[i])
  } else if (after instanceof Table) checkTable(before, after)
  else if (after instanceof Map && prototype === Map.prototype) {
    for (const [key, item] of after) {
      checkCarried(undefined, key)
      checkCarried(before instanceof Map ? before.get(key) : undefined, item)
    }
  } else if (after instanceof Set && prototype === Set.prototype) {
    for (const item of after) checkCarried(undefined, item)
  }
  // Dates, bytes and addresses, or what the codec has a sentence for.
  else refuse(after)
}

function checkRecord(before: unknown, after: object): void {
  if (Object.hasOwn(after, '__proto__'))
    throw new CodecError('this property name is not allowed', '$.__proto__')
  const old = typeof before === 'object' && before !== null ? before : {}
  for (const key in after) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any object can be read so
    const item = (after as Record<string, unknown>)[key]
    if (typeof item === 'number' || typeof item === 'string' || typeof item === 'boolean') continue
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    checkCarried((old as Record<string, unknown>)[key], item)
  }
}

function checkTable(before: unknown, after: Table<string | number, unknown>): void {
  const old = before instanceof Table ? (before as Table<string | number, unknown>) : Table.from([])
  for (const [key, item] of after.changes(old).set) checkCarried(old.get(key), item)
}

function refuse(value: unknown): void {
  toEncoded(value)
}
