import { type Receives, RECEIVE } from '../behavior.js'
import { type ActorRef, type AnyRef, isRef, targetOf } from '../ref.js'
import { dispatchTo, Room } from './room.js'

/** What actors of `fromNact` understand. */
export interface NactProtocol<M, R = unknown> {
  /** As nact's `dispatch`. */
  dispatch(message: M): void
  /** As nact's `query`: the answer is what the function dispatches to `ctx.sender`. */
  query(message: M): R
}

/** A message for a handler by name, as nact can dispatch it. */
export type NactCall<P> = {
  [K in keyof P & string]: P[K] extends (...message: infer A) => unknown
    ? A extends readonly []
      ? { readonly type: K }
      : { readonly type: K; readonly message: A[0] }
    : never
}[keyof P & string]

type NactMessage<P> = P extends Receives<infer M> ? M : P extends NactProtocol<infer M> ? M : NactCall<P>

/** A message of nact for an actor of `fromNact` here, with who sent it. */
export class FromNact {
  readonly message: unknown
  readonly sender: unknown
  constructor(message: unknown, sender: unknown) {
    this.message = message
    this.sender = sender
  }
}

const rooms = new WeakMap<AnyRef, Room>()

/** The room in which the actor of this ref lives, from its first life on; `nactRef` gives it, too. */
export function houseOf(ref: AnyRef, build: () => Room): Room {
  let room = rooms.get(ref)
  if (room === undefined) rooms.set(ref, (room = build()))
  return room
}

/** A message of nact brought to an actor of ours. */
export function bring(ref: AnyRef, message: unknown, sender: unknown): void {
  const target = ref[targetOf]
  const { handlers } = target
  if (handlers?.includes(RECEIVE) === true) return void target.tell(RECEIVE, message)
  const isHoused = handlers?.includes('dispatch') === true && handlers.includes('query')
  const [handler, content] = isHoused
    ? [sender === undefined ? 'dispatch' : 'query', message]
    : callOf(message)
  if (sender === undefined) return void target.tell(handler, content)
  // nact has no way to tell of a failure: its query ends by its timeout.
  target.ask(handler, content).then(
    (answer) => dispatchTo(sender, answer),
    () => {},
  )
}

/** What is no call of a handler becomes a dead letter under this name. */
function callOf(message: unknown): [handler: string, content: unknown] {
  if (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string'
  )
    return [message.type, 'message' in message ? message.message : undefined]
  return ['unknown', message]
}

/**
 * A ref for nact's `dispatch`, `query`, `spawn` and `stop` that leads to an actor of ours, here or at another peer; the same
 * one at each call. The compiler takes it as a `Ref` of nact of that message type.
 *
 * - A message for an actor of `fromNact` or `receive` goes there as it is; for others it names the handler:
 *   `dispatch(nactRef(counter), { type: 'inc', message: { by: 1 } })`.
 * - `query(nactRef(counter), () => ({ type: 'get' }), 200)` is answered with the reply. When there is none, because the
 *   actor failed or is gone, nact's query ends by its timeout: nact cannot be told.
 * - It is a small actor of nact that passes on, so a message takes a turn of the loop more, and nact's own queue
 *   in front of the bounded mailbox has no bound.
 * - It ends with the actor: then `query` rejects at once, and what is dispatched is lost silently, as always in nact.
 */
export function nactRef<P>(ref: ActorRef<P>): NactRefOf<NactMessage<P>> {
  return roomOf(ref).ref
}

declare const accepts: unique symbol

/** A `Ref<M>` of nact, whose type is empty: this one knows what may be sent. */
export interface NactRefOf<M> {
  readonly [accepts]?: (message: M) => void
}

export function roomOf(ref: AnyRef): Room {
  const known = rooms.get(ref)
  if (known !== undefined) return known
  const room = new Room(ref.path.slice(ref.path.lastIndexOf('/') + 1), (message, sender) =>
    bring(ref, message, sender),
  )
  rooms.set(ref, room)
  ref[targetOf].watch({
    terminated: () => {
      rooms.delete(ref)
      room.close()
    },
  })
  return room
}

/** Refs of ours in a message, itself or in one of its fields, as refs that nact understands. */
export function withNactRefs(message: unknown): unknown {
  if (isRef(message)) return roomOf(message).ref
  if (typeof message !== 'object' || message === null) return message
  const refs = Object.entries(message).filter(([, field]) => isRef(field))
  if (refs.length === 0) return message
  return {
    ...message,
    ...Object.fromEntries(refs.map(([name, field]) => [name, isRef(field) ? roomOf(field).ref : field])),
  }
}
