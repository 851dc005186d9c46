import type { Fault, Target } from './fault.js'

/** Says that something happened at a node: `appended`, `elected`, `syncing`. */
export type Moment = (node: string, name: string) => void

/** What a fault waits for: the `count`-th time that `who` does `moment`. */
export interface Trigger {
  readonly who: Target
  readonly moment: string
  readonly count: number
}

/** Names are greedy, so that a node may be called `10.0.0.1`; a moment has no dot and no `#`. */
const shape = /^(?<who>.+)\.(?<moment>[^.#\s]+)(?:#(?<count>[1-9]\d*))?$/

export const triggerForm =
  '"<who>.<moment>" or "<who>.<moment>#<n>" with n from 1 on, such as "server.appended#3"'

/** Reads `server.appended#3`; null when it is no such thing. */
export function parseTrigger(on: string): Trigger | null {
  const { who, moment, count = '1' } = shape.exec(on)?.groups ?? {}
  return who === undefined || moment === undefined ? null : { who, moment, count: Number(count) }
}

/** The trigger of a fault; null when it has a time instead. Throws when there is one that nobody can read. */
export function triggerOf(fault: Fault): Trigger | null {
  if (fault.on === undefined) return null
  const trigger = parseTrigger(fault.on)
  if (trigger === null) throw new TypeError(`"${fault.on}" says nothing that happens: write ${triggerForm}`)
  return trigger
}
