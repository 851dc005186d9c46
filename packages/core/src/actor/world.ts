import type { Disk, Host } from '../host/index.js'

/** What the layer gives a behavior that starts asynchronously, beside its context. */
export interface ActorWorld {
  readonly host: Pick<Host, 'clock' | 'timers' | 'random' | 'log'> & { readonly disk?: Disk }
  /** The system's folder for what actors keep; undefined: it was given none. */
  readonly data: string | undefined
  /** Tells of an error that changed nothing: in `failures$` and the log, with the actor's path. */
  readonly report: (during: string, error: unknown) => void
}
