import type { Host, Log } from '@tanist/core'
import type { AnyRole, Reign } from '../role/index.js'
import type { FencingToken } from '../succession/index.js'
import { whenEnded, YIELD_MS } from './ends.js'

interface Running {
  readonly role: AnyRole
  readonly reign: Reign<unknown>
  readonly abort: AbortController
  readonly started: Promise<void>
}

/**
 * Runs `onServe` and `onYield` of all roles: for one role one at a time, `onYield` only after its `onServe` has
 * ended or its time is over, and the next reign only after that. The signal is aborted first of all.
 */
export class Reigns {
  readonly #host: Pick<Host, 'timers' | 'log'>
  readonly #roles: readonly AnyRole[]
  readonly #state: (role: string) => unknown
  #running: Running[] = []

  constructor(
    host: Pick<Host, 'timers' | 'log'>,
    roles: readonly AnyRole[],
    state: (role: string) => unknown,
  ) {
    this.#host = host
    this.#roles = roles.filter((role) => role.onServe !== undefined || role.onYield !== undefined)
    this.#state = state
  }

  begin(token: FencingToken): void {
    this.#running = this.#roles.map((role) => {
      const abort = new AbortController()
      const reign: Reign<unknown> = { token, state: () => this.#state(role.name), signal: abort.signal }
      return { role, reign, abort, started: this.#run(role, 'onServe', reign) }
    })
  }

  /** `done` is called once everything has ended, or after the time limit; at once when there is nothing. */
  end(done: () => void): void {
    const running = this.#running
    this.#running = []
    for (const { abort } of running) abort.abort()
    const overdue = `onYield did not end within ${YIELD_MS} ms; the reign ends anyway.`
    whenEnded(
      this.#host,
      running.map((one) => this.#yield(one)),
      overdue,
      done,
    )
  }

  async #yield({ role, reign, started }: Running): Promise<void> {
    await started
    await this.#run(role, 'onYield', reign)
  }

  async #run(role: AnyRole, name: 'onServe' | 'onYield', reign: Reign<unknown>): Promise<void> {
    try {
      // The role was checked as a whole by `role(...)`: its handlers take its own state.
      await (role[name] as ((reign: Reign<unknown>) => void | Promise<void>) | undefined)?.(reign)
    } catch (error) {
      logFailure(this.#host.log, role.name, name, error)
    }
  }
}

function logFailure(log: Log, role: string, handler: string, error: unknown): void {
  log.write('error', 'reign-handler-failed', `${handler} of the role '${role}' failed: ${String(error)}`, {
    role,
    handler,
  })
}
