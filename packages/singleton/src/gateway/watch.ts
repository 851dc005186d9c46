import { toEncoded } from '@tanist/core'
import type { Encoded } from '@tanist/core'
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
    const { branch, ...place } = after ?? { index: 0, branch: '' }
    const from = branch === '' ? place : { ...place, branch }
    this.#reader = streams.open(role, after === null ? 'now' : from, {
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
      const items = this.#reader.take().map((item) => messageOf(this.n, item))
      this.ready ||= items.length > 0
      return items
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

function messageOf(n: number, item: AnyFollowed): MemberMessage {
  const position = positionOf(item.position)
  if (item.kind === 'event') {
    const { type, payload, at, term } = item
    return { t: 'event', n, type, payload: encoded(payload), at, term, position }
  }
  return { t: 'state', n, state: encoded(item.state), position, ...(item.reset && { reset: true }) }
}

function encoded(value: unknown): Encoded {
  return toEncoded(value)
}

export function positionOf({ index, n, branch = '' }: EventPosition): WatchPosition {
  return { index, branch, ...(n !== undefined && { n }) }
}
