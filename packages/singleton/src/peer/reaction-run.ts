import type { CallOptions, CallOutcome, CommandId, PendingReaction, SubmitRequest } from '../role/index.js'
import { proxy, reactionSession } from '../role/index.js'
import type { AnyRole, Role } from '../role/index.js'
import type { FencingToken } from '../succession/index.js'

/** A call of a reaction, with the id that a repeated run gives it again. */
export interface ReactionCall extends Omit<SubmitRequest, 'signal'> {
  readonly id: CommandId
}

export interface RunPorts {
  readonly roles: readonly AnyRole[]
  /** Returns what cancels it. */
  readonly call: (call: ReactionCall, done: (outcome: CallOutcome) => void) => () => void
  readonly nowMs: () => number
  /** The branch in which an entry was journalled. */
  readonly branchAt: (index: number) => string
}

export interface RunOf {
  readonly reaction: PendingReaction
  readonly attempt: number
  readonly token: FencingToken
}

type Run = (event: unknown, ctx: unknown) => void | Promise<void>
type AnyProxy = Readonly<Record<string, (input?: unknown, options?: CallOptions) => unknown>>

/** One attempt of one reaction: what it gets, and the calls that it makes. */
export class ReactionRun {
  readonly #ports: RunPorts
  readonly #of: RunOf
  readonly #abort = new AbortController()
  /** By what cancels them. */
  readonly #open = new Map<() => void, Promise<CallOutcome>>()
  #seq = 0
  #ended = false

  constructor(ports: RunPorts, of: RunOf) {
    this.#ports = ports
    this.#of = of
  }

  /** Nobody waits for it any more: its signal says so, and none of its calls goes on. */
  abort(why: string): void {
    this.#ended = true
    this.#abort.abort(new Error(why))
    for (const cancel of this.#open.keys()) cancel()
  }

  /** Never rejects: how it failed, or null. */
  async run(run: Run): Promise<string | null> {
    try {
      await run(this.#of.reaction.payload, this.#ctx())
      return await this.#forgotten()
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    } finally {
      this.#ended = true
      for (const cancel of this.#open.keys()) cancel()
    }
  }

  /** Calls that the reaction did not wait for: once it is settled they could not be executed any more. */
  async #forgotten(): Promise<string | null> {
    const outcomes = await Promise.all(this.#open.values())
    const lost = outcomes.find(({ status }) => status === 'unavailable')
    if (lost?.status !== 'unavailable') return null
    return `A call that the reaction did not wait for got no answer: ${lost.reason}`
  }

  #ctx(): object {
    const { reaction, attempt, token } = this.#of
    const { role, key, index, term, atMs } = reaction
    const { roles, branchAt } = this.#ports
    const own = roles.find(({ name }) => name === role)
    return Object.freeze({
      id: `${branchAt(index)}-${key}`,
      index,
      term,
      at: atMs,
      attempt,
      token,
      signal: this.#abort.signal,
      own: own === undefined ? {} : this.#proxy(own),
      role: (other: { readonly name: string }) => {
        const known = roles.find(({ name }) => name === other.name)
        if (known === undefined) throw unknownRole(role, other.name, roles)
        return this.#proxy(known)
      },
    })
  }

  #proxy(role: AnyRole): AnyProxy {
    const submit = (request: SubmitRequest): Promise<CallOutcome> => this.#submit(request)
    // It was made by `role(...)`, and its types do not matter here.
    const made = proxy(role as unknown as Role<unknown, unknown, unknown> & AnyRole, submit) as AnyProxy
    const checked = Object.entries(made).map(([command, call]) => [
      command,
      (input?: unknown, options?: CallOptions) => {
        checkOptions(`${role.name}.${command}`, options)
        return call(input, options)
      },
    ])
    return Object.freeze(Object.fromEntries(checked)) as AnyProxy
  }

  #submit({ signal, ...request }: SubmitRequest): Promise<CallOutcome> {
    const { role, key } = this.#of.reaction
    this.#seq += 1
    const id = { session: reactionSession(role, key), seq: this.#seq }
    if (this.#ended || signal?.aborted === true) {
      const reason = this.#ended ? 'The reaction has ended.' : 'The call was aborted.'
      const since = this.#ports.nowMs()
      const text = `${id.session}:${id.seq}`
      // An earlier attempt may have made it.
      return Promise.resolve({ status: 'unavailable', executed: 'unknown', reason, since, id: text })
    }
    let cancel = (): void => {}
    const outcome = new Promise<CallOutcome>((resolve) => {
      cancel = this.#ports.call({ ...request, id }, (ended) => {
        this.#open.delete(cancel)
        signal?.removeEventListener('abort', cancel)
        resolve(ended)
      })
    })
    this.#open.set(cancel, outcome)
    signal?.addEventListener('abort', cancel, { once: true })
    return outcome
  }
}

function checkOptions(place: string, options: CallOptions | undefined): void {
  const wrong = Object.keys(options ?? {}).filter((key) => key !== 'signal' && key !== 'deadlineMs')
  if (wrong.length === 0) return
  throw new TypeError(
    `${place}: in a reaction a call has its id and its caller from the event; ${wrong.join(' and ')} cannot be given.`,
  )
}

function unknownRole(by: string, name: string, roles: readonly AnyRole[]): TypeError {
  const names = roles.map((role) => role.name).join(', ')
  return new TypeError(
    `A reaction of '${by}' calls the role '${name}', which is not among those this peer joined with: ${names}.`,
  )
}
