import type { ActorHost } from './surroundings.js'

/** What behaviors of the layer itself use beside their context. */
export interface ActorWorld {
  readonly host: Omit<ActorHost, 'engine'>
  /** The system's folder for what actors keep; undefined: it was given none. */
  readonly data: string | undefined
}
