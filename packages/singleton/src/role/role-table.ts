import { eventMakers } from '@tanist/core'
import { reactingEvents } from './pending.js'
import type { RoleImage } from './replica.js'
import { limitsOf, StateSize } from './sizes.js'
import type { AnyRole, RoleLimits } from './types.js'

/** What this build hosts of a role. */
export interface Hosted {
  readonly role: AnyRole
  readonly on: unknown
  /** Its events that have a reaction. */
  readonly reacting: ReadonlySet<string> | null
  readonly limits: Required<RoleLimits>
  readonly size: StateSize
}

/** The roles of a build, by today's names. */
export class RoleTable extends Map<string, Hosted> {
  readonly #today = new Map<string, string>()

  /** Throws a `TypeError` when two roles have one name, now or formerly. */
  constructor(roles: readonly AnyRole[]) {
    super()
    for (const role of roles) {
      if (this.has(role.name)) throw new TypeError(`Two roles are called '${role.name}'.`)
      const reacting = reactingEvents(role.reactions)
      const on = eventMakers(role.events)
      this.set(role.name, { role, on, reacting, limits: limitsOf(role), size: new StateSize() })
    }
    for (const { name, formerly = [] } of roles) {
      for (const former of formerly) {
        const other = this.has(former) ? former : this.#today.get(former)
        if (other !== undefined)
          throw new TypeError(
            `The role '${name}' was formerly called '${former}', and so is the role '${other}': the journal could mean either.`,
          )
        this.#today.set(former, name)
      }
    }
  }

  /** Today's name of a role that the journal, or a caller, calls `name`. */
  nameOf(name: string): string {
    return this.#today.size === 0 ? name : (this.#today.get(name) ?? name)
  }

  /** What images hold by former names goes to the roles of today: the state, and what another build could not take. */
  gather(images: readonly RoleImage[]): readonly RoleImage[] {
    if (this.#today.size === 0) return images
    const gathered = new Map<string, RoleImage>()
    const others: RoleImage[] = []
    for (const image of images) {
      const role = this.nameOf(image.role)
      const known = gathered.get(role)
      if (known !== undefined && 'state' in known && 'state' in image) {
        others.push(image)
        continue
      }
      const { backlog: _, ...rest } = { ...known, ...image, role }
      const backlog = [...(known?.backlog ?? []), ...(image.backlog ?? [])].toSorted(
        (a, b) => a.index - b.index,
      )
      gathered.set(role, backlog.length === 0 ? rest : { ...rest, backlog })
    }
    return [...gathered.values(), ...others]
  }
}
