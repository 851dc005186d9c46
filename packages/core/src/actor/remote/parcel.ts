import { CodecError, decodeJson, encodeJson } from '../../codec/index.js'
import { type AnyRef, isRef } from '../ref.js'
import { remoteLimits as limits } from './limits.js'
import type { PackedRef, Parcel } from './messages.js'

type Step = string | number
/** Deeper the codec refuses anyhow. */
const DEPTH = 64

/**
 * A value and the refs in it, at any depth, also in Maps, Sets and arrays.
 *
 * `textOf` gives null for a ref that works only here.
 *
 * @throws CodecError with the path to what cannot be sent
 */
export function pack(value: unknown, textOf: (ref: AnyRef) => string | null): Parcel {
  const refs: PackedRef[] = []
  const bare = withoutRefs(value, [], refs, textOf)
  if (refs.length > limits.refs) throw new CodecError(`more than ${limits.refs} refs in one message`, '$')
  return refs.length === 0 ? { value: encodeJson(value) } : { value: encodeJson(bare), refs }
}

/**
 * What was packed; each ref is what `refOf` makes of its text.
 *
 * @throws CodecError when it is no such parcel
 */
export function unpack({ value, refs = [] }: Parcel, refOf: (text: string) => AnyRef): unknown {
  let whole = decodeJson(value)
  if (refs.length === 0) return whole
  const made = new Map<string, AnyRef>()
  for (const [path, text] of refs) {
    let ref = made.get(text)
    if (ref === undefined) made.set(text, (ref = refOf(text)))
    whole = put(whole, path, 0, ref)
  }
  return mended(whole, new Set())
}

/** The same value when there is no ref in it, else a copy with a place-holder for each. */
function withoutRefs(
  value: unknown,
  path: Step[],
  refs: PackedRef[],
  textOf: (ref: AnyRef) => string | null,
): unknown {
  if (typeof value !== 'object' || value === null || path.length > DEPTH * 2) return value
  if (isRef(value)) {
    const text = textOf(value)
    if (text === null)
      throw new CodecError(
        `the ref ${value.path} leads to no actor that other peers could reach`,
        named(path),
      )
    refs.push([[...path], text])
    // Different ones, so that none is swallowed by a Set or a Map.
    return `ref ${refs.length}`
  }
  const inside = (item: unknown, ...steps: Step[]): unknown => {
    path.push(...steps)
    const bare = withoutRefs(item, path, refs, textOf)
    path.length -= steps.length
    return bare
  }
  const before = refs.length
  const bare = bareCopy(value, inside)
  return refs.length === before ? value : bare
}

type Inside = (item: unknown, ...steps: Step[]) => unknown

/** Only what the codec carries is looked into; it names the rest. */
function bareCopy(value: object, inside: Inside): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, i) => inside(item, i))
  if (value instanceof Map)
    return new Map([...value].map(([key, item], i) => [inside(key, i, 'key'), inside(item, i, 'value')]))
  if (value instanceof Set) return new Set([...value].map((item: unknown, i) => inside(item, i)))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value))
    Object.defineProperty(copy, key, {
      value: inside(item, key),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  return copy
}

function named(path: readonly Step[]): string {
  return path.reduce<string>(
    (text, step) => `${text}${typeof step === 'number' ? `[${step}]` : `.${step}`}`,
    '$',
  )
}

/** While refs are put into it a Map is its pairs and a Set its items: a key is found by its index. */
class Pairs {
  readonly items: [unknown, unknown][]
  constructor(map: ReadonlyMap<unknown, unknown>) {
    this.items = [...map]
  }
}

class Items {
  readonly items: unknown[]
  constructor(set: ReadonlySet<unknown>) {
    this.items = [...set]
  }
}

function put(whole: unknown, path: readonly Step[], at: number, ref: AnyRef): unknown {
  const step = path[at]
  if (step === undefined) return ref
  if (whole instanceof Map) return put(new Pairs(whole), path, at, ref)
  if (whole instanceof Set) return put(new Items(whole), path, at, ref)
  if (whole instanceof Pairs) {
    const pair = typeof step === 'number' ? whole.items[step] : undefined
    const side = path[at + 1]
    if (pair === undefined || (side !== 'key' && side !== 'value')) return astray()
    const i = side === 'key' ? 0 : 1
    pair[i] = put(pair[i], path, at + 2, ref)
    return whole
  }
  const list: unknown = whole instanceof Items ? whole.items : whole
  if (Array.isArray(list)) {
    if (typeof step !== 'number' || step >= list.length) return astray()
    list[step] = put(list[step], path, at + 1, ref)
    return whole
  }
  if (!isOwn(whole, step)) return astray()
  whole[step] = put(whole[step], path, at + 1, ref)
  return whole
}

function isOwn(value: unknown, step: Step): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
}

function astray(): never {
  throw new CodecError('a ref is announced where nothing is')
}

/** Maps and Sets again. */
function mended(value: unknown, seen: Set<unknown>): unknown {
  if (typeof value !== 'object' || value === null || isRef(value) || seen.has(value)) return value
  seen.add(value)
  if (value instanceof Pairs)
    return new Map(value.items.map(([key, item]) => [mended(key, seen), mended(item, seen)]))
  if (value instanceof Items) return new Set(value.items.map((item) => mended(item, seen)))
  if (value instanceof Map) return value
  if (value instanceof Set) return value
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) value[i] = mended(value[i], seen)
  else if (isPlainObject(value)) for (const key of Object.keys(value)) value[key] = mended(value[key], seen)
  return value
}

function isPlainObject(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype
}
