const utf8 = new TextEncoder()
const SLAB_BYTES = 64 * 1024
/** Longer ones get memory of their own, so that a slab is never left half empty for one of them. */
const SHARED_BYTES = 4 * 1024
/** Of one UTF-16 unit as UTF-8, at most. */
const UNIT_BYTES = 3

/**
 * Memory that short texts and frames share: an `ArrayBuffer` each costs several times as much in memory and in collecting
 * it. What is given out is never changed again by anybody else; whoever keeps a single one for long keeps 64 KiB, so what
 * is kept and what is soon gone have slabs of their own.
 */
export class Slabs {
  #slab = new Uint8Array(0)
  #used = 0

  /** Zeros, to be written to at once. */
  take(bytes: number): Uint8Array {
    if (bytes > SHARED_BYTES) return new Uint8Array(bytes)
    this.#make(bytes)
    this.#used += bytes
    return this.#slab.subarray(this.#used - bytes, this.#used)
  }

  /** A text as UTF-8, the same bytes as by `TextEncoder.encode`. */
  encode(text: string): Uint8Array {
    const most = text.length * UNIT_BYTES
    if (text.length > SHARED_BYTES) return utf8.encode(text)
    this.#make(most)
    const from = this.#used
    const { written } = utf8.encodeInto(text, this.#slab.subarray(from))
    this.#used += written
    return this.#slab.subarray(from, this.#used)
  }

  #make(bytes: number): void {
    if (this.#used + bytes <= this.#slab.length) return
    this.#slab = new Uint8Array(SLAB_BYTES)
    this.#used = 0
  }
}

const kept = new Slabs()

/** A text as UTF-8 in memory that it shares with others: for what is kept, as the payloads of a journal. */
export function encodeText(text: string): Uint8Array {
  return kept.encode(text)
}
