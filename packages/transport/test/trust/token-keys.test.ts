import { describe, expect, it } from 'vitest'
import { keyRing, newSecret, tokenKeys } from '@tanist/transport'

describe('token keys', () => {
  it('of the empty secret are none, also while another one is used: everybody could make such tokens', () => {
    const ring = keyRing('shop', [''])
    const keys = tokenKeys(ring)
    const empty = ring.used.id
    expect(keys.mac(empty, 'a token')).toBe(null)
    ring.use(ring.install(newSecret()))
    expect(keys.mac(empty, 'a token')).toBe(null)
    expect(keys.mac(keys.used, 'a token')).toMatch(/^[\w-]{43}$/)
  })
})
