import {
  type ActorRef,
  type ActorSystem,
  actor,
  type AnyRef,
  type Behavior,
  type RefOf,
  type Receives,
  reply,
} from '@tanist/core'
import { counter } from './protocols.js'

declare const system: ActorSystem

interface Press {
  readonly type: 'press'
}
interface Turn {
  readonly type: 'turn'
  readonly by: number
}
interface Increments {
  readonly inc: (m: { by: number }) => void
}
interface Counts extends Increments {
  readonly get: () => number
}
declare const counts: ActorRef<Counts>
declare const increments: ActorRef<Increments>
declare const knob: ActorRef<Receives<Press | Turn>>
declare const button: ActorRef<Receives<Press>>

export const own: RefOf<typeof counter> = system.spawn(counter, 'counter')
export const part: ActorRef<Counts> = own

// What understands more may stand for what understands less, and never the other way.

export const less: ActorRef<Increments> = counts
// @ts-expect-error TS2322 a ref of a bigger protocol is wanted
export const more: ActorRef<Counts> = increments
export const pressed: ActorRef<Receives<Press>> = knob
// @ts-expect-error TS2322 it understands one message of the two
export const turned: ActorRef<Receives<Press | Turn>> = button
export const richer: ActorRef<{ inc: (m: { by: number; at: number }) => void }> = counts
// @ts-expect-error TS2322 the same handler with another message
export const stricter: ActorRef<{ inc: (m: { by: string }) => void }> = counts
// @ts-expect-error TS2322 the same handler with another reply
export const liar: ActorRef<{ get: () => string }> = counts
// @ts-expect-error TS2322 named handlers are no union
export const union: ActorRef<Receives<Press>> = counts
// @ts-expect-error TS2322 a union has no named handlers
export const named: ActorRef<Increments> = knob

/** Also where the protocol is a type parameter. */
export function bump<P extends Increments>(ref: ActorRef<P>): boolean {
  const known: ActorRef<Increments> = ref
  return known.tell.inc({ by: 1 })
}
bump(own)
// @ts-expect-error TS2345 it cannot increment
bump(knob)

// Only the layer makes refs.

export const any: AnyRef = counts
void system.stop(any)
// @ts-expect-error TS2345 a string is no ref
void system.stop('shop/counter')
// @ts-expect-error TS2741 nothing that looks like a ref is one
void system.stop({ node: '', path: 'shop/counter', uid: 1, toJSON: () => '' })
// @ts-expect-error TS2739 a ref without a protocol takes no message of one
bump(any)
// @ts-expect-error TS2339 and cannot be told anything
any.tell.inc({ by: 1 })

export const registry = actor({
  state: (): readonly ActorRef<Increments>[] => [],
  on: {
    add: (s, m: { ref: ActorRef<Increments> }) => [...s, m.ref],
    all: (s) => reply(s, s),
  },
})
const registered = system.spawn(registry, 'registry')
registered.tell.add({ ref: own })
// @ts-expect-error TS2322 a ref of the wrong protocol inside a message
registered.tell.add({ ref: button })
// @ts-expect-error TS2322 a text for a ref inside a message
registered.tell.add({ ref: 'shop/counter' })

// Behaviors

export const kind: Behavior<Increments> = counter
// @ts-expect-error TS2353 not a behavior
system.spawn({ state: () => 0, on: {} }, 'd')
// @ts-expect-error TS2741 a ref is no behavior
system.spawn(own, 'd')
// @ts-expect-error TS2345 an actor has a name
system.spawn(counter, 1)
// @ts-expect-error TS2322 no child of this protocol
export const child: ActorRef<{ dec: () => void }> = system.spawn(counter, 'd')
