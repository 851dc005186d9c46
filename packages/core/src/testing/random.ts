import type { Random } from '../host/index.js'

/** The xmur3 string hash: spreads a seed over the 32-bit words of the generator's state. */
function seedWords(text: string): () => number {
  let h = 1779033703 ^ text.length
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353)
    h = (h << 13) | (h >>> 19)
  }
  return () => {
    h = Math.imul(h ^ (h >>> 16), 2246822507)
    h = Math.imul(h ^ (h >>> 13), 3266489909)
    h ^= h >>> 16
    return h
  }
}

const hex8 = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

/** The sfc32 generator (C. Doty-Humphrey, PractRand): small, fast, the same on every machine. */
class SeededRandom implements Random {
  private a: number
  private b: number
  private c: number
  private counter: number

  constructor(seed: string) {
    const word = seedWords(seed)
    this.a = word()
    this.b = word()
    this.c = word()
    this.counter = word()
    for (let i = 0; i < 12; i++) this.word()
  }

  next(): number {
    return (this.word() >>> 0) / 4294967296
  }

  id(): string {
    return hex8(this.word()) + hex8(this.word()) + hex8(this.word()) + hex8(this.word())
  }

  private word(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum
  }
}

/** A `Random` that gives the same sequence for the same seed, on every machine. Not for secrets. */
export function seededRandom(seed: number | string): Random {
  return new SeededRandom(String(seed))
}
