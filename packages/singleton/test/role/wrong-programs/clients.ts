import { type Client, connect, persist, refuse, role, type RoleHandle } from '@tanist/singleton'

// Programs that are no members are as strict as those that are.

const stock = role('stock', {
  state: () => ({ n: 0 }),
  events: { taken: (s, e: { n: number }) => ({ n: s.n - e.n }) },
  commands: {
    take: (s, c: { n: number }, on) =>
      s.n < c.n ? refuse({ code: 'short', have: s.n }) : persist(on.taken(c)).reply((next) => next.n),
  },
})
const client: Client = await connect({ app: 'shop', secret: 'a secret of the shop', roles: [stock] })
const handle = client.role(stock)

export const left: number = await handle.take({ n: 1 }).value()
// @ts-expect-error TS2322 the reply is of another type
export const text: string = await handle.take({ n: 1 }).value()
// @ts-expect-error TS2322 another input
void handle.take({ n: '1' })
// @ts-expect-error TS2551 a command that there is not
void handle.tke({ n: 1 })
// @ts-expect-error TS2322 a state of another type
export const state: { readonly n: string } = await client.read(stock)
// @ts-expect-error TS2339 a field of the state that there is not
handle.state$.subscribe((now) => now.m)
handle.events$().subscribe((item) => {
  // @ts-expect-error TS2367 an event that there is not
  if (item.kind === 'event' && item.type === 'token') throw new Error('?')
})
// @ts-expect-error TS2739 a role that role() has not made
client.role({ name: 'stock' })
// @ts-expect-error TS2322 a handle of a role with other commands
export const wrong: RoleHandle<{ n: number }, { put: (s: { n: number }) => never }> = handle
// @ts-expect-error TS2322 no level of a client
void connect({ app: 'shop', level: 'member' })
// @ts-expect-error TS2353 an option that there is not
void connect({ app: 'shop', seeds: [] })
// @ts-expect-error TS2339 operators are members
void client.operate
