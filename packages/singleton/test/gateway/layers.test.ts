import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { filter, firstValueFrom } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LayerSettings, Peer } from '../../src/index.js'
import { Office } from '../join/office.js'

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

const authenticate = ({ token }: { readonly token: string | null }): { level?: 'trusted' } =>
  token === 'boss' ? { level: 'trusted' } : {}

async function withLayers(name: string, ...layers: LayerSettings[]): Promise<Peer> {
  const peer = await office.start({ name, layers, authenticate, expect: office.peers.length + 1 })
  await peer.joined
  return peer
}

const at = (peer: Peer, name: string): string =>
  peer.status().layers.find((layer) => layer.name === name)!.address

const statusOf = async (url: string, token?: string): Promise<number> =>
  (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status

const pem = (file: string): string =>
  readFileSync(new URL(`../../../transport/test/trust/certificates/${file}`, import.meta.url), 'utf8')

describe('layers', () => {
  it('answer what they serve, to whom they let in', async () => {
    const peer = await withLayers(
      'ann',
      { name: 'web', listen: '127.0.0.1:0' },
      { name: 'ops', listen: '127.0.0.1:0', accepts: ['trusted'], serves: ['manifest', 'health', 'metrics'] },
    )
    const [web, ops] = [`http://${at(peer, 'web')}`, `http://${at(peer, 'ops')}`]
    for (const path of ['manifest', 'health', 'roles']) expect(await statusOf(`${web}/${path}`)).toBe(200)
    expect(await statusOf(`${web}/metrics`)).toBe(404)
    for (const path of ['manifest', 'metrics']) {
      expect(await statusOf(`${ops}/${path}`)).toBe(401)
      expect(await statusOf(`${ops}/${path}`, 'boss')).toBe(200)
    }
    expect(await statusOf(`${ops}/health`)).toBe(200)
    expect(await statusOf(`${ops}/roles`, 'boss')).toBe(404)
    const manifest = (await (await fetch(`${web}/manifest`)).json()) as { layers: { name: string }[] }
    expect(manifest.layers.map(({ name }) => name)).toEqual(['main', 'web'])
    await peer.stop()
    await expect(fetch(`${web}/health`)).rejects.toThrow()
  })

  it('with a certificate speak HTTPS alone', async () => {
    const certificate = { cert: pem('member.pem'), key: pem('member.key') }
    const peer = await withLayers('ann', { name: 'web', listen: '127.0.0.1:0', certificate })
    const address = at(peer, 'web')
    expect(await statusOf(`http://${address}/manifest`)).toBe(426)
    const body = await new Promise<string>((resolve, reject) => {
      const options = { rejectUnauthorized: false, headers: { host: 'shop.example' } }
      const asked = request(`https://${address}/manifest`, options, (response) => resolve(text(response)))
      asked.once('error', reject)
      asked.end()
    })
    expect(JSON.parse(body)).toMatchObject({ layers: [{ name: 'main' }, { name: 'web', secure: true }] })
  })

  it('are known to the other members, under the address for clients', async () => {
    const ann = await withLayers('ann', { name: 'web', listen: '127.0.0.1:0', advertise: '10.0.0.7:443' })
    const bob = await withLayers('bob', { name: 'web', listen: '127.0.0.1:0' })
    const members = await firstValueFrom(
      bob.members$.pipe(
        filter((rows) => rows.length === 2 && rows.every((row) => row.about?.layers?.['web'])),
      ),
    )
    expect(members.map((row) => row.about?.layers?.['web'])).toEqual(['10.0.0.7:443', at(bob, 'web')])
    expect(at(ann, 'web')).toBe('10.0.0.7:443')
  })

  it('whose port is taken end the start with a sentence, and leave no peer behind', async () => {
    const ann = await withLayers('ann', { name: 'web', listen: '127.0.0.1:0' })
    const bad = withLayers(
      'bob',
      { name: 'ops', listen: '127.0.0.1:0' },
      { name: 'web', listen: at(ann, 'web') },
    )
    await expect(bad).rejects.toMatchObject({
      code: 'listen',
      message: expect.stringMatching(/^The layer web: Port \d+ on 127\.0\.0\.1 is in use/) as string,
    })
    // Folder and ports are free again.
    await withLayers('bob', { name: 'web', listen: '127.0.0.1:0' })
  })

  it.each([
    [{ name: 'main', listen: '127.0.0.1:0' }, 'layers[0].name'],
    [{ name: 'No', listen: '127.0.0.1:0' }, 'layers[0].name'],
    [{ name: 'a', listen: '127.0.0.1' }, 'layers[0].listen'],
    [{ name: 'a', listen: '127.0.0.1:0', advertise: 'x:0' }, 'layers[0].advertise'],
    [{ name: 'a', listen: '127.0.0.1:0', accepts: [] }, 'layers[0].accepts'],
    [{ name: 'a', listen: '127.0.0.1:0', accepts: ['member'] }, 'layers[0].accepts'],
    [{ name: 'a', listen: '127.0.0.1:0', serves: ['page'] }, 'layers[0].serves'],
    [
      { name: 'a', listen: '127.0.0.1:0', certificate: { cert: 'x', key: 'y' } },
      'layers[0].certificate.cert',
    ],
  ])('that cannot be are refused by name: %j', async (layer, option) => {
    const start = office.start({ name: 'ann', layers: [layer as LayerSettings] })
    await expect(start).rejects.toMatchObject({
      code: 'option',
      message: expect.stringContaining(`The option ${option} `) as string,
    })
  })
})
