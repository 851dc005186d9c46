import { compareKeys, isLeaf } from './nodes.js'
import type { Key, Leaf, Node } from './nodes.js'

/** What has to be done to an older table to get a newer one. */
export interface TableChanges<K, V> {
  /** New keys and those with another value, in key order. */
  readonly set: readonly (readonly [K, V])[]
  /** In key order. */
  readonly deleted: readonly K[]
}

/** What is left of one side: nodes from right to left, and within a leaf a position. */
class Rest<V> {
  readonly #nodes: Node<V>[] = []
  #leaf: Leaf<V> | null = null
  #at = 0

  constructor(root: Node<V> | null) {
    if (root !== null) this.#nodes.push(root)
  }

  /** -1 inside a leaf. */
  get level(): number {
    return this.#leaf !== null ? -1 : this.#nodes.at(-1)!.level
  }

  get node(): Node<V> | null {
    return this.#leaf === null ? (this.#nodes.at(-1) ?? null) : null
  }

  /** The next key; undefined at the end. */
  get key(): Key | undefined {
    return this.#leaf !== null ? this.#leaf.keys[this.#at] : this.#nodes.at(-1)?.keys[0]
  }

  get value(): V {
    return this.#leaf!.values[this.#at]!
  }

  skip(): void {
    if (this.#leaf === null) this.#nodes.pop()
    else if (++this.#at === this.#leaf.keys.length) this.#leaf = null
  }

  /** Looks into the next node. */
  enter(): void {
    const node = this.#nodes.pop()!
    if (isLeaf(node)) {
      this.#leaf = node
      this.#at = 0
    } else for (let i = node.children.length - 1; i >= 0; i--) this.#nodes.push(node.children[i]!)
  }
}

/** Both trees side by side; what they share is passed over unseen. */
export function changesBetween<K extends Key, V>(
  newer: Node<V> | null,
  older: Node<V> | null,
): TableChanges<K, V> {
  const set: [K, V][] = []
  const deleted: K[] = []
  const a = new Rest(newer)
  const b = new Rest(older)
  for (;;) {
    const [left, right] = [a.key, b.key]
    if (left === undefined && right === undefined) return { set, deleted }
    const order = left === undefined ? 1 : right === undefined ? -1 : compareKeys(left, right)
    if (order < 0) {
      if (a.level >= 0) a.enter()
      else {
        set.push([left as K, a.value])
        a.skip()
      }
    } else if (order > 0) {
      if (b.level >= 0) b.enter()
      else {
        deleted.push(right as K)
        b.skip()
      }
    } else if (a.node !== null && a.node === b.node) {
      a.skip()
      b.skip()
    } else if (a.level < 0 && b.level < 0) {
      if (!Object.is(a.value, b.value)) set.push([left as K, a.value])
      a.skip()
      b.skip()
    } else {
      const level = Math.max(a.level, b.level)
      const [enterA, enterB] = [a.level === level, b.level === level]
      if (enterA) a.enter()
      if (enterB) b.enter()
    }
  }
}
