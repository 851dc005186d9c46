import { Table } from '../../table/index.js'
import {
  addBytes,
  addField,
  addItem,
  finish,
  hashNumber,
  hashString,
  hashTag,
  lanes,
  Seed,
  startOf,
} from './hash.js'
import type { Running } from './hash.js'

/** A subtree above one of these is taken apart and its parts are written one by one. */
export const LEAF_SIZE = 16_384
const LEAF_BYTES = 1_024
const LEAF_DEPTH = 32

/** What `measure` found: besides the hash, which is in `lanes`. */
export const found: {
  /** About the length as JSON; above `LEAF_SIZE` when the value is no leaf, and then there is no hash. */
  size: number
  /** JSON carries it as it is. */
  plain: boolean
} = { size: 0, plain: true }

/**
 * Walks a value once: its size, whether JSON alone carries it, and its hash. Gives up as soon as it is known to be
 * no leaf, so that the work is bounded. What cannot be carried at all is found when it is written.
 */
export function measure(value: unknown): void {
  found.size = 0
  found.plain = true
  walk(value, 0)
}

/** A value that is no leaf in any company. */
const TOO_LARGE = LEAF_SIZE + 1

function walk(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      found.size += value.length + 2
      if (found.size <= LEAF_SIZE) hashString(Seed.string, value)
      return
    case 'number':
      found.size += 8
      if (!Number.isFinite(value) || Object.is(value, -0)) found.plain = false
      return hashNumber(value)
    case 'boolean':
      found.size += 5
      return hashTag(value ? Seed.true : Seed.false)
    case 'undefined':
      return rich(16, () => hashTag(Seed.missing))
    case 'bigint':
      return rich(32, () => hashString(Seed.bigint, value.toString()))
    case 'object':
      if (value !== null) return walkObject(value, depth)
      found.size += 4
      return hashTag(Seed.nothing)
    default:
      return rich(16, () => hashTag(Seed.missing))
  }
}

function rich(size: number, hash: () => void): void {
  found.size += size
  found.plain = false
  hash()
}

function walkObject(value: object, depth: number): void {
  if (depth >= LEAF_DEPTH) {
    found.size = TOO_LARGE
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype) found.plain = false
    return walkList(Seed.list, value, value.length, depth)
  }
  if (prototype === Object.prototype || prototype === null) return walkRecord(value, depth)
  found.plain = false
  found.size += 32
  if (value instanceof Map) return walkList(Seed.map, flat(value), value.size * 2, depth + 1)
  if (value instanceof Set) return walkList(Seed.set, value, value.size, depth)
  if (value instanceof Table) return walkList(Seed.table, flat(value), value.size * 2, depth + 1)
  if (value instanceof Date) return hashDate(value)
  if (value instanceof URL) return hashString(Seed.url, value.href)
  if (!(value instanceof Uint8Array)) return hashTag(Seed.missing)
  found.size = value.length > LEAF_BYTES ? TOO_LARGE : found.size + value.length * 4
  if (found.size <= LEAF_SIZE) hashBytes(value)
}

function hashDate(value: Date): void {
  hashNumber(value.getTime())
  finish(lanes.a ^ Seed.date, lanes.b)
}

function hashBytes(value: Uint8Array): void {
  const running = { a: startOf(Seed.bytes), b: startOf(~Seed.bytes) }
  addBytes(running, value, 0, value.length)
  finish(running.a ^ value.length, running.b)
}

function walkList(seed: number, items: Iterable<unknown>, length: number, depth: number): void {
  found.size += 2 + length
  if (found.size > LEAF_SIZE) return
  const running = startList(seed)
  for (const item of items) {
    walk(item, depth + 1)
    if (found.size > LEAF_SIZE) return
    addItem(running)
  }
  endContainer(running, length)
}

function walkRecord(value: object, depth: number): void {
  const keys = Object.keys(value)
  found.size += 2 + keys.length * 4
  if (Object.getOwnPropertySymbols(value).length > 0) found.plain = false
  if (found.size > LEAF_SIZE) return keep(value, keys)
  const running = startList(Seed.record)
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    found.size += isAwkward(key) ? TOO_LARGE : key.length
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any object can be read so
    walk((value as Record<string, unknown>)[key], depth + 1)
    if (found.size > LEAF_SIZE) return keep(value, keys)
    addField(running, key)
  }
  endContainer(running, keys.length)
}

/** The codec refuses these keys in what comes from outside; in a state they are only names. */
function isAwkward(key: string): boolean {
  return (
    (key.length === 9 && (key === '__proto__' || key === 'prototype')) ||
    (key.length === 11 && key === 'constructor')
  )
}

/** The keys of the last record that was no leaf: listing a million of them twice would be a pity. */
let kept: { readonly of: object; readonly keys: readonly string[] } | null = null

function keep(of: object, keys: readonly string[]): void {
  kept = { of, keys }
}

export function keysOf(value: object): readonly string[] {
  const keys = kept?.of === value ? kept.keys : Object.keys(value)
  kept = null
  return keys
}

export function startList(seed: number): Running {
  return { a: startOf(seed), b: startOf(~seed) }
}

export function endContainer(running: Running, count: number): void {
  finish(running.a ^ count, running.b)
}

/** Keys and values of a map or a table, in turn. */
export function* flat(map: Iterable<readonly [unknown, unknown]>): Generator<unknown, void> {
  for (const [key, value] of map) {
    yield key
    yield value
  }
}
