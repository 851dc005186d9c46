import type { Random } from '../host/index.js'
import type { SimFile } from './disk-file.js'

type Names = Map<string, SimFile>

type NameChange =
  | { readonly kind: 'put'; readonly name: string; readonly file: SimFile; readonly from?: string }
  | { readonly kind: 'remove'; readonly name: string }

/** The names in a simulated folder: as processes see them, as the platter has them, and the changes between. */
export class SimNames {
  locked = false
  #cache: Names = new Map()
  #platter: Names = new Map()
  #pending: Array<{
    readonly id: number
    readonly change: NameChange
    state: 'unsynced' | 'stuck' | 'lied'
  }> = []
  #lastId = 0

  get mark(): number {
    return this.#lastId
  }

  list(): string[] {
    return [...this.#cache.keys()].toSorted()
  }

  get(name: string): SimFile | undefined {
    return this.#cache.get(name)
  }

  create(name: string, file: SimFile): void {
    this.#change({ kind: 'put', name, file })
  }

  rename(from: string, to: string, file: SimFile): void {
    this.#change({ kind: 'put', name: to, file, from })
  }

  remove(name: string): void {
    this.#change({ kind: 'remove', name })
  }

  /** A sync of everything up to `mark` claims to have ended well. */
  lie(mark: number): void {
    for (const pending of this.#pending) {
      if (pending.id <= mark && pending.state === 'unsynced') pending.state = 'lied'
    }
  }

  settle(mark: number, ok: boolean): void {
    for (const pending of this.#pending) {
      if (pending.id > mark || pending.state === 'stuck') continue
      if (ok) apply(this.#platter, pending.change)
      else pending.state = 'stuck'
    }
    if (ok) this.#pending = this.#pending.filter((p) => p.id > mark || p.state === 'stuck')
  }

  /** Each unsynced creation, renaming and removal happened or not, by chance; lies never did. Returns every file there was. */
  powerOff(random: Random): Set<SimFile> {
    const files = new Set([...this.#cache.values(), ...this.#platter.values()])
    for (const { change, state } of this.#pending) {
      if (change.kind === 'put') files.add(change.file)
      if (state !== 'lied' && random.next() < 0.5) apply(this.#platter, change)
    }
    this.#pending = []
    this.#cache = new Map(this.#platter)
    this.locked = false
    return files
  }

  #change(change: NameChange): void {
    apply(this.#cache, change)
    this.#pending.push({ id: ++this.#lastId, change, state: 'unsynced' })
  }
}

function apply(names: Names, change: NameChange): void {
  if (change.kind === 'remove') {
    names.delete(change.name)
    return
  }
  if (change.from !== undefined) names.delete(change.from)
  names.set(change.name, change.file)
}
