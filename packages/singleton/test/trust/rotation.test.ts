import { afterEach, describe, expect, it } from 'vitest'
import { newSecret, startPeer } from '../../src/index.js'
import { counter, memoryLog, Office } from '../join/office.js'

describe('a secret', () => {
  let office: Office | undefined
  afterEach(async () => {
    await office?.close()
    office = undefined
  })

  it('is changed in a cluster of three under load, without a call that fails', {
    timeout: 60_000,
  }, async () => {
    office = new Office()
    const peers = await office.startAll('ann', 'bob', 'cid')
    let asked = 0
    let over = false
    const failed: unknown[] = []
    const callers = peers.map(async (peer) => {
      while (!over) {
        asked += 1
        const outcome = await peer.role(counter).add({ by: 1 })
        if (outcome.status !== 'ok') failed.push(outcome)
      }
    })
    const some = async (): Promise<void> => {
      const until = asked + 30
      while (asked < until) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const [old] = peers[0]!.operate.keys.list()
    const secret = newSecret()
    for (const { operate } of peers) {
      operate.keys.install(secret)
      await some()
    }
    const fresh = peers[0]!.operate.keys.list().find(({ used }) => !used)!.id
    for (const { operate } of peers) {
      operate.keys.use(fresh)
      await some()
    }
    for (const { operate } of peers) {
      operate.keys.remove(old!.id)
      await some()
    }
    over = true
    await Promise.all(callers)
    expect(failed).toEqual([])
    expect(await peers[2]!.role(counter).add({ by: 1 }).value()).toBe(asked + 1)
    expect(peers.map(({ operate }) => operate.keys.list())).toEqual(
      peers.map(() => [{ id: fresh, used: true }]),
    )
    // Who still has the old one is a stranger now; who has the new one joins.
    const late = await office.start({ name: 'dee' })
    await expect(late.joined).rejects.toThrow(/secret/)
    const right = await office.start({ name: 'eve', secret: [secret, 'only for this loopback'], expect: 2 })
    await right.joined
  })

  it.each([
    [
      'short',
      /option secret .* has 5 characters; allowed is what newSecret\(\) makes, or a passphrase of 16/,
    ],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', /has only 1 different characters/],
    [newSecret().slice(0, 40), /is not whole \(40 characters of 50\)/],
    [['', newSecret()], /has 0 characters/],
    [[], /There is no secret/],
  ])('that is weak is refused: %j', async (secret, sentence) => {
    const given = {
      app: 'office',
      secret,
      roles: [counter],
      data: '/nowhere',
      listen: '127.0.0.1:0',
      log: memoryLog(),
    }
    await expect(startPeer(given)).rejects.toMatchObject({
      code: 'option',
      message: expect.stringMatching(sentence),
    })
  })

  it('that is missing keeps a peer on loopback', async () => {
    const given = { app: 'office', roles: [counter], data: '/nowhere', listen: '0.0.0.0:0', log: memoryLog() }
    await expect(startPeer(given)).rejects.toThrow(
      /option listen is "0.0.0.0:0" and the option secret is empty/,
    )
  })
})
