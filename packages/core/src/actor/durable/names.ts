import { durableLimits } from './limits.js'

const utf8 = new TextEncoder()
const PLAIN = /[a-z0-9_-]/

/**
 * A name as that of a folder, different for different names on every file system: all but `a-z`, `0-9`, `_` and `-`
 * as `%` and two digits for each byte.
 */
export function folderName(id: string): string {
  let name = 'durable-'
  for (const byte of utf8.encode(id)) {
    const letter = String.fromCharCode(byte)
    name += PLAIN.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`
  }
  return name
}

/** Throws a `TypeError` when it is none. */
export function checkId(id: unknown): asserts id is string {
  if (typeof id !== 'string' || id === '' || /\p{Surrogate}/u.test(id))
    throw new TypeError(`durable(${JSON.stringify(id)}): the name must be a text that is not empty.`)
  if (folderName(id).length > durableLimits.folderNameBytes)
    throw new TypeError(
      `durable(${JSON.stringify(id)}): as the name of a folder it is longer than ${durableLimits.folderNameBytes} characters; take a shorter one.`,
    )
}
