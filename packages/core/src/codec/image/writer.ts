import { Table } from '../../table/index.js'
import { CodecError } from '../error.js'
import { encodeValue } from '../value.js'
import { addBytes, addField, addItem, addText, finish, hashText, lanes, Seed, startOf } from './hash.js'
import type { Running } from './hash.js'
import { endContainer, flat, found, keysOf, LEAF_SIZE, measure, startList } from './measure.js'
import { toTagged } from './rich.js'
import { HEAD_BYTES, MAX_DEPTH, PART_SIZE, Tag } from './records.js'
import type { Container } from './records.js'

/** About what one `next` returns, and about how many values and 16 characters it looks at. */
const SLICE_BYTES = 65_536
const SLICE_WORK = 8_192

/** A container whose items are being written, or a long string or bytes. */
interface Frame {
  readonly kind: Container | 'text' | 'bytes'
  readonly source: Iterator<unknown> | null
  readonly value: unknown
  readonly keys: readonly string[]
  at: number
  /** Small items on their way into one record. */
  batch: unknown[]
  batchSize: number
  plain: boolean
  readonly hash: Running
  count: number
}

/**
 * Writes the values of `source` as records, in slices of bounded work: nothing that is written at once is large,
 * whatever the values are (except that the keys of one record are listed in one go). The same values give the
 * same bytes.
 */
export class ImageWriter {
  readonly #out = new Output()
  readonly #stack: Frame[]
  #work = 0
  #digest: string | null = null

  constructor(source: Iterator<unknown>) {
    this.#stack = [newFrame('list', null, source)]
  }

  get digest(): string | null {
    return this.#digest
  }

  /** Bytes of what was taken from the source so far, about: what is small is written together. */
  get written(): number {
    return this.#out.total + (this.#stack[0]?.batchSize ?? 0)
  }

  /** @throws CodecError when a value cannot be kept */
  next(): Uint8Array | null {
    if (this.#stack.length === 0) return null
    this.#work = 0
    while (this.#stack.length > 0 && this.#work < SLICE_WORK && this.#out.length < SLICE_BYTES) {
      const frame = this.#stack.at(-1)!
      if (frame.kind === 'text') this.#text(frame)
      else if (frame.kind === 'bytes') this.#bytes(frame)
      else this.#items(frame)
    }
    return this.#out.take()
  }

  #items(frame: Frame): void {
    while (this.#work < SLICE_WORK && this.#out.length < SLICE_BYTES) {
      let item: unknown
      let key: string | null = null
      if (frame.kind === 'record') {
        if (frame.at === frame.keys.length) return this.#close(frame)
        key = frame.keys[frame.at++]!
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any object can be read so
        item = (frame.value as Record<string, unknown>)[key]
      } else {
        const next = frame.source!.next()
        if (next.done === true) return this.#close(frame)
        item = next.value
      }
      measure(item)
      const { size, plain } = found
      this.#work += 1 + Math.min(size, LEAF_SIZE) / 16
      frame.count++
      if (size > LEAF_SIZE) return this.#open(frame, key, item)
      if (key === null) addItem(frame.hash)
      else addField(frame.hash, key)
      if (frame.batchSize + size > LEAF_SIZE) this.#flush(frame)
      if (key !== null) frame.batch.push(key)
      frame.batch.push(item)
      frame.batchSize += size + (key === null ? 1 : key.length + 4)
      frame.plain &&= plain
    }
  }

  /** `value` is written part by part from now on. */
  #open(frame: Frame, key: string | null, value: unknown): void {
    if (key !== null) {
      frame.batch.push(key)
      frame.batchSize += key.length
    }
    this.#flush(frame)
    if (this.#stack.length >= MAX_DEPTH)
      throw new CodecError(`nested more than ${MAX_DEPTH} levels deep, or in a circle`)
    if (typeof value === 'string') return this.#push(newFrame('text', value, null))
    if (value instanceof Uint8Array && isA(value, Uint8Array))
      return this.#push(newFrame('bytes', value, null))
    if (Array.isArray(value) && isA(value, Array)) {
      this.#out.record(Tag.list)
      return this.#push(newFrame('list', value, items(value)))
    }
    if (value instanceof Map && isA(value, Map)) {
      this.#out.record(Tag.map)
      return this.#push(newFrame('map', value, flat(value)))
    }
    if (value instanceof Set && isA(value, Set)) {
      this.#out.record(Tag.set)
      return this.#push(newFrame('set', value, value.values()))
    }
    if (value instanceof Table && isA(value, Table)) {
      this.#out.record(Tag.table)
      return this.#push(newFrame('table', value, flat(value)))
    }
    // A sentence for everything that is no record.
    if (!isRecordLike(value)) encodeValue(value)
    this.#out.record(Tag.record)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is an object
    this.#push(newFrame('record', value, null, keysOf(value as object)))
  }

  #push(frame: Frame): void {
    this.#stack.push(frame)
  }

  #flush(frame: Frame): void {
    if (frame.batch.length === 0) return
    if (frame.plain) this.#out.text(Tag.items, JSON.stringify(frame.batch))
    else this.#out.text(Tag.richItems, JSON.stringify(toTagged(frame.batch)))
    frame.batch = []
    frame.batchSize = 0
    frame.plain = true
  }

  #close(frame: Frame): void {
    this.#flush(frame)
    endContainer(frame.hash, frame.count)
    this.#stack.pop()
    const parent = this.#stack.at(-1)
    if (parent === undefined) {
      this.#digest = hashText(lanes)
      return this.#out.text(Tag.end, this.#digest)
    }
    this.#out.record(Tag.close)
    this.#ended(parent)
  }

  /** The item that was opened last has its hash in `lanes`. */
  #ended(parent: Frame): void {
    if (parent.kind === 'record') addField(parent.hash, parent.keys[parent.at - 1]!)
    else addItem(parent.hash)
  }

  #text(frame: Frame): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- so it was opened
    const text = frame.value as string
    const end = Math.min(frame.at + PART_SIZE, text.length)
    addText(frame.hash, text, frame.at, end)
    this.#out.text(end === text.length ? Tag.lastText : Tag.text, JSON.stringify(text.slice(frame.at, end)))
    this.#part(frame, end, text.length)
  }

  #bytes(frame: Frame): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- so it was opened
    const bytes = frame.value as Uint8Array
    const end = Math.min(frame.at + PART_SIZE, bytes.length)
    addBytes(frame.hash, bytes, frame.at, end)
    this.#out.record(end === bytes.length ? Tag.lastBytes : Tag.bytes, bytes.subarray(frame.at, end))
    this.#part(frame, end, bytes.length)
  }

  #part(frame: Frame, end: number, length: number): void {
    this.#work += PART_SIZE / 16
    frame.at = end
    if (end < length) return
    finish(frame.hash.a ^ length, frame.hash.b)
    this.#stack.pop()
    this.#ended(this.#stack.at(-1)!)
  }
}

const SEEDS: Readonly<Record<Frame['kind'], number>> = {
  list: Seed.list,
  record: Seed.record,
  map: Seed.map,
  set: Seed.set,
  table: Seed.table,
  text: Seed.string,
  bytes: Seed.bytes,
}

/** What the hash of a value of this kind begins with. */
export function startHash(kind: Frame['kind']): Running {
  const seed = SEEDS[kind]
  return kind === 'text' || kind === 'bytes' ? { a: startOf(seed), b: startOf(~seed) } : startList(seed)
}

function newFrame(
  kind: Frame['kind'],
  value: unknown,
  source: Iterator<unknown> | null,
  keys: readonly string[] = [],
): Frame {
  return {
    kind,
    source,
    value,
    keys,
    at: 0,
    batch: [],
    batchSize: 0,
    plain: true,
    hash: startHash(kind),
    count: 0,
  }
}

function isA(value: object, type: { readonly prototype: object }): boolean {
  return Object.getPrototypeOf(value) === type.prototype
}

function isRecordLike(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  const ordinary = prototype === Object.prototype || prototype === null
  return ordinary && Object.getOwnPropertySymbols(value).length === 0
}

/** A hole would come back as undefined. */
function* items(list: readonly unknown[]): Generator<unknown, void> {
  for (let i = 0; i < list.length; i++) {
    if (list[i] === undefined && !Object.hasOwn(list, i)) throw new CodecError('a hole in an array; use null')
    yield list[i]
  }
}

const utf8 = new TextEncoder()

/** The bytes of one slice. */
class Output {
  #bytes = new Uint8Array(SLICE_BYTES * 2)
  #taken = 0
  length = 0

  get total(): number {
    return this.#taken + this.length
  }

  record(tag: number, payload?: Uint8Array): void {
    const size = payload?.length ?? 0
    this.#room(HEAD_BYTES + size)
    if (payload !== undefined) this.#bytes.set(payload, this.length + HEAD_BYTES)
    this.#head(tag, size)
  }

  text(tag: number, text: string): void {
    this.#room(HEAD_BYTES + text.length * 3)
    const { written } = utf8.encodeInto(text, this.#bytes.subarray(this.length + HEAD_BYTES))
    this.#head(tag, written)
  }

  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length)
    this.#taken += this.length
    this.length = 0
    return taken
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more))
    larger.set(this.#bytes.subarray(0, this.length))
    this.#bytes = larger
  }

  #head(tag: number, size: number): void {
    const at = this.length
    this.#bytes[at] = tag
    this.#bytes[at + 1] = size & 0xff
    this.#bytes[at + 2] = (size >>> 8) & 0xff
    this.#bytes[at + 3] = (size >>> 16) & 0xff
    this.#bytes[at + 4] = size >>> 24
    this.length = at + HEAD_BYTES + size
  }
}
