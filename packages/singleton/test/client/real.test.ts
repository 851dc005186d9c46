import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connect, newSecret, startPeer } from '../../src/index.js'
import type { Client, ConnectOptions } from '../../src/index.js'
import { board, vault } from '../gateway/raw.js'

const app = `guests-${process.pid}`
const secret = newSecret()
const log = { write: () => {} }
const data = mkdtempSync(path(tmpdir(), 'tanist-guests-'))
let peer: Awaited<ReturnType<typeof startPeer>>
let clients: Client[] = []

beforeAll(async () => {
  const roles = [board, vault]
  peer = await startPeer({
    app,
    name: 'ann',
    secret,
    roles,
    data,
    log,
    listen: '127.0.0.1:0',
    discovery: false,
    timing: { settleMs: 50 },
  })
  await peer.joined
})

afterEach(async () => {
  await Promise.all(clients.map((one) => one.close()))
  clients = []
})

afterAll(async () => {
  await peer.stop()
  rmSync(data, { recursive: true, force: true })
})

async function client(more: Partial<ConnectOptions>): Promise<Client> {
  const made = await connect({ app, roles: [board, vault], addresses: [peer.address], log, ...more })
  clients.push(made)
  return made
}

describe('a stray, linked to a real peer', () => {
  it('calls open commands as a stray, and is refused all others', async () => {
    const stray = await client({ level: 'stray' })
    expect(stray.status()).toMatchObject({ level: 'stray', member: { name: 'ann', address: peer.address } })
    expect(await stray.role(board).who({}).value()).toMatchObject({ level: 'stray' })
    expect(await stray.role(board).pin({ text: 'hello' })).toMatchObject({ status: 'ok' })
    const text = 'is not open to callers without the secret.'
    expect(await stray.role(board).wipe()).toMatchObject({
      status: 'refused',
      refusal: { reason: 'not-open', text: `board.wipe ${text}` },
    })
    expect(await stray.role(vault).put({ n: 5 })).toMatchObject({
      status: 'refused',
      refusal: { reason: 'not-open', text: `vault.put ${text}` },
    })
    expect(await peer.read(vault)).toEqual({ gold: 0 })
  })

  it('watches and reads what is readable for strays, and is told that the rest is not', async () => {
    const stray = await client({ level: 'stray' })
    const texts: string[] = []
    let notes: readonly string[] = []
    stray.role(board).state$.subscribe((state) => (notes = state.notes))
    const events = (async () => {
      for await (const item of stray.role(board).events$({ after: { index: 0 } })) {
        if (item.kind === 'event') texts.push(item.payload.text)
        if (texts.includes('seen')) return
      }
    })()
    await stray.role(board).pin({ text: 'seen' })
    await events
    expect(texts.at(-1)).toBe('seen')
    expect(notes).toEqual((await stray.read(board)).notes)

    const closed = /is not open/
    await expect(stray.read(vault)).rejects.toThrow(closed)
    const first = (async () => {
      for await (const item of stray.role(vault).events$()) return item
      return null
    })()
    await expect(first).rejects.toThrow(closed)
    let failure: string | null = null
    stray.role(vault).state$.subscribe(() => expect.fail('no state may come'))
    await new Promise<void>((resolve) => {
      stray.role(vault).status$.subscribe((status) => {
        failure = status.failure
        if (failure !== null) resolve()
      })
    })
    expect(failure).toMatch(closed)
    expect(stray.status().links).toBe(1)
  })

  it('sees of the manifest what strays may see; a client with the secret sees all', async () => {
    const stray = await (await client({ level: 'stray' })).manifest()
    const self = { id: peer.id, name: 'ann', address: peer.address }
    expect(stray).toMatchObject({ app, self, server: self, connections: null, load: null })
    expect(stray.roles).toEqual([{ name: 'board', open: ['pin', 'who'] }])
    const trusted = await (await client({ secret })).manifest()
    expect(trusted).toMatchObject({ app, self, connections: { trusted: 1, stray: 1 } })
    expect(trusted.roles.map(({ name }) => name)).toEqual(['board', 'vault'])
    expect(trusted.clusterId).toBe(stray.clusterId)
  })
})

describe('a manifest', () => {
  it('is not waited for by a client that is closed', async () => {
    const closed = await client({ secret })
    const asked = closed.manifest()
    await closed.close()
    await expect(asked).rejects.toMatchObject({ message: 'This client was closed.' })
    await expect(closed.manifest()).rejects.toMatchObject({ name: 'ConnectError' })
  })
})
