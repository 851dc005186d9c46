import { describe, expect, it } from 'vitest'
import { testRole } from '@tanist/singleton/testing'
import { Ledger } from '../../src/shop/ledger.js'
import { orders } from '../../src/shop/orders.js'
import { payment } from '../../src/shop/payment.js'
import { stock } from '../../src/shop/stock.js'

const order = 'o1'

describe('stock', () => {
  const tea = { sku: 'tea', n: 3 }

  it('holds what is free, and says what is left when that is not enough', () => {
    testRole(stock)
      .given((on) => [on.delivered(tea)])
      .when('hold', { order, sku: 'tea', n: 2 })
      .thenState({ delivered: { tea: 3 }, free: { tea: 1 }, sold: {}, held: { o1: { sku: 'tea', n: 2 } } })
      .when('hold', { order: 'o2', sku: 'tea', n: 2 })
      .thenRefused({ code: 'sold-out', left: 1 })
  })

  it('frees once: a second time changes nothing', () => {
    testRole(stock)
      .given((on) => [on.delivered(tea), on.held({ order, ...tea })])
      .when('free', { order })
      .thenPersisted((on) => [on.freed({ order })])
      .thenState({ delivered: { tea: 3 }, free: { tea: 3 }, sold: {}, held: {} })
      .when('free', { order })
      .thenPersisted([])
  })

  it('hands out what is held, and nothing else', () => {
    testRole(stock)
      .given((on) => [on.delivered(tea), on.held({ order, ...tea })])
      .when('handOut', { order })
      .thenState({ delivered: { tea: 3 }, free: { tea: 0 }, sold: { tea: 3 }, held: {} })
      .when('handOut', { order })
      .thenRefused({ code: 'not-held' })
  })

  it('takes deliveries of articles that the shop has, in whole pieces', () => {
    testRole(stock)
      .when('deliver', { sku: 'toString', n: 1 })
      .thenRefused({ code: 'unknown-article' })
      .when('deliver', { sku: 'tea', n: 0.5 })
      .thenRefused({ code: 'not-a-number' })
  })
})

describe('orders', () => {
  const placed = { order, sku: 'tea', n: 2, cents: 1_300, until: 5_000 }

  it('names the price and the end of its time when it is placed', () => {
    testRole(orders)
      .when('place', { sku: 'tea', n: 2, payWithinMs: 4_000 }, { at: 1_000, ids: [order] })
      .thenPersisted((on) => [on.placed(placed)])
      .thenReplied({ order })
      .when('place', { sku: 'constructor', n: 1 })
      .thenRefused({ code: 'unknown-article', text: 'We do not sell this.' })
      .when('place', { sku: 'tea', n: 21 })
      .thenRefused({ code: 'pieces', text: 'Order 1 to 20 pieces.' })
  })

  it('goes from placed to shipped, and is finished then', () => {
    testRole(orders)
      .given((on) => [on.placed(placed), on.held({ order, cents: 1_300 })])
      .when('markPaid', { order })
      .thenPersisted((on) => [on.paid({ order })])
      .when('markShipped', { order })
      .thenState(({ open, finished }) => order in finished && !(order in open))
      .when('cancel', { order, why: 'no reason' })
      .thenRefused({ code: 'too-late' })
  })

  it('expires only while it is unpaid, and a paid one is never cancelled', () => {
    testRole(orders)
      .given((on) => [on.placed(placed), on.held({ order, cents: 1_300 }), on.paid({ order })])
      .when('expire', { order })
      .thenRefused({ code: 'too-late' })
      .when('cancel', { order, why: 'not paid in time' })
      .thenRefused({ code: 'too-late' })
  })

  it('that expired is paid all the same when the money had come', () => {
    testRole(orders)
      .given((on) => [on.placed(placed), on.held({ order, cents: 1_300 }), on.expired({ order })])
      .when('markPaid', { order })
      .thenPersisted((on) => [on.paid({ order })])
  })

  it('that expired holds nothing any more: goods that are held late are not for it', () => {
    testRole(orders)
      .given((on) => [on.placed(placed), on.expired({ order })])
      .when('markHeld', { order })
      .thenRefused({ code: 'too-late' })
  })

  it('has a due command for every unpaid order, and for no other', () => {
    const run = {
      expire: (at: number, input: { order: string }) => ({ command: 'expire', at, input }),
    }
    const due = orders.due as (state: unknown, given: unknown) => Iterable<unknown>
    const given = testRole(orders).given((on) => [
      on.placed(placed),
      on.placed({ ...placed, order: 'o2' }),
      on.held({ order: 'o2', cents: 1_300 }),
      on.paid({ order: 'o2' }),
    ])
    expect([...due(given.state, run)]).toEqual([{ command: 'expire', at: 5_000, input: { order } }])
  })
})

describe('payment', () => {
  const asked = { order, cents: 1_300 }

  it('asks the bank once for an order', () => {
    testRole(payment)
      .when('ask', asked)
      .thenPersisted((on) => [on.asked(asked)])
      .when('ask', asked)
      .thenPersisted([])
  })

  it('that is charged cannot be given up, and one that is given up cannot be charged', () => {
    testRole(payment)
      .given((on) => [on.asked(asked)])
      .when('settle', { order, how: 'charged' })
      .thenPersisted((on) => [on.charged({ order })])
      .when('giveUp', { order, why: 'not paid in time' })
      .thenRefused({ code: 'charged' })
    testRole(payment)
      .given((on) => [on.asked(asked), on.givenUp({ order, why: 'not paid in time' })])
      .when('settle', { order, how: 'charged' })
      .thenRefused({ code: 'given-up' })
      .when('markVoided', { order, why: 'not paid in time' })
      .thenPersisted((on) => [on.voided({ order, why: 'not paid in time' })])
  })

  it('given up before it was asked for is never asked for', () => {
    testRole(payment)
      .when('giveUp', { order, why: 'not paid in time' })
      .thenPersisted((on) => [on.givenUp({ order, why: 'not paid in time' })])
      .when('ask', asked)
      .thenPersisted([])
  })
})

describe('the books of the bank', () => {
  it('take money once under a key, and answer a repetition as the first time', () => {
    const ledger = new Ledger()
    expect(ledger.charge({ key: 'a', cents: 5 }, false)).toBe('charged')
    expect(ledger.charge({ key: 'a', cents: 5 }, true)).toBe('charged')
    expect(ledger.charge({ key: 'b', cents: 5 }, true)).toBe('declined')
    expect(ledger.charge({ key: 'b', cents: 5 }, false)).toBe('declined')
    expect(ledger.bookings.get('a')).toEqual({ cents: 5, state: 'charged', taken: 1, givenBack: 0 })
  })

  it('give back once, and take nothing under a key that is voided', () => {
    const ledger = new Ledger()
    ledger.charge({ key: 'a', cents: 5 }, false)
    ledger.voidCharge('a')
    ledger.voidCharge('a')
    expect(ledger.bookings.get('a')).toEqual({ cents: 5, state: 'voided', taken: 1, givenBack: 1 })
    ledger.voidCharge('b')
    expect(ledger.charge({ key: 'b', cents: 5 }, false)).toBe('voided')
    expect(ledger.bookings.get('b')).toMatchObject({ taken: 0, givenBack: 0 })
  })
})
