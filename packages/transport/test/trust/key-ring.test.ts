import { describe, expect, it } from 'vitest'
import { keysMost } from '../../src/limits.js'
import { keyRing, newSecret } from '../../src/index.js'
import { weakness } from '../../src/trust/secrets.js'
import { cutName, readIdentity, writeIdentity } from '../../src/trust/psk.js'
import { dialling, listening, quietHost } from '../support/peers.js'

describe('a key ring', () => {
  it('has other keys for each application, level and secret, and the same for the same', () => {
    const [one, same, app, secret] = [
      keyRing('shop', ['the first passphrase']).used,
      keyRing('shop', ['the first passphrase']).used,
      keyRing('board', ['the first passphrase']).used,
      keyRing('shop', [newSecret()]).used,
    ]
    expect(same).toEqual(one)
    const all = [one, app, secret].flatMap(({ id, member, trusted, token, datagram }) =>
      [Buffer.from(id), member, trusted, token, datagram].map((bytes) => Buffer.from(bytes).toString('hex')),
    )
    expect(new Set(all).size).toBe(all.length)
    for (const key of [one.member, one.trusted, one.token, one.datagram]) expect(key.length).toBe(32)
  })

  it('takes a secret without the white space around it, as it comes from a file; and none of white space alone', () => {
    const { id } = keyRing('shop', ['the first passphrase']).used
    expect(keyRing('shop', ['\uFEFFthe first passphrase\r\n']).used.id).toBe(id)
    const made = newSecret()
    const ring = keyRing('shop', [`${made}\n`, 'the first passphrase'])
    expect(ring.used).toEqual(keyRing('shop', [made]).used)
    expect(ring.install(' the first passphrase\n')).toBe(id)
    expect(ring.list()).toHaveLength(2)
    expect(keyRing('shop', ['the first  passphrase']).used.id).not.toBe(id)
    for (const empty of ['\n', ' ']) {
      expect(() => keyRing('shop', [empty])).toThrow(/has 0 characters; allowed is/)
      expect(() => ring.install(empty)).toThrow(/has 0 characters; allowed is/)
    }
  })

  it('installs, uses and removes, and says what cannot be', () => {
    const ring = keyRing('shop', ['the first passphrase'])
    const [first] = ring.list()
    const removed: string[] = []
    ring.onRemoved((id) => removed.push(id))
    const id = ring.install('the second passphrase')
    expect(ring.install('the second passphrase')).toBe(id)
    expect(() => ring.remove(first!.id)).toThrow(/is used; use another one before/)
    expect(() => ring.use('00000000')).toThrow(/no key "00000000"; there are/)
    ring.use(id)
    expect(ring.datagramKeys().map((key) => key.id)).toEqual(
      [id, first!.id].map((hex) => Number.parseInt(hex, 16)),
    )
    ring.remove(first!.id)
    expect([removed, ring.list()]).toEqual([[first!.id], [{ id, used: true }]])
    for (let n = 1; n < keysMost; n += 1) ring.install(newSecret())
    expect(() => ring.install(newSecret())).toThrow(/which is the most; remove one first/)
    expect(() => ring.install('weak')).toThrow(/has 4 characters/)
  })

  it('closes the links of a key that is removed, on both sides, and no others', async () => {
    const ring = keyRing('shop', ['a secret for tests', 'another one that stays'])
    const peer = await listening({ secret: ring })
    const old = dialling(quietHost(), peer.address)
    const kept = dialling(quietHost({ secret: 'another one that stays' }), peer.address)
    await Promise.all([old.opening(), kept.opening()])
    const [first, second] = ring.list()
    ring.use(second!.id)
    ring.remove(first!.id)
    expect(await old.ending()).toMatchObject({ kind: 'remote', code: 'key-removed' })
    expect(await dialling(quietHost(), peer.address).ending()).toMatchObject({
      kind: 'rejected',
      code: 'secret',
    })
    kept.link.send(Buffer.from('still here'))
    const ears = [await peer.nextAccepted(), await peer.nextAccepted()]
    await Promise.race(ears.map((ear) => ear.until(({ frames }) => frames.length === 1)))
    expect(kept.end).toBeUndefined()
  })

  it('closes links that this side dialled with it, too', async () => {
    const ring = keyRing('shop', ['a secret for tests', 'another one that stays'])
    const peer = await listening()
    const out = dialling(quietHost({ secret: ring }), peer.address)
    await out.opening()
    const [first, second] = ring.list()
    ring.use(second!.id)
    ring.remove(first!.id)
    expect(await (await peer.nextAccepted()).ending()).toMatchObject({ kind: 'remote', code: 'key-removed' })
    expect(await out.ending()).toEqual({ kind: 'local' })
  })
})

describe('a secret', () => {
  it('is strong when it was made, or long enough', () => {
    expect(weakness(newSecret())).toBeUndefined()
    expect(weakness('correct horse battery')).toBeUndefined()
    expect(weakness('fifteen letters')).toMatch(/has 15 characters/)
  })

  it('that is empty listens on loopback alone, unless it is for strays', async () => {
    await expect(listening({ secret: '' }, '0.0.0.0:0')).rejects.toThrow(/not-allowed: There is no secret/)
    await listening({ secret: '' })
  })
})

describe('the name in TLS', () => {
  it('says version, level, key and application, cut at a whole character', () => {
    const card = { app: 'ü'.repeat(128), level: 'trusted' as const, keyId: '8f00b204' }
    const text = writeIdentity(card)
    expect(Buffer.byteLength(text)).toBeLessThan(256)
    expect(readIdentity(text)).toEqual({ kind: 'card', ...card, app: cutName(card.app) })
    expect(readIdentity('3:m:8f00b204:shop')).toEqual({ kind: 'other-version', version: 3 })
    expect(readIdentity('2:x:8f00b204:shop')).toBeUndefined()
  })
})
