import { hashText, lanes } from './hash.js'
import { found, LEAF_SIZE, measure } from './measure.js'
import { ImageWriter } from './writer.js'

/**
 * A hash of 16 digits of any value that the codec carries, whatever the order in which objects got their keys. Against
 * chance, not against attackers. Throws `CodecError` when a large value holds what cannot be carried.
 */
export function digestOf(value: unknown): string {
  measure(value)
  if (found.size <= LEAF_SIZE) return hashText(lanes)
  const writer = new ImageWriter([value].values())
  while (writer.next() !== null);
  return writer.digest ?? ''
}
