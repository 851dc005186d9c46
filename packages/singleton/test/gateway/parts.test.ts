import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressKey } from '@tanist/core'
import { Addresses } from '../../src/gateway/addresses.js'
import { Bucket } from '../../src/gateway/bucket.js'
import { ClientCount } from '../../src/gateway/client-count.js'
import { asClientMessage, isTooDeep } from '../../src/gateway/form.js'
import * as limits from '../../src/gateway/limits.js'
import { checkToken, signToken } from '../../src/gateway/tokens.js'
import { role } from '../../src/index.js'
import { worldKeys } from '../../src/testing/desks.js'

describe('tokens', () => {
  const user = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !/\p{Surrogate}/u.test(text))

  it('what a token says is read again, whatever the user is called', () => {
    fc.assert(
      fc.property(
        user,
        fc.constantFrom('stray' as const, 'trusted' as const),
        fc.nat(),
        (name, level, nowMs) => {
          const token = signToken(worldKeys, { user: name, level, ttlMs: 60_000 }, nowMs)
          expect(checkToken(worldKeys, token, nowMs)).toMatchObject({
            ok: true,
            token: { user: name, level },
          })
          expect(checkToken(worldKeys, token, nowMs + 60_000)).toMatchObject({ ok: true })
          expect(checkToken(worldKeys, token, nowMs + 66_000)).toMatchObject({
            ok: false,
            text: 'The token has expired; ask for a new one.',
          })
        },
      ),
    )
  })

  it('one that was changed anywhere is refused', () => {
    const token = signToken(worldKeys, { user: 'ann', level: 'stray', ttlMs: 60_000 }, 0)
    fc.assert(
      fc.property(fc.nat({ max: token.length - 1 }), fc.string({ maxLength: 2 }), (at, text) => {
        const altered = token.slice(0, at) + text + token.slice(at + 1)
        fc.pre(altered !== token)
        expect(checkToken(worldKeys, altered, 0).ok).toBe(false)
      }),
    )
    expect(checkToken({ used: 'x', mac: () => null }, token, 0)).toMatchObject({
      ok: false,
      text: expect.stringMatching(/secret that is not accepted here/) as string,
    })
  })

  it('what cannot be a token is refused where it is asked for', () => {
    const ask = (request: object) => () => signToken(worldKeys, request as never, 0)
    expect(ask({ user: '', ttlMs: 5_000 })).toThrow(/'user' must be a text of 1 to 256/)
    expect(ask({ user: '\ud800', ttlMs: 5_000 })).toThrow(/'user'/)
    expect(ask({ level: 'member', ttlMs: 5_000 })).toThrow(/'level' must be 'stray' or 'trusted'/)
    expect(ask({ ttlMs: 5 })).toThrow(/'ttlMs' must be a number of milliseconds from 1,000 to/)
  })
})

describe('addresses and rates', () => {
  it('one machine is one address, however it is written', () => {
    expect(addressKey('::ffff:10.0.0.7')).toBe(addressKey('10.0.0.7'))
    expect(addressKey('[2001:db8:1:2::1]')).toBe(addressKey('2001:DB8:1:2:ffff::9'))
    expect(addressKey('2001:db8:1:3::1')).not.toBe(addressKey('2001:db8:1:2::1'))
    expect(addressKey('fe80::1%eth0')).toBe(addressKey('fe80::2'))
    expect(addressKey('::1')).toBe('::1')
  })

  it('a rate is remembered after the last link of its address, and addresses do not add up', () => {
    const addresses = new Addresses()
    const row = addresses.open('10.0.0.1', 0)
    while (row.opens.take(0));
    addresses.close('10.0.0.1')
    expect(addresses.open('10.0.0.1', 0).opens.take(0)).toBe(false)
    addresses.close('10.0.0.1')
    for (let i = 0; i < limits.addressesKept + 5; i++) {
      addresses.open(`host-${i}`, 0)
      addresses.close(`host-${i}`)
    }
    expect(addresses.open('10.0.0.1', 0).opens.take(0)).toBe(true)
  })

  it('a bucket gives its burst at once and then its rate, and a clock that goes back gives nothing', () => {
    const bucket = new Bucket({ perSecond: 10, burst: 5 }, 1_000)
    const taken = (nowMs: number): number => {
      let count = 0
      while (bucket.take(nowMs)) count += 1
      return count
    }
    expect([taken(1_000), taken(1_000), taken(1_200), taken(500), taken(99_000)]).toEqual([5, 0, 2, 0, 5])
  })
})

describe('forms', () => {
  it('nothing that is no message is taken for one, and no name of every object is a message', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => asClientMessage(value) === null))
    for (const t of ['__proto__', 'constructor', 'toString', 'hello', 'call'])
      expect(asClientMessage({ t })).toBeNull()
  })

  it('depth is counted without falling over', () => {
    let value: unknown = 1
    for (let i = 0; i < 72; i++) value = [value]
    expect(isTooDeep(value)).toBe(false)
    for (let i = 0; i < 5_000; i++) value = { value }
    expect(isTooDeep(value)).toBe(true)
  })
})

describe('how many clients there are', () => {
  it('is told damped, taken back at the end, and never where the application tells it', () => {
    const count = new ClientCount()
    expect(count.look(3, null, 0)).toEqual({ clients: 3 })
    expect(count.look(9, { clients: 3 }, 1_000)).toBeNull()
    expect(count.look(9, { clients: 3 }, 6_000)).toEqual({ clients: 9 })
    expect(count.look(9, { clients: 9 }, 20_000)).toBeNull()
    expect(count.tells).toBe(true)
    expect(count.look(0, { clients: 9 }, 30_000)).toEqual({ clients: null })
    expect(new ClientCount().look(3, { clients: 70 }, 0)).toBeNull()
  })
})

describe('definitions', () => {
  it('readable is stray or left out', () => {
    const made = (readable: unknown) => () =>
      role('x', { state: () => ({}), events: {}, commands: {}, readable } as never)
    expect(made('everybody')).toThrow(/'readable' is "everybody"; it may be 'stray'/)
    expect(made('stray')).not.toThrow()
  })
})
