import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/index.js'
import type { Client } from '../../src/index.js'
import { Processes, SECRET, tally, until } from './processes.js'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** A UDP port that nobody else has now. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

describe('connect() with nothing but a secret and discovery', () => {
  it('finds a member on loopback, and finds it again when it was killed and started at another port', {
    timeout: 30_000,
  }, async () => {
    const office = new Processes()
    ends.push(() => office.close())
    const discovery = { port: await freePort(), interfaces: { include: ['lo'] } }
    const app = `found-${process.pid}`
    await office.start('ann', { app, discovery, seeds: [] })
    const log = { write: () => {} }
    const client: Client = await connect({ app, secret: SECRET, roles: [tally], discovery, log })
    ends.push(() => client.close())
    expect(client.status().member).toMatchObject({ name: 'ann', address: office.addresses[0] })
    expect(await client.role(tally).mark({ mark: 'a' })).toMatchObject({ status: 'ok', value: 1 })

    const port = Number(office.addresses[0]?.split(':').at(-1))
    await office.kill('ann')
    // Somebody else has its port now, and does not understand a word.
    const stranger = createServer((socket) => socket.on('error', () => {}).end('?')).listen(port, '127.0.0.1')
    ends.push(() => stranger.close())
    await once(stranger, 'listening')
    const waiting = client.role(tally).mark({ mark: 'b' }, { deadlineMs: 20_000 })
    await office.start('ann', { app, discovery, seeds: [] })
    expect(office.addresses[0]).not.toMatch(new RegExp(`:${port}$`))
    expect(await waiting).toMatchObject({ status: 'ok', value: 2 })
    await until(() => client.status().state === 'connected')
    expect(client.status()).toMatchObject({ links: 2, member: { address: office.addresses[0] } })
  })
})
