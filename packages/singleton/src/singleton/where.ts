import type { MemberId } from '@tanist/core'
import type { Leader } from '../succession/index.js'
import type { DeskPlace } from './desk.js'
import { singletonLimits } from './limits.js'
import type { HereRow } from './messages.js'

export interface WherePorts {
  readonly self: { readonly memberId: MemberId }
  readonly nameOf: (memberId: MemberId) => string
  readonly isLinked: (memberId: MemberId) => boolean
  readonly waitingFor: () => string
}

interface Here {
  readonly term: number
  readonly n: number
  readonly rows: ReadonlyMap<string, HereRow>
}

/** Where each singleton runs: what the present leader said last, for this very term. */
export class Where {
  leader: Leader | null = null
  readonly #ports: WherePorts
  /** By node: leaders announce themselves here and by their journal, in either order. */
  readonly #here: Map<string, Here> = new Map()

  constructor(ports: WherePorts) {
    this.#ports = ports
  }

  /** False when it is old. */
  heard(node: string, term: number, n: number, rows: readonly HereRow[]): boolean {
    const before = this.#here.get(node)
    if (before !== undefined && n <= before.n) return false
    this.#here.delete(node)
    this.#here.set(node, { term, n, rows: new Map(rows.map((row) => [row.name, row])) })
    for (const oldest of this.#here.keys()) {
      if (this.#here.size <= singletonLimits.servers) break
      this.#here.delete(oldest)
    }
    return true
  }

  row(name: string): HereRow | undefined {
    const { leader } = this
    const here = leader === null ? undefined : this.#here.get(`${leader.memberId}.${leader.incarnation}`)
    return here?.term === leader?.term ? here?.rows.get(name) : undefined
  }

  /** Where messages for it go now. `instance`: where they went last. */
  place(name: string, instance: string | null): DeskPlace {
    const { leader } = this
    const { self, nameOf, isLinked, waitingFor } = this.#ports
    const nowhere = { instance: null, open: false, refusal: null }
    // Nobody knows yet whether its server is really gone.
    if (leader === null) return { ...nowhere, instance, waitingFor: waitingFor() }
    const server = nameOf(leader.memberId)
    const row = this.row(name)
    if (row === undefined)
      return { ...nowhere, waitingFor: `${server} serves and has not said that it runs it.` }
    const { state, at, text } = row
    if (state === 'starting') return { ...nowhere, waitingFor: `${server} is starting it.` }
    if (state === 'away') return { ...nowhere, waitingFor: text || `${server} does not serve at the moment.` }
    if (state !== 'running') return { ...nowhere, refusal: text, waitingFor: text }
    if (leader.memberId === self.memberId || isLinked(leader.memberId))
      return { instance: at, open: true, refusal: null, waitingFor: '' }
    return { ...nowhere, instance: at, waitingFor: `There is no link to ${server}, who runs it.` }
  }
}
