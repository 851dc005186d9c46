import type { Timer } from '@tanist/core'
import { Observable } from 'rxjs'
import type { EventStreams } from './peer/index.js'
import type { AnyFollowed, AnyRole, EventPosition, EventsOptions, EventStream } from './role/index.js'

/** Checks the options, and makes the stream: nothing is read before somebody listens. */
export function eventStream<S, E>(
  streams: EventStreams,
  role: AnyRole,
  { after = 'now' }: EventsOptions = {},
): EventStream<S, E> {
  if (after !== 'now') checkPosition(role.name, after)
  const stream = Object.assign(pushed(streams, role, after), {
    [Symbol.asyncIterator]: () => pulled(streams, role, after),
  })
  // The items are made by this role's own functions.
  return stream as unknown as EventStream<S, E>
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

/** Throws a `TypeError` for what is no position. */
export function checkPosition(role: string, after: unknown): void {
  const { index, n = 0, branch = '' } = (after ?? {}) as Readonly<Record<string, unknown>>
  if (isCount(index) && isCount(n) && typeof branch === 'string') return
  throw new TypeError(
    `events$ of '${role}': after must be 'now' or a position { index, n?, branch? } as an item had it; index and n count from 0.`,
  )
}

/** A piece at a time, and between two pieces everybody else's turn. */
function pushed(streams: EventStreams, role: AnyRole, after: 'now' | EventPosition): Observable<AnyFollowed> {
  return new Observable<AnyFollowed>((subscriber) => {
    let timer: Timer | null = null
    const pump = (): void => {
      timer = null
      try {
        const items = reader.take()
        for (const item of items) if (!subscriber.closed) subscriber.next(item)
        if (items.length > 0 && !subscriber.closed) timer ??= streams.later(pump)
      } catch (error) {
        reader.close()
        subscriber.error(error)
      }
    }
    const reader = streams.open(role, after, {
      wake: () => void (timer === null && pump()),
      ended: () => subscriber.complete(),
    })
    if (reader.over) return subscriber.complete()
    pump()
    return () => {
      timer?.cancel()
      reader.close()
    }
  })
}

type Turn = IteratorResult<AnyFollowed, undefined>

/** Reads on when it is asked to. */
function pulled(
  streams: EventStreams,
  role: AnyRole,
  after: 'now' | EventPosition,
): AsyncIterator<AnyFollowed, undefined> {
  let ready: AnyFollowed[] = []
  let next = 0
  /** Those who wait for an item, in order: one, unless somebody asks twice at once. */
  const waiting: { readonly resolve: (turn: Turn) => void; readonly reject: (error: unknown) => void }[] = []
  const over: Turn = { done: true, value: undefined }
  const release = (): void => {
    for (const { resolve } of waiting.splice(0)) resolve(over)
  }
  const refill = (): void => {
    ready = reader.take()
    next = 0
  }
  const serve = (): void => {
    try {
      while (waiting.length > 0) {
        if (next >= ready.length) refill()
        const value = ready[next++]
        if (value === undefined) return
        waiting.shift()?.resolve({ done: false, value })
      }
    } catch (error) {
      reader.close()
      waiting.shift()?.reject(error)
      release()
    }
  }
  const reader = streams.open(role, after, { wake: serve, ended: release })
  return {
    next: () =>
      new Promise<Turn>((resolve, reject) => {
        if (reader.over) return resolve(over)
        waiting.push({ resolve, reject })
        serve()
      }),
    return: () => {
      reader.close()
      release()
      return Promise.resolve(over)
    },
  }
}
