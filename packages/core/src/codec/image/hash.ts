/**
 * A 64-bit hash in two lanes, for comparing replicas (it resists chance, not attackers). Functions that return a
 * hash leave it in `lanes`, so that hashing a million small values makes no garbage.
 */
export const lanes: { a: number; b: number } = { a: 0, b: 0 }

/** The bits of doubles. */
const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** What a hash begins with: a different one for each type of value. */
export const Seed = {
  nothing: 1,
  missing: 2,
  true: 3,
  false: 4,
  integer: 5,
  double: 6,
  string: 7,
  bigint: 8,
  date: 9,
  url: 10,
  bytes: 11,
  list: 12,
  record: 13,
  map: 14,
  set: 15,
  field: 16,
  table: 17,
} as const

/** Spreads every bit of both lanes over both: the last act of every hash. */
export function finish(a: number, b: number): void {
  let x = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  let y = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  x = Math.imul(x ^ (y >>> 15), 0x2c1b3c6d)
  y = Math.imul(y ^ (x >>> 16), 0x297a2d39)
  lanes.a = x ^ (y >>> 15)
  lanes.b = y ^ (lanes.a >>> 16)
}

export function hashTag(seed: number): void {
  finish(seed, ~seed)
}

export function hashNumber(value: number): void {
  if ((value | 0) === value && !Object.is(value, -0)) return finish(value, Seed.integer)
  double[0] = value
  finish(words[0]! ^ Seed.double, words[1]!)
}

export function hashString(seed: number, text: string): void {
  const running = { a: startOf(seed), b: startOf(~seed) }
  addText(running, text, 0, text.length)
  finish(running.a ^ text.length, running.b)
}

/** Goes on with the hash of a string or of bytes, of which this is a further part. */
export function addText(running: Running, text: string, from: number, to: number): void {
  let { a, b } = running
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code, 0x5f356495)
  }
  running.a = a
  running.b = b
}

export function addBytes(running: Running, bytes: Uint8Array, from: number, to: number): void {
  let { a, b } = running
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    a = Math.imul(a ^ byte, 0x9e3779b1)
    b = Math.imul(b ^ byte, 0x5f356495)
  }
  running.a = a
  running.b = b
}

export function startOf(seed: number): number {
  return Math.imul(seed, 0x27d4eb2f) ^ 0x165667b1
}

/** A hash that is not finished. */
export interface Running {
  a: number
  b: number
}

/** Adds the item whose hash is in `lanes`: where it stands counts. */
export function addItem(running: Running): void {
  running.a = Math.imul(running.a ^ lanes.a, 0x9e3779b1) ^ (running.b >>> 15)
  running.b = Math.imul(running.b ^ lanes.b, 0x5f356495) ^ (running.a >>> 13)
}

/** Adds the field whose value's hash is in `lanes`: the order of the fields does not count. */
export function addField(running: Running, key: string): void {
  const { a, b } = lanes
  hashString(Seed.field, key)
  finish(Math.imul(lanes.a, 3) ^ a, Math.imul(lanes.b, 5) ^ b)
  running.a = (running.a + lanes.a) | 0
  running.b = (running.b + lanes.b) | 0
}

/** The hash as 16 digits. */
export function hashText({ a, b }: Running): string {
  return word(a) + word(b)
}

function word(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0')
}
