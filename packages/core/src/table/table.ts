import { deepFreeze } from '../freeze.js'
import { changesBetween } from './changes.js'
import type { TableChanges } from './changes.js'
import { branchOf, Builder, childAt, insert, isLeaf, lowerBound, remove, sizeOf, trimmed } from './nodes.js'
import type { Key, Node } from './nodes.js'

/**
 * A map for large states that never changes: `set` and `delete` return another one, which shares all but some hundred
 * items with this one, whatever the size. The order is that of the keys (numbers first, by value; then texts by their
 * UTF-16 units) and does not depend on the history. Values are frozen, as states are.
 *
 * @example
 * const stock = table<string, number>().set('nut', 4).set('bolt', 7)
 * stock.get('bolt') // 7
 * stock.update('nut', (n = 0) => n + 1).changes(stock) // { set: [['nut', 5]], deleted: [] }
 */
export class Table<K extends Key, V> implements Iterable<[K, V]> {
  readonly #root: Node<V> | null

  private constructor(root: Node<V> | null) {
    this.#root = root
    // Nobody can change it, so whoever freezes states need not look into it.
    Object.freeze(this)
  }

  /** Later entries win over earlier ones with the same key. */
  static from<K extends Key, V>(entries: Iterable<readonly [K, V]> = []): Table<K, V> {
    if (entries instanceof Table) return entries as Table<K, V>
    const builder = Table.builder<K, V>()
    for (const [key, value] of entries) builder.add(key, value)
    return builder.finish()
  }

  /** Takes entries one by one: quickest in key order. */
  static builder<K extends Key, V>(): TableBuilder<K, V> {
    const ordered = new Builder<V>()
    let made: Table<K, V> | null = null
    return {
      add: (key, value) => {
        if (made !== null) made = made.set(key, value)
        else if (!ordered.add(checked(key), deepFreeze(value)))
          made = new Table<K, V>(ordered.finish()).set(key, value)
      },
      finish: () => (made ??= new Table<K, V>(ordered.finish())),
    }
  }

  get size(): number {
    return this.#root === null ? 0 : sizeOf(this.#root)
  }

  get(key: K): V | undefined {
    let node = this.#root
    if (node === null) return undefined
    while (!isLeaf(node)) node = node.children[childAt(node.keys, key)]!
    const at = lowerBound(node.keys, key)
    return node.keys[at] === key ? node.values[at] : undefined
  }

  has(key: K): boolean {
    let node = this.#root
    if (node === null) return false
    while (!isLeaf(node)) node = node.children[childAt(node.keys, key)]!
    return node.keys[lowerBound(node.keys, key)] === key
  }

  /**
   * The table with this value; the same one when it has it already. Throws a `TypeError` when the key is neither a
   * text nor a number, or NaN.
   */
  set(key: K, value: V): Table<K, V> {
    const own = checked(key)
    const frozen = deepFreeze(value)
    if (this.#root === null) return new Table<K, V>({ level: 0, keys: [own], values: [frozen] })
    const made = insert(this.#root, own, frozen)
    if (made === this.#root) return this
    return new Table<K, V>(Array.isArray(made) ? branchOf(made) : made)
  }

  /** The table without this key; the same one when it has none such. */
  delete(key: K): Table<K, V> {
    if (this.#root === null) return this
    const made = remove(this.#root, key)
    return made === this.#root ? this : new Table<K, V>(trimmed(made))
  }

  /** `set(key, change(get(key)))`. */
  update(key: K, change: (value: V | undefined) => V): Table<K, V> {
    return this.set(key, change(this.get(key)))
  }

  /** `set` for each of the entries. */
  merge(entries: Iterable<readonly [K, V]>): Table<K, V> {
    if (this.#root === null) return Table.from(entries)
    // oxlint-disable-next-line typescript/no-this-alias -- it begins with itself
    let merged: Table<K, V> = this
    for (const [key, value] of entries) merged = merged.set(key, value)
    return merged
  }

  /** What was set and deleted since an older table, in time in proportion to that when this one was made from it. */
  changes(older: Table<K, V>): TableChanges<K, V> {
    return changesBetween<K, V>(this.#root, older.#root)
  }

  entries(): Generator<[K, V], void> {
    return this.range()
  }

  *keys(): Generator<K, void> {
    for (const [key] of this.range()) yield key
  }

  *values(): Generator<V, void> {
    for (const [, value] of this.range()) yield value
  }

  /** Entries from `from` on and before `to`, in key order; without bounds all of them. */
  *range(from?: K, to?: K): Generator<[K, V], void> {
    const nodes: Node<V>[] = this.#root === null ? [] : [this.#root]
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      const end = to === undefined ? node.keys.length : lowerBound(node.keys, to)
      if (isLeaf(node)) {
        for (let i = from === undefined ? 0 : lowerBound(node.keys, from); i < end; i++)
          yield [node.keys[i] as K, node.values[i]!]
      } else {
        const begin = from === undefined ? 0 : childAt(node.keys, from)
        for (let i = end - 1; i >= begin; i--) nodes.push(node.children[i]!)
      }
    }
  }

  forEach(visit: (value: V, key: K) => void): void {
    for (const [key, value] of this.range()) visit(value, key)
  }

  [Symbol.iterator](): Generator<[K, V], void> {
    return this.range()
  }

  /** For `JSON.stringify`: a list of pairs. */
  toJSON(): [K, V][] {
    return [...this]
  }

  get [Symbol.toStringTag](): string {
    return 'Table'
  }
}

/** See `Table.builder`. */
export interface TableBuilder<K extends Key, V> {
  add(key: K, value: V): void
  finish(): Table<K, V>
}

/** A `Table`: empty, or with these entries. */
export function table<K extends Key, V>(entries?: Iterable<readonly [K, V]>): Table<K, V> {
  return Table.from(entries)
}

/** -0 and 0 are one key, as they are equal. */
function checked(key: Key): Key {
  if (typeof key === 'string') return key
  if (typeof key !== 'number' || Number.isNaN(key))
    throw new TypeError(`A key of a table is a text or a number, not ${String(key)}.`)
  return key === 0 ? 0 : key
}
