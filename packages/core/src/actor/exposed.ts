import { SpawnError } from './errors.js'
import { type AnyRef, type Asker, makeRef, type Target, targetOf } from './ref.js'

/** Targets that are no actors and have an address all the same. Their paths begin with `~`, those of actors do not. */
export class Exposed {
  readonly #node: string
  readonly #nextUid: () => number
  readonly #asker: Asker
  readonly #refs = new Map<string, AnyRef>()

  constructor(node: string, nextUid: () => number, asker: Asker) {
    this.#node = node
    this.#nextUid = nextUid
    this.#asker = asker
  }

  add(path: string, target: Target): AnyRef {
    if (!/^~[^#\s]+$/.test(path))
      throw new TypeError(`"${path}" is no path for it: begin with ~, and use no # and no white space`)
    if (this.#refs.has(path)) throw new SpawnError('taken', `${path} exists: choose another path`)
    const ref = makeRef(this.#node, path, this.#nextUid(), target, this.#asker)
    this.#refs.set(path, ref)
    return ref
  }

  delete(path: string): void {
    this.#refs.delete(path)
  }

  find(path: string, uid: number): AnyRef | undefined {
    const ref = this.#refs.get(path)
    return ref !== undefined && (uid === 0 || ref.uid === uid) ? ref : undefined
  }

  /** The youngest first. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#refs.values()].toReversed().map((ref) => ref[targetOf].stop()))
    this.#refs.clear()
  }
}
