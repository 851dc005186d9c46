import { Observable } from 'rxjs'
import type { AnyFollowed, AnyRole, EventPosition, EventsOptions, EventStream } from '../role/index.js'
import type { ClientCore } from './core.js'
import { Reader } from './reader.js'

/** As a member's: subscribed to, it pushes; as an async iterable it waits for its reader. */
export function clientEvents<S, E>(
  core: ClientCore,
  role: AnyRole,
  { after = 'now' }: EventsOptions = {},
): EventStream<S, E> {
  const stream = Object.assign(pushed(core, role, after), {
    [Symbol.asyncIterator]: () => pulled(core, role, after),
  })
  // The items are made by this role's own functions.
  return stream as unknown as EventStream<S, E>
}

/** Each state of the role: the last one at once when it is known, then the one behind each entry. */
export function clientStates<S>(core: ClientCore, role: AnyRole): Observable<S> {
  return new Observable<S>((subscriber) => {
    if (core.isClosed) return subscriber.complete()
    const watching = core.watches.share(role, {
      item: (_, whole) => void (whole && tell()),
      // As on a member: `status$` says why nothing comes any more.
      failed: () => {},
      ended: () => subscriber.complete(),
    })
    const { watch } = watching
    const tell = (): void => {
      if (watch.state !== null) subscriber.next(watch.state.value as S)
    }
    tell()
    return () => watching.end()
  })
}

function pushed(core: ClientCore, role: AnyRole, after: 'now' | EventPosition): Observable<AnyFollowed> {
  return new Observable<AnyFollowed>((subscriber) => {
    if (core.isClosed) return subscriber.complete()
    const pump = (): void => {
      for (let item = reader.take(); item !== undefined; item = reader.take()) {
        if (subscriber.closed) return
        subscriber.next(item)
      }
    }
    const reader = new Reader(core.watches, role, after, {
      wake: () => pump(),
      failed: (text) => subscriber.error(new Error(text)),
      ended: () => subscriber.complete(),
    })
    if (reader.failure !== null) subscriber.error(new Error(reader.failure))
    else pump()
    return () => reader.close()
  })
}

type Turn = IteratorResult<AnyFollowed, undefined>

function pulled(
  core: ClientCore,
  role: AnyRole,
  after: 'now' | EventPosition,
): AsyncIterator<AnyFollowed, undefined> {
  const over: Turn = { done: true, value: undefined }
  const waiting: { readonly resolve: (turn: Turn) => void; readonly reject: (error: unknown) => void }[] = []
  let isOver = core.isClosed
  let failure: string | null = null
  const release = (): void => {
    isOver = true
    reader?.close()
    for (const { resolve } of waiting.splice(0)) resolve(over)
  }
  const fail = (): void => {
    const first = waiting.shift()
    if (failure === null || first === undefined) return
    first.reject(new Error(failure))
    release()
  }
  const serve = (): void => {
    while (waiting.length > 0) {
      const value = reader?.take()
      if (value === undefined) return failure === null ? undefined : fail()
      waiting.shift()?.resolve({ done: false, value })
    }
  }
  const reader = isOver
    ? null
    : new Reader(core.watches, role, after, {
        wake: () => serve(),
        failed: (text) => {
          failure = text
          serve()
        },
        ended: release,
      })
  failure = reader?.failure ?? null
  return {
    next: () =>
      new Promise<Turn>((resolve, reject) => {
        if (isOver) return resolve(over)
        waiting.push({ resolve, reject })
        serve()
      }),
    return: () => {
      release()
      return Promise.resolve(over)
    },
  }
}
