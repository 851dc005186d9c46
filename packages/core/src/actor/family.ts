import { SpawnError } from './errors.js'

/** The children of one actor, or the top-level actors of a system, in the order of their birth. */
export class Family<A extends { stop(): Promise<void> }> {
  readonly #path: string
  readonly #children = new Map<string, A>()

  constructor(path: string) {
    this.#path = path
  }

  get isEmpty(): boolean {
    return this.#children.size === 0
  }

  get(name: string): A | undefined {
    return this.#children.get(name)
  }

  /** `create` gets the child's path and what it calls, once, when it has stopped. */
  add(name: string, create: (path: string, stopped: () => void) => A): A {
    const path = `${this.#path}/${name}`
    if (!/^[^/#\s]+$/.test(name))
      throw new SpawnError('name', `"${name}" is no name for an actor: use no slash, no # and no white space`)
    if (this.#children.has(name))
      throw new SpawnError('taken', `${path} exists: choose another name, or await its stop first`)
    const child = create(path, () => this.#children.delete(name))
    this.#children.set(name, child)
    return child
  }

  /** One after another, the youngest first, since it may use the older ones. */
  async stopAll(): Promise<void> {
    while (this.#children.size > 0)
      for (const child of [...this.#children.values()].toReversed()) await child.stop()
  }
}
