import { ActorCell } from './cell.js'
import { DeadEnd } from './dead-end.js'
import type { Exposed } from './exposed.js'
import type { Family } from './family.js'
import {
  type AnyRef,
  type Asker,
  makeRef,
  parseRefText,
  type StopOptions,
  type Target,
  targetOf,
  type Watcher,
} from './ref.js'
import type { Remote } from './remote.js'
import type { DeadLetter } from './reports.js'
import type { Temporaries } from './temporary.js'

export interface PlacesOptions {
  readonly node: string
  /** Of the system: the first part of each path. */
  readonly name: string
  readonly family: Family
  readonly temporaries: Temporaries
  readonly exposed: Exposed
  dead(letter: DeadLetter): void
}

/** Finds what a path and uid, or the text of a ref, lead to. */
export class Places {
  readonly #options: PlacesOptions
  #remote: Remote | undefined
  /** By path: what refs of the node `*` lead to here. */
  readonly #everywhere = new Map<string, AnyRef>()

  constructor(options: PlacesOptions) {
    this.#options = options
  }

  connect(remote: Remote): void {
    const { name, node } = this.#options
    if (this.#remote !== undefined) throw new Error(`The system ${name} is connected already`)
    if (remote.node !== node)
      throw new Error(`The system ${name} belongs to "${node}", not to "${remote.node}"`)
    this.#remote = remote
  }

  place(path: string, target: Target): AnyRef {
    const ref = makeRef('*', path, 0, target, this.#options.temporaries)
    this.#everywhere.set(path, ref)
    return ref
  }

  local(path: string, uid: number): Target | undefined {
    const { name, family, temporaries, exposed } = this.#options
    if (path.startsWith('~')) return exposed.find(path, uid)?.[targetOf]
    if (!path.startsWith(`${name}/`)) return undefined
    const [first = '', ...rest] = path.slice(name.length + 1).split('/')
    let cell = family.get(first)
    for (const part of rest) cell = cell?.family?.get(part)
    if (cell === undefined) return temporaries.find(path, uid)
    return uid === 0 || cell.ref.uid === uid ? cell : undefined
  }

  resolve(text: string): AnyRef {
    const place = parseRefText(text)
    if (place === null) throw new TypeError(`"${text}" is no ref: it has the form tanist:NODE/PATH#UID`)
    const { node, path, uid } = place
    const placed = node === '*' ? this.#everywhere.get(path) : undefined
    if (placed !== undefined) return placed
    const asker: Asker = this.#options.temporaries
    if (node !== this.#options.node) {
      const target = this.#remote?.target(node, path, uid)
      return target === undefined ? this.#deadEnd(node, path, uid) : makeRef(node, path, uid, target, asker)
    }
    if (uid === 0) {
      const wellKnown = new WellKnown(() => this.local(path, 0) ?? this.#end(path, 'stopped'))
      return wellKnown.bind(makeRef(node, path, uid, wellKnown, asker))
    }
    const living = this.local(path, uid)
    if (living instanceof ActorCell) return living.ref
    const exposed = this.#options.exposed.find(path, uid)
    if (exposed !== undefined) return exposed
    return living === undefined ? this.#deadEnd(node, path, uid) : makeRef(node, path, uid, living, asker)
  }

  #deadEnd(node: string, path: string, uid: number): AnyRef {
    const end = this.#end(path, node === this.#options.node ? 'stopped' : 'lost')
    return end.bind(makeRef(node, path, uid, end, this.#options.temporaries))
  }

  #end(path: string, why: 'stopped' | 'lost'): DeadEnd {
    return new DeadEnd(path, why, (letter) => this.#options.dead(letter))
  }
}

/** Whoever bears a path at the moment of each message. */
class WellKnown implements Target {
  readonly handlers: null = null
  readonly #find: () => Target
  #ref: AnyRef | undefined
  readonly #watched = new Map<Watcher, Target>()

  constructor(find: () => Target) {
    this.#find = find
  }

  bind(ref: AnyRef): AnyRef {
    this.#ref = ref
    return ref
  }

  get load(): number {
    return this.#find().load
  }

  tell(handler: string, message: unknown): boolean {
    return this.#find().tell(handler, message)
  }

  ask(handler: string, message: unknown, timeoutMs?: number): Promise<unknown> {
    return this.#find().ask(handler, message, timeoutMs)
  }

  stop(options?: StopOptions): Promise<void> {
    return this.#find().stop(options)
  }

  /** The end of the one who bears the path now. */
  watch(watcher: Watcher): void {
    const target = this.#find()
    if (target instanceof DeadEnd && this.#ref !== undefined) target.bind(this.#ref)
    this.#watched.set(watcher, target)
    target.watch(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watched.get(watcher)?.unwatch(watcher)
    this.#watched.delete(watcher)
  }
}
