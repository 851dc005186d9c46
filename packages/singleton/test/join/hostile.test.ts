import { encodeFrame } from '@tanist/core'
import type { LinkEnd } from '@tanist/core'
import { nodeHost } from '@tanist/transport'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { counter, memoryLog, Office } from './office.js'

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

/** Opens a link that holds the secret, sends these bytes as one frame, and tells how the link ended. */
function sendRaw(address: string, bytes: Uint8Array): Promise<LinkEnd> {
  const host = nodeHost({ app: 'office', secret: 'only for this loopback', log: memoryLog() })
  return new Promise((resolve) => {
    const link = host.network.dial(address, {
      opened: () => link.send(bytes),
      frame: () => {},
      closed: resolve,
    })
  })
}

const frame = (channel: string, body: unknown): Uint8Array => encodeFrame([{ channel, body }])

describe('a link that sends what is no message', () => {
  it.each([
    ['no frame', new Uint8Array([255, 1, 2, 3])],
    ['an unknown channel', frame('z', { t: 'hello' })],
    ['an unknown message', frame('s', { t: 'coup', term: 9 })],
    ['a message without its fields', frame('s', { t: 'append', term: 9 })],
    ['a number where a list belongs', frame('m', { t: 'beat', hears: 7 })],
    ['a hello without a face', frame('m', { t: 'hello', hello: { protocol: 1 } })],
    [
      'a round trip of words',
      frame('s', { t: 'appended', term: 1, round: 1, sent: ['a', 'b'], match: 1, promiseMs: 1 }),
    ],
    ['null', frame('m', null)],
  ])('is closed: %s; the cluster goes on', async (_, bytes) => {
    const [ann] = await office.startAll('ann')
    expect(await sendRaw(ann!.address, bytes)).toMatchObject({ kind: 'remote', code: 'protocol' })
    expect(await ann!.role(counter).add({ by: 1 }).value()).toBe(1)
  })

  it('is closed or ignored whatever the bytes, and changes nothing', async () => {
    const [ann] = await office.startAll('ann')
    const { term, members } = ann!.status()
    const property = fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      expect((await sendRaw(ann!.address, bytes)).kind).toBe('remote')
    })
    await fc.assert(property, { numRuns: 100 })
    expect(ann!.status()).toMatchObject({ term, members })
    expect(await ann!.role(counter).add({ by: 1 }).value()).toBe(1)
  })
})
