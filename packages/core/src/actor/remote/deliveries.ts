import { AskError } from '../errors.js'
import type { Target, Watcher } from '../ref.js'
import type { DeadLetter } from '../reports.js'
import type { ActorSystem } from '../system.js'
import { remoteLimits as limits } from './limits.js'
import type { ActorMessage, Parcel, Place } from './messages.js'
import { placeKey, type RemoteInput } from './state.js'

interface Ways {
  pack(value: unknown): Parcel
  unpack(parcel: Parcel): unknown
  step(input: RemoteInput): void
}

type Delivery = Extract<ActorMessage, { t: 'tell' | 'ask' | 'stop' }>
type Letter = Extract<ActorMessage, { t: 'tell' | 'ask' }>

/** The actors here, for other peers: whatever they send, it ends as a message, a dead letter or an answer. */
export class Deliveries {
  readonly #system: ActorSystem
  readonly #ways: Ways
  readonly #watches = new Map<string, { readonly target: Target; readonly watcher: Watcher }>()

  constructor(system: ActorSystem, ways: Ways) {
    this.#system = system
    this.#ways = ways
  }

  deliver(node: string, message: Delivery): void {
    if (message.t === 'stop') return this.#stop(node, message)
    const id = message.t === 'ask' ? message.id : null
    const read = this.#read(node, message)
    if ('reason' in read) {
      const { value, reason, text } = read
      const [path] = message.at
      this.#system.deadLetter({ path, handler: message.handler, message: value, reason })
      if (id !== null) this.#fail(node, id, reason === 'malformed' ? 'failed' : reason, text)
      return
    }
    const { target, value } = read
    if (message.t === 'tell') target.tell(message.handler, value)
    else this.#ask(node, message, target, value)
  }

  watch(node: string, at: Place): void {
    const target = this.#system.local(...at)
    const ended = (why: 'stopped' | 'failed' | 'lost'): void => {
      this.#watches.delete(keyOf(node, at))
      this.#ways.step({ kind: 'ended', node, at, why })
    }
    if (target === undefined) return ended('stopped')
    const watcher: Watcher = { terminated: (_, why) => ended(why) }
    this.#watches.set(keyOf(node, at), { target, watcher })
    target.watch(watcher)
  }

  unwatch(node: string, at: Place): void {
    const watch = this.#watches.get(keyOf(node, at))
    this.#watches.delete(keyOf(node, at))
    watch?.target.unwatch(watch.watcher)
  }

  malformed(node: string, json: unknown): void {
    this.#system.deadLetter({ path: `from ${node}`, handler: '?', message: json, reason: 'malformed' })
    const id: unknown = typeof json === 'object' && json !== null && 'id' in json ? json.id : null
    if (typeof id === 'number' && Number.isSafeInteger(id))
      this.#fail(node, id, 'failed', 'it cannot be read')
  }

  #read(
    node: string,
    { at, message }: Letter,
  ):
    | { readonly target: Target; readonly value: unknown }
    | { readonly reason: DeadLetter['reason']; readonly value: unknown; readonly text: string } {
    let value: unknown
    try {
      value = this.#ways.unpack(message)
    } catch (error) {
      return {
        reason: 'malformed',
        value: message,
        text: `the message from ${node} cannot be read: ${textOf(error)}`,
      }
    }
    const target = this.#system.local(...at)
    if (target === undefined) return { reason: 'stopped', value, text: 'the actor is stopped' }
    return { target, value }
  }

  #ask(
    node: string,
    { id, at, handler, forMs }: Extract<Letter, { t: 'ask' }>,
    target: Target,
    value: unknown,
  ): void {
    const [path] = at
    target.ask(handler, value, forMs).then(
      (reply) => {
        try {
          this.#answer(node, { t: 'reply', id, message: this.#ways.pack(reply) })
        } catch (error) {
          const text = `its reply cannot be sent: ${textOf(error)}`
          this.#system.deadLetter({
            path,
            handler: `reply of ${handler}`,
            message: reply,
            reason: 'malformed',
          })
          this.#fail(node, id, 'failed', text)
        }
      },
      (error: unknown) => {
        if (!(error instanceof AskError)) return this.#fail(node, id, 'failed', textOf(error))
        const text = error.message.replace(`${handler} of ${path}: `, '')
        const cause = error.cause === undefined ? '' : ` (${textOf(error.cause)})`
        this.#fail(node, id, error.code, `${text}${cause}`)
      },
    )
  }

  #stop(node: string, { at, id, drain }: Extract<Delivery, { t: 'stop' }>): void {
    const stopping = this.#system.local(...at)?.stop({ drain }) ?? Promise.resolve()
    stopping.then(
      () => this.#answer(node, { t: 'reply', id, message: this.#ways.pack(undefined) }),
      (error: unknown) => this.#fail(node, id, 'failed', textOf(error)),
    )
  }

  #fail(node: string, id: number, code: string, text: string): void {
    this.#answer(node, { t: 'failed', id, code, text: text.slice(0, limits.failureLength) })
  }

  #answer(node: string, message: Extract<ActorMessage, { t: 'reply' | 'failed' }>): void {
    const text = JSON.stringify(message)
    if (text.length <= limits.messageLength)
      return this.#ways.step({ kind: 'answer', node, id: message.id, text })
    this.#fail(node, message.id, 'failed', `its reply of ${text.length} characters is too long to be sent`)
  }
}

function keyOf(node: string, at: Place): string {
  return `${node} ${placeKey(at)}`
}

function textOf(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`
  return typeof error === 'string' ? error : `a ${typeof error} was thrown`
}
