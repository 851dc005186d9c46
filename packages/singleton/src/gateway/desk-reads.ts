import { STATE_LIMITS, toEncoded } from '@tanist/core'
import type { ClientMessage, MemberMessage, RefusalCode } from '../client/index.js'
import type { EventStreams, Lives, ReadOutcome } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import { within } from './form.js'
import { readsMax, watchesMax } from './limits.js'
import { positionOf, versionOf, Watch } from './watch.js'

/** What the reads and watches of one link need of it. */
export interface ReadsLink {
  readonly level: 'trusted' | 'stray'
  readonly roles: ReadonlyMap<string, AnyRole>
  readonly hasRoom: boolean
  say(message: MemberMessage): void
  /** Hands on what was said, so that `hasRoom` knows of it. */
  flush(): number
  end(code: RefusalCode, text: string): void
  ready(): void
  throttled(): void
}

type ReadMessage = Extract<ClientMessage, { readonly t: 'read' }>
type WatchMessage = Extract<ClientMessage, { readonly t: 'watch' }>

/** The reads and watches of one client. */
export class DeskReads {
  readonly #link: ReadsLink
  readonly #lives: () => Lives
  readonly #streams: () => EventStreams
  readonly #watches = new Map<number, Watch>()
  /** Confirmed, and waiting for room. */
  #confirmed: ReadMessage[] = []
  #reads = 0
  #over = false

  constructor(link: ReadsLink, lives: () => Lives, streams: () => EventStreams) {
    this.#link = link
    this.#lives = lives
    this.#streams = streams
  }

  get watches(): number {
    return this.#watches.size
  }

  get pending(): number {
    return this.#reads
  }

  read(message: ReadMessage): void {
    const { n, role, deadlineMs, consistency, maxStaleMs } = message
    const fault = this.#faultOf(role)
    if (fault !== null) return this.#link.say({ t: 'unreadable', n, ...fault })
    if (this.#reads >= readsMax)
      return this.#link.say({ t: 'unreadable', n, code: 'limit', text: `${readsMax} reads are under way.` })
    this.#reads += 1
    const done = (outcome: ReadOutcome): void => {
      if (this.#over) return
      if (outcome.status === 'ok') {
        this.#confirmed.push(message)
        return this.#link.ready()
      }
      this.#reads -= 1
      const text = `No server confirmed the read: ${outcome.reason}`
      this.#link.say({ t: 'unreadable', n, code: 'unavailable', text })
    }
    if (consistency === 'local' && maxStaleMs === null) return done({ status: 'ok', index: 0 })
    this.#lives().read(role, within(deadlineMs), done, consistency === 'local' ? maxStaleMs : null)
  }

  watch({ n, role, after }: WatchMessage): void {
    const fault = this.#faultOf(role)
    if (fault !== null) return this.#link.say({ t: 'unwatched', n, ...fault })
    if (this.#watches.has(n)) return this.#link.end('protocol', `The watch ${n} is under way already.`)
    if (this.#watches.size >= watchesMax)
      return this.#link.say({
        t: 'unwatched',
        n,
        code: 'limit',
        text: `${watchesMax} watches are under way.`,
      })
    const definition = this.#link.roles.get(role) as AnyRole
    this.#watches.set(n, new Watch(n, definition, after, this.#streams(), () => this.#link.ready()))
    this.#link.ready()
  }

  unwatch(n: number): void {
    this.#watches.get(n)?.close()
    this.#watches.delete(n)
  }

  /** One piece of each that has something, while there is room. Returns the bytes. */
  pump(): number {
    let bytes = 0
    for (const message of this.#confirmed.splice(0)) {
      if (this.#link.hasRoom) {
        this.#reads -= 1
        this.#link.say(this.#readable(message))
        bytes += this.#link.flush()
      } else this.#confirmed.push(message)
    }
    for (const watch of this.#watches.values()) {
      if (this.#over || !watch.ready) continue
      if (!this.#link.hasRoom) break
      for (const message of watch.take()) this.#link.say(message)
      if (watch.over) this.#watches.delete(watch.n)
      bytes += this.#link.flush()
    }
    this.#again()
    return bytes
  }

  #again(): void {
    if (this.#over) return
    const more = this.#confirmed.length > 0 || [...this.#watches.values()].some((watch) => watch.ready)
    if (!more) return
    if (this.#link.hasRoom) this.#link.ready()
    else this.#link.throttled()
  }

  /** What to say in place of a message that no frame can carry; null: nothing. */
  instead(message: MemberMessage): MemberMessage | null {
    const text = 'What is to be read is larger than a client can be sent; ask a member.'
    if (message.t === 'readable') return { t: 'unreadable', n: message.n, code: 'too-large', text }
    if (message.t !== 'state' && message.t !== 'event') return null
    this.unwatch(message.n)
    return { t: 'unwatched', n: message.n, code: 'too-large', text }
  }

  end(): void {
    this.#over = true
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
    this.#confirmed = []
    this.#reads = 0
  }

  #readable({ n, role }: ReadMessage): MemberMessage {
    const { feed, roles } = this.#lives().core
    const why = roles.failure(role)
    if (why !== undefined) return { t: 'unreadable', n, code: 'unavailable', text: why }
    const definition = this.#link.roles.get(role) as AnyRole
    const index = feed.applied
    const position = positionOf({ index, branch: feed.branchAt(index) })
    try {
      return {
        t: 'readable',
        n,
        state: toEncoded(feed.state(role), STATE_LIMITS),
        position,
        ...versionOf(definition),
      }
    } catch (error) {
      return { t: 'unreadable', n, code: 'unavailable', text: String(error) }
    }
  }

  #faultOf(name: string): { readonly code: RefusalCode; readonly text: string } | null {
    const { level, roles } = this.#link
    const role = roles.get(name)
    if (level === 'stray' && role?.readable !== 'stray') {
      const text = `The role '${name}' is not open to readers without the secret.`
      return { code: 'not-open', text }
    }
    if (role !== undefined) return null
    const text = `This member has no role '${name}'; it has ${[...roles.keys()].join(', ') || 'none'}.`
    return { code: 'unknown-role', text }
  }
}
