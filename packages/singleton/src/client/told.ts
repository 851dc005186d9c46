import { Observable } from 'rxjs'
import type { ServerView } from '../role-handle.js'
import type { ClientCore } from './core.js'

/** What `look` gives, at once and whenever it is another value; completes when the client is closed. */
export function told<T>(core: ClientCore, look: () => T): Observable<T> {
  return new Observable<T>((subscriber) => {
    let last: string | null = null
    const tell = (): void => {
      const value = look()
      const text = JSON.stringify(value)
      if (text === last) return
      last = text
      subscriber.next(value)
    }
    tell()
    if (core.isClosed) return subscriber.complete()
    return core.observe(({ kind }) => {
      tell()
      if (kind === 'closed') subscriber.complete()
    })
  })
}

/** As the member has it; without a link nobody is known to serve. */
export function serverViewOf(core: ClientCore): ServerView {
  const { view, waitingFor, state } = core.status()
  if (state !== 'connected' || view === null)
    return { server: null, successor: null, term: view?.server?.term ?? 0, waitingFor, waiting: null }
  const { server, successor } = view
  const address = view.members.find(({ id }) => id === server?.id)?.address ?? ''
  return {
    server: server && { ...server, address, incarnation: 0 },
    successor,
    term: server?.term ?? 0,
    waitingFor: view.waitingFor,
    waiting: null,
  }
}
