import { type ActorRef, type ActorSystem, actor, type Receives, reply } from '@tanist/core'

// A `@ts-expect-error TSnnnn` stands above each wrong program; everything else is right and compiles.

declare const system: ActorSystem

export const counter = actor({
  state: () => ({ n: 0 }),
  on: {
    inc: (s, m: { by: number }) => ({ n: s.n + m.by }),
    get: (s) => reply(s, s.n),
    slow: async (s, _m: { id: string }) => reply(s, 'x' as const),
    find: (s, m: { key?: string }) => (m.key === undefined ? s : reply(s, m.key)),
    late: (s, _m, ctx) => reply(s, ctx.at),
    maybe: (s, m?: { by: number }) => ({ n: s.n + (m?.by ?? 1) }),
  },
  internal: { tick: (s) => ({ n: s.n + 1 }) },
})
const ref = system.spawn(counter, 'counter')

// Messages

ref.tell.inc({ by: 1 })
// @ts-expect-error TS2322 the wrong message
ref.tell.inc({ by: '1' })
// @ts-expect-error TS2554 a message is missing
ref.tell.inc()
// @ts-expect-error TS2353 a field that the message does not have
ref.tell.inc({ by: 1, per: 2 })

void ref.ask.get()
// @ts-expect-error TS2554 a message where none is wanted
void ref.ask.get(1)

ref.tell.maybe()
ref.tell.maybe({ by: 2 })
// @ts-expect-error TS2345 what may be left out is not anything
ref.tell.maybe(2)

// @ts-expect-error TS2339 no such handler
ref.tell.nope()
// @ts-expect-error TS2339 no such handler
void ref.ask.nope()
// @ts-expect-error TS2339 internal handlers are not for others
ref.tell.tick()
// @ts-expect-error TS2349 named handlers take no union of messages
ref.tell({ type: 'inc', by: 1 })

// Replies

export const number: Promise<number> = ref.ask.get()
// @ts-expect-error TS2322 the wrong reply type
export const text: Promise<string> = ref.ask.get()
export const literal: Promise<'x'> = ref.ask.slow({ id: 'a' })
// @ts-expect-error TS2322 the wrong reply of an asynchronous handler
export const other: Promise<'y'> = ref.ask.slow({ id: 'a' })
export const perhaps: Promise<string | void> = ref.ask.find({})
// @ts-expect-error TS2322 a handler that does not always reply
export const always: Promise<string> = ref.ask.find({})
export const nothing: Promise<void> = ref.ask.inc({ by: 1 })
// @ts-expect-error TS2322 a handler without a reply
export const something: Promise<number> = ref.ask.inc({ by: 1 })
export const soon: Promise<number> = ref.askWithin(200).late()
// @ts-expect-error TS2345 a deadline is a number of milliseconds
void ref.askWithin('200 ms').late()

// One message type: `receive`

interface Add {
  readonly type: 'add'
  readonly n: number
}
interface Get {
  readonly type: 'get'
  readonly to: ActorRef<Receives<number>>
}
declare const sum: ActorRef<Receives<Add | Get>>

sum.tell({ type: 'add', n: 1 })
// @ts-expect-error TS2322 no member of the union
sum.tell({ type: 'mul', n: 2 })
// @ts-expect-error TS2345 a member of the union without its field
sum.tell({ type: 'add' })
// @ts-expect-error TS2339 a union has no named handlers
sum.tell.add({ n: 1 })

export const total: Promise<number> = sum.ask((to) => ({ type: 'get', to }))
// @ts-expect-error TS2322 the actor sends numbers
export const totalText: Promise<string> = sum.ask((to) => ({ type: 'get', to }))
// @ts-expect-error TS2322 asked for a text where a number is sent
void sum.ask<string>((to) => ({ type: 'get', to }))
// @ts-expect-error TS2322 a question that the actor does not know
void sum.ask((to) => ({ type: 'peek', to }))

declare const asker: Get
asker.to.tell(1)
// @ts-expect-error TS2345 the asker wants a number
asker.to.tell('1')
