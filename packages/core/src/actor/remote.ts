import type { Desk } from './receptionist.js'
import type { Target } from './ref.js'

/** How a system reaches actors of other peers. One system has one; without it refs of other nodes are dead ends. */
export interface Remote {
  /** The own node: `MEMBER.INCARNATION`. */
  readonly node: string
  /** What a ref to that actor leads to. */
  target(node: string, path: string, uid: number): Target
  /** Called when it is connected, with what the system's receptionist knows. */
  attach?(desk: Desk): void
}
