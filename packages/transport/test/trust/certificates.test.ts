import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { once } from 'node:events'
import type { Level } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import type { Certificates } from '../../src/index.js'
import { dialling, Ear, later, listening, quietHost } from '../support/peers.js'
import type { Peer } from '../support/peers.js'

function file(name: string): string {
  return readFileSync(new URL(`certificates/${name}`, import.meta.url), 'utf8')
}

function of(name: string): { certificates: Certificates } {
  return { certificates: { ca: file('ca.pem'), cert: file(`${name}.pem`), key: file(`${name}.key`) } }
}

function dialAs(name: string, peer: Peer, as: Level): Ear {
  const ear = new Ear()
  ear.link = quietHost(of(name)).network.dial(peer.address, ear, { as })
  later(() => ear.link.close())
  return ear
}

describe('certificates of a CA instead of a secret', () => {
  it('let members in as members and trusted clients as such, by the names in them', async () => {
    const levels: string[] = []
    const client = (_: unknown, { level }: { level: string }): Ear => {
      levels.push(level)
      return new Ear()
    }
    const peer = await listening(of('member'), '127.0.0.1:0', { client })
    await dialAs('member', peer, 'member').opening()
    await dialAs('trusted', peer, 'trusted').opening()
    await dialAs('member', peer, 'stray').opening()
    expect([peer.accepted.length, levels]).toEqual([1, ['trusted', 'stray']])
    expect(await dialAs('trusted', peer, 'member').ending()).toMatchObject({
      kind: 'rejected',
      code: 'not-open',
    })
    expect(peer.accepted.length).toBe(1)
  })

  it.each([
    ['expired', 'secret', /certificate of the peer at .* expired on/, /Your certificate expired on/],
    ['stranger', 'secret', /is not of the CA that is trusted here/, /Your certificate is not of the CA/],
    [
      'other-name',
      'application',
      /names "tanist:board:member", where "tanist:shop:member"/,
      /Your certificate names/,
    ],
  ])('say on both sides that a dialler is %s', async (name, code, text, told) => {
    const peer = await listening(of('member'))
    const end = await dialAs(name, peer, 'member').ending()
    expect(end).toMatchObject({ kind: 'rejected', code, text: expect.stringMatching(told) })
    expect(peer.log.lines).toEqual([expect.objectContaining({ text: expect.stringMatching(text) })])
    await dialAs('member', peer, 'member').opening()
    expect(peer.accepted.length).toBe(1)
  })

  it.each([
    ['expired', 'secret', /certificate of the peer at .* expired on/],
    ['stranger', 'secret', /is not of the CA that is trusted here/],
    ['other-name', 'application', /names "tanist:board:member"/],
    ['trusted', 'not-open', /is not that of a member/],
  ])('say on both sides that a listener is %s', async (name, code, text) => {
    const peer = await listening(of(name))
    const end = await dialAs('member', peer, 'member').ending()
    expect(end).toMatchObject({ kind: 'rejected', code, text: expect.stringMatching(text) })
    while (peer.log.lines.length === 0) await new Promise(setImmediate)
    expect(peer.log.lines).toEqual([
      expect.objectContaining({ text: expect.stringMatching(/refused the link .* Your certificate/) }),
    ])
    expect(peer.accepted).toEqual([])
  })

  it('do not go with a secret on the other side, and both are told', async () => {
    const [certified, keyed] = [await listening(of('member')), await listening()]
    const alike = {
      kind: 'rejected',
      code: 'secret',
      text: expect.stringContaining('start every peer of one cluster alike'),
    }
    expect(await dialling(quietHost(), certified.address).ending()).toMatchObject(alike)
    expect(await dialAs('member', keyed, 'member').ending()).toMatchObject(alike)
    for (const { log } of [certified, keyed]) {
      expect(log.lines.map(({ text }) => text).join()).toContain('start every peer of one cluster alike')
    }
  })

  it('serve HTTPS to those who have none, as to strays', async () => {
    const peer = await listening({ ...of('member'), http: (_request, response) => response.end('a page') })
    const [response] = await once(
      get(`https://${peer.address}/`, { ca: file('ca.pem'), checkServerIdentity: () => undefined }),
      'response',
    )
    expect(response.statusCode).toBe(200)
    response.resume()
  })
})
