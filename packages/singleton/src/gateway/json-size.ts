import { Table } from '@tanist/core'

/**
 * Whether a value surely has more than so many characters as JSON, told by looking at no more of it than that. False:
 * mostly it has not.
 */
export function isSurelyLonger(value: unknown, chars: number): boolean {
  let left = chars
  const open: unknown[] = [value]
  while (open.length > 0 && left >= 0) {
    const part = open.pop()
    left -= 1
    if (typeof part === 'string') left -= part.length + 1
    else if (typeof part !== 'object' || part === null) continue
    else if (part instanceof Uint8Array) left -= part.length
    else if (Array.isArray(part) || part instanceof Set || part instanceof Map || part instanceof Table)
      left = openList(part, open, left)
    else left = openRecord(part, open, left)
  }
  return left < 0
}

function openList(list: Iterable<unknown>, open: unknown[], left: number): number {
  let rest = left
  for (const item of list) {
    // The item and a comma.
    rest -= typeof item === 'number' ? 2 : 1
    if (rest < 0) break
    if (typeof item !== 'number') open.push(item)
  }
  return rest
}

function openRecord(record: object, open: unknown[], left: number): number {
  let rest = left
  for (const [key, item] of Object.entries(record)) {
    // Quotes, colon and comma.
    rest -= key.length + 4
    if (rest < 0) break
    open.push(item)
  }
  return rest
}
