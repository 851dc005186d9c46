const utf8 = new TextEncoder()
const SLAB_BYTES = 64 * 1024
/** Longer texts get memory of their own, so that a slab is never left half empty for one of them. */
const SHARED_LENGTH = 4 * 1024
/** Of one UTF-16 unit as UTF-8, at most. */
const UNIT_BYTES = 3

let slab = new Uint8Array(0)
let used = 0

/**
 * A text as UTF-8, the same bytes as `TextEncoder.encode`, in a part of memory that short texts share: an
 * `ArrayBuffer` each costs several times the text in memory and in collecting it. What is returned stays as it
 * is; whoever keeps a single one for long keeps 64 KiB.
 */
export function encodeText(text: string): Uint8Array {
  if (text.length > SHARED_LENGTH) return utf8.encode(text)
  if (used + text.length * UNIT_BYTES > slab.length) {
    slab = new Uint8Array(SLAB_BYTES)
    used = 0
  }
  const { written } = utf8.encodeInto(text, slab.subarray(used))
  const bytes = slab.subarray(used, used + written)
  used += written
  return bytes
}
