import { deepFreeze, fromFresh, STATE_LIMITS } from '@tanist/core'
import { bringUp, bringUpState } from '../role/index.js'
import type { AnyFollowed, AnyRole, EventPosition } from '../role/index.js'
import { isFinal } from './ends.js'
import type { ClientMessage, MemberMessage, RefusalCode } from './messages.js'

export type WatchMessage = Extract<MemberMessage, { readonly t: 'state' | 'event' | 'unwatched' }>

export interface WatchSink {
  /** `whole`: the last one of its entry. */
  item(item: AnyFollowed, whole: boolean): void
  /** There will be no more. */
  failed(text: string): void
}

/**
 * One role as a member tells it, over whatever links: what was given is not given again, and nothing is left out.
 *
 *   begin    what to say on a link that has come up, or once more on this one
 *   take     what a member said of it
 *
 * With `fold` it keeps the state, which the role's own functions make of the events; each state is frozen.
 */
export class Watch {
  readonly role: AnyRole
  /** Its number on the present link; null while it is not asked for there. */
  n: number | null = null
  /** Everything up to here was given. */
  at: EventPosition | null
  /** Of a watch that folds: undefined until the first one came. */
  state: { readonly value: unknown } | null = null
  failure: string | null = null
  readonly #fold: boolean
  readonly #sink: WatchSink

  constructor(role: AnyRole, after: 'now' | EventPosition, fold: boolean, sink: WatchSink) {
    this.role = role
    this.at = after === 'now' ? null : after
    this.#fold = fold
    this.#sink = sink
  }

  begin(n: number): ClientMessage | null {
    if (this.failure !== null) return null
    this.n = n
    return { t: 'watch', n, role: this.role.name, after: this.at }
  }

  /** What is to be said to the member then; `again`: it could not go on now, and is to be asked later. */
  take(message: WatchMessage): 'again' | 'end' | null {
    if (message.t === 'unwatched') {
      this.n = null
      const { code, text } = message
      if (!ends(code)) return 'again'
      this.#fail(text)
      return null
    }
    try {
      if (message.t === 'state') this.#takeState(message)
      else this.#takeEvent(message)
      return null
    } catch (error) {
      this.#fail(this.#sentence(message, error))
      return 'end'
    }
  }

  #takeState({ state, version = 1, position, reset }: Extract<WatchMessage, { t: 'state' }>): void {
    const value = stateHere(this.role, state, version)
    this.at = position
    if (this.#fold) this.state = { value }
    this.#sink.item({ kind: 'state', state: value, position, ...(reset && { reset: true as const }) }, true)
  }

  #takeEvent(message: Extract<WatchMessage, { t: 'event' }>): void {
    const { type, payload, version, at, term, position, more } = message
    const { index, n, branch = '' } = position
    if (n === undefined || (this.at !== null && !isBehind({ index, n }, this.at))) return
    if (this.#fold && this.state === null) throw new TypeError('an event came before any state')
    const value = deepFreeze(fromFresh(payload))
    const event = bringUp(this.role, { type, payload: value, ...(version !== undefined && { version }) })
    if (!Object.hasOwn(this.role.events, event.type))
      throw new TypeError(`the role '${this.role.name}' has no event '${type}'`)
    deepFreeze(event.payload)
    if (this.state !== null) this.state = { value: folded(this.role, this.state.value, event) }
    this.at = position
    const item = {
      kind: 'event' as const,
      type: event.type,
      payload: event.payload,
      position: { index, n, branch },
      at,
      term,
    }
    this.#sink.item(item, more !== true)
  }

  #fail(text: string): void {
    this.failure = text
    this.#sink.failed(text)
  }

  #sentence({ t, position }: Exclude<WatchMessage, { t: 'unwatched' }>, error: unknown): string {
    const what = t === 'state' ? 'state' : 'events'
    const why = error instanceof Error ? error.message : String(error)
    return `The ${what} of the role '${this.role.name}' cannot be read on from index ${position.index}: ${why}`
  }
}

/** The state as this build has it, frozen; throws a sentence when it cannot read it. */
export function stateHere(role: AnyRole, encoded: unknown, version: number): unknown {
  const known = role.stateVersion ?? 1
  if (version > known)
    throw new TypeError(
      `the state is of version ${version}, and this build of the role '${role.name}' knows it up to ${known}`,
    )
  return deepFreeze(bringUpState(role, deepFreeze(fromFresh(encoded, STATE_LIMITS)), version))
}

function folded(
  role: AnyRole,
  state: unknown,
  { type, payload }: { readonly type: string; readonly payload: unknown },
): unknown {
  const evolve = role.events[type] as ((state: unknown, payload: unknown) => unknown) | undefined
  return deepFreeze(evolve?.(state, payload))
}

function isBehind(one: { readonly index: number; readonly n: number }, at: EventPosition): boolean {
  return one.index > at.index || (one.index === at.index && at.n !== undefined && one.n > at.n)
}

/** What another member may do better. */
function ends(code: RefusalCode): boolean {
  return isFinal(code) || code === 'unknown-role' || code === 'too-large'
}
