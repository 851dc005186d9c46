import { STATE_LIMITS, toEncoded } from '@tanist/core'
import type { MemberMessage, WatchPosition } from '../client/index.js'
import type { EventStreams, StreamReader } from '../peer/index.js'
import type { AnyFollowed, AnyRole, EventPosition } from '../role/index.js'

/**
 * One client that follows one role: a cursor, which is moved on when there is room on the link. A slow client is
 * behind; it costs its member no memory, and loses nothing.
 */
export class Watch {
  readonly n: number
  readonly role: AnyRole
  /** There may be more to take. */
  ready = true
  over = false
  readonly #reader: StreamReader

  constructor(
    n: number,
    role: AnyRole,
    after: WatchPosition | null,
    streams: EventStreams,
    wake: () => void,
  ) {
    this.n = n
    this.role = role
    this.#reader = streams.open(role, after ?? 'now', {
      wake: () => {
        this.ready = true
        wake()
      },
      ended: () => {},
    })
  }

  /** The next messages: none when the client has everything. */
  take(): MemberMessage[] {
    this.ready = false
    try {
      const items = this.#reader.take()
      this.ready ||= items.length > 0
      return items.map((item, at) => messageOf(this, item, items[at + 1]))
    } catch (error) {
      this.close()
      const text = error instanceof Error ? error.message : String(error)
      return [{ t: 'unwatched', n: this.n, code: 'unavailable', text }]
    }
  }

  close(): void {
    this.over = true
    this.ready = false
    this.#reader.close()
  }
}

function messageOf({ n, role }: Watch, item: AnyFollowed, next: AnyFollowed | undefined): MemberMessage {
  const position = positionOf(item.position)
  if (item.kind === 'event') {
    const { type, at, term } = item
    const payload = toEncoded(item.payload)
    const version = role.versions?.[type] ?? 1
    const more = next?.position.index === item.position.index
    return {
      t: 'event',
      n,
      type,
      payload,
      at,
      term,
      position,
      ...(version !== 1 && { version }),
      ...(more && { more }),
    }
  }
  const state = toEncoded(item.state, STATE_LIMITS)
  return { t: 'state', n, state, position, ...versionOf(role), ...(item.reset && { reset: true }) }
}

/** Of the states of this build. */
export function versionOf({ stateVersion = 1 }: AnyRole): { readonly version?: number } {
  return stateVersion === 1 ? {} : { version: stateVersion }
}

export function positionOf({ index, n, branch = '' }: EventPosition): WatchPosition {
  return { index, branch, ...(n !== undefined && { n }) }
}
