import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { readJson, sendJson } from '@tanist/transport'
import { Writer } from '../../src/office/writer.js'
import { eventually, later } from './running.js'

type Way = 'answers' | 'says 503' | 'is silent' | 'hangs up'

/** A peer of the test's own making: remembers which ids it was sent. */
async function peer(way: () => Way): Promise<{ url: string; ids: string[] }> {
  const ids: string[] = []
  const server = createServer((request, response) => {
    void readJson(request).then((body) => {
      if (!body.ok) return
      ids.push((body.value as { id: string }).id)
      const now = way()
      if (now === 'answers') sendJson(response, 200, { ok: true })
      if (now === 'says 503') sendJson(response, 503, { ok: false })
      if (now === 'hangs up') response.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  later(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, ids }
}

function writer(urls: readonly string[], deadlineMs = 10_000): Writer {
  return new Writer({
    client: 'test',
    urls: () => urls,
    perSecond: 200,
    atOnce: 2,
    mostInFlight: 8,
    deadlineMs,
  })
}

it.each<Way>(['says 503', 'is silent', 'hangs up'])(
  'a command goes to the next peer with the same id when one %s',
  async (way) => {
    const bad = await peer(() => way)
    const good = await peer(() => 'answers')
    const own = writer([bad.url, good.url])
    own.start()
    await eventually(() => own.acknowledged.size >= 20)
    await own.stop()
    expect(own.failures).toEqual([])
    expect(bad.ids.length).toBeGreaterThan(0)
    expect(new Set(good.ids)).toEqual(
      new Set([...own.acknowledged].map((text) => text.replace('note ', 'test:'))),
    )
    for (const id of bad.ids) expect(good.ids).toContain(id)
  },
)

it('a command that nobody acknowledges in time has failed, and is not counted as acknowledged', async () => {
  const own = writer([(await peer(() => 'says 503')).url], 100)
  const watch = own.watch()
  own.start()
  await eventually(() => own.failures.length > 0)
  await own.stop()
  expect(own.acknowledged.size).toBe(0)
  expect(watch.failed()).toBe(own.failures.length)
})

it('the first acknowledgement after a moment is that of a command issued after it', async () => {
  let way: Way = 'is silent'
  const slow = await peer(() => way)
  const own = writer([slow.url])
  own.start()
  await eventually(() => slow.ids.length > 0)
  const issuedBefore = slow.ids.length
  const at = performance.now()
  const first = own.firstAckAfter(at)
  way = 'answers'
  expect(await first).toBeGreaterThan(0)
  expect(slow.ids.length).toBeGreaterThan(issuedBefore)
  await own.stop()
})
