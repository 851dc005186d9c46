// Mutations of valid inputs: a draw is a function of the random numbers alone, so that a seed repeats a run.

/** Whole numbers from `random.next()`. */
export const below = (random, end) => Math.floor(random.next() * end)
export const pick = (random, list) => list[below(random, list.length)]

const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]

const bytesSteps = [
  (bytes, random) => {
    const copy = bytes.slice()
    for (let i = 1 + below(random, 4); i > 0 && copy.length > 0; i--)
      copy[below(random, copy.length)] ^= 1 << below(random, 8)
    return copy
  },
  (bytes, random) => bytes.slice(0, below(random, bytes.length + 1)),
  (bytes, random) => bytes.slice(below(random, bytes.length + 1)),
  // A part of it twice.
  (bytes, random) => {
    const from = below(random, bytes.length + 1)
    const part = bytes.subarray(from, from + below(random, 64))
    return joined(bytes.subarray(0, from), part, part, bytes.subarray(from + part.length))
  },
  // A length, a count or a version at one of its ends.
  (bytes, random) => {
    const copy = bytes.slice()
    if (copy.length < 4) return copy
    const at =
      random.next() < 0.5 ? below(random, Math.min(copy.length - 3, 24)) : below(random, copy.length - 3)
    new DataView(copy.buffer).setUint32(at, pick(random, EDGES), random.next() < 0.7)
    return copy
  },
  (bytes, random) => {
    const at = below(random, bytes.length + 1)
    const more = Uint8Array.from({ length: 1 + below(random, 16) }, () => below(random, 256))
    return joined(bytes.subarray(0, at), more, bytes.subarray(at))
  },
  // Text that is JSON, but not such as one would write.
  (bytes, random) => {
    const at = below(random, bytes.length + 1)
    return joined(bytes.subarray(0, at), utf8.encode(pick(random, TEXTS)), bytes.subarray(at))
  },
]

const utf8 = new TextEncoder()
const TEXTS = [
  '[',
  '['.repeat(300),
  '{"a":'.repeat(300),
  '1e999',
  '-1e999',
  '-0',
  '9'.repeat(400),
  '"__proto__":{"x":1},',
  '"constructor":1,',
  '"toJSON":1,',
  '"then":1,',
  '\\ud800',
  '\\u0000',
  'null',
  ',',
  '"',
  '}',
  ']',
]

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** One to three changes of some bytes; now and then the end of other ones, or noise. */
export function mutateBytes(bytes, random, other = bytes) {
  if (random.next() < 0.05) return Uint8Array.from({ length: below(random, 200) }, () => below(random, 256))
  let next = bytes
  for (let i = 1 + below(random, 3); i > 0; i--) next = pick(random, bytesSteps)(next, random)
  if (random.next() < 0.1)
    next = joined(
      next.subarray(0, below(random, next.length + 1)),
      other.subarray(below(random, other.length + 1)),
    )
  return next
}

const deep = (levels, leaf) => {
  let value = leaf
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

const ODD = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  -0.5,
  1e15,
  2 ** 53,
  -(2 ** 53),
  1e308,
  '',
  'x',
  '__proto__',
  'constructor',
  'toString',
  '\ud800',
  '\u0000',
  'x'.repeat(5_000),
  '9'.repeat(2_000),
  '127.0.0.1:0',
  'not an address',
  [],
  {},
  [null],
  [[]],
  [{}],
  [1, 2],
  ['a', 'b'],
  { v: 1 },
  { s: { json: 1e9, meta: { values: [['typed-array', 'Uint8Array']], v: 1 } } },
  { s: { json: '/(a+)+$/', meta: { values: ['regexp'], v: 1 } } },
  { toString: 1, valueOf: 1 },
  ...['then', 'catch'].map((name) => ({ [name]: 1 })),
  { toJSON: 1 },
  { length: 1e9 },
  { t: 'hello' },
]

/** Anything that JSON can say, from a list that hurts. */
export function oddJson(random) {
  const kind = random.next()
  if (kind < 0.03) return deep(below(random, 400), 1)
  if (kind < 0.05) return Array.from({ length: below(random, 3_000) }, () => null)
  if (kind < 0.06) return JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}')
  return structuredClone(pick(random, ODD))
}

/** Replaces, takes away, doubles or renames something somewhere in it. */
export function mutateJson(json, random, depth = 0) {
  if (typeof json !== 'object' || json === null || depth > 40 || random.next() < 0.08) return oddJson(random)
  const keys = Object.keys(json)
  const copy = Array.isArray(json) ? [...json] : { ...json }
  if (keys.length === 0) return oddJson(random)
  const key = pick(random, keys)
  const how = random.next()
  if (how < 0.55) put(copy, key, mutateJson(json[key], random, depth + 1))
  else if (how < 0.75) put(copy, key, oddJson(random))
  else if (how < 0.87) takeAway(copy, key)
  else if (Array.isArray(copy)) copy.push(copy[Number(key)])
  else
    put(
      copy,
      pick(random, ['__proto__', 'constructor', 'then', 'toJSON', 'length', 'x', `${key}x`]),
      json[key],
    )
  return copy
}

function takeAway(target, key) {
  if (Array.isArray(target)) target.splice(Number(key), 1)
  else delete target[key]
}

/** Also under the name `__proto__`. */
function put(target, key, value) {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}
