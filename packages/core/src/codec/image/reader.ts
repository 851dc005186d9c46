import { Table } from '../../table/index.js'
import type { TableBuilder } from '../../table/index.js'
import { deepFreeze } from '../../freeze.js'
import { addBytes, addField, addItem, addText, finish, hashText, lanes } from './hash.js'
import type { Running } from './hash.js'
import { endContainer, found, LEAF_SIZE, measure } from './measure.js'
import { fromTagged } from './rich.js'
import { HEAD_BYTES, MAX_DEPTH, MAX_RECORD_BYTES, Tag } from './records.js'
import type { Container } from './records.js'
import { startHash } from './writer.js'

interface Frame {
  readonly kind: Container
  readonly value: unknown
  /** Of a record or a map: its value comes next. */
  key: unknown
  keyed: boolean
  readonly hash: Running
  count: number
}

type AnyBuilder = TableBuilder<string | number, unknown>

interface Parts {
  readonly kind: 'text' | 'bytes'
  readonly texts: string[]
  readonly bytes: Uint8Array[]
  readonly hash: Running
  length: number
}

/**
 * Reads what `ImageWriter` wrote, from bytes that are cut anywhere, and hands its values to `onValue`, frozen, with about
 * the bytes that each took. The
 * hash is taken again of what was read.
 */
export class ImageReader {
  readonly #onValue: (value: unknown, bytes: number) => void
  readonly #stack: Frame[]
  #parts: Parts | null = null
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #needed = HEAD_BYTES
  #digest: string | null = null
  #readBytes = 0
  /** Where the value of the image began that was opened last, and what the newest one took. */
  #openedAt = 0
  #valueBytes = 0

  constructor(onValue: (value: unknown, bytes: number) => void) {
    this.#onValue = onValue
    this.#stack = [newFrame('list', null)]
  }

  /** The hash, once all was read. */
  get digest(): string | null {
    return this.#pendingBytes === 0 ? this.#digest : null
  }

  /** @throws TypeError when these are not the bytes of an image */
  write(bytes: Uint8Array): void {
    let rest = bytes
    if (this.#pendingBytes > 0) {
      const missing = this.#needed - this.#pendingBytes
      if (rest.length < missing) return this.#keep(rest)
      // The head may say that more is needed than it seemed.
      rest = this.#pendingBytes < HEAD_BYTES ? this.#join(rest) : this.#finishRecord(rest, missing)
    }
    let at = 0
    while (rest.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + sizeAt(rest, at)
      if (end > rest.length) break
      this.#record(rest[at]!, rest.subarray(at + HEAD_BYTES, end))
      at = end
    }
    this.#keep(rest.subarray(at))
  }

  /** A head was cut: few bytes, so they are put together with what follows. */
  #join(rest: Uint8Array): Uint8Array {
    const joined = concat([...this.#pending, rest])
    this.#pending = []
    this.#pendingBytes = 0
    return joined
  }

  #finishRecord(rest: Uint8Array, missing: number): Uint8Array {
    const record = concat([...this.#pending, rest.subarray(0, missing)])
    this.#pending = []
    this.#pendingBytes = 0
    this.#record(record[0]!, record.subarray(HEAD_BYTES))
    return rest.subarray(missing)
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) return
    this.#pending.push(new Uint8Array(rest))
    this.#pendingBytes += rest.length
    if (this.#pendingBytes < HEAD_BYTES) {
      this.#needed = HEAD_BYTES
      return
    }
    if (this.#pending.length > 1 && this.#pending[0]!.length < HEAD_BYTES)
      this.#pending = [concat(this.#pending)]
    this.#needed = HEAD_BYTES + sizeAt(this.#pending[0]!, 0)
  }

  #record(tag: number, payload: Uint8Array): void {
    check(this.#digest === null, 'bytes behind the end')
    this.#readBytes += payload.length
    if (this.#parts !== null && tag !== Tag.text && tag !== Tag.lastText) {
      check(tag === Tag.bytes || tag === Tag.lastBytes, 'a value inside a long one')
    }
    switch (tag) {
      case Tag.items:
        return this.#items(parsed(payload))
      case Tag.richItems:
        return this.#items(rich(payload))
      case Tag.list:
        return this.#open(newFrame('list', []))
      case Tag.record:
        return this.#open(newFrame('record', {}))
      case Tag.map:
        return this.#open(newFrame('map', new Map()))
      case Tag.set:
        return this.#open(newFrame('set', new Set()))
      case Tag.table:
        return this.#open(newFrame('table', Table.builder()))
      case Tag.close:
        return this.#close()
      case Tag.text:
      case Tag.lastText:
        return this.#text(parsed(payload), tag === Tag.lastText)
      case Tag.bytes:
      case Tag.lastBytes:
        return this.#bytes(payload, tag === Tag.lastBytes)
      case Tag.end:
        return this.#end(payload)
      default:
        throw new TypeError(`A record of the unknown kind ${tag} in the bytes of a state.`)
    }
  }

  #items(items: unknown): void {
    check(Array.isArray(items), 'items that are no list')
    const frame = this.#stack.at(-1)!
    for (const item of items as readonly unknown[]) {
      if (frame.kind === 'record' && !frame.keyed) {
        check(typeof item === 'string', 'a field whose name is no text')
        frame.key = item
        frame.keyed = true
        continue
      }
      measure(item)
      check(found.size <= LEAF_SIZE, 'an item that is too large')
      this.#hashed(frame)
      this.#valueBytes = found.size
      this.#put(frame, deepFreeze(item))
    }
  }

  /** The hash of an item of `frame` is in `lanes`. */
  #hashed(frame: Frame): void {
    frame.count++
    if (frame.kind === 'record') addField(frame.hash, frame.key as string)
    else addItem(frame.hash)
  }

  #put(frame: Frame, item: unknown): void {
    switch (frame.kind) {
      case 'list':
        if (frame.value === null) return this.#onValue(item, this.#valueBytes)
        ;(frame.value as unknown[]).push(item)
        return
      case 'set':
        ;(frame.value as Set<unknown>).add(item)
        return
      case 'record':
        put(frame.value as Record<string, unknown>, frame.key, item)
        frame.keyed = false
        return
      case 'map':
        if (frame.keyed) (frame.value as Map<unknown, unknown>).set(frame.key, item)
        else frame.key = item
        frame.keyed = !frame.keyed
        return
      case 'table':
        if (frame.keyed) (frame.value as AnyBuilder).add(frame.key as string | number, item)
        else check(typeof item === 'string' || typeof item === 'number', 'another key in a table')
        frame.key = item
        frame.keyed = !frame.keyed
    }
  }

  #open(frame: Frame): void {
    const parent = this.#stack.at(-1)!
    check(parent.kind !== 'record' || parent.keyed, 'a field without a name')
    check(this.#stack.length < MAX_DEPTH, 'too many levels')
    if (this.#stack.length === 1) this.#openedAt = this.#readBytes
    this.#stack.push(frame)
  }

  #close(): void {
    check(this.#stack.length > 1, 'an end without a beginning')
    const frame = this.#stack.pop()!
    check(!frame.keyed, 'a key without a value')
    endContainer(frame.hash, frame.count)
    if (frame.kind === 'table') return this.#ended((frame.value as AnyBuilder).finish())
    // As `deepFreeze`: maps and sets could be changed all the same.
    this.#ended(frame.kind === 'list' || frame.kind === 'record' ? Object.freeze(frame.value) : frame.value)
  }

  /** A value that came in parts is whole; its hash is in `lanes`. */
  #ended(value: unknown): void {
    const parent = this.#stack.at(-1)!
    this.#hashed(parent)
    this.#valueBytes = this.#readBytes - this.#openedAt
    this.#put(parent, value)
  }

  #text(text: unknown, last: boolean): void {
    check(typeof text === 'string', 'a part of a text that is none')
    const parts = this.#partsOf('text')
    addText(parts.hash, text, 0, text.length)
    parts.length += text.length
    parts.texts.push(text)
    if (last) this.#whole(parts, parts.texts.join(''))
  }

  #bytes(bytes: Uint8Array, last: boolean): void {
    const parts = this.#partsOf('bytes')
    addBytes(parts.hash, bytes, 0, bytes.length)
    parts.length += bytes.length
    parts.bytes.push(new Uint8Array(bytes))
    if (last) this.#whole(parts, concat(parts.bytes))
  }

  #partsOf(kind: Parts['kind']): Parts {
    const parent = this.#stack.at(-1)!
    check(parent.kind !== 'record' || parent.keyed, 'a field without a name')
    this.#parts ??= { kind, texts: [], bytes: [], hash: startHash(kind), length: 0 }
    check(this.#parts.kind === kind, 'bytes among the parts of a text')
    return this.#parts
  }

  #whole({ hash, length }: Parts, value: unknown): void {
    this.#parts = null
    finish(hash.a ^ length, hash.b)
    this.#ended(value)
  }

  #end(payload: Uint8Array): void {
    const frame = this.#stack[0]!
    check(this.#stack.length === 1 && this.#parts === null, 'an end in the middle')
    endContainer(frame.hash, frame.count)
    const digest = hashText(lanes)
    check(new TextDecoder().decode(payload) === digest, 'another hash than they say')
    this.#digest = digest
  }
}

function newFrame(kind: Container, value: unknown): Frame {
  return { kind, value, key: undefined, keyed: false, hash: startHash(kind), count: 0 }
}

/** A field of that name, whatever the name: assigning to `__proto__` would set the prototype. */
function put(record: Record<string, unknown>, key: unknown, value: unknown): void {
  if (key !== '__proto__') record[key as string] = value
  else Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true })
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What was written was checked then, and its hash is checked at the end. */
function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(strictUtf8.decode(payload))
  } catch (error) {
    throw new TypeError('A value among the bytes of a state cannot be read.', { cause: error })
  }
}

function rich(payload: Uint8Array): unknown {
  const json = parsed(payload)
  try {
    return fromTagged(json)
  } catch (error) {
    throw new TypeError('A value among the bytes of a state cannot be built.', { cause: error })
  }
}

function sizeAt(bytes: Uint8Array, at: number): number {
  const size = bytes[at + 1]! + bytes[at + 2]! * 0x100 + bytes[at + 3]! * 0x10000 + bytes[at + 4]! * 0x1000000
  check(size <= MAX_RECORD_BYTES, 'a record that is too long')
  return size
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new TypeError(`These are not the bytes of a state: ${what}.`)
}
