import { type Outcome, type Peer, persist, refuse, role, type RoleHandle } from '@tanist/singleton'
import { testRole } from '@tanist/singleton/testing'
import { match } from 'ts-pattern'

// Callers and tests are programs too.

const stock = role('stock', {
  state: () => ({ n: 0 }),
  events: { taken: (s, e: { n: number }) => ({ n: s.n - e.n }) },
  commands: {
    take: (s, c: { n: number }, on) =>
      s.n < c.n ? refuse({ code: 'short', have: s.n }) : persist(on.taken(c)).reply((next) => next.n),
    count: (s) => persist().reply(() => s.n),
  },
})
declare const peer: Peer
const handle = peer.role(stock)

export const left: number = await handle.take({ n: 1 }).value()
// @ts-expect-error TS2322 the reply is of another type
export const text: string = await handle.take({ n: 1 }).value()
// @ts-expect-error TS2322 an outcome is no reply
export const outcome: number = await handle.take({ n: 1 })
// @ts-expect-error TS2741 a missing input
void handle.take({})
// @ts-expect-error TS2554 no input
void handle.take()
// @ts-expect-error TS2322 another input
void handle.take({ n: '1' })
// @ts-expect-error TS2345 an input where none is taken
void handle.count({ n: 1 })
// @ts-expect-error TS2551 a command that there is not
void handle.tke({ n: 1 })
// @ts-expect-error TS2353 an option that there is not
void handle.take({ n: 1 }, { timeout: 5 })
// @ts-expect-error TS2322 a user is named by a text
void handle.take({ n: 1 }, { user: 7 })
// @ts-expect-error TS2739 a role that role() has not made
peer.role({ name: 'stock' })
// @ts-expect-error TS2322 a handle of a role with other commands
export const wrong: RoleHandle<{ n: number }, { put: (s: { n: number }) => never }> = handle

const out = await handle.take({ n: 1 })
// @ts-expect-error TS2339 nobody knows yet that it went well
export const early = out.value
if (out.status === 'unavailable') {
  // @ts-expect-error TS2367 no way in which a call is unavailable
  if (out.executed === 'yes') throw new Error(out.reason)
}
if (out.status === 'refused') {
  // @ts-expect-error TS2339 it may also have failed
  void out.refusal.have
  // @ts-expect-error TS2367 no code of this role, nor of ours
  if (out.refusal.code === 'shrt') throw new Error('?')
}
export const said = (one: typeof out): string =>
  match(one)
    .with({ status: 'ok' }, ({ value }) => `${value}`)
    .with({ status: 'refused', refusal: { code: 'short' } }, ({ refusal }) => `${refusal.have} left`)
    .with({ status: 'refused', refusal: { code: 'failed' } }, ({ refusal }) => refusal.text)
    .with({ status: 'unavailable' }, ({ reason }) => reason)
    .exhaustive()
export const halfSaid = (one: typeof out): string =>
  match(one)
    .with({ status: 'ok' }, ({ value }) => `${value}`)
    .with({ status: 'refused', refusal: { code: 'failed' } }, ({ refusal }) => refusal.text)
    .with({ status: 'unavailable' }, ({ reason }) => reason)
    // @ts-expect-error TS2349 the role's own refusal is forgotten
    .exhaustive()
export const neverAway = (one: typeof out): string =>
  match(one)
    .with({ status: 'ok' }, ({ value }) => `${value}`)
    .with({ status: 'refused' }, () => 'no')
    // @ts-expect-error TS2349 nobody may serve
    .exhaustive()
// @ts-expect-error TS2339 an outcome is of a decision
export type Nothing = Outcome<string>['value']

testRole(stock)
  .given((on) => [on.taken({ n: 1 })])
  .when('take', { n: 1 })
  .thenRefused({ code: 'short', have: -1 })
// @ts-expect-error TS2345 a test of a command that there is not
testRole(stock).when('tke', { n: 1 })
// @ts-expect-error TS2345 a test that expects another reply
testRole(stock).when('count').thenReplied('1')
// @ts-expect-error TS2322 a test that expects a refusal that there is not
testRole(stock).when('take', { n: 1 }).thenRefused({ code: 'gone' })
// @ts-expect-error TS2551 an event that there is not
testRole(stock).given((on) => [on.take({ n: 1 })])
