/** A short stable hash of plain data: equal for equal values whatever the order of their keys. */
export function digestOf(value: unknown): string {
  const text = stableText(value)
  let a = 0x811c9dc5
  let b = 0x9dc5811c
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code ^ (a >>> 15), 0x5bd1e995)
  }
  return hex(a) + hex(b)
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}

function stableText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) {
    return Object.is(value, -0) ? '-0' : `${typeof value === 'bigint' ? 'n' : ''}${String(value)}`
  }
  if (Array.isArray(value)) return list('', value)
  if (value instanceof Map)
    return list(
      'Map',
      [...value].flatMap((pair) => pair),
    )
  if (value instanceof Set) return list('Set', [...value])
  if (value instanceof Uint8Array) return list('Bytes', [...value])
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof URL) return `URL(${value.href})`
  const fields = Object.entries(value).toSorted(([x], [y]) => (x < y ? -1 : 1))
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${stableText(item)}`).join(',')}}`
}

function list(name: string, items: readonly unknown[]): string {
  return `${name}[${items.map(stableText).join(',')}]`
}
