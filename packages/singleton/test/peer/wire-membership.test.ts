import { encodeFrame } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { decodeWire } from '../../src/peer/wire.js'

const memberId = 'a'.repeat(32)
const record = { memberId, incarnation: 2, seq: 3, fate: 'up', about: { version: '1', tags: { room: 'x' } } }
const member = { memberId, incarnation: 2, name: 'a', address: 'a:1', seniority: 4 }

const decode = (body: object): unknown => decodeWire(encodeFrame([{ channel: 'm', body }]))

describe('what members tell each other, on the wire', () => {
  it.each([
    { t: 'news', records: [record, { ...record, about: null, bad: [memberId] }] },
    { t: 'buckets', digests: [0, 4_294_967_295] },
    { t: 'marks', buckets: [1], marks: [[memberId, 2, 3, 'dead']], answer: true },
    { t: 'view', at: [3, 9], members: [member, { ...member, demoted: true }] },
    { t: 'beat', hears: [], everyMs: 500, wants: false, digest: [1, 2], at: [3, 9] },
    { t: 'accuse', accusations: [{ memberId, incarnation: 2, seq: 0, class: 'C', quietMs: 2_100 }] },
    { t: 'hubs', term: 3, hubs: [{ memberId, address: 'a:1' }] },
  ])('$t comes as it was sent', (body) => {
    expect(decode(body)).toEqual([{ channel: 'm', body }])
  })

  it.each([
    { t: 'news', records: [{ ...record, fate: 'alive' }] },
    { t: 'news', records: [{ ...record, seq: -1 }] },
    { t: 'news', records: [{ ...record, seq: 2 ** 53 }] },
    { t: 'news', records: [{ ...record, seq: null }] },
    { t: 'news', records: [{ ...record, about: { tags: { a: 'x'.repeat(2_048) } } }] },
    { t: 'news', records: [{ ...record, bad: Array.from({ length: 65 }, () => memberId) }] },
    { t: 'news', records: Array.from({ length: 1_025 }, () => record) },
    { t: 'buckets', digests: ['x'] },
    { t: 'marks', buckets: [1], marks: [[memberId, 2, 3]], answer: true },
    { t: 'view', at: [3], members: [] },
    { t: 'view', at: [3, 9], members: [{ ...member, seniority: 'x' }] },
    { t: 'beat', hears: [], digest: [1] },
    { t: 'beat', hears: [], at: [1, -1] },
    { t: 'beat', hears: [], everyMs: 'soon' },
    { t: 'accuse', accusations: [{ memberId, incarnation: 2, seq: 0, class: 'E', quietMs: 1 }] },
  ])('a wrong form closes the link: %j', (body) => {
    expect(() => decode(body)).toThrow(TypeError)
  })
})
