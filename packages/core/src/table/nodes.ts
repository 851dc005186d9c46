/*
 * Nodes of a B+ tree that never change: a step copies the path from the root to one leaf. Only sizes within a node
 * are bounded; what a tree looks like depends on its history, what it holds does not.
 */

export type Key = string | number

/** Items of one node, at most. */
export const FULL = 32
/** A node below it is joined with its neighbour. */
const SPARSE = 10

export interface Leaf<V> {
  readonly level: 0
  readonly keys: readonly Key[]
  readonly values: readonly V[]
}

export interface Branch<V> {
  /** Distance from the leaves. */
  readonly level: number
  /** The first key below each child. */
  readonly keys: readonly Key[]
  readonly children: readonly Node<V>[]
  readonly size: number
}

export type Node<V> = Leaf<V> | Branch<V>

export function isLeaf<V>(node: Node<V>): node is Leaf<V> {
  return node.level === 0
}

export function sizeOf<V>(node: Node<V>): number {
  return isLeaf(node) ? node.keys.length : node.size
}

/** Numbers before texts; numbers by value, texts by their UTF-16 units, as `<` has it: alike on every machine. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0
  return typeof a === 'number' ? -1 : 1
}

/** Position of the first key that is not below `key`. */
export function lowerBound(keys: readonly Key[], key: Key): number {
  return typeof key === 'string' ? textBound(keys, key) : numberBound(keys, key)
}

// Two of a kind, so that each compares one type.
function textBound(keys: readonly Key[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = keys[middle]!
    if (typeof found !== 'string' || found < key) low = middle + 1
    else high = middle
  }
  return low
}

function numberBound(keys: readonly Key[], key: number): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = keys[middle]!
    if (typeof found === 'number' && found < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The child in which `key` is, or would be. */
export function childAt(keys: readonly Key[], key: Key): number {
  const at = lowerBound(keys, key)
  return at < keys.length && keys[at] === key ? at : Math.max(0, at - 1)
}

export function branchOf<V>(children: readonly Node<V>[]): Branch<V> {
  let size = 0
  const keys: Key[] = []
  for (const child of children) {
    size += sizeOf(child)
    keys.push(child.keys[0]!)
  }
  return { level: children[0]!.level + 1, keys, children, size }
}

/** One node or two, with `key` in them. The same node when nothing changes. */
export function insert<V>(node: Node<V>, key: Key, value: V): Node<V> | [Node<V>, Node<V>] {
  if (isLeaf(node)) return insertIntoLeaf(node, key, value)
  const at = childAt(node.keys, key)
  const child = node.children[at]!
  const made = insert(child, key, value)
  if (made === child) return node
  if (Array.isArray(made)) return split(replaced(node, at, 1, made))
  const keys = made.keys[0] === node.keys[at] ? node.keys : withItem(node.keys, at, made.keys[0]!)
  const size = node.size + sizeOf(made) - sizeOf(child)
  return { level: node.level, keys, children: withItem(node.children, at, made), size }
}

function insertIntoLeaf<V>(leaf: Leaf<V>, key: Key, value: V): Node<V> | [Node<V>, Node<V>] {
  const at = lowerBound(leaf.keys, key)
  if (leaf.keys[at] === key) {
    if (Object.is(leaf.values[at], value)) return leaf
    return { level: 0, keys: leaf.keys, values: withItem(leaf.values, at, value) }
  }
  const keys = leaf.keys.slice()
  const values = leaf.values.slice()
  keys.splice(at, 0, key)
  values.splice(at, 0, value)
  if (keys.length <= FULL) return { level: 0, keys, values }
  // Keys that only grow would leave half-full nodes behind them.
  const middle = at === keys.length - 1 ? at : keys.length >>> 1
  return [
    { level: 0, keys: keys.slice(0, middle), values: values.slice(0, middle) },
    { level: 0, keys: keys.slice(middle), values: values.slice(middle) },
  ]
}

function withItem<T>(list: readonly T[], at: number, item: T): T[] {
  const copy = list.slice()
  copy[at] = item
  return copy
}

function replaced<V>(node: Branch<V>, at: number, count: number, by: readonly Node<V>[]): readonly Node<V>[] {
  const children = node.children.slice()
  children.splice(at, count, ...by)
  return children
}

function split<V>(children: readonly Node<V>[]): Node<V> | [Node<V>, Node<V>] {
  if (children.length <= FULL) return branchOf(children)
  const middle = children.length >>> 1
  return [branchOf(children.slice(0, middle)), branchOf(children.slice(middle))]
}

/** The node without `key`: the same when it had none, null when nothing is left. */
export function remove<V>(node: Node<V>, key: Key): Node<V> | null {
  if (isLeaf(node)) return removeFromLeaf(node, key)
  const at = childAt(node.keys, key)
  const child = node.children[at]!
  const made = remove(child, key)
  if (made === child) return node
  if (made === null) return node.children.length === 1 ? null : branchOf(replaced(node, at, 1, []))
  if (made.keys.length >= SPARSE || node.children.length === 1) return branchOf(replaced(node, at, 1, [made]))
  const left = at === 0 ? 0 : at - 1
  const pair = at === 0 ? ([made, node.children[1]!] as const) : ([node.children[left]!, made] as const)
  return branchOf(replaced(node, left, 2, joined(...pair)))
}

function removeFromLeaf<V>(leaf: Leaf<V>, key: Key): Leaf<V> | null {
  const at = lowerBound(leaf.keys, key)
  if (leaf.keys[at] !== key) return leaf
  if (leaf.keys.length === 1) return null
  const keys = leaf.keys.slice()
  const values = leaf.values.slice()
  keys.splice(at, 1)
  values.splice(at, 1)
  return { level: 0, keys, values }
}

/** Neighbours as one node, or as two of equal size. */
function joined<V>(a: Node<V>, b: Node<V>): Node<V>[] {
  if (isLeaf(a) && isLeaf(b)) {
    const keys = [...a.keys, ...b.keys]
    const values = [...a.values, ...b.values]
    if (keys.length <= FULL) return [{ level: 0, keys, values }]
    const middle = keys.length >>> 1
    return [
      { level: 0, keys: keys.slice(0, middle), values: values.slice(0, middle) },
      { level: 0, keys: keys.slice(middle), values: values.slice(middle) },
    ]
  }
  if (isLeaf(a) || isLeaf(b)) return [a, b]
  const made = split([...a.children, ...b.children])
  return Array.isArray(made) ? made : [made]
}

/** A node that is above nothing but one other one is that one. */
export function trimmed<V>(node: Node<V> | null): Node<V> | null {
  let top = node
  while (top !== null && !isLeaf(top) && top.children.length === 1) top = top.children[0]!
  return top
}

/** Makes a tree of keys that come in ascending order. */
export class Builder<V> {
  readonly #leaves: Node<V>[] = []
  #keys: Key[] = []
  #values: V[] = []

  /** False when `key` is not above all others. */
  add(key: Key, value: V): boolean {
    const last = this.#keys.at(-1) ?? this.#leaves.at(-1)?.keys.at(-1)
    if (last !== undefined && compareKeys(last, key) >= 0) return false
    if (this.#keys.length === FULL) this.#end()
    this.#keys.push(key)
    this.#values.push(value)
    return true
  }

  #end(): void {
    this.#leaves.push({ level: 0, keys: this.#keys, values: this.#values })
    this.#keys = []
    this.#values = []
  }

  finish(): Node<V> | null {
    if (this.#keys.length > 0) this.#end()
    let nodes = this.#leaves
    while (nodes.length > 1) {
      const above: Node<V>[] = []
      for (let i = 0; i < nodes.length; i += FULL) above.push(branchOf(nodes.slice(i, i + FULL)))
      nodes = above
    }
    return nodes[0] ?? null
  }
}
